"""Levels given to answers, each with its evidence, in runs of one scorer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from storage.database import Connection
from storage.errors import NotFound
from storage.ids import uuid7


class NewScore(msgspec.Struct, frozen=True, kw_only=True):
    """A level from 1 to 5 for one competency in one answer, or None and why.

    `evidence` holds verbatim quotes with their places; `judge` names who of several judges gave it.
    """

    competency: str
    level: int | None
    judge: str
    null_reason: str | None = None
    anchor: str = ""
    evidence: Any = ()
    key_points_covered: Any = ()
    missed_points: Any = ()
    suggested_improvement: str | None = None
    spread: float | None = None
    needs_review: bool = False
    lineage_id: UUID | None = None


class Score(NewScore, frozen=True, kw_only=True):
    """A score as it is kept."""

    id: UUID
    run_id: UUID
    response_id: UUID
    question_id: UUID


class ScoringRun(msgspec.Struct, frozen=True):
    """One pass of one scorer over an interview.

    `rescoring_id` is of the asking that a later pass belongs to; `attempt` counts how often what it lacks was asked
    for; `unscored` names the answers that have no score in it, each with why.
    """

    id: UUID
    interview_id: UUID
    reason: str
    scorer_version: str
    model: str | None
    prompt_version: str | None
    status: str
    started_at: datetime
    finished_at: datetime | None
    is_current: bool
    rescoring_id: UUID | None
    batch_id: UUID | None
    attempt: int
    unscored: Any


_RUNS = """
select id, interview_id, reason, scorer_version, model, prompt_version, status, started_at, finished_at, is_current,
       rescoring_id, batch_id, attempt, unscored
  from interview.scoring_runs
"""
_OF_INTERVIEW = _RUNS + " where interview_id = $1 order by id desc"
_ONE = _RUNS + " where id = $1"
_OF_BATCH = _RUNS + " where batch_id = $1 and status = 'running' order by id"
_OF_RESCORING = _RUNS + " where rescoring_id = $1 order by id"


async def live_run(
    connection: Connection,
    interview_id: UUID,
    scorer_version: str,
    at: datetime,
    *,
    model: str | None = None,
    prompt_version: str | None = None,
) -> UUID:
    """The run of an interview's live scoring: made by whichever answer comes first, then found. Returns its id."""
    await connection.execute(
        """
        insert into interview.scoring_runs
          (id, tenant_id, interview_id, reason, scorer_version, model, prompt_version, started_at, is_current)
        select $1, current_setting('app.tenant')::uuid, $2, 'live', $3, $4, $5, $6,
               not exists (select from interview.scoring_runs where interview_id = $2 and is_current)
        on conflict do nothing
        """,
        uuid7(),
        interview_id,
        scorer_version,
        model,
        prompt_version,
        at,
    )
    run_id: UUID = await connection.fetchval(
        "select id from interview.scoring_runs where interview_id = $1 and reason = 'live'", interview_id
    )
    return run_id


async def start_rescoring(
    connection: Connection,
    interview_id: UUID,
    scorer_version: str,
    at: datetime,
    *,
    model: str | None = None,
    prompt_version: str | None = None,
    rescoring_id: UUID | None = None,
) -> UUID:
    """Begin another pass over an interview. It stands beside the current one, and stays there. Returns its id."""
    run_id = uuid7()
    await connection.execute(
        """
        insert into interview.scoring_runs
          (id, tenant_id, interview_id, reason, scorer_version, model, prompt_version, started_at, is_current,
           rescoring_id)
        values ($1, current_setting('app.tenant')::uuid, $2, 'rescore', $3, $4, $5, $6, false, $7)
        """,
        run_id,
        interview_id,
        scorer_version,
        model,
        prompt_version,
        at,
        rescoring_id,
    )
    return run_id


async def finish_run(
    connection: Connection, run_id: UUID, status: Literal["completed", "failed"], at: datetime, unscored: Any = ()
) -> None:
    """End a run. Which one is current does not change: that is the live one, which the log tells of."""
    await connection.execute(
        "update interview.scoring_runs set status = $2, finished_at = $3, unscored = $4, answers_so_far = '{}'"
        " where id = $1",
        run_id,
        status,
        at,
        unscored,
    )


async def is_running(connection: Connection, run_id: UUID) -> bool:
    """Whether a run goes on; until the transaction ends nobody else can end it."""
    status: str | None = await connection.fetchval(
        "select status from interview.scoring_runs where id = $1 for update", run_id
    )
    return status == "running"


async def put_in_batch(connection: Connection, run_ids: Sequence[UUID], batch_id: UUID, attempt: int) -> None:
    """What these runs lack is asked for in a batch."""
    await connection.execute(
        "update interview.scoring_runs set batch_id = $2, attempt = $3 where id = any($1)", run_ids, batch_id, attempt
    )


async def answers_so_far(connection: Connection, run_id: UUID) -> Any:
    """What models have answered to a run that goes on, as it was kept."""
    return await connection.fetchval("select answers_so_far from interview.scoring_runs where id = $1", run_id)


async def keep_answers(connection: Connection, run_id: UUID, answers: Any) -> None:
    """What models have answered so far, for the run to go on with; forgotten when it ends."""
    await connection.execute(
        "update interview.scoring_runs set answers_so_far = $2 where id = $1 and status = 'running'", run_id, answers
    )


async def run(connection: Connection, run_id: UUID) -> ScoringRun:
    """One run. Raises NotFound."""
    row = await connection.fetchrow(_ONE, run_id)
    if row is None:
        raise NotFound("scoring run", run_id)
    return ScoringRun(*row)


async def runs_of(connection: Connection, interview_id: UUID) -> list[ScoringRun]:
    """Every run over an interview, the latest first."""
    return [ScoringRun(*row) for row in await connection.fetch(_OF_INTERVIEW, interview_id)]


async def runs_in_batch(connection: Connection, batch_id: UUID) -> list[ScoringRun]:
    """The runs that wait for a batch, the oldest first."""
    return [ScoringRun(*row) for row in await connection.fetch(_OF_BATCH, batch_id)]


async def runs_of_rescoring(connection: Connection, rescoring_id: UUID) -> list[ScoringRun]:
    """The tenant's runs of one asking, the oldest first."""
    return [ScoringRun(*row) for row in await connection.fetch(_OF_RESCORING, rescoring_id)]


async def last_rescoring(connection: Connection) -> UUID | None:
    """The tenant's latest asking; None where there was none."""
    found: UUID | None = await connection.fetchval(
        "select rescoring_id from interview.scoring_runs"
        " where tenant_id = current_setting('app.tenant')::uuid and rescoring_id is not null"
        " order by rescoring_id desc limit 1"
    )
    return found


async def rescorable(
    connection: Connection, *, only: Sequence[UUID] | None = None, plan: str | None = None
) -> list[UUID]:
    """The tenant's interviews that are over and were scored: these, or those of a plan, or all; the oldest first."""
    rows = await connection.fetch(
        """
        select i.id from interview.interviews i
          join interview.plan_versions v on v.id = i.plan_version_id
          join interview.plans p on p.id = v.plan_id
         where i.tenant_id = current_setting('app.tenant')::uuid and i.deleted_at is null
           and i.status not in ('created', 'in_progress', 'paused')
           and ($1::uuid[] is null or i.id = any($1)) and ($2::text is null or p.slug = $2)
           and exists (select from interview.scoring_runs r where r.interview_id = i.id and r.reason = 'live')
         order by i.id
        """,
        only,
        plan,
    )
    return [row["id"] for row in rows]


async def save_scores(
    connection: Connection,
    *,
    run_id: UUID,
    interview_id: UUID,
    response_id: UUID,
    question_id: UUID,
    scores: Sequence[NewScore],
) -> list[UUID]:
    """Keep a run's scores of one answer; saving them again overwrites them in place. Returns their ids, in order."""
    return [await _save(connection, (run_id, interview_id, response_id, question_id), score) for score in scores]


async def scores_of(connection: Connection, interview_id: UUID, *, run_id: UUID | None = None) -> list[Score]:
    """The scores of the current answers, of the given run or else of the current one, by question and competency."""
    rows = await connection.fetch(
        """
        select s.id, s.run_id, s.response_id, s.question_id, s.competency, s.level, s.null_reason, s.anchor,
               s.evidence, s.key_points_covered, s.missed_points, s.suggested_improvement, s.judge, s.spread,
               s.needs_review, s.lineage_id
          from interview.scores s
          join interview.scoring_runs r on r.id = s.run_id
          join interview.responses a on a.id = s.response_id
          join interview.questions q on q.id = s.question_id
         where s.interview_id = $1 and a.is_current
           and case when $2::uuid is null then r.is_current else r.id = $2 end
         order by q.sequence_number, s.competency, s.judge
        """,
        interview_id,
        run_id,
    )
    return [Score(**row) for row in rows]


async def _save(connection: Connection, place: tuple[UUID, UUID, UUID, UUID], score: NewScore) -> UUID:
    run_id, interview_id, response_id, question_id = place
    score_id: UUID = await connection.fetchval(
        """
        insert into interview.scores
          (id, tenant_id, run_id, interview_id, response_id, question_id, competency, level, null_reason, anchor,
           evidence, key_points_covered, missed_points, suggested_improvement, judge, spread, needs_review, lineage_id)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                $16, $17)
        on conflict (run_id, response_id, competency, judge) do update
           set level = excluded.level, null_reason = excluded.null_reason, anchor = excluded.anchor,
               evidence = excluded.evidence, key_points_covered = excluded.key_points_covered,
               missed_points = excluded.missed_points, suggested_improvement = excluded.suggested_improvement,
               spread = excluded.spread, needs_review = excluded.needs_review, lineage_id = excluded.lineage_id
        returning id
        """,
        uuid7(),
        run_id,
        interview_id,
        response_id,
        question_id,
        score.competency,
        score.level,
        score.null_reason,
        score.anchor,
        score.evidence,
        score.key_points_covered,
        score.missed_points,
        score.suggested_improvement,
        score.judge,
        score.spread,
        score.needs_review,
        score.lineage_id,
    )
    return score_id

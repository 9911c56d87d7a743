"""Levels given to answers, each with its evidence, in runs of one scorer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from storage.database import Connection
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
    """One pass of one scorer over an interview."""

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
) -> UUID:
    """Begin another pass over an interview; it becomes current when it finishes. Returns its id."""
    run_id = uuid7()
    await connection.execute(
        """
        insert into interview.scoring_runs
          (id, tenant_id, interview_id, reason, scorer_version, model, prompt_version, started_at, is_current)
        values ($1, current_setting('app.tenant')::uuid, $2, 'rescore', $3, $4, $5, $6, false)
        """,
        run_id,
        interview_id,
        scorer_version,
        model,
        prompt_version,
        at,
    )
    return run_id


async def finish_run(
    connection: Connection, run_id: UUID, status: Literal["completed", "failed"], at: datetime
) -> None:
    """End a run; one that completed becomes the interview's current run."""
    if status == "completed":
        await connection.execute(
            "update interview.scoring_runs set is_current = false where is_current and id <> $1"
            " and interview_id = (select interview_id from interview.scoring_runs where id = $1)",
            run_id,
        )
    await connection.execute(
        "update interview.scoring_runs set status = $2, finished_at = $3,"
        " is_current = is_current or $2 = 'completed' where id = $1",
        run_id,
        status,
        at,
    )


async def runs_of(connection: Connection, interview_id: UUID) -> list[ScoringRun]:
    """Every run over an interview, the latest first."""
    rows = await connection.fetch(
        """
        select id, interview_id, reason, scorer_version, model, prompt_version, status, started_at, finished_at,
               is_current
          from interview.scoring_runs where interview_id = $1 order by id desc
        """,
        interview_id,
    )
    return [ScoringRun(*row) for row in rows]


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

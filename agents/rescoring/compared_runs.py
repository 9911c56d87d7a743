"""Runs of scores, read for comparing: the live one of an interview against a later one, or any two."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from agents.assessment import sitting
from agents.events import Quote
from agents.rescoring.comparing import Given, Pair, Place
from storage import answers, scores
from storage.database import Connection
from storage.errors import NotFound
from storage.scores import Score, ScoringRun


async def live_run_of(connection: Connection, interview_id: UUID) -> ScoringRun:
    """The run that the interview's report tells of. Raises `NotFound`."""
    for run in await scores.runs_of(connection, interview_id):
        if run.reason == "live":
            return run
    raise NotFound("scoring run", interview_id)


async def pair_of(connection: Connection, before: ScoringRun, after: ScoringRun) -> Pair:
    """Two runs over one interview. Raises `NotFound`, and `ValueError` where they are of different interviews."""
    if before.interview_id != after.interview_id:
        message = "two runs over the same interview are compared"
        raise ValueError(message)
    held = await sitting(connection, before.interview_id)
    keys = {row.id: row.question_key or "" for row in await answers.questions_of(connection, before.interview_id)}
    versions = {row.id: row.version for row in await answers.responses_of(connection, before.interview_id)}

    async def given(run: ScoringRun) -> dict[Place, Given]:
        rows = await scores.scores_of(connection, run.interview_id, run_id=run.id)
        return {
            Place(keys[row.question_id], versions[row.response_id], row.competency): _given(row)
            for row in deciding(rows)
        }

    return Pair(before.interview_id, held.rubric, await given(before), await given(after))


def deciding(rows: Sequence[Score]) -> list[Score]:
    """The scores that count: of several judges' what they come to together."""
    panelled = {(row.response_id, row.competency) for row in rows if is_of_panel(row)}
    return [row for row in rows if is_of_panel(row) or (row.response_id, row.competency) not in panelled]


def is_of_panel(row: Score) -> bool:
    """Whether it is what several judges come to."""
    return row.judge.endswith(" panel")


def _given(row: Score) -> Given:
    return Given(
        level=row.level,
        null_reason=row.null_reason,
        evidence=msgspec.convert(row.evidence, tuple[Quote, ...]),
        covered=tuple(row.key_points_covered),
        missed=tuple(row.missed_points),
        spread=row.spread,
        needs_review=row.needs_review,
    )

"""What came of an interview: the levels with their evidence, and the report."""

from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from agents.events import Quote
from agents.log import from_record
from agents.report import Report, unscored
from agents.rescoring.compared_runs import deciding
from server.api.endpoint import Call, Endpoint, Nothing
from server.errors import InterviewNotOver, NoReport, NoSuchInterview, ReportPending
from storage import answers, events, interviews, reports, scores


class ScoreView(msgspec.Struct, frozen=True, kw_only=True):
    """The level of one answer in one competency, or why there is none."""

    id: UUID
    question_id: str
    """The plan's id of the question."""
    version: int
    """Which version of the answer: one that was added to is a new version."""
    competency: str
    level: int | None
    score: float | None
    """(level − 1) × 25."""
    null_reason: str | None
    anchor: str
    """What the rubric says of this level."""
    evidence: tuple[Quote, ...]
    covered: tuple[str, ...]
    """Ids of the expected points that were made."""
    missed: tuple[str, ...]
    suggestion: str | None
    judge: str
    spread: float | None
    """Levels between the lowest and the highest of several judges; null where one judged."""
    needs_review: bool
    """A person should look at this score."""


class ScoreList(msgspec.Struct, frozen=True):
    """The scores of the answers as they are now. `pending` names the questions whose answer closed and waits."""

    scores: tuple[ScoreView, ...]
    pending: tuple[str, ...]


class ReportView(msgspec.Struct, frozen=True):
    """The report as it was written. `last_seq` is the last fact it was made from."""

    interview_id: UUID
    generated_at: datetime
    last_seq: int
    report: Report


async def scores_of(call: Call[Nothing, Nothing]) -> ScoreList:
    interview_id = call.id("interview_id", "an interview")
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        await interviews.interview(connection, interview_id)
        questions = {q.id: q for q in await answers.questions_of(connection, interview_id)}
        versions = {r.id: r.version for r in await answers.responses_of(connection, interview_id)}
        given = await scores.scores_of(connection, interview_id)
        log = await events.events_after(connection, interview_id)
    shown = tuple(
        _view(score, questions[score.question_id].question_key or "", versions[score.response_id])
        for score in deciding(given)
    )
    return ScoreList(shown, unscored([from_record(record) for record in log]))


async def report(call: Call[Nothing, Nothing]) -> ReportView:
    interview_id = call.id("interview_id", "an interview")
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        kept = await reports.kept_report(connection, interview_id)
    if kept.body is not None and kept.generated_at is not None and kept.last_seq is not None:
        # Its JSON goes out as it is: it was a `Report` when it was kept, and reading it again costs more than the rest.
        written = cast("Report", msgspec.Raw(kept.body))
        return ReportView(interview_id, kept.generated_at, kept.last_seq, written)
    if kept.status in interviews.OPEN:
        raise InterviewNotOver
    if kept.started_at is None:
        raise NoReport
    raise ReportPending


def _view(score: scores.Score, question: str, version: int) -> ScoreView:
    return ScoreView(
        id=score.id,
        question_id=question,
        version=version,
        competency=score.competency,
        level=score.level,
        score=None if score.level is None else (score.level - 1) * 25.0,
        null_reason=score.null_reason,
        anchor=score.anchor,
        evidence=msgspec.convert(score.evidence, tuple[Quote, ...]),
        covered=tuple(score.key_points_covered),
        missed=tuple(score.missed_points),
        suggestion=score.suggested_improvement,
        judge=score.judge,
        spread=score.spread,
        needs_review=score.needs_review,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/interviews/{interview_id}/scores",
        name="interview_scores",
        summary="The levels given so far, with their evidence",
        handle=scores_of,
        answer=ScoreList,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchInterview,),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/interviews/{interview_id}/report",
        name="interview_report",
        summary="The report of an interview that has ended",
        handle=report,
        answer=ReportView,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchInterview, InterviewNotOver, ReportPending, NoReport),
    ),
)

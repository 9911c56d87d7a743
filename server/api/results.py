"""What came of an interview: the levels with their evidence, and the report."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from agents.events import AnswerClosed, AnswerReopened, Quote, from_document
from server.api.endpoint import Call, Endpoint, Nothing
from server.errors import InterviewNotOver, NoReport, NoSuchInterview, ReportPending
from storage import answers, events, interviews, reports, scores
from storage.events import EventRecord


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


class ScoreList(msgspec.Struct, frozen=True):
    """The scores of the answers as they are now. `pending` names the questions whose answer closed and waits."""

    scores: tuple[ScoreView, ...]
    pending: tuple[str, ...]


class ReportView(msgspec.Struct, frozen=True):
    """The report as it was written. `last_seq` is the last fact it was made from."""

    interview_id: UUID
    generated_at: datetime
    last_seq: int
    report: dict[str, Any]


async def scores_of(call: Call[Nothing, Nothing]) -> ScoreList:
    interview_id = call.id("interview_id", "an interview")
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        await interviews.interview(connection, interview_id)
        questions = {q.id: q for q in await answers.questions_of(connection, interview_id)}
        versions = {r.id: r.version for r in await answers.responses_of(connection, interview_id)}
        given = await scores.scores_of(connection, interview_id)
        log = await events.events_after(connection, interview_id)
    shown = tuple(
        _view(score, questions[score.question_id].question_key or "", versions[score.response_id]) for score in given
    )
    done = {(score.question_id, score.version) for score in shown}
    return ScoreList(
        shown, tuple(question for question, version in closed(log).items() if (question, version) not in done)
    )


async def report(call: Call[Nothing, Nothing]) -> ReportView:
    interview_id = call.id("interview_id", "an interview")
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        interview = await interviews.interview(connection, interview_id)
        written = await reports.report(connection, interview_id)
    if written is not None:
        return ReportView(interview_id, written.generated_at, written.last_seq, written.body)
    if interview.status in interviews.OPEN:
        raise InterviewNotOver
    if interview.started_at is None:
        raise NoReport
    raise ReportPending


def closed(log: list[EventRecord]) -> dict[str, int]:
    """The questions whose answer is closed, each with the answer's version, in the order they closed."""
    found: dict[str, int] = {}
    for record in log:
        match from_document(record.payload):
            case AnswerClosed(question_id=question, version=version):
                found[question] = version
            case AnswerReopened(question_id=question):
                found.pop(question, None)
            case _:
                pass
    return found


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

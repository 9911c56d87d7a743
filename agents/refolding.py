"""What the views of an interview must say, made from its log alone. Pure: the same log, the same rows.

Only what the log decides is here. When a row was written, what a turn measured and how a call was billed are facts of
their own, kept beside the log and not made from it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import msgspec

from agents import events
from agents.answers import ClosedAnswer, answers_of
from agents.events import Event, ScoreGiven
from agents.plans import Language, Plan, Question, Rubric
from agents.report import Report, report_of
from agents.state import fold

Row = dict[str, Any]

_STATUS = {"abandoned": "abandoned", "expired": "expired", "declined": "cancelled"}


class OneOf(msgspec.Struct, frozen=True):
    """Any of these: the log does not say which of its languages a row was written in."""

    values: tuple[Any, ...]


class Views(msgspec.Struct, frozen=True):
    """The rows of each view, by what names a row in the log; each with the fields that the log decides."""

    interview: Row
    questions: dict[str, Row]
    """By the question's id in the plan."""
    responses: dict[str, Row]
    """By question and version: `q1 version 2`."""
    unscored: dict[str, Row]
    """The same of answers that got no score live: they need no row, and have one where they were scored since."""
    scores: dict[str, Row]
    """By run, answer, competency and judge."""
    scoring_runs: dict[str, Row]
    """By id."""
    report: Report | None
    transcript: Row | None
    feedback: tuple[Row, ...]
    """In the order to read them."""


def refold(interview_id: UUID, plan: Plan, rubric: Rubric, log: Sequence[Event]) -> Views:
    """The views of a log without gaps that begins with `interview.created`.

    Raises `KeyError` where the log names a question or competency that the plan or rubric does not have.
    """
    report_seq = _report_seq(interview_id, log)
    reported = [event for event in log if event.seq <= report_seq]
    report = report_of(interview_id, plan, rubric, reported) if reported else None
    closed = _closed(log)
    given = _given(interview_id, log)
    at_report = {answer.question_id: answer.version for answer in answers_of(reported)} if report else {}
    written = {
        question_id: max([at_report.get(question_id, 0), *(v for q, v in given if q == question_id)])
        for question_id in {*at_report, *(question_id for question_id, _ in given)}
    }
    return Views(
        interview=_interview(log, report),
        questions=_questions(plan, log, report, closed, given, written),
        responses=_responses(closed, given),
        unscored=_unscored(closed, given),
        scores={
            score_name(str(fact.run_id), response_name(fact.question_id, fact.version), fact.competency, fact.scorer): (
                _score(fact)
            )
            for facts in given.values()
            for _, fact in facts
        },
        scoring_runs={
            str(event.payload.run_id): {"reason": "live", "status": "completed" if report else "running"}
            for event in log
            if isinstance(event.payload, ScoreGiven)
        },
        report=report,
        transcript=_transcript(report) if report else None,
        feedback=tuple(_feedback(report)) if report else (),
    )


def as_json(value: Any) -> Any:
    """The value as it comes back from where JSON is kept."""
    return msgspec.json.decode(msgspec.json.encode(value))


def response_name(question_id: str, version: int) -> str:
    """How an answer's row is called."""
    return f"{question_id} version {version}"


def score_name(run_id: str, response: str, competency: str, judge: str) -> str:
    """How a score's row is called."""
    return f"{run_id} {response} {competency} {judge}"


def _report_seq(interview_id: UUID, log: Sequence[Event]) -> int:
    """The last event that the newest report was made from; 0 where there is no report.

    `report.ready` is named after it, so that it can be told from facts that came in between.
    """
    newest = 0
    for ready in log:
        if not isinstance(ready.payload, events.ReportReady):
            continue
        before = [
            event.seq for event in log if event.seq < ready.seq and not isinstance(event.payload, events.ReportReady)
        ]
        named = (seq for seq in reversed(before) if uuid5(interview_id, f"report/{seq}") == ready.id)
        newest = max(newest, next(named, before[-1] if before else 0))
    return newest


def _closed(log: Sequence[Event]) -> dict[tuple[str, int], ClosedAnswer]:
    """Every version of every answer, as it was when it closed."""
    found: dict[tuple[str, int], ClosedAnswer] = {}
    for at, event in enumerate(log, start=1):
        if isinstance(event.payload, events.AnswerClosed):
            name = event.payload.question_id
            found |= {(name, answer.version): answer for answer in answers_of(log[:at]) if answer.question_id == name}
    return found


def _given(interview_id: UUID, log: Sequence[Event]) -> dict[tuple[str, int], list[tuple[int, ScoreGiven]]]:
    """The scores that were given, with their `seq`, by question and version. One that timed out has no row."""
    given: dict[tuple[str, int], list[tuple[int, ScoreGiven]]] = {}
    for event in log:
        if isinstance(event.payload, ScoreGiven):
            fact = event.payload
            if event.id != uuid5(interview_id, f"timed-out/{fact.question_id}/{fact.version}"):
                given.setdefault((fact.question_id, fact.version), []).append((event.seq, fact))
    return given


def _interview(log: Sequence[Event], report: Report | None) -> Row:
    created = log[0].payload
    if not isinstance(created, events.InterviewCreated):
        raise KeyError("interview.created")
    status, started_at, completed_at, seconds = _course(log)
    return {
        "kind": created.kind,
        "channel": created.channel,
        "language": fold(log).language,
        "versions": {**created.versions, "plan": created.plan_hash, "rubric": created.rubric_hash},
        "target_duration_minutes": created.target_ms // 60_000,
        "scorer": "rehearsal" if created.versions.get("scorer", "").startswith("rehearsal") else "model",
        "status": status,
        "started_at": started_at,
        "completed_at": completed_at,
        "actual_duration_seconds": seconds,
        "last_seq": log[-1].seq,
        "last_event_at": log[-1].at,
        "overall_score": report.overall.score if report and report.overall else None,
    }


def _course(log: Sequence[Event]) -> tuple[str, datetime | None, datetime | None, int | None]:
    """(status, begun, ended, seconds of interview time). What is over stays so."""
    status, begun = "created", None
    for event in log:
        match event.payload:
            case events.CandidateJoined() | events.InterviewResumed():
                status, begun = "in_progress", begun or event.at
            case events.InterviewPaused():
                status = "paused"
            case events.InterviewEnded(reason=reason):
                return _STATUS.get(reason, "completed"), begun, event.at, event.at_ms // 1000
    return status, begun, None, None


def _questions(
    plan: Plan,
    log: Sequence[Event],
    report: Report | None,
    closed: dict[tuple[str, int], ClosedAnswer],
    given: dict[tuple[str, int], list[tuple[int, ScoreGiven]]],
    written: dict[str, int],
) -> dict[str, Row]:
    """A question has a row from its first score or the report on, whichever came first."""
    numbers = [asked.id for asked in fold(log).questions]
    spoken = _languages(log)
    rows = {}
    for question_id, version in written.items():
        question = plan.question(question_id)
        last_score = max((seq for (q, _), facts in given.items() if q == question_id for seq, _ in facts), default=0)
        languages = (report.language,) if report and last_score <= report.last_seq else spoken
        rows[question_id] = {
            "sequence_number": 1 + numbers.index(question_id),
            "question_text": OneOf(tuple(question.text[language] for language in languages)),
            "question_type": question.type,
            "category": question.competency,
            "difficulty_level": plan.difficulty_level,
            "expected_answer_points": OneOf(tuple(_points(question, language) for language in languages)),
            "follow_up_to": None,
            "is_core": True,
            "asked_seq": _first_named(log, question_id),
            "closed_seq": closed[question_id, version].closed_seq,
        }
    return rows


def _points(question: Question, language: Language) -> list[str]:
    return [point.text[language] for point in question.points]


def _languages(log: Sequence[Event]) -> tuple[Language, ...]:
    """Every language that the interview was held in."""
    changed = (
        event.payload.language
        for event in log
        if isinstance(event.payload, events.InterviewCreated | events.LanguageChanged)
    )
    return tuple(dict.fromkeys(changed))


def _first_named(log: Sequence[Event], question_id: str) -> int | None:
    """Where the interviewer first turned to the question."""
    return next((event.seq for event in log if getattr(event.payload, "question_id", None) == question_id), None)


def _responses(
    closed: dict[tuple[str, int], ClosedAnswer], given: dict[tuple[str, int], list[tuple[int, ScoreGiven]]]
) -> dict[str, Row]:
    """An answer has its row from its score on."""
    rows = {}
    for (question_id, version), facts in given.items():
        levels = [fact.level for _, fact in facts if fact.level is not None]
        rows[response_name(question_id, version)] = _response(closed[question_id, version]) | {
            "is_current": version == max(v for q, v in given if q == question_id),
            "score": (sum(levels) / len(levels) - 1) * 25 if levels else None,
        }
    return rows


def _unscored(
    closed: dict[tuple[str, int], ClosedAnswer], given: dict[tuple[str, int], list[tuple[int, ScoreGiven]]]
) -> dict[str, Row]:
    """The last version of each answer of which no version was scored."""
    scored = {question_id for question_id, _ in given}
    last = {question_id: version for question_id, version in sorted(closed) if question_id not in scored}
    return {
        response_name(*name): _response(closed[name]) | {"is_current": True, "score": None} for name in last.items()
    }


def _response(answer: ClosedAnswer) -> Row:
    return {
        "response_text": answer.text,
        "language": answer.language,
        "word_count": answer.word_count,
        "response_duration_seconds": (answer.to_ms - answer.from_ms) / 1000,
        "closed_seq": answer.closed_seq,
        "spans": [{"seq": turn.seq, "probe_id": turn.probe_id} for turn in answer.turns],
        "probes_used": len(answer.probes),
    }


def _score(fact: ScoreGiven) -> Row:
    return {
        "level": fact.level,
        "null_reason": fact.null_reason,
        "anchor": fact.anchor,
        "evidence": as_json(fact.evidence),
        "key_points_covered": list(fact.covered),
        "missed_points": list(fact.missed),
        "suggested_improvement": fact.suggestion,
        "spread": fact.spread,
        "needs_review": fact.needs_review,
    }


def _transcript(report: Report) -> Row:
    return {
        "segments": as_json(report.transcript),
        "language": report.language,
        "word_count": sum(len(segment.text.split()) for segment in report.transcript),
        "last_seq": report.last_seq,
    }


def _feedback(report: Report) -> Iterator[Row]:
    for item in report.feedback:
        yield {
            "feedback_type": item.type,
            "content": item.content,
            "priority": item.priority,
            "question": item.question_id,
            "category": item.category,
            "evidence": as_json(item.evidence),
            "resource_url": item.resource_url,
            "resource_type": item.resource_type,
        }

"""The report of an interview: a view of its log, the same bytes for the same log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from agents import events
from agents.aggregation import Overall, overall
from agents.answers import Segment, answers_of, transcript_of
from agents.coaching.advice import Coaching, answers_in, coaching_of
from agents.delivery import Delivery, delivery_of
from agents.events import EndReason, Event, Kind, ScoreGiven
from agents.outcomes import CompetencyView, QuestionView
from agents.plans import Language, Plan, Rubric
from agents.rehearsal.feedback import Feedback, feedback
from agents.scoring import NullReason, Score
from agents.state import fold


class Report(msgspec.Struct, frozen=True):
    interview_id: UUID
    plan: str
    title: str
    kind: Kind
    language: Language
    ended: EndReason
    interviewer: str
    scorer: str
    is_rehearsal: bool
    started_at: datetime
    ended_at: datetime
    duration_ms: int
    overall: Overall | None
    """None where nothing could be judged."""
    competencies: tuple[CompetencyView, ...]
    questions: tuple[QuestionView, ...]
    feedback: tuple[Feedback, ...]
    transcript: tuple[Segment, ...]
    last_seq: int
    """The last event of the log that it is a view of."""
    delivery: Delivery | None = None
    """How the answers were spoken; None for a screening, and where none was spoken. No score depends on it."""
    coaching: Coaching | None = None
    """What whoever practised is told first; None for a screening, and where there is nothing to tell."""
    to_review: int = 0
    """How many of the scores a person should look at."""


def report_of(interview_id: UUID, plan: Plan, rubric: Rubric, log: Sequence[Event]) -> Report | None:
    """The report of a log; None while the interview goes on."""
    created = log[0].payload
    ending = next((event for event in log if isinstance(event.payload, events.InterviewEnded)), None)
    if ending is None or not isinstance(created, events.InterviewCreated):
        return None
    state = fold(log)
    language = state.language
    given = _given(log)
    scores = [score_of(fact) for fact in given.values()]
    whole = overall(scores, rubric)
    judged = [(plan.question(fact.question_id), score_of(fact)) for fact in given.values()]
    questions = _questions(plan, log, given, language)
    advice = tuple(feedback(judged, rubric, language))
    return Report(
        interview_id=interview_id,
        plan=plan.slug,
        title=plan.title[language],
        kind=created.kind,
        language=language,
        ended=state.ended or "completed",
        interviewer=created.versions.get("interviewer", ""),
        scorer=created.versions.get("scorer", ""),
        is_rehearsal=any(version.startswith("rehearsal") for version in created.versions.values()),
        started_at=next((event.at for event in log if isinstance(event.payload, events.CandidateJoined)), log[0].at),
        ended_at=ending.at,
        duration_ms=ending.at_ms,
        overall=whole,
        competencies=_competencies(rubric, scores, whole, language),
        questions=questions,
        feedback=advice,
        transcript=transcript_of(log),
        last_seq=max(event.seq for event in log if not isinstance(event.payload, events.ReportReady)),
        delivery=delivery_of(log),
        coaching=coaching_of(answers_in(interview_id, plan, rubric, log), log, questions, advice, language),
        to_review=sum(score.needs_review for score in scores),
    )


def unscored(log: Sequence[Event]) -> tuple[str, ...]:
    """The questions whose current answer has no score yet."""
    given = _given(log)
    return tuple(
        answer.question_id
        for answer in answers_of(log)
        if answer.question_id not in given or given[answer.question_id].version < answer.version
    )


def _given(log: Sequence[Event]) -> dict[str, ScoreGiven]:
    """The score of each question's latest scored answer, in the order of asking."""
    latest: dict[str, ScoreGiven] = {}
    for event in log:
        if isinstance(event.payload, ScoreGiven):
            fact = event.payload
            if fact.question_id not in latest or latest[fact.question_id].version <= fact.version:
                latest[fact.question_id] = fact
    return {
        answer.question_id: latest[answer.question_id] for answer in answers_of(log) if answer.question_id in latest
    }


def score_of(fact: ScoreGiven) -> Score:
    """The score that a fact tells of."""
    return Score(
        competency=fact.competency,
        level=fact.level,
        null_reason=msgspec.convert(fact.null_reason, NullReason | None),
        anchor=fact.anchor,
        evidence=fact.evidence,
        covered=fact.covered,
        missed=fact.missed,
        suggestion=fact.suggestion,
        judge=fact.scorer,
        parts=fact.parts,
        spread=fact.spread,
        needs_review=fact.needs_review,
    )


def _questions(
    plan: Plan, log: Sequence[Event], given: dict[str, ScoreGiven], language: Language
) -> tuple[QuestionView, ...]:
    state = fold(event for event in log if not isinstance(event.payload, events.InterviewEnded))
    asked_seq = {
        event.payload.question_id: event.seq for event in log if isinstance(event.payload, events.QuestionAsked)
    }
    results = []
    for number, progress in enumerate(state.questions, start=1):
        question = plan.question(progress.id)
        fact = given.get(progress.id)
        points = {point.id: point.text[language] for point in question.points}
        results.append(
            QuestionView(
                id=progress.id,
                number=number,
                text=question.text[language],
                competency=question.competency,
                outcome="skipped"
                if progress.state == "skipped"
                else "answered"
                if progress.was_asked
                else "not_reached",
                level=fact.level if fact else None,
                null_reason=fact.null_reason if fact else None,
                anchor=fact.anchor if fact else "",
                evidence=fact.evidence if fact else (),
                covered=tuple(points[point] for point in fact.covered if point in points) if fact else (),
                missed=tuple(points[point] for point in fact.missed if point in points) if fact else (),
                suggestion=fact.suggestion if fact else None,
                asked_seq=asked_seq.get(progress.id),
                spread=fact.spread if fact else None,
                needs_review=fact.needs_review if fact else False,
            )
        )
    return tuple(results)


def _competencies(
    rubric: Rubric, scores: Sequence[Score], whole: Overall | None, language: Language
) -> tuple[CompetencyView, ...]:
    results = {result.competency: result for result in whole.competencies} if whole else {}
    views = []
    for competency in rubric.competencies:
        result = results.get(competency.id)
        level = result.level if result else None
        views.append(
            CompetencyView(
                id=competency.id,
                name=competency.name[language],
                definition=competency.definition[language],
                weight=competency.weight,
                level=level,
                score=result.score if result else None,
                anchor="" if level is None else competency.anchors[int(level + 0.5) - 1][language],
                judged=result.judged if result else 0,
                unjudged=sum(score.competency == competency.id and score.level is None for score in scores),
                to_review=sum(score.competency == competency.id and score.needs_review for score in scores),
            )
        )
    return tuple(views)

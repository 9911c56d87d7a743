"""A report arranged for reading: answers under their competency, the transcript in chapters. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from agents.answers import Segment
from agents.coaching import advice as coaching
from agents.coaching.advice import Author, Better, Part
from agents.events import BetterKind, Quote
from agents.outcomes import CompetencyView, QuestionView
from agents.plans import Language
from agents.rehearsal.feedback import Feedback
from agents.report import Report


class JudgedCompetency(msgspec.Struct, frozen=True):
    """A competency with the answers it was judged by. `mean` is written for the reader, None where none could be."""

    view: CompetencyView
    mean: str | None
    nearest: int
    """The level nearest to the mean, whose anchor is shown; 0 where there is none."""
    questions: tuple[QuestionView, ...]


class Told(msgspec.Struct, frozen=True):
    """What a person would tell the candidate first, the question it is about, and the candidate's words to it."""

    content: str
    question: QuestionView | None
    competency: str
    """Its name."""
    quote: Quote | None
    by: Author


class Retold(msgspec.Struct, frozen=True):
    """An answer told better, and the question that it is to."""

    better: Better
    question: QuestionView | None
    parts: tuple[tuple[BetterKind, tuple[Part, ...]], ...]


class Chapter(msgspec.Struct, frozen=True):
    """What was said about one question, or before or after them all. `anchor` is its id in the page, "" for none."""

    question: QuestionView | None
    is_first: bool
    anchor: str
    segments: tuple[Segment, ...]


class Reading(msgspec.Struct, frozen=True):
    """The report for a page."""

    report: Report
    strongest: Told | None
    """None where no answer was good enough to be named."""
    change: Told | None
    """None where nothing expected was missing."""
    better: Retold | None
    """None in a screening, and where no answer could be told better."""
    competencies: tuple[JudgedCompetency, ...]
    chapters: tuple[Chapter, ...]
    feedback: dict[str, tuple[Feedback, ...]]
    """By type, the first to read first."""
    judged: int
    answered: int
    turns: frozenset[int]
    """The `seq` of everything in the transcript: where a quote can lead."""


def reading(report: Report, language: Language) -> Reading:
    """Arrange a report for a reader of that language."""
    answered = [question for question in report.questions if question.outcome == "answered"]
    return Reading(
        report=report,
        strongest=strongest(report),
        change=one_change(report),
        better=better(report),
        competencies=_competencies(report, language),
        chapters=tuple(_chapters(report)),
        feedback=_feedback(report.feedback),
        judged=sum(question.level is not None for question in answered),
        answered=len(answered),
        turns=frozenset(segment.seq for segment in report.transcript),
    )


def strongest(report: Report) -> Told | None:
    """The strongest moment of a practice. A report from before it was kept there is read for it."""
    if report.kind != "practice":
        return None
    kept = report.coaching
    moment = kept.moment if kept else coaching.strongest(report.questions, report.feedback, {}, report.language)
    return None if moment is None else _told(report, moment.why, moment.question_id, moment.quote, moment.by)


def one_change(report: Report) -> Told | None:
    """The first thing that whoever practised should do another way."""
    if report.kind != "practice":
        return None
    kept = report.coaching
    change = kept.change if kept else coaching.one_change(report.questions, report.feedback, {})
    return None if change is None else _told(report, change.text, change.question_id, change.quote, change.by)


def better(report: Report) -> Retold | None:
    """One answer of a practice told better, its parts of one kind together."""
    made = report.coaching.better if report.coaching and report.kind == "practice" else None
    if made is None:
        return None
    parts = tuple((kind, tuple(of_kind)) for kind, of_kind in groupby(made.parts, key=lambda part: part.kind))
    return Retold(made, _question(report, made.question_id), parts)


def _told(report: Report, content: str, question_id: str, quote: Quote | None, by: Author) -> Told:
    question = _question(report, question_id)
    return Told(content, question, _competency(report, question), quote, by)


def _question(report: Report, question_id: str | None) -> QuestionView | None:
    return next((question for question in report.questions if question.id == question_id), None)


def _competency(report: Report, question: QuestionView | None) -> str:
    return next((view.name for view in report.competencies if question and view.id == question.competency), "")


def in_figures(value: float, language: Language) -> str:
    """A mean with at most one decimal, its mark as the language writes it: 3, 3.5, 3,5."""
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace(".", ",") if language == "es" else text


def _competencies(report: Report, language: Language) -> tuple[JudgedCompetency, ...]:
    """Those that some question is for, in the rubric's order."""
    found = []
    for view in report.competencies:
        questions = tuple(question for question in report.questions if question.competency == view.id)
        if questions:
            mean = None if view.level is None else in_figures(view.level, language)
            found.append(JudgedCompetency(view, mean, int((view.level or 0) + 0.5), questions))
    return tuple(found)


def _chapters(report: Report) -> Iterable[Chapter]:
    questions = {question.id: question for question in report.questions}
    seen: set[str] = set()
    for at, (question_id, said) in enumerate(groupby(_placed(report.transcript), key=lambda one: one[0])):
        question = questions.get(question_id or "")
        # Somebody who adds to an earlier answer opens its chapter again; an id stands in a page once.
        anchor = question.id if question and question.id not in seen else ""
        seen.add(anchor)
        yield Chapter(question, at == 0, anchor, tuple(segment for _, segment in said))


def _placed(transcript: Sequence[Segment]) -> Iterable[tuple[str | None, Segment]]:
    """Each segment with the question whose chapter it stands in.

    A "could you repeat" belongs to no answer and stands where it was said: in the chapter of the question before it.
    """
    asked = [at for at, segment in enumerate(transcript) if segment.question_id is not None]
    last = asked[-1] if asked else 0
    here: str | None = None
    for at, segment in enumerate(transcript):
        here = segment.question_id or (here if at < last else None)
        yield here, segment


def _feedback(items: Sequence[Feedback]) -> dict[str, tuple[Feedback, ...]]:
    types = ("summary", "strength", "improvement", "action_item", "resource")
    return {
        each: tuple(sorted((item for item in items if item.type == each), key=lambda item: item.priority))
        for each in types
    }

"""A report arranged for reading: answers under their competency, the transcript in chapters. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from agents.answers import Segment
from agents.plans import Language
from agents.rehearsal.feedback import Feedback
from agents.report import CompetencyView, QuestionView, Report


class JudgedCompetency(msgspec.Struct, frozen=True):
    """A competency with the answers it was judged by. `mean` is written for the reader, None where none could be."""

    view: CompetencyView
    mean: str | None
    questions: tuple[QuestionView, ...]


class Chapter(msgspec.Struct, frozen=True):
    """What was said about one question, or before or after them all. `anchor` is its id in the page, "" for none."""

    question: QuestionView | None
    is_first: bool
    anchor: str
    segments: tuple[Segment, ...]


class Reading(msgspec.Struct, frozen=True):
    """The report for a page."""

    report: Report
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
        competencies=_competencies(report, language),
        chapters=tuple(_chapters(report)),
        feedback=_feedback(report.feedback),
        judged=sum(question.level is not None for question in answered),
        answered=len(answered),
        turns=frozenset(segment.seq for segment in report.transcript),
    )


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
            found.append(JudgedCompetency(view, mean, questions))
    return tuple(found)


def _chapters(report: Report) -> Iterable[Chapter]:
    questions = {question.id: question for question in report.questions}
    seen: set[str] = set()
    for at, (question_id, said) in enumerate(groupby(report.transcript, key=lambda segment: segment.question_id)):
        question = questions.get(question_id or "")
        # Somebody who adds to an earlier answer opens its chapter again; an id stands in a page once.
        anchor = question.id if question and question.id not in seen else ""
        seen.add(anchor)
        yield Chapter(question, at == 0, anchor, tuple(said))


def _feedback(items: Sequence[Feedback]) -> dict[str, tuple[Feedback, ...]]:
    types = ("summary", "strength", "improvement", "action_item", "resource")
    return {
        each: tuple(sorted((item for item in items if item.type == each), key=lambda item: item.priority))
        for each in types
    }

"""What a check finds in a plan or its rubric, and the texts that it reads there."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from agents.library.document import At
from agents.plans import Competency, Language, Plan, Question, Rubric, Words

Severity = Literal["error", "warning", "hint"]
"""`error`: not saved so; `warning`: a person should look; `hint`: could be better."""
Place = Literal["asked", "told", "expected", "judged", "named"]
"""What a text is for: `asked` aloud as a question; `told` aloud; `expected` of an answer; what a level is `judged`
by; or the name of something.
"""

ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "hint": 2}
RUBRIC = "rubric"
LONGEST_READ = 2_000
"""Characters of one text that phrases are looked for in: nobody asks as much in one breath."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that should be mended.

    `path` leads there from the plan, by field and index from 0: `questions.2.text.es`; into the rubric it begins with
    `rubric.`: `rubric.competencies.0.anchors.4.en`. (`rubric` alone is the plan's own field of that name.)
    """

    rule: str
    severity: Severity
    path: str
    language: Language | None
    """Of the text that it is about; None where it is about no text."""
    excerpt: str
    """The words it is about, as they stand there; empty where it is about something else."""
    message: Words
    """What is wrong and what to do, in every language that Viva speaks."""
    references: tuple[str, ...] = ()
    """Laws it rests on."""


class Said(msgspec.Struct, frozen=True):
    """One text in one language."""

    at: At
    language: Language
    text: str
    place: Place

    @property
    def path(self) -> str:
        return written(self.at)


def written(at: At) -> str:
    """`questions.2.text.es`"""
    return ".".join(str(step) for step in at)


def texts_of(plan: Plan, rubric: Rubric) -> Iterator[tuple[At, Place, Words]]:
    """Every text of both but the cues, with where it stands and what it is for, in their order."""
    yield ("title",), "named", plan.title
    yield ("summary",), "told", plan.summary
    yield ("warm_up",), "asked", plan.warm_up
    for i, fact in enumerate(plan.facts):
        yield ("facts", i), "told", fact
    for i, question in enumerate(plan.questions):
        yield from _question_texts(question, ("questions", i))
    yield (RUBRIC, "title"), "named", rubric.title
    for i, competency in enumerate(rubric.competencies):
        yield from _competency_texts(competency, (RUBRIC, "competencies", i))


def _question_texts(question: Question, at: At) -> Iterator[tuple[At, Place, Words]]:
    yield (*at, "text"), "asked", question.text
    for i, point in enumerate(question.points):
        yield (*at, "points", i, "text"), "expected", point.text
    for i, probe in enumerate(question.probes):
        yield (*at, "probes", i, "text"), "asked", probe.text
    for i, hint in enumerate(question.hints):
        yield (*at, "hints", i), "told", hint


def _competency_texts(competency: Competency, at: At) -> Iterator[tuple[At, Place, Words]]:
    yield (*at, "name"), "named", competency.name
    yield (*at, "definition"), "judged", competency.definition
    for i, anchor in enumerate(competency.anchors):
        yield (*at, "anchors", i), "judged", anchor


def said(plan: Plan, rubric: Rubric) -> Iterator[Said]:
    """Every text in each of its languages, as far as it is read."""
    for at, place, words in texts_of(plan, rubric):
        for language, text in words.items():
            yield Said((*at, language), language, text[:LONGEST_READ], place)

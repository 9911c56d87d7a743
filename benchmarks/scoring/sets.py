"""A graded set, judged by the whole scorer and by each of its parts alone, in one table."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from agents.rehearsal.scorer import VERSION
from agents.rehearsal.short_answers import ALL, Figures, Parts, figures_of, short_question
from benchmarks.scoring.agreement import STEPS, pearson, quadratic_kappa, rmse
from benchmarks.scoring.baselines import bag_of_words, letter_runs
from benchmarks.scoring.graded import GradedAnswer

NONE = Parts(coverage=False, explained=False, nearness=False, order=False)


class Readings(msgspec.Struct, frozen=True):
    """One graded answer as it was read: as usual, with the question's words at full weight, and without vectors."""

    graded: GradedAnswer
    usual: Figures
    undemoted: Figures
    unvectored: Figures


class Agreement(msgspec.Struct, frozen=True):
    """One line of the table. Figures are rounded to three places; None where they cannot be had."""

    set: str
    part: str
    language: str
    split: str
    n: int
    pearson: float | None
    rmse: float
    """Of grades as shares of the highest, 0–1."""
    rmse_of_5: float
    quadratic_weighted_kappa: float | None
    scorer: str = VERSION


PARTS: dict[str, Callable[[Readings], float]] = {
    "whole scorer": lambda read: read.usual.worth(),
    "coverage of the reference alone": lambda read: read.usual.worth(msgspec.structs.replace(NONE, coverage=True)),
    "words of the matter alone": lambda read: read.usual.worth(msgspec.structs.replace(NONE, explained=True)),
    "nearness of sentences by vectors alone": lambda read: read.usual.worth(
        msgspec.structs.replace(NONE, nearness=True)
    ),
    "order and roles alone": lambda read: read.usual.worth(msgspec.structs.replace(NONE, order=True)),
    "without order and roles": lambda read: read.usual.worth(msgspec.structs.replace(ALL, order=False)),
    "without vectors": lambda read: read.unvectored.worth(msgspec.structs.replace(ALL, nearness=False)),
    "without question demotion": lambda read: read.undemoted.worth(),
    "bag of words": lambda read: bag_of_words(read.graded.reference, read.graded.answer),
    "letter runs": lambda read: letter_runs(read.graded.reference, read.graded.answer),
}
"""What stands in the table, 0–1 each, by its name."""


def readings_of(graded: Sequence[GradedAnswer]) -> tuple[Readings, ...]:
    """Each answer read by itself, in order."""
    return tuple(map(_readings, graded))


def table(name: str, readings: Sequence[Readings]) -> Iterator[Agreement]:
    """For all answers together where they differ in language or split, then for each language and split, every part."""
    groups: dict[tuple[str, str], list[Readings]] = {}
    for read in readings:
        groups.setdefault((read.graded.language, read.graded.split or "all"), []).append(read)
    if len(groups) > 1:
        yield from _rows(name, "all", "all", readings)
    for (language, split), inside in groups.items():
        yield from _rows(name, language, split, inside)


def _readings(graded: GradedAnswer) -> Readings:
    question = short_question(graded.question, graded.reference, graded.language)
    answer, language = graded.answer, graded.language
    return Readings(
        graded,
        usual=figures_of(question, answer, language),
        undemoted=figures_of(question, answer, language, demotes=False),
        unvectored=figures_of(question, answer, language, by_vectors=False),
    )


def _rows(name: str, language: str, split: str, readings: Sequence[Readings]) -> Iterator[Agreement]:
    grades = [read.graded.share for read in readings]
    for part, judged in PARTS.items():
        given = [judged(read) for read in readings]
        distance = rmse(given, grades)
        yield Agreement(
            set=name,
            part=part,
            language=language,
            split=split,
            n=len(readings),
            pearson=_rounded(pearson(given, grades)),
            rmse=round(distance, 3),
            rmse_of_5=round(distance * STEPS, 3),
            quadratic_weighted_kappa=_rounded(quadratic_kappa(given, grades)),
        )


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 3)

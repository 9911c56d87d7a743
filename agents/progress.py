"""Levels over several practices, competency by competency: what was reached, and whether it changed. Pure.

Levels are compared only where the same rubric was used and the same scorer judged. How a change is told from chance
is in `docs/scoring.md`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import takewhile
from math import sqrt
from typing import Literal
from uuid import UUID

import msgspec

from agents.aggregation import PRIOR_ANSWERS, PRIOR_DEVIATION, T_90

FEWEST = 4
"""Practices with a level, below which nothing is said of a change."""


class Judged(msgspec.Struct, frozen=True):
    """A competency in one practice. `level` is the mean of its answers (1–5), None where none could be judged."""

    id: str
    name: str
    """In the language of the interview."""
    level: float | None
    judged: int
    unjudged: int


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """One practice that was judged. `scorer` names the scorer with its version."""

    interview_id: UUID
    at: datetime
    plan: str
    rubric: str
    scorer: str
    competencies: tuple[Judged, ...]


class Point(msgspec.Struct, frozen=True):
    """A competency in one practice. `place` counts the rubric's practices from 0, the earliest."""

    place: int
    practice: Practice
    level: float | None
    judged: int


class Change(msgspec.Struct, frozen=True):
    """How much a level changed from the first to the last of `practices`, in levels, with its 90 % interval."""

    practices: int
    by: float
    low: float
    high: float

    @property
    def direction(self) -> Literal["up", "down", "unclear"]:
        """Up or down only where the interval leaves no doubt, read with one decimal as it is shown."""
        return "up" if self.low >= 0.05 else "down" if self.high <= -0.05 else "unclear"


class Series(msgspec.Struct, frozen=True):
    """One competency over the practices in which it was asked for, the earliest first."""

    competency: str
    name: str
    points: tuple[Point, ...]
    change: Change | None
    """None where there are too few levels to speak of a change."""

    @property
    def levels(self) -> tuple[Point, ...]:
        """The points that have a level."""
        return tuple(point for point in self.points if point.level is not None)


class Track(msgspec.Struct, frozen=True):
    """Everything that was judged by one rubric, the earliest practice first."""

    rubric: str
    practices: tuple[Practice, ...]
    series: tuple[Series, ...]


def progress_of(practices: Iterable[Practice]) -> tuple[Track, ...]:
    """The practices by rubric, the rubric practised last first."""
    by_rubric: dict[str, list[Practice]] = {}
    for practice in sorted(practices, key=lambda each: (each.at, each.interview_id), reverse=True):
        by_rubric.setdefault(practice.rubric, []).insert(0, practice)
    return tuple(_track(rubric, tuple(held)) for rubric, held in by_rubric.items())


def _track(rubric: str, practices: tuple[Practice, ...]) -> Track:
    # The names and the order of the latest practice; what only earlier ones had comes after.
    names = {judged.id: judged.name for practice in practices for judged in practice.competencies if _was_asked(judged)}
    latest = [judged.id for judged in practices[-1].competencies if judged.id in names]
    order = dict.fromkeys([*latest, *names])
    return Track(rubric, practices, tuple(_series(each, names[each], practices) for each in order))


def _series(competency: str, name: str, practices: Sequence[Practice]) -> Series:
    points = tuple(
        Point(place, practice, judged.level, judged.judged)
        for place, practice in enumerate(practices)
        for judged in practice.competencies
        if judged.id == competency and _was_asked(judged)
    )
    return Series(competency, name, points, change_over(points))


def _was_asked(judged: Judged) -> bool:
    return judged.judged + judged.unjudged > 0


def change_over(points: Sequence[Point]) -> Change | None:
    """The change over the latest practices that one scorer judged; None for fewer than `FEWEST` of them.

    A straight line through the levels in their order, each weighed by how many answers it is the mean of. What single
    answers differ by is steadied by the same prior as in an interview's overall figure.
    """
    levels = [point for point in points if point.level is not None]
    if not levels:
        return None
    scorer = levels[-1].practice.scorer
    alike = list(takewhile(lambda point: point.practice.scorer == scorer, reversed(levels)))[::-1]
    if len(alike) < FEWEST:
        return None
    answers = [max(1, point.judged) for point in alike]
    slope, half = _line([point.level or 0.0 for point in alike], answers)
    steps = len(alike) - 1
    # No level can change by more than the scale is long.
    ends = (max(-4.0, min(4.0, steps * each)) for each in (slope, slope - half, slope + half))
    return Change(len(alike), *(round(each, 2) for each in ends))


def _line(levels: Sequence[float], answers: Sequence[int]) -> tuple[float, float]:
    """The slope of the straight line through levels that follow each other, and half of its 90 % interval."""
    placed = list(zip(range(len(levels)), levels, answers, strict=True))
    total = sum(answers)
    middle = sum(n * at for at, _, n in placed) / total
    mean = sum(n * level for _, level, n in placed) / total
    spread = sum(n * (at - middle) ** 2 for at, _, n in placed)
    slope = sum(n * (at - middle) * (level - mean) for at, level, n in placed) / spread
    left = sum(n * (level - mean - slope * (at - middle)) ** 2 for at, level, n in placed)
    freedom = PRIOR_ANSWERS + len(levels) - 2
    variance = (PRIOR_ANSWERS * float(PRIOR_DEVIATION) ** 2 + left) / freedom
    return slope, float(T_90[min(freedom, len(T_90)) - 1]) * sqrt(variance / spread)

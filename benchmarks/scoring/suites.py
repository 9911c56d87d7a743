"""All that is kept here to measure a scorer by, and the bars it is held to."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec

from agents.rehearsal import RehearsalScorer
from agents.scoring import Scorer
from benchmarks.scoring import counterfactual, injections
from benchmarks.scoring.graded import read_graded
from benchmarks.scoring.sets import Agreement, readings_of, table
from benchmarks.scoring.timing import scoring

SETS = Path(__file__).with_name("sets")
GRADED = ("class.en", "class.es", "answers.en", "answers.es")
"""Answers as a class gives them; and answers written to mislead whoever matches words."""
LEAST_PEARSON = {"class.en": 0.55, "class.es": 0.55, "answers.en": 0.25, "answers.es": 0.05}
"""On the half of each set that nothing was chosen by."""
LEAST_AHEAD = 0.25
"""How far above a bag of words the whole scorer stands there."""


class Moves(msgspec.Struct, frozen=True):
    """One kind of a suite: how many were tried, and how many moved a level."""

    suite: str
    kind: str
    tried: int
    moved: int
    scorer: str


class Bar(msgspec.Struct, frozen=True):
    """A figure that is held to a bar."""

    bar: str
    value: float
    at_least: float | None
    at_most: float | None

    @property
    def holds(self) -> bool:
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)


class Held(msgspec.Struct, frozen=True):
    """A bar as it is printed."""

    bar: str
    value: float
    at_least: float | None
    at_most: float | None
    holds: bool


def agreements() -> Iterator[Agreement]:
    """The table of every graded set."""
    for name in GRADED:
        yield from table(name, readings_of(read_graded(SETS / f"{name}.jsonl")))


async def moves(scorer: Scorer) -> AsyncIterator[Moves]:
    """The counterfactual and the injection suite for a scorer, by kind."""
    pairs: Counter[str] = Counter()
    moved_pairs: Counter[str] = Counter()
    async for pair in counterfactual.moved(scorer):
        pairs[pair.kind] += 1
        moved_pairs[pair.kind] += pair.by > 0
    attempts: Counter[str] = Counter()
    moved_attempts: Counter[str] = Counter()
    async for attempt in injections.tried(scorer):
        attempts[attempt.kind] += 1
        moved_attempts[attempt.kind] += attempt.moved
    for suite, tried, moved in (
        ("counterfactual", pairs, moved_pairs),
        ("injections", attempts, moved_attempts),
    ):
        for kind in sorted(tried):
            yield Moves(suite, kind, tried[kind], moved[kind], scorer.version)


def bars(agreed: list[Agreement], moved: list[Moves]) -> Iterator[Bar]:
    """Every bar with its figure."""
    held = {(row.set, row.part): row.pearson or 0.0 for row in agreed if row.split == "held"}
    for name, least in LEAST_PEARSON.items():
        whole = held[name, "whole scorer"]
        ahead = round(whole - held[name, "bag of words"], 3)
        yield Bar(f"Pearson on the held half of {name}", whole, least, None)
        yield Bar(f"Pearson above a bag of words on the held half of {name}", ahead, LEAST_AHEAD, None)
    for suite in ("counterfactual", "injections"):
        yield Bar(f"levels moved, {suite}", sum(row.moved for row in moved if row.suite == suite), None, 0)


def run_all(show: Callable[[msgspec.Struct], None]) -> int:
    """Shows every figure and every bar; returns 0 where all bars hold, 1 where one does not."""
    agreed: list[Agreement] = []
    for row in agreements():
        show(row)
        agreed.append(row)
    moved = asyncio.run(_moves(show))
    for figure in asyncio.run(scoring()):
        show(figure)
    holds = True
    for bar in bars(agreed, moved):
        show(Held(bar.bar, bar.value, bar.at_least, bar.at_most, bar.holds))
        holds = holds and bar.holds
    return 0 if holds else 1


async def _moves(show: Callable[[msgspec.Struct], None]) -> list[Moves]:
    found: list[Moves] = []
    async for row in moves(RehearsalScorer()):
        show(row)
        found.append(row)
    return found

"""What is killed, in which order and in which moment: all of it by the seed. Does no I/O."""

import random
from collections.abc import Callable
from typing import Literal

import msgspec

Part = Literal["serving", "worker", "postgres", "valkey"]
PARTS: tuple[Part, ...] = ("serving", "worker", "postgres", "valkey")
Moment = Literal["question", "answer", "decided"]
"""Of an interview: its candidate hears a question; answers, and is not yet acknowledged; a reply has been decided and
is not yet heard.
"""
MOMENTS: tuple[Moment, ...] = ("question", "answer", "decided")
Tell = Callable[[int, Moment], None]
"""Told by a candidate, by its number, of each moment that it comes to."""

_DOZEN: tuple[Part, ...] = (
    *("serving", "postgres", "valkey", "serving", "worker", "serving"),
    *("serving", "postgres", "serving", "worker", "serving", "valkey"),
)
PAUSE_S = (0.5, 3.5)
AWAY_S = (0.0, 3.0)


class Kill(msgspec.Struct, frozen=True):
    """One kill -9."""

    part: Part
    pause_s: float
    """How long everything has stood again before it."""
    away_s: float = 0.0
    """How long a database or cache stays away; a process comes back as under `viva run`."""
    moment: Moment | None = None
    """The moment that is waited for; None: at once."""
    candidate: int = 0
    """Whose moment; the serving process that holds this candidate's interview is the one that dies."""


def kills(seed: int, count: int, candidates: int) -> list[Kill]:
    """So many kills, half of them of serving processes, among so many candidates."""
    chance = random.Random(seed)
    parts = [_DOZEN[at % len(_DOZEN)] for at in range(count)]
    chance.shuffle(parts)
    # Each moment as often as any other.
    moments = [MOMENTS[at % len(MOMENTS)] for at in range(parts.count("serving"))]
    chance.shuffle(moments)
    return [
        Kill(part, _among(chance, PAUSE_S), moment=moments.pop(), candidate=chance.randrange(candidates))
        if part == "serving"
        else Kill(part, _among(chance, PAUSE_S), away_s=_among(chance, AWAY_S))
        for part in parts
    ]


def _among(chance: random.Random, least_and_most: tuple[float, float]) -> float:
    return round(chance.uniform(*least_and_most), 3)

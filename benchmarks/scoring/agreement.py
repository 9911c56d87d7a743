"""How far a scorer agrees with people: correlation, distance, and agreement beyond chance."""

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

STEPS = 5
"""Highest of the grades 0–5 that kappa is reckoned in."""


def pearson(one: Sequence[float], other: Sequence[float]) -> float | None:
    """The linear correlation of two sequences, −1 to 1; None where one of them is all the same."""
    n = len(one)
    if n < 2:
        return None
    mean_one, mean_other = math.fsum(one) / n, math.fsum(other) / n
    spread_one = math.fsum((a - mean_one) ** 2 for a in one)
    spread_other = math.fsum((b - mean_other) ** 2 for b in other)
    if spread_one == 0 or spread_other == 0:
        return None
    together = math.fsum((a - mean_one) * (b - mean_other) for a, b in zip(one, other, strict=True))
    return together / math.sqrt(spread_one * spread_other)


def rmse(one: Sequence[float], other: Sequence[float]) -> float:
    """The root of the mean squared distance, in the units of the two."""
    return math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(one, other, strict=True)) / len(one))


def quadratic_kappa(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Cohen's kappa (1968) with squared weights between shares 0–1 as grades 0–5; None where there is no chance of two.

    1 is the same grade every time, 0 what chance would give.
    """
    ours, theirs = ([_grade(share) for share in shares] for shares in (one, other))
    n = len(ours)
    observed = sum((a - b) ** 2 for a, b in zip(ours, theirs, strict=True)) / n
    expected = sum((a - b) ** 2 * ours.count(a) * theirs.count(b) for a in set(ours) for b in set(theirs)) / n**2
    return 1.0 - observed / expected if expected else None


def _grade(share: float) -> int:
    return int(Decimal(str(share * STEPS)).quantize(Decimal(1), ROUND_HALF_UP))

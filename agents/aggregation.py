"""Scores of an interview put together by arithmetic, never by impression. Pure: the same scores, the same bytes.

`docs/scoring.md` gives the formulas and their reasons.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

import msgspec

from agents.plans import Rubric
from agents.scoring import Score

PRIOR_DEVIATION = Decimal(1)
"""Levels. How much two answers of one person are taken to differ before any is seen."""
PRIOR_ANSWERS = 2
"""How many degrees of freedom that expectation is worth."""
T_90 = tuple(
    Decimal(value)
    for value in (
        "6.314 2.920 2.353 2.132 2.015 1.943 1.895 1.860 1.833 1.812 1.796 1.782 1.771 1.761 1.753 "
        "1.746 1.740 1.734 1.729 1.725 1.721 1.717 1.714 1.711 1.708 1.706 1.703 1.701 1.699 1.697"
    ).split()
)
"""Student's t for a two-sided interval of 90 %, by degrees of freedom from 1."""
_NORMAL_90 = Decimal("1.645")
_POINTS_A_LEVEL = Decimal(25)


class CompetencyResult(msgspec.Struct, frozen=True):
    """One competency. `level` is the mean of its levels (1–5), `score` the same on 0–100; None where none was given."""

    competency: str
    weight: float
    level: float | None
    score: float | None
    judged: int
    unjudged: int


class Overall(msgspec.Struct, frozen=True):
    """An interview in figures: 0–100, with the interval that holds the true value in nine cases of ten."""

    score: float
    low: float
    high: float
    coverage: float
    """Share of the scores that carry a level, 0–1."""
    judged: int
    unjudged: int
    competencies: tuple[CompetencyResult, ...]


def overall(scores: Sequence[Score], rubric: Rubric) -> Overall | None:
    """All scores of an interview together; None where nothing could be judged.

    Raises `KeyError` for a score of a competency that the rubric does not have.
    """
    levels: dict[str, list[int]] = {competency.id: [] for competency in rubric.competencies}
    unjudged = dict.fromkeys(levels, 0)
    for score in scores:
        if score.level is None:
            unjudged[score.competency] += 1
        else:
            levels[score.competency].append(score.level)
    judged = sum(map(len, levels.values()))
    if judged == 0:
        return None
    with localcontext(Context(prec=28, rounding=ROUND_HALF_UP)):
        means = {name: Decimal(sum(given)) / len(given) for name, given in levels.items() if given}
        weights = {c.id: Decimal(str(c.weight)) for c in rubric.competencies if c.id in means}
        if not sum(weights.values()):
            weights = dict.fromkeys(weights, Decimal(1))
        total = sum(weights.values(), Decimal(0))
        level = sum((weights[name] * mean for name, mean in means.items()), Decimal(0)) / total
        half = _half_width(levels, means, {name: weight / total for name, weight in weights.items()})
        return Overall(
            score=_one_place(_points(level)),
            low=_one_place(max(Decimal(0), _points(level - half))),
            high=_one_place(min(Decimal(100), _points(level + half))),
            coverage=float((Decimal(judged) / len(scores)).quantize(Decimal("0.001"))),
            judged=judged,
            unjudged=len(scores) - judged,
            competencies=tuple(
                CompetencyResult(
                    competency=c.id,
                    weight=c.weight,
                    level=float(means[c.id].quantize(Decimal("0.01"))) if c.id in means else None,
                    score=_one_place(_points(means[c.id])) if c.id in means else None,
                    judged=len(levels[c.id]),
                    unjudged=unjudged[c.id],
                )
                for c in rubric.competencies
                if levels[c.id] or unjudged[c.id]
            ),
        )


def _half_width(levels: dict[str, list[int]], means: dict[str, Decimal], shares: dict[str, Decimal]) -> Decimal:
    """In levels. The spread within competencies, steadied by the prior, carried through the weights."""
    squares = sum(((Decimal(level) - means[name]) ** 2 for name in means for level in levels[name]), Decimal(0))
    freedom = PRIOR_ANSWERS + sum(len(levels[name]) - 1 for name in means)
    variance = (PRIOR_ANSWERS * PRIOR_DEVIATION**2 + squares) / freedom
    of_mean = sum((shares[name] ** 2 / len(levels[name]) for name in means), Decimal(0))
    t = T_90[freedom - 1] if freedom <= len(T_90) else _NORMAL_90
    return t * (variance * of_mean).sqrt()


def _points(level: Decimal) -> Decimal:
    return (level - 1) * _POINTS_A_LEVEL


def _one_place(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.1")))

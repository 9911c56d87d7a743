"""What moved between two runs of scores over the same answers, and why as far as it can be told. Pure."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from agents.aggregation import T_90, overall
from agents.events import Quote
from agents.plans import Rubric
from agents.scoring import LEVELS, NullReason, Score

Reason = Literal[
    "not_scored_before",
    "not_scored_now",
    "no_level_any_more",
    "a_level_now",
    "another_reason_for_none",
    "points_gained",
    "points_lost",
    "other_quotes",
    "judges_differ",
    "weighed_otherwise",
]
"""`judges_differ`: of several judges on either side some were two levels apart; `weighed_otherwise`: on the same quotes
and points.
"""
POINTS_A_LEVEL = 25
_NORMAL_90 = 1.645
FAR_APART = 2
"""Levels between judges from which their disagreement is a reason by itself."""


class Given(msgspec.Struct, frozen=True):
    """What one run says of an answer in one competency."""

    level: int | None
    null_reason: str | None
    evidence: tuple[Quote, ...]
    covered: tuple[str, ...]
    missed: tuple[str, ...]
    spread: float | None = None
    needs_review: bool = False


class Place(msgspec.Struct, frozen=True, order=True):
    """One answer in one competency."""

    question_id: str
    version: int
    competency: str


class Pair(msgspec.Struct, frozen=True):
    """One interview's scores in two runs, in the order of its questions."""

    interview_id: UUID
    rubric: Rubric
    before: Mapping[Place, Given]
    after: Mapping[Place, Given]


class Move(msgspec.Struct, frozen=True):
    """One answer in both runs. `shift` is in levels, None where either has none; `why` is empty where nothing moved."""

    interview_id: UUID
    question_id: str
    version: int
    competency: str
    before: Given | None
    after: Given | None
    shift: int | None
    gained: tuple[str, ...]
    """Expected points covered now and not before."""
    lost: tuple[str, ...]
    why: tuple[Reason, ...]


class Agreement(msgspec.Struct, frozen=True):
    """How far the runs agree over the answers to which both gave a level."""

    pairs: int
    exact: float | None
    """Share of the pairs with the same level, 0–1."""
    within_one: float | None
    kappa: float | None
    """Quadratic weighted kappa (Cohen 1968); None where it is not defined, as with fewer than two pairs."""
    both_null: int
    to_null: int
    """Answers that had a level and have none now."""
    from_null: int
    unscored: int
    """Answers that only one of the runs has."""


class CompetencyShift(msgspec.Struct, frozen=True):
    """Means over the answers that have a level in both runs, 1–5; `shift` in levels."""

    competency: str
    answers: int
    before: float
    after: float
    shift: float


class OverallShift(msgspec.Struct, frozen=True):
    """On 0–100. The interval around the shift holds the true one in nine cases of ten; None where there is but one."""

    interviews: int
    before: float | None
    after: float | None
    """Means of the interviews' overall scores."""
    shift: float | None
    low: float | None
    high: float | None
    over: Literal["interviews", "answers"]
    """What the interval was reckoned over: the answers of one interview, or several interviews."""


class Comparison(msgspec.Struct, frozen=True):
    moves: tuple[Move, ...]
    """Every answer, also those that did not move."""
    agreement: Agreement
    competencies: tuple[CompetencyShift, ...]
    overall: OverallShift

    @property
    def moved(self) -> tuple[Move, ...]:
        """Those whose level, or whose reason for having none, is another."""
        return tuple(move for move in self.moves if move.why)


def compare(pairs: Sequence[Pair]) -> Comparison:
    """What moved between two runs of each of these interviews. The same runs give the same bytes."""
    moves = tuple(
        _move(pair.interview_id, place, pair.before.get(place), pair.after.get(place))
        for pair in pairs
        for place in dict.fromkeys((*pair.before, *pair.after))
    )
    return Comparison(moves, _agreement(moves), _competencies(moves), _overall(pairs, moves))


def _move(interview_id: UUID, place: Place, before: Given | None, after: Given | None) -> Move:
    covered_before, covered_after = before.covered if before else (), after.covered if after else ()
    gained = tuple(point for point in covered_after if point not in covered_before)
    lost = tuple(point for point in covered_before if point not in covered_after)
    shift = None
    if before and after and before.level is not None and after.level is not None:
        shift = after.level - before.level
    return Move(
        interview_id=interview_id,
        question_id=place.question_id,
        version=place.version,
        competency=place.competency,
        before=before,
        after=after,
        shift=shift,
        gained=gained,
        lost=lost,
        why=_why(before, after, gained, lost),
    )


def _why(
    before: Given | None, after: Given | None, gained: tuple[str, ...], lost: tuple[str, ...]
) -> tuple[Reason, ...]:
    if before is None or after is None:
        return () if before is after else ("not_scored_before",) if before is None else ("not_scored_now",)
    if (before.level, before.null_reason) == (after.level, after.null_reason):
        return ()
    if before.level is None and after.level is None:
        return ("another_reason_for_none",)
    reasons: list[Reason] = []
    if after.level is None:
        reasons.append("no_level_any_more")
    elif before.level is None:
        reasons.append("a_level_now")
    if gained:
        reasons.append("points_gained")
    if lost:
        reasons.append("points_lost")
    if before.level is not None and after.level is not None and _spans(before) != _spans(after):
        reasons.append("other_quotes")
    if any((given.spread or 0) >= FAR_APART for given in (before, after)):
        reasons.append("judges_differ")
    return tuple(reasons) or ("weighed_otherwise",)


def _spans(given: Given) -> frozenset[tuple[int, int, int]]:
    return frozenset((quote.seq, quote.start, quote.end) for quote in given.evidence)


def _agreement(moves: Iterable[Move]) -> Agreement:
    both = [(move.before, move.after) for move in moves if move.before and move.after]
    levels = [(b.level, a.level) for b, a in both if b.level is not None and a.level is not None]
    return Agreement(
        pairs=len(levels),
        exact=_share(levels, lambda b, a: a == b),
        within_one=_share(levels, lambda b, a: abs(a - b) <= 1),
        kappa=weighted_kappa(levels),
        both_null=sum(b.level is None and a.level is None for b, a in both),
        to_null=sum(b.level is not None and a.level is None for b, a in both),
        from_null=sum(b.level is None and a.level is not None for b, a in both),
        unscored=sum(move.before is None or move.after is None for move in moves),
    )


def _share(levels: Sequence[tuple[int, int]], holds: Callable[[int, int], bool]) -> float | None:
    return round(sum(holds(*pair) for pair in levels) / len(levels), 4) if levels else None


def weighted_kappa(levels: Sequence[tuple[int, int]]) -> float | None:
    """Agreement beyond chance of pairs of levels 1–5, disagreement weighed by its square; 1 is whole agreement.

    None for fewer than two pairs, and where one level alone was given by both: chance then explains everything.
    """
    if len(levels) < 2:
        return None
    observed = sum((b - a) ** 2 for b, a in levels) / len(levels)
    first, second = _shares(b for b, _ in levels), _shares(a for _, a in levels)
    expected = sum(p * q * (i - j) ** 2 for i, p in enumerate(first) for j, q in enumerate(second))
    return round(1 - observed / expected, 4) if expected else None


def _shares(levels: Iterable[int]) -> list[float]:
    given = list(levels)
    return [given.count(level) / len(given) for level in range(1, LEVELS + 1)]


def _competencies(moves: Iterable[Move]) -> tuple[CompetencyShift, ...]:
    levels: dict[str, list[tuple[int, int]]] = {}
    for move in moves:
        if move.before and move.after and move.before.level is not None and move.after.level is not None:
            levels.setdefault(move.competency, []).append((move.before.level, move.after.level))
    shifts = []
    for competency, given in sorted(levels.items()):
        before, after = (sum(side) / len(given) for side in zip(*given, strict=True))
        shifts.append(
            CompetencyShift(competency, len(given), round(before, 2), round(after, 2), round(after - before, 2))
        )
    return tuple(shifts)


def _overall(pairs: Sequence[Pair], moves: Sequence[Move]) -> OverallShift:
    """Of one interview the answers are what varies; of several the interviews, whose answers hang together."""
    scores = [(_score(pair.before, pair.rubric), _score(pair.after, pair.rubric)) for pair in pairs]
    scored = [(before, after) for before, after in scores if before is not None and after is not None]
    over: Literal["interviews", "answers"] = "interviews" if len(pairs) > 1 else "answers"
    if over == "interviews":
        shifts = [after - before for before, after in scored]
    else:
        shifts = [float(move.shift * POINTS_A_LEVEL) for move in moves if move.shift is not None]
    before = _mean([before for before, _ in scored])
    after = _mean([after for _, after in scored])
    shift = None if before is None or after is None else _tenth(after - before)
    half = _half_width(shifts)
    return OverallShift(
        interviews=len(scored),
        before=None if before is None else _tenth(before),
        after=None if after is None else _tenth(after),
        shift=shift,
        low=None if half is None or shift is None else _tenth(shift - half),
        high=None if half is None or shift is None else _tenth(shift + half),
        over=over,
    )


def _score(given: Mapping[Place, Given], rubric: Rubric) -> float | None:
    # A score for what the rubric does not have is for the audit to name; nothing can be weighed with it.
    known = {competency.id for competency in rubric.competencies}
    scores = [_as_score(place, each) for place, each in given.items() if place.competency in known]
    whole = overall(scores, rubric) if scores else None
    return None if whole is None else whole.score


def _as_score(place: Place, given: Given) -> Score:
    return Score(
        competency=place.competency,
        level=given.level,
        null_reason=msgspec.convert(given.null_reason, NullReason | None),
        anchor="",
        evidence=given.evidence,
        covered=given.covered,
        missed=given.missed,
        suggestion=None,
        judge="",
        parts={},
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _half_width(values: Sequence[float]) -> float | None:
    """Of Student's two-sided interval of 90 % for a mean."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    t = float(T_90[len(values) - 2]) if len(values) - 1 <= len(T_90) else _NORMAL_90
    return t * math.sqrt(variance / len(values))


def _tenth(value: float) -> float:
    return round(value, 1) + 0.0

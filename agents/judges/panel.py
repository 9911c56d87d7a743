"""Three judges of one answer, each with the rubric in another order, and what they come to together: by arithmetic.

A level stands where at least two judges give one; it is the middle one of three, and the lower of two. A judge who
fails is not replaced: two are left to decide, and a person is asked to look.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from agents.calls import CallError, Unavailable
from agents.events import Quote
from agents.judges.judging import MOST_QUOTES, VERSION, ModelScorer, settled
from agents.scoring import Answer, NullReason, Score, Scorer, refuse_incomplete

JUDGES = 3
FEWEST_JUDGES = 2
"""With fewer, nothing is decided: the task runs again."""
APART = 2
"""Levels between two judges from which on a person should look."""
WITHIN_S = 40.0
"""A judge who has not answered by then has failed; the others need not wait for the whole task to run out of time."""
PANEL = f"{VERSION} panel"
"""How what the judges come to together is signed."""


class Judge(Protocol):
    """A scorer that can be one of several."""

    async def judged(self, answer: Answer, judge: int = 0) -> Score: ...


class Panel:
    """Implements `Scorer` by three judges who are asked at once. Raises the `CallError` of one where two fail."""

    version = VERSION
    kind: Literal["rehearsal", "model"] = "model"

    def __init__(self, judge: Judge, *, within_s: float = WITHIN_S) -> None:
        self._judge = judge
        self._within_s = within_s

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        """One score, with each judge's own in `judges`; none of them where nobody need be asked.

        Raises `RubricIncomplete` too.
        """
        refuse_incomplete(answer)
        without = settled(answer)
        if without is not None:
            return (without,)
        asked = (self._judged(answer, judge) for judge in range(JUDGES))
        came = await asyncio.gather(*asked)
        scores = [each for each in came if isinstance(each, Score)]
        failed = [each for each in came if not isinstance(each, Score)]
        if len(scores) < FEWEST_JUDGES:
            raise failed[0]
        return (decided(answer, scores),)

    async def _judged(self, answer: Answer, judge: int) -> Score | CallError:
        try:
            async with asyncio.timeout(self._within_s):
                return await self._judge.judged(answer, judge)
        except CallError as failed:
            return failed
        except TimeoutError:
            return Unavailable("A judge gave no answer in time.")


def seated(scorer: Scorer, judges: int) -> Scorer:
    """The scorer, or a panel of it where a plan asks for three and it judges by model: arithmetic is of one mind."""
    return Panel(scorer) if judges == JUDGES and isinstance(scorer, ModelScorer) else scorer


def decided(answer: Answer, scores: Sequence[Score]) -> Score:
    """What two or three judges come to, by their levels:

    - Where most of them give a level (all, of two), it is the middle one, and of two the lower; else it is `null` for
      the reason that most of those have who say so, the first judge's before the others'.
    - The quotes are those of the judges who gave that level; a point was made where more than half of the judges who
      gave a level say so.
    - `spread` is between the highest and the lowest level given; None where fewer than two were.
    - A person should look where it is two or more, where some say `null` and others do not, where one of the three
      failed, and where any judge says so.

    Raises `ValueError` for fewer than two judges.
    """
    if len(scores) < FEWEST_JUDGES:
        message = "at least two judges decide"
        raise ValueError(message)
    given = [score for score in scores if score.level is not None]
    levels = sorted(score.level for score in given if score.level is not None)
    spread = float(levels[-1] - levels[0]) if len(levels) > 1 else None
    needs_review = (
        (spread is not None and spread >= APART)
        or 0 < len(given) < len(scores)
        or len(scores) < JUDGES
        or any(score.needs_review for score in scores)
    )
    judges = tuple(scores)
    if len(given) * 2 <= len(scores):
        silent = [score for score in scores if score.level is None]
        reason = _commonest([score.null_reason for score in silent if score.null_reason is not None])
        first = next(score for score in silent if score.null_reason == reason)
        return msgspec.structs.replace(
            first, judge=PANEL, spread=spread, needs_review=needs_review, judges=judges, lineage_id=None
        )
    level = levels[(len(levels) - 1) // 2]
    at_level = [score for score in given if score.level == level]
    points = [point.id for point in answer.question.points]
    covered = tuple(p for p in points if sum(p in score.covered for score in given) * 2 > len(given))
    return Score(
        competency=answer.competency.id,
        level=level,
        null_reason=None,
        anchor=at_level[0].anchor,
        evidence=_evidence(at_level),
        covered=covered,
        missed=tuple(p for p in points if p not in covered),
        suggestion=next((score.suggestion for score in at_level if score.suggestion), None),
        judge=PANEL,
        parts={},
        spread=spread,
        needs_review=needs_review,
        judges=judges,
    )


def _commonest(reasons: Sequence[NullReason]) -> NullReason:
    counted = Counter(reasons)
    return max(counted, key=lambda reason: (counted[reason], -reasons.index(reason)))


def _evidence(scores: Sequence[Score]) -> tuple[Quote, ...]:
    """Each judge's quotes in turn, the first of each first, as many as one judge may give; in the answer's order."""
    taken: list[Quote] = []
    for rank in range(max(len(score.evidence) for score in scores)):
        for score in scores:
            quote = score.evidence[rank] if rank < len(score.evidence) else None
            if quote is not None and len(taken) < MOST_QUOTES and not any(_overlap(quote, other) for other in taken):
                taken.append(quote)
    return tuple(sorted(taken, key=lambda quote: (quote.seq, quote.start)))


def _overlap(one: Quote, other: Quote) -> bool:
    return one.seq == other.seq and one.start < other.end and other.start < one.end

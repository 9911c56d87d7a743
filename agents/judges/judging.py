"""The scorer by model: a level with quotes that were looked up, or an honest `null`."""

from collections.abc import Callable, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from agents.briefing import SCORE, is_too_long, score_again, score_message, score_system
from agents.calls import Call, Door, Message, Unreadable
from agents.events import Quote
from agents.guard import plain
from agents.judges.attacks import Cleared, cleared
from agents.judges.masking import NO_ANSWER, UNHEARD
from agents.judges.verdicts import SCHEMA, Verdict, read_verdict
from agents.quoting import Cited, found, not_found, timed
from agents.rehearsal.suggestions import for_null
from agents.scoring import Answer, NullReason, Score, refuse_incomplete
from prompts import cut
from storage.ids import uuid7

VERSION = f"model-scorer/2 score/{SCORE.version} {SCORE.tier}"
MOST_QUOTES = 3
FEWEST_WORDS = 3
"""With fewer words, nothing that was taken out counted, no level can be told from another and nobody is asked."""
LONGEST_SUGGESTION = 400
UNFOUNDED: NullReason = "no_evidence"
"""Given where a model twice named no words that were said."""


class Reading(msgspec.Struct, frozen=True):
    """What came of a verdict. Without `score` it cannot be used; `refused` are its quotes that were not found."""

    score: Score | None
    refused: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.score is not None and not self.refused


class ModelScorer:
    """Implements `Scorer` by a model. Raises `CallError` where none can be had or none makes sense, and
    `RubricIncomplete`: a task runs again, and a level is never made up.
    """

    version = VERSION
    kind: Literal["rehearsal", "model"] = "model"

    def __init__(self, door: Door, *, tenant_id: UUID, ids: Callable[[], UUID] = uuid7) -> None:
        self._door = door
        self._tenant_id = tenant_id
        self._ids = ids

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        """One score, for the question's competency."""
        return (await self.judged(answer),)

    async def judged(self, answer: Answer, judge: int = 0) -> Score:
        """The score of one judge: 0 reads the levels ascending, 1 descending, 2 as the answer's lot falls.

        Asks once more where a quote was not found or the verdict cannot be used; what is wrong then is dropped.
        """
        refuse_incomplete(answer)
        shown = cleared(answer)
        without = _settled(answer, shown, judge)
        if without is not None:
            return without
        act = f"{answer.interview_id}/{answer.question.id}/{answer.version}/"
        call = _call(shown.answer, self._tenant_id, judge, f"{act}{self._ids()}", ())
        first = await self._door.complete(call)
        reading = _reading(answer, shown, first.text, judge)
        if reading.score is not None and reading.is_whole:
            return msgspec.structs.replace(reading.score, lineage_id=first.lineage_id)
        more = _again(first.text, reading.refused)
        call = _call(shown.answer, self._tenant_id, judge, f"{act}{self._ids()}", more)
        second = await self._door.complete(call)
        if read_verdict(second.text) is None:
            message = "The model's judgement of an answer could not be read twice."
            raise Unreadable(message)
        score = _reading(answer, shown, second.text, judge).score or unfounded(answer, judge)
        return msgspec.structs.replace(score, lineage_id=second.lineage_id)


def settled(answer: Answer, judge: int = 0) -> Score | None:
    """The score of an answer that nobody need be asked about; None where a judge is to be asked."""
    return _settled(answer, cleared(answer), judge)


def first_call(answer: Answer, *, tenant_id: UUID, judge: int = 0, act: str) -> Call:
    """What a judge is asked. `act` names the call in the lineage, after `score/`. Raises `RubricIncomplete`."""
    refuse_incomplete(answer)
    return _call(cleared(answer).answer, tenant_id, judge, act, ())


def unfounded(answer: Answer, judge: int = 0) -> Score:
    """The score where a judge twice named no words that were said."""
    return _null(answer, UNFOUNDED, judge, needs_review=True)


def name_of(judge: int) -> str:
    """How a judge's own verdicts are signed: the first judge signs as the scorer, who mostly judges alone."""
    return VERSION if judge == 0 else f"{VERSION} judge-{judge + 1}"


def _settled(answer: Answer, shown: Cleared, judge: int) -> Score | None:
    left = [word for turn in shown.answer.turns for word in _bare(turn.text).split() if any(map(str.isalnum, word))]
    if len(left) >= FEWEST_WORDS:
        return None
    reason: NullReason = "too_little" if left else "not_answered"
    return _null(answer, reason, judge, needs_review=shown.is_suspect)


def _bare(text: str) -> str:
    return text.replace(UNHEARD, " ").replace(NO_ANSWER, " ")


def _call(shown: Answer, tenant_id: UUID, judge: int, act: str, more: tuple[Message, ...]) -> Call:
    """Only the first call may be answered from the cache: a second one is made because the first was of no use."""
    return Call(
        task="score",
        tier=SCORE.tier,
        prompt_name=SCORE.name,
        prompt_version=SCORE.version,
        system=score_system(shown, judge),
        messages=(Message("user", score_message(shown)), *more),
        max_tokens=SCORE.max_tokens,
        effort=SCORE.effort,
        schema=SCHEMA,
        priority="soon",
        is_deterministic=not more,
        tenant_id=tenant_id,
        interview_id=shown.interview_id,
        entity_type="answer",
        request_id=f"score/{act}",
    )


def _again(said: str, refused: Sequence[str]) -> tuple[Message, ...]:
    return Message("assistant", said or "(nothing)"), Message("user", score_again(refused))


def _reading(answer: Answer, shown: Cleared, text: str, judge: int) -> Reading:
    verdict = read_verdict(text)
    if verdict is None:
        return Reading(None)
    is_open = shown.is_suspect or is_too_long(shown.answer)
    if verdict.level is None:
        return Reading(_null(answer, verdict.null_reason or "too_little", judge, verdict, needs_review=is_open))
    evidence, refused = _evidence(answer, shown, verdict.quotes)
    if verdict.level > 1 and not evidence:
        return Reading(None, refused)
    covered, missed = verdict.points(answer)
    score = Score(
        competency=answer.competency.id,
        level=verdict.level,
        null_reason=None,
        anchor=answer.competency.anchors[verdict.level - 1][answer.language],
        evidence=evidence,
        covered=covered,
        missed=missed,
        suggestion=_suggestion(verdict.suggestion),
        judge=name_of(judge),
        parts={},
        needs_review=is_open,
    )
    return Reading(score, refused)


def _evidence(answer: Answer, shown: Cleared, cited: Sequence[Cited]) -> tuple[tuple[Quote, ...], tuple[str, ...]]:
    """The quotes as they stand in the answer, with their times; and those that are not of it, or have a mark in them.

    A mark is known by its place, and by its look where the candidate wrote one.
    """
    turns = shown.answer.turns
    plain_ones = [quote for quote in cited if UNHEARD not in quote.text and NO_ANSWER not in quote.text]
    marked = [quote.text for quote in cited if quote not in plain_ones]
    there = [shown.original(quote) for quote in found(plain_ones, turns, MOST_QUOTES)]
    evidence = tuple(timed(quote, answer.turns) for quote in there if quote is not None)
    refused = (*marked, *(quote.text for quote in not_found(plain_ones, turns)))
    return evidence, refused


def _null(
    answer: Answer, reason: NullReason, judge: int, verdict: Verdict | None = None, *, needs_review: bool = False
) -> Score:
    points = tuple(point.id for point in answer.question.points)
    covered, missed = verdict.points(answer) if verdict else ((), points)
    return Score(
        competency=answer.competency.id,
        level=None,
        null_reason=reason,
        anchor="",
        evidence=(),
        covered=covered,
        missed=missed,
        suggestion=_suggestion(verdict.suggestion) if verdict else for_null(reason, answer.language),
        judge=name_of(judge),
        parts={},
        needs_review=needs_review,
    )


def _suggestion(written: str | None) -> str | None:
    return cut(plain(written), LONGEST_SUGGESTION).strip() or None if written else None

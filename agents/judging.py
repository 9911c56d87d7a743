"""The scorer by model: a level with quotes that were looked up, or an honest `null`."""

from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

import msgspec

from agents.briefing import SCORE, score_message, score_system
from agents.calls import Call, Door, Message, Unreadable
from agents.guard import plain
from agents.quoting import Cited, found
from agents.scoring import Answer, NullReason, Score
from prompts import cut
from storage.ids import uuid7

VERSION = f"model-scorer/1 score/{SCORE.version} {SCORE.tier}"
MOST_QUOTES = 3
LONGEST_SUGGESTION = 400
UNFOUNDED: NullReason = "uncertain_transcript"
"""Given where a model twice named no words that were said: what carried its level is not in the transcript."""

_LEVEL: dict[str, Any] = {"anyOf": [{"type": "integer", "enum": [1, 2, 3, 4, 5]}, {"type": "null"}]}
_REASONS = ("too_little", "off_topic", "not_answered", "uncertain_transcript")
_PROPERTIES: dict[str, Any] = {
    "quotes": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"seq": {"type": "integer"}, "text": {"type": "string"}},
            "required": ["seq", "text"],
            "additionalProperties": False,
        },
    },
    "covered": {"type": "array", "items": {"type": "string"}},
    "missed": {"type": "array", "items": {"type": "string"}},
    "anchor": _LEVEL,
    "level": _LEVEL,
    "null_reason": {"anyOf": [{"type": "string", "enum": list(_REASONS)}, {"type": "null"}]},
    "suggestion": {"anyOf": [{"type": "string"}, {"type": "null"}]},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": _PROPERTIES,
    "required": list(_PROPERTIES),
    "additionalProperties": False,
}
"""The same for every question, so that a provider compiles it once. The evidence comes before the verdict."""


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model's answer, as `SCHEMA` asks for it."""

    quotes: tuple[Cited, ...]
    covered: tuple[str, ...]
    missed: tuple[str, ...]
    anchor: int | None
    level: int | None
    null_reason: Literal["too_little", "off_topic", "not_answered", "uncertain_transcript"] | None
    suggestion: str | None


class ModelScorer:
    """Implements `Scorer` by a model. Raises `CallError` where none can be had or none makes sense: a task runs again,
    and a level is never made up.
    """

    version = VERSION
    kind: Literal["rehearsal", "model"] = "model"

    def __init__(self, door: Door, *, tenant_id: UUID, ids: Callable[[], UUID] = uuid7) -> None:
        self._door = door
        self._tenant_id = tenant_id
        self._ids = ids

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        """One score, for the question's competency. Asks once more where an answer of the model cannot be used."""
        if not any(c.isalnum() for turn in answer.turns for c in turn.text):
            return (_null(answer, "not_answered"),)
        messages: tuple[Message, ...] = (Message("user", score_message(answer)),)
        first = await self._door.complete(self._call(answer, messages))
        verdict = _read(first.text)
        if verdict is not None and (score := _score(answer, verdict)) is not None:
            return (msgspec.structs.replace(score, lineage_id=first.lineage_id),)
        again = SCORE.part("score_again").render({})
        messages = (*messages, Message("assistant", first.text), Message("user", again))
        second = await self._door.complete(self._call(answer, messages))
        verdict = _read(second.text)
        if verdict is None:
            message = "The model's judgement of an answer could not be read twice."
            raise Unreadable(message)
        score = _score(answer, verdict) or _null(answer, UNFOUNDED)
        return (msgspec.structs.replace(score, lineage_id=second.lineage_id),)

    def _call(self, answer: Answer, messages: tuple[Message, ...]) -> Call:
        """Only the first call may be answered from the cache: a second one is made because the first was of no use."""
        act = f"{answer.interview_id}/{answer.question.id}/{answer.version}/{self._ids()}"
        return Call(
            task="score",
            tier=SCORE.tier,
            prompt_name=SCORE.name,
            prompt_version=SCORE.version,
            system=score_system(answer),
            messages=messages,
            max_tokens=SCORE.max_tokens,
            effort=SCORE.effort,
            schema=SCHEMA,
            priority="soon",
            is_deterministic=len(messages) == 1,
            tenant_id=self._tenant_id,
            interview_id=answer.interview_id,
            entity_type="answer",
            request_id=f"score/{act}",
        )


def _read(text: str) -> Verdict | None:
    """The verdict, if it is one and does not contradict itself."""
    try:
        verdict = msgspec.json.decode(text, type=Verdict)
    except msgspec.MsgspecError:
        return None
    if verdict.anchor != verdict.level or (verdict.level is None) != (verdict.null_reason is not None):
        return None
    return verdict if verdict.level is None or 1 <= verdict.level <= 5 else None


def _score(answer: Answer, verdict: Verdict) -> Score | None:
    """The score of a verdict; None where a level above 1 rests on nothing that was said."""
    if verdict.level is None:
        return _null(answer, verdict.null_reason or "too_little", verdict)
    evidence = found(verdict.quotes, answer.turns, MOST_QUOTES)
    if verdict.level > 1 and not evidence:
        return None
    covered, missed = _points(answer, verdict)
    return Score(
        competency=answer.competency.id,
        level=verdict.level,
        null_reason=None,
        anchor=answer.competency.anchors[verdict.level - 1][answer.language],
        evidence=evidence,
        covered=covered,
        missed=missed,
        suggestion=_suggestion(verdict.suggestion),
        judge=VERSION,
        parts={},
    )


def _null(answer: Answer, reason: NullReason, verdict: Verdict | None = None) -> Score:
    covered, missed = _points(answer, verdict)
    return Score(
        competency=answer.competency.id,
        level=None,
        null_reason=reason,
        anchor="",
        evidence=(),
        covered=covered,
        missed=missed,
        suggestion=_suggestion(verdict.suggestion if verdict else None),
        judge=VERSION,
        parts={},
    )


def _points(answer: Answer, verdict: Verdict | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The points covered and missed, in the question's order. One that is in both lists, or in neither, was missed."""
    points = [point.id for point in answer.question.points]
    named = set(verdict.covered) - set(verdict.missed) if verdict else set()
    return tuple(p for p in points if p in named), tuple(p for p in points if p not in named)


def _suggestion(written: str | None) -> str | None:
    return cut(plain(written), LONGEST_SUGGESTION).strip() or None if written else None

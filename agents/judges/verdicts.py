"""What a judge by model answers: its form, and whether it can be taken at its word."""

from typing import Any, Literal

import msgspec

from agents.quoting import Cited
from agents.scoring import Answer

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

    def points(self, answer: Answer) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The points covered and missed, in the question's order; one that is in both lists, or in neither, was
        missed. Ids that are not the question's are nobody's."""
        points = [point.id for point in answer.question.points]
        named = set(self.covered) - set(self.missed)
        return tuple(p for p in points if p in named), tuple(p for p in points if p not in named)


def read_verdict(text: str) -> Verdict | None:
    """The verdict, if it is one and does not contradict itself."""
    try:
        verdict = msgspec.json.decode(text, type=Verdict)
    except msgspec.MsgspecError:
        return None
    if verdict.anchor != verdict.level or (verdict.level is None) != (verdict.null_reason is not None):
        return None
    return verdict if verdict.level is None or 1 <= verdict.level <= 5 else None

"""Documents that fit a JSON Schema: by walking it, and where it asks for a verdict on an answer, by judging plainly."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from agents.plans import Language
from tests.emulators.prompt_reading import Prompt, Tagged, language, tagged

Schema = dict[str, Any]

MADE_UP = "I single-handedly saved the company four million in a week."
"""What a gullible model quotes: nobody said it."""
FEWEST_WORDS = 6
MOST_QUOTES = 3

_WORD = re.compile(r"[^\W\d_]{4,}")
_SENTENCE = re.compile(r"[^.!?\n]*[^\s.!?][^.!?\n]*[.!?]*")
_SUGGESTION: dict[Language, str] = {
    "en": "Say what came of it, with a figure if you have one.",
    "es": "Cuenta en qué terminó, con una cifra si la tienes.",
}


class Judged(msgspec.Struct, frozen=True):
    """A plain reading of an answer against the points that the prompt expects."""

    level: int | None
    null_reason: str | None
    quotes: tuple[tuple[int, str], ...]
    """The turn's number and words of it, to the letter."""
    covered: tuple[str, ...]
    missed: tuple[str, ...]
    suggestion: str


def judge(prompt: Prompt, *, is_gullible: bool = False) -> Judged:
    """Level by how much was said and how many of the expected points are in it."""
    asked = "\n".join(text for role, text in prompt.messages if role != "assistant")
    turns = tagged(asked, ["turn"]) or tagged(asked, ["answer", "candidate"])
    points = tagged(prompt.whole, ["point"])
    said = " ".join(turn.text for turn in turns)
    words = set(_WORD.findall(said.lower()))
    covered = tuple(_id(point) for point in points if _is_made(point.text, words))
    missed = tuple(_id(point) for point in points if _id(point) not in covered)
    suggestion = _SUGGESTION[language(prompt)]
    if is_gullible:
        return Judged(5, None, ((_seq(turns[0]) if turns else 0, MADE_UP),), covered + missed, (), suggestion)
    if len(said.split()) < FEWEST_WORDS:
        return Judged(None, "too_little", (), (), tuple(map(_id, points)), suggestion)
    share = len(covered) / len(points) if points else 0.5
    level = 1 + (len(said.split()) >= 20) + (len(said.split()) >= 50) + (share >= 0.5) + (share >= 0.9)
    return Judged(level, None, _quotes(turns), covered, missed, suggestion)


def _id(tag: Tagged) -> str:
    return tag.attributes.get("id", "")


def _seq(turn: Tagged) -> int:
    digits = re.sub(r"\D", "", turn.attributes.get("seq", ""))
    return int(digits) if digits else 0


def _is_made(point: str, said: set[str]) -> bool:
    wanted = set(_WORD.findall(point.lower()))
    return bool(wanted) and len(wanted & said) * 4 >= len(wanted)


def _quotes(turns: Sequence[Tagged]) -> tuple[tuple[int, str], ...]:
    """The longest sentences, in the order in which they were said."""
    sentences = [(_seq(turn), sentence[0].strip()) for turn in turns for sentence in _SENTENCE.finditer(turn.text)]
    longest = sorted(sentences, key=lambda sentence: -len(sentence[1]))[:MOST_QUOTES]
    return tuple(sentence for sentence in sentences if sentence in longest)


class _Writing:
    """One document on its way."""

    def __init__(self, prompt: Prompt, schema: Schema, judged: Judged) -> None:
        self._prompt = prompt
        self._root = schema
        self._judged = judged

    def value(self, schema: Schema, name: str = "") -> Any:
        schema = self._resolved(schema)
        for hinted in self._hinted(name):
            if self._fits(hinted, schema):
                return hinted
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for combined in ("anyOf", "oneOf"):
            if combined in schema:
                variants = [self._resolved(variant) for variant in schema[combined]]
                return self.value(next((v for v in variants if v.get("type") != "null"), variants[0]), name)
        return self._of_kind(schema, name)

    def _of_kind(self, schema: Schema, name: str) -> Any:
        match self._kind(schema):
            case "object":
                return {key: self.value(inner, key) for key, inner in schema.get("properties", {}).items()}
            case "array":
                return self._items(schema, name)
            case "integer" | "number":
                return max(schema.get("minimum", 0), min(1, schema.get("maximum", 1)))
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return "plain".ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength", 1_000)]

    def _items(self, schema: Schema, name: str) -> list[Any]:
        inner = self._resolved(schema.get("items", {}))
        properties = inner.get("properties", {})
        if name in ("quotes", "evidence"):
            return [self._quote(inner, seq, words) for seq, words in self._judged.quotes]
        if "level" in properties:
            named = next((key for key in ("competency", "competency_id", "id") if key in properties), None)
            ids = self._competencies(properties, named)
            if named and ids:
                return [self._of_kind(inner, name) | {named: known} for known in ids]
        count = max(schema.get("minItems", 1), min(1, schema.get("maxItems", 1)))
        return [self.value(inner, name) for _ in range(count)]

    def _quote(self, inner: Schema, seq: int, words: str) -> Any:
        if self._kind(inner) != "object":
            return words
        known = {"seq": seq, "turn": seq, "text": words, "quote": words, "words": words}
        return {key: known.get(key, self.value(part, key)) for key, part in inner.get("properties", {}).items()}

    def _competencies(self, properties: Schema, named: str | None) -> list[str]:
        asked = self._resolved(properties[named]) if named else {}
        told = [_id(tag) for tag in tagged(self._prompt.whole, ["competency"]) if _id(tag)]
        return list(asked.get("enum", [asked["const"]] if "const" in asked else dict.fromkeys(told)))

    def _hinted(self, name: str) -> list[Any]:
        """What a verdict's property may hold, the likeliest first."""
        judged = self._judged
        level = judged.level
        known: dict[str, list[Any]] = {
            "level": [level, 1],
            "anchor": [level, None],
            "null_reason": [judged.null_reason],
            "covered": [list(judged.covered)],
            "missed": [list(judged.missed)],
            "suggestion": [judged.suggestion],
        }
        told = [_id(tag) for tag in tagged(self._prompt.whole, ["competency"]) if _id(tag)]
        known["competency"] = list(told)
        return known.get(name, known.get(name.removesuffix("_ids").removesuffix("_points"), []))

    def _fits(self, value: Any, schema: Schema) -> bool:
        if any(key in schema for key in ("anyOf", "oneOf")):
            variants = schema.get("anyOf") or schema["oneOf"]
            return any(self._fits(value, self._resolved(variant)) for variant in variants)
        if "enum" in schema:
            return value in schema["enum"]
        if "const" in schema:
            return bool(value == schema["const"])
        if isinstance(value, list):
            inner = self._resolved(schema.get("items", {}))
            return "array" in _kinds(schema) and all(self._fits(item, inner) for item in value)
        if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            return False
        return _kind_of(value) in _kinds(schema) or (isinstance(value, int) and "number" in _kinds(schema))

    def _kind(self, schema: Schema) -> str:
        kinds = [kind for kind in _kinds(schema) if kind != "null"]
        return kinds[0] if kinds else "null"

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found: Any = self._root
            for part in str(schema["$ref"]).removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema


def _kinds(schema: Schema) -> list[str]:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return kind if isinstance(kind, list) else [kind]


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return {int: "integer", float: "number", str: "string", list: "array"}.get(type(value), "object")


def document(prompt: Prompt, schema: Schema, *, is_gullible: bool = False) -> Any:
    """A value that fits the schema."""
    return _Writing(prompt, schema, judge(prompt, is_gullible=is_gullible)).value(schema)

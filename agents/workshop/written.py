"""What a model writes when it drafts a plan: the form that is asked for, and the questions that are made of it."""

import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from agents.library.checks import MAX_ID
from agents.plans import Competency, ExpectedPoint, Language, Probe, Question, Words
from agents.workshop.composing import Piece
from agents.workshop.plain import plain
from prompts import cut, on_one_line

LONGEST_TEXT = 600
LONGEST_NAME = 90
MOST_QUESTIONS = 10
MOST_ITEMS = 12
"""Of a list within a question."""
SECONDS = range(60, 601)
WRITTEN = "written"
"""Where such a question is from."""

_LEVELS = ("level_1", "level_2", "level_3", "level_4", "level_5")


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT: dict[str, Any] = {"type": "string"}
_WORDS = _object(en=_TEXT, es=_TEXT)
SCHEMA: dict[str, Any] = _object(
    competencies=_list(_object(id=_TEXT, name=_WORDS, definition=_WORDS, **dict.fromkeys(_LEVELS, _WORDS))),
    questions=_list(
        _object(
            competency=_TEXT,
            type={"type": "string", "enum": ["behavioral", "technical", "situational", "competency"]},
            text=_WORDS,
            points=_list(_object(text=_WORDS, cues=_object(en=_list(_TEXT), es=_list(_TEXT)))),
            probes=_list(
                _object(
                    seeks={"type": "string", "enum": ["result", "number", "own_part", "example", "depth"]},
                    text=_WORDS,
                )
            ),
            hints=_list(_WORDS),
            seconds={"type": "integer"},
        )
    ),
)
"""Rubric first: questions are written for levels that stand already."""


class _Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Words
    cues: dict[Language, tuple[str, ...]]


class _Probe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seeks: Literal["result", "number", "own_part", "example", "depth"]
    text: Words


class _Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    competency: str
    type: Literal["behavioral", "technical", "situational", "competency"]
    text: Words
    points: tuple[_Point, ...]
    probes: tuple[_Probe, ...]
    hints: tuple[Words, ...]
    seconds: int


class _Competency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: Words
    definition: Words
    level_1: Words
    level_2: Words
    level_3: Words
    level_4: Words
    level_5: Words


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    competencies: tuple[_Competency, ...]
    questions: tuple[_Question, ...]


def pieces_of(text: str) -> tuple[list[Piece], int] | None:
    """The questions of a draft with their competencies, and how many were written; None where it is no draft.

    Those that expect nothing, or are for no competency of the draft, are left out.
    """
    try:
        written = msgspec.json.decode(text, type=_Written)
    except msgspec.MsgspecError:
        return None
    competencies = {competency.id: competency for competency in map(_competency, written.competencies)}
    pieces = [
        Piece(WRITTEN, question, competencies[question.competency])
        for question in map(_question, written.questions[:MOST_QUESTIONS])
        if question is not None and question.competency in competencies
    ]
    return pieces, len(written.questions)


def _competency(written: _Competency) -> Competency:
    levels = (written.level_1, written.level_2, written.level_3, written.level_4, written.level_5)
    one, two, three, four, five = map(_words, levels)
    return Competency(
        id=_id(written.id),
        name=_words(written.name, LONGEST_NAME),
        definition=_words(written.definition),
        anchors=(one, two, three, four, five),
    )


def _question(written: _Question) -> Question | None:
    """The question with its texts on one line, its cues compared as ours are; None where it expects nothing."""
    seen: set[str] = set()
    points: list[ExpectedPoint] = []
    for point in written.points[:MOST_ITEMS]:
        cues = {language: _cues(listed, seen) for language, listed in point.cues.items()}
        if all(cues.get(language) for language in ("en", "es")):
            name = f"q.{chr(ord('a') + len(points))}"
            points.append(ExpectedPoint(id=name, text=_words(point.text), cues=cues))
    if not points:
        return None
    seeks = dict.fromkeys(probe.seeks for probe in written.probes)
    probes = [next(probe for probe in written.probes if probe.seeks == each) for each in seeks]
    return Question(
        id="q",
        type=written.type,
        competency=_id(written.competency),
        text=_words(written.text),
        points=tuple(points),
        probes=tuple(Probe(id=f"q.{probe.seeks}", text=_words(probe.text), seeks=probe.seeks) for probe in probes),
        hints=tuple(map(_words, written.hints[:MOST_ITEMS])),
        seconds=min(max(written.seconds, SECONDS[0]), SECONDS[-1]),
        max_probes=min(2, len(probes)),
    )


def _words(words: Words, at_most: int = LONGEST_TEXT) -> Words:
    return {language: cut(on_one_line(text), at_most).strip() for language, text in words.items()}


def _cues(listed: Sequence[str], seen: set[str]) -> tuple[str, ...]:
    """Cues on one line and in lower case, each once in the question."""
    cues = []
    for cue in listed[: 2 * MOST_ITEMS]:
        bare = on_one_line(cue).lower()[:LONGEST_NAME].strip()
        if bare and bare == bare.lower() and plain(bare) not in seen:
            seen.add(plain(bare))
            cues.append(bare)
    return tuple(cues[:MOST_ITEMS])


def _id(written: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", plain(written)).strip("_")[:MAX_ID].strip("_") or "competency"

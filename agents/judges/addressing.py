"""Sentences of an answer that speak to whoever scores it: orders, authority, pleas, grades they give themselves.

No list of phrases holds them all. What stands in a sentence is looked for by kind: grading, a level, the one that is
wished for, an order, the answer as a thing that is talked about, whoever reads, praise, pressure. None of these is
enough by itself; people who answer speak of levels and grades, and tell others what to do.
"""

import re
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import msgspec
import yaml

from agents.judges.undisguised import without_accents

Feature = Literal[
    "grading", "level", "extreme", "wish", "order", "deictic", "reader", "praise", "pressure", "telltale", "story"
]
Span = tuple[int, int]

NEAR_BY = 40
"""Characters between a level, or grading, and the level that is wished for."""
LONGEST = 240
"""Characters of a sentence that is judged as one; a longer one is judged by its clauses, as unpunctuated speech is."""
_GOES_ALONG: frozenset[Feature] = frozenset({"order", "reader", "grading", "pressure", "deictic", "praise"})
_CLAUSE = r"(?:^\s*|[.,:;!?\n(\"'“¿¡—-]\s*|\b(?:and|now|then|so|but|just|y|ahora|entonces|e|et|und)\s+)"
_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[。！？؟।]|\n+|;\s")
_BREAK = re.compile(r"[,:;]\s|\s(?:and|but|so|because|y|pero|porque)\s")


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    words: str
    signs: str = ""


class Sentence(msgspec.Struct, frozen=True):
    """What stands in a sentence. `is_near`: a level, or grading, beside the level that is wished for; `is_full` of
    both: more than one word of each.
    """

    start: int
    end: int
    has: frozenset[Feature]
    is_near: bool
    is_full: bool

    @property
    def speaks_to_a_scorer(self) -> bool:
        has = self.has
        if "telltale" in has or (self.is_full and "story" not in has):
            return True
        if self.is_near and "story" not in has and {"grading", "wish"} <= has:
            return True
        is_graded = bool(has & {"grading", "level"})
        if "deictic" in has and (is_graded or "order" in has or ("praise" in has and "story" not in has)):
            return True
        if "order" in has and ("story" not in has or "reader" in has) and ("grading" in has or self.is_near):
            return True
        if "reader" in has and "story" not in has and ("grading" in has or "level" in has):
            return (self.is_near and bool(has & {"grading", "wish"})) or bool(has & {"praise", "pressure", "order"})
        if "pressure" in has and "story" not in has and has & {"level", "deictic"}:
            return bool(has & {"reader", "order", "extreme"})
        return False

    @property
    def may_speak_to_a_scorer(self) -> bool:
        """Whether it does so in an answer that does elsewhere: fewer signs are enough then."""
        is_wish = "extreme" in self.has and bool(self.has & {"order", "deictic", "reader", "level", "grading"})
        return "story" not in self.has and (is_wish or (self.is_near and "level" in self.has))

    @property
    def goes_along(self) -> bool:
        """Whether it belongs to a neighbour that speaks to a scorer."""
        return "story" not in self.has and bool(self.has & _GOES_ALONG)


def addressed(text: str, *, is_suspect: bool = False) -> list[Span]:
    """Where a folded text speaks to a scorer, by whole sentences; one beside such a one goes with it where it has
    something of it too. `is_suspect` where the same answer was found to do so elsewhere.
    """
    read = [look_at(text, *span) for span in sentences(text)]
    marks = [sentence.speaks_to_a_scorer for sentence in read]
    if is_suspect or any(marks):
        marks = [mark or one.may_speak_to_a_scorer for one, mark in zip(read, marks, strict=True)]
    along = [
        mark or (sentence.goes_along and any(marks[max(0, at - 1) : at + 2]))
        for at, (sentence, mark) in enumerate(zip(read, marks, strict=True))
    ]
    return [(sentence.start, sentence.end) for sentence, mark in zip(read, along, strict=True) if mark]


def look_at(text: str, start: int = 0, end: int | None = None) -> Sentence:
    """What stands in a stretch of a folded text."""
    end = len(text) if end is None else end
    spoken = text[start:end]
    has = frozenset(feature for feature, pattern in _patterns().items() if pattern.search(spoken))
    wished, graded = _places(spoken, "extreme"), _places(spoken, "level", "grading")
    is_near = any(
        one != other and max(other[0] - one[1], one[0] - other[1]) <= NEAR_BY for one in wished for other in graded
    )
    return Sentence(start, end, has, is_near, is_near and len(wished - graded) > 1 and len(graded - wished) > 1)


def _places(spoken: str, *features: Feature) -> set[Span]:
    return {found.span() for feature in features for found in _patterns()[feature].finditer(spoken)}


def sentences(text: str) -> list[Span]:
    """Its sentences; a long one in clauses."""
    spans: list[Span] = []
    begin = 0
    for stop in [*(found.end() for found in _STOP.finditer(text)), len(text)]:
        while stop - begin > LONGEST:
            cut = _break(text, begin)
            spans.append((begin, cut))
            begin = cut
        if text[begin:stop].strip():
            spans.append((begin, stop))
        begin = stop
    return spans


def _break(text: str, start: int) -> int:
    """Where a long sentence is broken: at its last pause within bounds, else between words."""
    pauses = [found.start() + 1 for found in _BREAK.finditer(text, start + LONGEST // 4, start + LONGEST)]
    return pauses[-1] if pauses else text.rfind(" ", start + LONGEST // 2, start + LONGEST) + 1 or start + LONGEST


@cache
def _patterns() -> dict[Feature, re.Pattern[str]]:
    written = yaml.safe_load(Path(__file__).with_name("addressing.yaml").read_text("utf-8"))
    entries = msgspec.convert(written, dict[Feature, _Entry])
    missing = set(get_args(Feature)) - set(entries)
    if missing:
        message = f"addressing.yaml says nothing of {', '.join(sorted(missing))}"
        raise ValueError(message)
    return {name: _pattern(name, entry) for name, entry in entries.items()}


def _pattern(name: Feature, entry: _Entry) -> re.Pattern[str]:
    opening = _CLAUSE if name == "order" else r"(?<!\w)"
    words = rf"{opening}(?:{_joined(entry.words)})(?!\w)"
    signs = _joined(entry.signs)
    return re.compile(without_accents(f"{words}|{signs}" if signs else words))


def _joined(written: str) -> str:
    return "|".join(line.strip() for line in written.splitlines() if line.strip())

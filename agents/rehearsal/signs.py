"""Signs in an answer: a result, a number, the person's own part, an example, order, reasons; and their opposites."""

import re
from collections.abc import Sequence
from typing import Literal, get_args

import msgspec

from agents.plans import Language
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.passages import Passage
from agents.rehearsal.words import Token

Sign = Literal[
    "result", "own_part", "we", "example", "situation", "sequence", "reason", "tradeoff", "number",
    "hedge", "evasion", "non_answer", "hostile",
]  # fmt: skip

_CAN_BE_DENIED = ("result", "own_part")
_NEEDS_SPEECH = ("result", "own_part", "we", "example", "situation", "reason", "tradeoff", "number", "sequence")
_NOT_DENIED = frozenset("only just solo solamente simplemente i we he she it they yo fue fui".split())
"""Words after which a denial before them was none: `not only`, or a `no` that answers and goes on."""
_EMPTY = {"nothing", "nobody", "none", "nada", "nadie", "ninguno", "ninguna"}
_CODED = re.compile(r"[a-z]+\d[a-z\d]*")
"""A thing by its code: `p95`, `v2`. Names show nothing: whose they are must not matter, nor who writes capitals."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_PASTS = (("que", "car"), ("gue", "gar"), ("ce", "zar"), ("e", "ar"), ("i", "er"), ("i", "ir"))
"""Ends of a first person past and of its infinitive."""
_WISHING = frozenset(("que", "cuando", "ojala", "hasta", "se"))
"""Before the same form without its accent: no past, but what should be."""


class Found(msgspec.Struct, frozen=True):
    """Where each sign shows: indexes of passages, in order."""

    places: dict[Sign, tuple[int, ...]]

    def __contains__(self, sign: Sign) -> bool:
        return bool(self.places[sign])

    def __getitem__(self, sign: Sign) -> tuple[int, ...]:
        return self.places[sign]


def find_signs(passages: tuple[Passage, ...], language: Language) -> Found:
    """All signs of an answer. What earns is read only in passages that are speech, not in lists."""
    places: dict[Sign, list[int]] = {sign: [] for sign in get_args(Sign)}
    for index, passage in enumerate(passages):
        for sign, found in places.items():
            if (passage.spoken or sign not in _NEEDS_SPEECH) and _shows(sign, passage, language):
                found.append(index)
    return Found({sign: tuple(indexes) for sign, indexes in places.items()})


def is_denied(said: Sequence[Token], at: int, language: Language) -> bool:
    """Whether the word at that index is under a negation: one of the three words before it in the same clause."""
    if at + 1 < len(said) and said[at + 1].word in _EMPTY:
        return True
    for back in range(at - 1, max(-1, at - 4), -1):
        token, following = said[back], said[back + 1]
        if token.word in LEXICONS[language].clause_ends:
            return False
        if token.word in LEXICONS[language].negators and following.word not in _NOT_DENIED:
            return True
    return False


def is_number(token: Token, language: Language) -> bool:
    """A figure or a number in words; a bare year is a date, not a measure."""
    if token.word[:1].isdigit():
        return not _YEAR.fullmatch(token.word)
    return token.word in LEXICONS[language].numbers


def _shows(sign: Sign, passage: Passage, language: Language) -> bool:
    if sign == "number":
        return "%" in passage.text or any(is_number(token, language) for token in passage.tokens)
    lexicon = LEXICONS[language]
    folded = passage.folded
    for found in lexicon.signs[sign].finditer(folded):
        at = folded.count(" ", 0, found.start())
        if sign not in _CAN_BE_DENIED or not is_denied(passage.tokens, at, language):
            return True
    if sign == "own_part" and language == "es":
        return any(_is_own_past(passage, at) for at in range(len(passage.tokens)))
    return sign == "example" and any(_CODED.fullmatch(token.word) for token in passage.tokens)


def _is_own_past(passage: Passage, at: int) -> bool:
    """Spanish first person of the past, with its accent or typed without: `cambié`, `decidi`; not `que cambie`."""
    word, lexicon = passage.tokens[at].word, LEXICONS["es"]
    if word in lexicon.not_own_past or (at and passage.tokens[at - 1].word in _WISHING):
        return False
    infinitives = [word[: -len(past)] + end for past, end in _PASTS if word.endswith(past)]
    return not lexicon.verbs.isdisjoint(infinitives) and not is_denied(passage.tokens, at, "es")

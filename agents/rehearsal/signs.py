"""Signs in an answer: a result, a number, the person's own part, an example, order, reasons; and their opposites."""

import re
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

_CAN_BE_DENIED = ("result", "own_part", "example")
_NEEDS_SPEECH = ("result", "own_part", "we", "example", "situation", "reason", "tradeoff", "number", "sequence")
_ONLY = {"only", "just", "solo", "solamente", "simplemente"}
_EMPTY = {"nothing", "nobody", "none", "nada", "nadie", "ninguno", "ninguna"}
_YEAR = re.compile(r"(?:19|20)\d\d")
_OWN_PAST = re.compile(r"[^\W\d_]{2,}[éí]", re.IGNORECASE)
_FUTURE = re.compile(r"\w+[aei]re")


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


def is_denied(passage: Passage, at: int, language: Language) -> bool:
    """Whether the word at that index is under a negation: one of the three words before it in the same clause."""
    if at + 1 < len(passage.tokens) and passage.tokens[at + 1].word in _EMPTY:
        return True
    for back in range(at - 1, max(-1, at - 4), -1):
        token, following = passage.tokens[back], passage.tokens[back + 1]
        between = passage.text[token.end - passage.start : following.start - passage.start]
        if token.word in LEXICONS[language].clause_ends or any(mark in between for mark in ",;:"):
            return False
        if token.word in LEXICONS[language].negators and following.word not in _ONLY:
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
    folded = passage.folded
    for found in LEXICONS[language].signs[sign].finditer(folded):
        at = folded.count(" ", 0, found.start())
        if sign not in _CAN_BE_DENIED or not is_denied(passage, at, language):
            return True
    if sign == "own_part" and language == "es":
        return any(_is_own_past(passage, at) for at in range(len(passage.tokens)))
    return sign == "example" and _names_something(passage)


def _is_own_past(passage: Passage, at: int) -> bool:
    """Spanish first person of the past, by its accent: `cambié`, `decidí`; not `haré`, `aquí`."""
    token = passage.tokens[at]
    written = passage.text[token.start - passage.start : token.end - passage.start]
    if not _OWN_PAST.fullmatch(written) or token.word in LEXICONS["es"].not_own_past or is_denied(passage, at, "es"):
        return False
    return not _FUTURE.fullmatch(token.word) or token.word.startswith(LEXICONS["es"].not_future)


def _names_something(passage: Passage) -> bool:
    """A name inside the sentence: `PostgreSQL`, `Lima`, `p95`; its first word may be capital for being first."""
    for token in passage.tokens[1:]:
        written = passage.text[token.start - passage.start : token.end - passage.start]
        if written[0].isupper() and written.split("'")[0].split("’")[0] != "I" and any(map(str.islower, written)):
            return True
        if written[0].isalpha() and any(map(str.isdigit, written)):
            return True
    return False

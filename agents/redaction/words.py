"""The words of a text: where they stand, how they compare, and whether a capital tells anything."""

import re
import unicodedata
from functools import lru_cache

import msgspec

_WORD = re.compile(r"[^\W_]+")
_OPENS_SENTENCE = re.compile(r"[.!?…:;\n¿¡][\s\"'“”‘’«»()\[\]—–-]*$")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_NEAR = 12


class Word(msgspec.Struct, frozen=True):
    """One run of letters and digits."""

    start: int
    end: int
    key: str
    """Lower case without accents: what lexicons hold."""
    has_capital: bool
    """Written like a name: a capital first, and small letters too."""
    opens: bool
    """Whether it begins a sentence, where a capital tells nothing."""
    gap: str
    """What stands between it and the word before, at most 12 characters of it."""


def plain(text: str) -> str:
    """The text without accents and with straight apostrophes, every character in its place."""
    return text if text.isascii() else _FOREIGN.sub(lambda match: _bare(match.group()), text)


@lru_cache(maxsize=4096)
def _bare(character: str) -> str:
    if character in "’‘":
        return "'"
    first = unicodedata.normalize("NFD", character)[0]
    return first if first.isalpha() == character.isalpha() else character


def words_of(text: str) -> list[Word]:
    """Every word of a text that is `plain`. One that is joined to others by `_` is part of some code and no word."""
    found: list[Word] = []
    last = 0
    for match in _WORD.finditer(text):
        start, end = match.span()
        if text[start - 1 : start] == "_" or text[end : end + 1] == "_":
            continue
        word = match.group()
        lower = word.lower()
        gap = text[max(last, start - _NEAR) : start]
        capital = word[0] != lower[0] and not word[1:].isupper() and len(word) > 1
        opens = not found or (gap != " " and _OPENS_SENTENCE.search(gap) is not None)
        found.append(Word(start, end, lower, capital, opens, gap))
        last = end
    return found

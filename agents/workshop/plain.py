"""A text folded without losing its places: lower case, no accents, one character for each."""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_PIECE = re.compile(r"[^\W_]+")
_APOSTROPHES = str.maketrans("’‘`", "'''")


@lru_cache(maxsize=1_000)
def plain(text: str) -> str:
    """As long as the text: what is found in it at a place is there in the text."""
    return "".join(map(_folded, text)).translate(_APOSTROPHES)


def lowered(text: str) -> str:
    """As long as the text and with its accents, which in Spanish tell `qué` from `que`."""
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text).translate(_APOSTROPHES)


def spaced(text: str) -> str:
    """The folded words and numbers with one space around each, so that a phrase is found whole: ` ci cd `."""
    return f" {' '.join(_PIECE.findall(plain(text)))} "


@lru_cache(maxsize=1_000)
def _folded(character: str) -> str:
    base = unicodedata.normalize("NFD", character.lower())[:1]
    return base or character


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(plain(text))

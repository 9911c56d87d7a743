"""How rare a word is, and so how much it tells: `the` nothing, `table` a little, `idempotent` much.

Words come folded, without accents, as `words.tokens` gives them; the lists have them as they are spelt.
"""

import math
from functools import lru_cache

import msgspec

from agents.plans import Language
from agents.rehearsal.words import fold

_EVERYWHERE, _RARE = 7.0, 3.2
"""Zipf frequencies: the decimal logarithm of how often a word stands in a thousand million words."""
_LEAST = 0.15
_UNKNOWN = 1.0
"""A word that no list has is a name, a term or a slip of the pen: as telling as a rare one, and no more."""


class _Known(msgspec.Struct, frozen=True):
    spelling: str
    """Of the words that fold to one, the most frequent."""
    zipf: float


def rarity(word: str, language: Language) -> float:
    """Of a folded word or number, 0.15–1. Small words are not left out here: whoever asks knows which those are."""
    known = _words(language).get(word)
    if known is None or word[:1].isdigit():
        return _UNKNOWN
    return round(max(_LEAST, min(1.0, (_EVERYWHERE - known.zipf) / (_EVERYWHERE - _RARE))), 4)


def spelling(word: str, language: Language) -> str:
    """A folded word with its accents, as it is most often meant: `funcion` is `función`."""
    known = _words(language).get(word)
    return known.spelling if known is not None else word


@lru_cache
def _words(language: Language) -> dict[str, _Known]:
    """The thirty thousand words that are said most. Only a process that scores has a use for them."""
    from wordfreq import get_frequency_dict

    found: dict[str, _Known] = {}
    for word, share in get_frequency_dict(language, wordlist="small").items():
        folded, zipf = fold(word), 9 + math.log10(share)
        if folded not in found or found[folded].zipf < zipf:
            found[folded] = _Known(word, zipf)
    return found

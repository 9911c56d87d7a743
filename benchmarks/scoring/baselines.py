"""What needs no scorer: how many words, or runs of letters, an answer shares with its reference."""

import math
import re
from collections import Counter

_WORD = re.compile(r"\w+")
_NO_WORD = re.compile(r"\W+")
_LETTERS = (3, 4)


def bag_of_words(reference: str, answer: str) -> float:
    """The cosine of the two texts' word counts, 0–1."""
    return _cosine(*(Counter(_WORD.findall(text.casefold())) for text in (reference, answer)))


def letter_runs(reference: str, answer: str) -> float:
    """The cosine of the two texts' counts of three and four letters in a row, 0–1."""
    return _cosine(*(_runs(text) for text in (reference, answer)))


def _runs(text: str) -> Counter[str]:
    plain = f" {_NO_WORD.sub(' ', text.casefold()).strip()} "
    return Counter(plain[at : at + size] for size in _LETTERS for at in range(len(plain) - size + 1))


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    lengths = math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
    return sum(n * other[key] for key, n in one.items()) / lengths if lengths else 0.0

"""The words of a turn as they were heard: where each stands in the turn's text, when it was said, how surely.

A recogniser's words and its text need not agree: figures are written out or not, and a turn joins several utterances.
They are laid beside one another by what they spell; what does not match takes the times of the stretch it stands in.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

import msgspec

from agents.events import Word
from agents.scoring import HeardWord

_PIECE = re.compile(r"\S+")
_EDGES = re.compile(r"^\W+|\W+$")


class _Said(msgspec.Struct, frozen=True):
    spelt: str
    word: Word


def heard_words(text: str, words: Sequence[Word]) -> tuple[HeardWord, ...]:
    """The pieces of `text` between spaces, each with its time and confidence; those that nobody timed are left out.

    `words` in the order in which they were said. A piece that stands for several words is as sure as the least of them.
    """
    said = [_Said(spelt, word) for word in words for part in word.text.split() if (spelt := _spelt(part))]
    pieces = [found for found in _PIECE.finditer(text) if _spelt(found[0])]
    if not said or not pieces:
        return ()
    pairs = _pairs([_spelt(found[0]) for found in pieces], [each.spelt for each in said])
    return tuple(_heard(text, pieces[at], said[first:last]) for at, first, last in pairs if first < last)


def _pairs(pieces: list[str], said: list[str]) -> Iterator[tuple[int, int, int]]:
    """(piece, first word, past the last word) for every piece; no words where none was said for it.

    A stretch that is spelt otherwise is shared out evenly.
    """
    start = 0
    while start < min(len(pieces), len(said)) and pieces[start] == said[start]:
        yield start, start, start + 1
        start += 1
    matcher = SequenceMatcher(None, pieces[start:], said[start:], autojunk=False)
    for _, from_piece, to_piece, from_word, to_word in matcher.get_opcodes():
        size, many = to_piece - from_piece, to_word - from_word
        for at in range(size):
            first, last = at * many // size, -(-(at + 1) * many // size)
            yield start + from_piece + at, start + from_word + first, start + from_word + last


def _heard(text: str, piece: re.Match[str], said: Sequence[_Said]) -> HeardWord:
    start, end = piece.span()
    sure = [each.word.confidence for each in said if each.word.confidence is not None]
    return HeardWord(
        text=text[start:end],
        start=start,
        end=end,
        from_ms=min(each.word.from_ms for each in said),
        to_ms=max(each.word.to_ms for each in said),
        confidence=min(sure, default=None),
    )


def _spelt(part: str) -> str:
    return _EDGES.sub("", unicodedata.normalize("NFC", part).casefold())

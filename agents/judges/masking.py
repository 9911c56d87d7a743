"""A text with some stretches hidden, and the way back from it to the text as it was said."""

from bisect import bisect_right
from collections.abc import Iterable

import msgspec

from agents.scoring import AnswerTurn, HeardWord

UNHEARD = "[unheard]"
"""Stands for words that the recogniser was not sure of."""
NO_ANSWER = "[not part of the answer]"
"""Stands for words that speak to whoever scores, or are copied from what the answer is judged by."""

Span = tuple[int, int]


class Masked(msgspec.Struct, frozen=True):
    """A text with stretches of it hidden behind a label. `pieces` are those that still stand: (here, there, length)."""

    text: str
    hidden: tuple[Span, ...]
    """What is hidden, in characters of the original text, in order and apart from one another."""
    pieces: tuple[tuple[int, int, int], ...]

    def span(self, start: int, end: int) -> Span | None:
        """Where a stretch of the masked text stands in the original; None where part of it is hidden."""
        at = bisect_right(self.pieces, start, key=lambda piece: piece[0]) - 1
        if at < 0 or start >= end:
            return None
        here, there, length = self.pieces[at]
        if end > here + length:
            return None
        return there + start - here, there + end - here

    def place(self, start: int, end: int) -> Span | None:
        """Where a stretch of the original stands in the masked text; None where part of it is hidden."""
        at = bisect_right(self.pieces, start, key=lambda piece: piece[1]) - 1
        if at < 0:
            return None
        here, there, length = self.pieces[at]
        if end > there + length:
            return None
        return here + start - there, here + end - there


def masked(text: str, spans: Iterable[Span], label: str) -> Masked:
    """The text with these stretches behind the label, one label for stretches with nothing but space between them."""
    hidden = _merged(text, spans)
    written: list[str] = []
    pieces: list[tuple[int, int, int]] = []
    here = there = 0
    for start, end in (*hidden, (len(text), len(text))):
        if start > there:
            pieces.append((here, there, start - there))
        written.append(text[there:start])
        here += start - there
        if start < len(text):
            written.append(label)
            here += len(label)
        there = end
    return Masked("".join(written), hidden, tuple(pieces))


def masked_turn(turn: AnswerTurn, mask: Masked) -> AnswerTurn:
    """The turn with its text masked; hidden words are no longer among its words."""
    if not mask.hidden:
        return turn
    words = tuple(moved for word in turn.words if (moved := _moved(word, mask)) is not None)
    return msgspec.structs.replace(turn, text=mask.text, words=words)


def _moved(word: HeardWord, mask: Masked) -> HeardWord | None:
    place = mask.place(word.start, word.end)
    return None if place is None else msgspec.structs.replace(word, start=place[0], end=place[1])


def _merged(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and (start <= merged[-1][1] or text[merged[-1][1] : start].isspace()):
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)

"""A text with stretches of it written anew, and the way from the one to the other."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import msgspec

Span = tuple[int, int]


class Edit(msgspec.Struct, frozen=True, order=True):
    """Characters `start` to `end` of a text, and what stands there instead; neither is empty."""

    start: int
    end: int
    put: str


class Rewriting(msgspec.Struct, frozen=True):
    """A text after edits that do not overlap. Places are in characters."""

    text: str
    olds: tuple[Span, ...]
    """What was written anew, in the text before."""
    news: tuple[Span, ...]
    """Where each of them stands now."""

    def before(self, start: int, end: int) -> Span:
        """Where a stretch of this text stood; one that cuts into a piece written anew stands for the whole piece."""
        return _moved(start, end, self.news, self.olds)

    def after(self, start: int, end: int) -> Span:
        """Where a stretch of the text before stands now; the same in the other direction."""
        return _moved(start, end, self.olds, self.news)


def rewritten(text: str, edits: Iterable[Edit]) -> Rewriting:
    """The text with these edits made. They must not overlap."""
    parts: list[str] = []
    olds: list[Span] = []
    news: list[Span] = []
    at = length = 0
    for edit in sorted(edits):
        parts += (text[at : edit.start], edit.put)
        begins = length + edit.start - at
        length = begins + len(edit.put)
        olds.append((edit.start, edit.end))
        news.append((begins, length))
        at = edit.end
    parts.append(text[at:])
    return Rewriting("".join(parts), tuple(olds), tuple(news))


def _moved(start: int, end: int, here: tuple[Span, ...], there: tuple[Span, ...]) -> Span:
    """A stretch that is empty stays empty."""
    first = bisect_right(here, start, key=lambda span: span[0]) - 1
    if first >= 0 and start < here[first][1]:
        begins = there[first][0]
    else:
        begins = start + (there[first][1] - here[first][1] if first >= 0 else 0)
    if end <= start:
        return begins, begins
    last = bisect_left(here, end, key=lambda span: span[0]) - 1
    if last >= 0 and end <= here[last][1]:
        return begins, there[last][1]
    return begins, end + (there[last][1] - here[last][1] if last >= 0 else 0)

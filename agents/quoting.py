"""Quotes found again in what was said: to the letter, but for spaces and the shape of quotation marks."""

import unicodedata
from collections.abc import Iterable

import msgspec

from agents.events import Quote
from agents.scoring import AnswerTurn

LONGEST_QUOTE = 400
_SINGLE = "'‘’‚‛`´"
_DOUBLE = '"“”„‟«»'
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))


class Cited(msgspec.Struct, frozen=True):
    """A quote as a model gives it: the turn's `seq` and words that should stand there."""

    seq: int
    text: str


def found(cited: Iterable[Cited], turns: Iterable[AnswerTurn], most: int) -> tuple[Quote, ...]:
    """The quotes that stand in their turns, exactly as they stand there, in the order of the answer; each once."""
    texts = {turn.seq: turn.text for turn in turns}
    spans = {(quote.seq, *span) for quote in cited if (span := _span(quote.text, texts.get(quote.seq, "")))}
    kept = [span for span in sorted(spans) if not any(_is_within(span, other) for other in spans)]
    return tuple(Quote(text=texts[seq][start:end], seq=seq, start=start, end=end) for seq, start, end in kept[:most])


def not_found(cited: Iterable[Cited], turns: Iterable[AnswerTurn]) -> tuple[Cited, ...]:
    """The quotes that do not stand in their turns, in their order."""
    texts = {turn.seq: turn.text for turn in turns}
    return tuple(quote for quote in cited if _span(quote.text, texts.get(quote.seq, "")) is None)


def timed(quote: Quote, turns: Iterable[AnswerTurn]) -> Quote:
    """The quote with the times of its first and last word, where its turn was spoken and its words were timed."""
    words = next((turn.words for turn in turns if turn.seq == quote.seq), ())
    said = [word for word in words if word.start < quote.end and quote.start < word.end]
    if not said:
        return msgspec.structs.replace(quote, from_ms=None, to_ms=None)
    from_ms, to_ms = min(word.from_ms for word in said), max(word.to_ms for word in said)
    return msgspec.structs.replace(quote, from_ms=from_ms, to_ms=to_ms)


def _is_within(span: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return span != other and span[0] == other[0] and other[1] <= span[1] and span[2] <= other[2]


def _span(quote: str, text: str) -> tuple[int, int] | None:
    """Where a quote stands in a text, by whole words; at most `LONGEST_QUOTE` characters of it."""
    smooth, places = _smoothed(text)
    for wanted in dict.fromkeys((quote, _unescaped(quote))):
        sought = _smoothed(wanted)[0].strip()
        for bare in dict.fromkeys((sought, sought.strip("'\" "))):
            at = _at_words(bare, smooth)
            if at is not None:
                start, end = places[at], places[at + len(bare) - 1] + 1
                return start, _end_within(text, start, end)
    return None


def _at_words(sought: str, smooth: str) -> int | None:
    """Where it stands with no letter or digit torn off at its ends; one word is a quote only as a whole answer."""
    if not any(c.isalnum() for c in sought) or (" " not in sought and sought != smooth.strip()):
        return None
    at = smooth.find(sought)
    while at >= 0:
        end = at + len(sought)
        tears_start = at > 0 and smooth[at - 1].isalnum() and sought[0].isalnum()
        tears_end = end < len(smooth) and smooth[end].isalnum() and sought[-1].isalnum()
        if not tears_start and not tears_end:
            return at
        at = smooth.find(sought, at + 1)
    return None


def _end_within(text: str, start: int, end: int) -> int:
    if end - start <= LONGEST_QUOTE:
        return end
    space = text.rfind(" ", start, start + LONGEST_QUOTE)
    return space if space > start else start + LONGEST_QUOTE


def _smoothed(text: str) -> tuple[str, list[int]]:
    """The text with one space for any, one shape of marks, nothing invisible; and each character's place in it."""
    smooth: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            written = " "
            if not smooth or smooth[-1] == " ":
                continue
        elif unicodedata.category(character).startswith("C"):
            continue
        else:
            written = "'" if character in _SINGLE else '"' if character in _DOUBLE else character
        smooth.append(written)
        places.append(place)
    return "".join(smooth), places


def _unescaped(quote: str) -> str:
    """What stood escaped in the prompt, as it was said."""
    for escape, character in _ESCAPES:
        quote = quote.replace(escape, character)
    return quote

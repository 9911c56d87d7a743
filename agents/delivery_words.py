"""Hesitation and self-repair in spoken words: what counts as either in each language. Pure.

The lists are short on purpose. A form that is also an ordinary word counts only where it stands apart from what is said
around it, so that "I like it" or "este proyecto" is never held against anybody.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Literal

import msgspec

from agents.events import Word
from agents.plans import Language
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.words import fold

BREAK_MS = 200
"""Silence from which a word stands apart from its neighbour, where no punctuation says so. About the shortest silence
that is heard as a pause, and longer than the closure of any consonant."""
LONGEST_REPEAT = 4
"""Words of the longest phrase whose immediate repetition is looked for."""

Mark = Literal["", "comma", "stop"]
_Phrase = tuple[str, ...]
_Span = tuple[int, int]

_SOUNDS: dict[Language, dict[str, str]] = {
    "en": {"um": "um", "uhm": "um", "uh": "uh", "er": "er", "erm": "erm", "hm": "hmm", "m": "mmm"},
    "es": {
        "e": "eh",
        "eh": "eh",
        "em": "em",
        "ehm": "em",
        "este": "este",
        "um": "um",
        "uh": "uh",
        "hm": "hmm",
        "m": "mmm",
    },
}
"""Sounds by which time is won, with every letter once; drawn out or not they are one."""
_ONLY_DRAWN_OUT = frozenset({"e", "m", "este"})
"""Of these, those that are something else unless a letter of theirs is doubled: `mmm`, `esteee`."""

_APART: dict[Language, tuple[_Phrase, ...]] = {
    "en": (("you", "know"), ("like",)),
    "es": (("o", "sea"), ("este",)),
}
"""Fillers only where a break stands before and after them."""
_OPENING: dict[Language, tuple[_Phrase, ...]] = {"en": (), "es": (("pues",),)}
"""Fillers only where they begin a sentence and a break follows."""

_CORRECTIONS: dict[Language, tuple[_Phrase, ...]] = {
    "en": (("i", "mean"), ("or", "rather")),
    "es": (("o", "mejor", "dicho"), ("mejor", "dicho"), ("digo",)),
}
"""What announces another wording, after something was said."""
_PLAIN = frozenset({("o", "mejor", "dicho"), ("mejor", "dicho")})
"""Of these, those that mean nothing else; before the others a break must stand,"""
_ENCLOSED = frozenset({("digo",), ("or", "rather")})
"""and after these too."""

_SAID_TWICE: dict[Language, frozenset[str]] = {
    "en": frozenset("very really so no yes yeah many much far long more that had ha bye okay ok".split()),
    "es": frozenset("muy sí si no ya mucho mucha muchos muchas más poco casi bien claro tan ja nos vale".split()),
}
"""Words that are said twice for weight or by grammar: no repair."""
_LINKS: dict[Language, frozenset[str]] = {
    "en": frozenset("and or after by to upon".split()),
    "es": frozenset("y e o u tras a por".split()),
}
"""Words of idioms that repeat themselves: again and again and again, paso a paso a paso."""


class Token(msgspec.Struct, frozen=True):
    """One spoken word in lower case without its punctuation. Times are ms of interview time."""

    text: str
    from_ms: int
    to_ms: int
    mark: Mark
    """The punctuation that follows."""
    sound: str = ""
    """Which hesitation sound it is; empty for a word."""


def tokens_of(words: Iterable[Word], language: Language) -> tuple[Token, ...]:
    """Recognised words as tokens, in the order of their times. What holds neither letter nor digit is left out."""
    tokens: list[Token] = []
    for word in sorted(words, key=lambda each: each.from_ms):
        for part in word.text.split():
            text = re.sub(r"^\W+|\W+$", "", unicodedata.normalize("NFC", part).casefold())
            if text:
                to_ms = max(word.from_ms, word.to_ms)
                tokens.append(Token(text, word.from_ms, to_ms, _mark(part), _sound(text, language)))
    return tuple(tokens)


def _mark(part: str) -> Mark:
    tail = part[len(part.rstrip("""\"'”’»)]…—–-.,;:?!""")) :]
    if any(sign in tail for sign in ".?!"):
        return "stop"
    return "comma" if any(sign in tail for sign in ",;:…—–") else ""


def _sound(text: str, language: Language) -> str:
    once = "".join(letter for letter, _ in groupby(text))
    name = _SOUNDS[language].get(once, "")
    return "" if once in _ONLY_DRAWN_OUT and once == text else name


def fillers_in(tokens: Sequence[Token], language: Language) -> tuple[str, ...]:
    """Every filler in the order in which it was said: hesitation sounds and the listed phrases."""
    return tuple(
        tokens[at].sound or " ".join(token.text for token in tokens[at:end])
        for at, end in _filler_spans(tokens, language)
    )


def _filler_spans(tokens: Sequence[Token], language: Language) -> Iterator[_Span]:
    at = 0
    while at < len(tokens):
        length = 1 if tokens[at].sound else len(_filler_at(tokens, at, language))
        if length:
            yield at, at + length
        at += max(1, length)


def _filler_at(tokens: Sequence[Token], at: int, language: Language) -> _Phrase:
    begins_sentence = at == 0 or tokens[at - 1].mark == "stop"
    possible = (_APART[language] if _breaks(tokens, at) else ()) + (_OPENING[language] if begins_sentence else ())
    return next(
        (phrase for phrase in possible if _stands(phrase, tokens, at) and _breaks(tokens, at + len(phrase))), ()
    )


def _stands(phrase: _Phrase, tokens: Sequence[Token], at: int) -> bool:
    return tuple(token.text for token in tokens[at : at + len(phrase)]) == phrase


def _breaks(tokens: Sequence[Token], at: int) -> bool:
    """Whether the token at that place is set apart from the one before it; the ends always are."""
    if at <= 0 or at >= len(tokens):
        return True
    before, after = tokens[at - 1], tokens[at]
    is_silent = after.from_ms - before.to_ms >= BREAK_MS
    return bool(before.mark or before.sound or after.sound) or is_silent


def repairs_in(tokens: Sequence[Token], language: Language) -> int:
    """How often the speaker set right or began again what they were saying.

    Counted are a word or a phrase of up to four words said twice in a row within a sentence, hesitation sounds between
    them or not, and the listed announcements of another wording. Not counted are figures, words that are doubled for
    weight ("very very") or by grammar ("had had"), and idioms that repeat themselves.
    """
    repeats = sum(1 for _ in _repeat_spans([token for token in tokens if not token.sound], language))
    return repeats + sum(1 for _ in _correction_spans(tokens, language))


def disfluent_in(tokens: Sequence[Token], language: Language) -> frozenset[int]:
    """The places of the words that an answer loses nothing without.

    Hesitations and fillers, what is said again right after, and what is set right with its announcement. What a
    correction takes back is known only where a figure follows a figure, or where a word of the last few is taken up
    again; where it is not known, all of it stays.
    """
    idle = {at for span in _filler_spans(tokens, language) for at in range(*span)}
    said = [at for at in range(len(tokens)) if at not in idle]
    words = [tokens[at] for at in said]
    idle |= {said[at] for span in _repeat_spans(words, language) for at in range(*span)}
    for begins, ends in _correction_spans(tokens, language):
        taken_back = _taken_back(tokens, begins, ends, language)
        if taken_back is not None:
            idle |= set(range(taken_back, ends))
    return frozenset(idle)


def _taken_back(tokens: Sequence[Token], begins: int, ends: int, language: Language) -> int | None:
    """Where what a correction announced at those places takes back begins; None where that is not known."""
    if _is_amount(tokens[begins - 1], language) and _is_amount(tokens[ends], language):
        return begins - 1
    for at in range(begins - 1, max(-1, begins - 1 - LONGEST_REPEAT), -1):
        if tokens[at].mark == "stop":
            return None
        if tokens[at].text == tokens[ends].text:
            return at
    return None


def _is_amount(token: Token, language: Language) -> bool:
    return _has_figure(token) or fold(token.text) in LEXICONS[language].numbers


def _has_figure(token: Token) -> bool:
    return any(character.isdigit() for character in token.text)


def _repeat_spans(said: Sequence[Token], language: Language) -> Iterator[_Span]:
    """Where something stands that is said again right after it."""
    at = 0
    while at < len(said):
        length = next((n for n in range(LONGEST_REPEAT, 0, -1) if _is_repeated(said, at, n, language)), 0)
        if length:
            yield at, at + length
        at += max(1, length)


def _is_repeated(said: Sequence[Token], at: int, length: int, language: Language) -> bool:
    first = [token.text for token in said[at : at + length]]
    second = [token.text for token in said[at + length : at + 2 * length]]
    if first != second or any(token.mark == "stop" for token in said[at : at + length]):
        return False
    if any(_has_figure(token) for token in said[at : at + length]):
        return False
    if length == 1 or len(set(first)) == 1:
        # A word said four times over is three repeats of it, not two of a pair.
        return length == 1 and first[0] not in _SAID_TWICE[language]
    return not (length == 2 and _LINKS[language].intersection(first))


def _correction_spans(tokens: Sequence[Token], language: Language) -> Iterator[_Span]:
    """Where another wording is announced."""
    at = 0
    while at < len(tokens):
        length = next((len(phrase) for phrase in _CORRECTIONS[language] if _corrects(phrase, tokens, at)), 0)
        if length:
            yield at, at + length
        at += max(1, length)


def _corrects(phrase: _Phrase, tokens: Sequence[Token], at: int) -> bool:
    end = at + len(phrase)
    if at == 0 or end >= len(tokens) or not _stands(phrase, tokens, at):
        return False  # With nothing before it nothing is set right, and with nothing after it no other wording came.
    is_apart = phrase in _PLAIN or _breaks(tokens, at)
    return is_apart and (phrase not in _ENCLOSED or _breaks(tokens, end))

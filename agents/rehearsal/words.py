"""Text as words and sentences: folded, lightly stemmed, each with its place in the original.

Everything is linear in the length of the text: an answer may be twenty minutes of speech without one full stop.
"""

import re
import unicodedata
from functools import lru_cache

import msgspec

from agents.plans import Language
from agents.rehearsal.lexicon import LEXICONS

LONGEST_SENTENCE = 240
"""Characters. Longer ones are cut at a comma or a space, so that a quote stays short enough to read."""

_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[\u0300-\u036f]|['’](?=[^\W_]))*|\d+(?:[.,:]\d+)*(?:[^\W_]|[\u0300-\u036f])*")
_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[\n\r]+|;(?=\s)")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|mr|mrs|ms|dr|sr|sra|vs|approx|aprox|p\.ej|ej)$", re.IGNORECASE)
_PAUSE = re.compile(r"[,:;–—]\s")
_SPACE = re.compile(r"\s")

_ENGLISH = (
    "fulness ousness iveness ments ment nesses ness ingly edly ities ity ings ing ions ion "
    "ied ies ers er ed es ly al e s y"
)
_SPANISH = (
    "amientos imientos amiento imiento aciones iciones acion icion adores adoras ador adora idades idad mente "
    "ariamos eriamos iriamos abamos aramos ieramos aremos eremos iremos ieron iendo yendo ieran ando aron aban "
    "abas arian erian irian aria eria iria aste iste amos emos imos ados adas idos idas ado ada ido ida aba "
    "ian ias ia aran eran iran ara era ira are ere ire ar er ir an en io as es os a e i o s"
)
_SUFFIXES: dict[Language, tuple[str, ...]] = {"en": tuple(_ENGLISH.split()), "es": tuple(_SPANISH.split())}


class Token(msgspec.Struct, frozen=True):
    """One word at `text[start:end]`; `word` is folded (lower case, no accents)."""

    word: str
    start: int
    end: int


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of one turn, in characters."""

    start: int
    end: int


@lru_cache(maxsize=4_000)
def fold(text: str) -> str:
    """Lower case without accents or curly apostrophes: `Próximo` and `PROXIMO` are one word."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("’", "'")


def tokens(text: str) -> list[Token]:
    """Its words in order. Numbers keep their points and units together: `1,200`, `3.5`, `40ms`."""
    return [Token(fold(found.group()), found.start(), found.end()) for found in _WORD.finditer(text)]


@lru_cache(maxsize=4_000)
def stem(word: str, language: Language) -> str:
    """What the forms of a folded word have in common, nearly: `measured` and `measuring`, `decidí` and `decidimos`."""
    word = word.removesuffix("'s")
    known = LEXICONS[language].irregular.get(word)
    if known is not None:
        word = known
    if word[:1].isdigit():
        return word
    for suffix in _SUFFIXES[language]:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            if suffix == "s" and word.endswith(("ss", "us", "is")):
                continue
            if suffix == "y" and word[-2] in "aeiou":
                continue
            word = word[: -len(suffix)]
            break
    return _english_end(word) if language == "en" else word


def _english_end(word: str) -> str:
    """`planned` left `plann`, `migration` left `migrat`, `prioritise` left `prioritis`: one form for each family."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    if len(word) > 5 and word.endswith("at"):
        word = word[:-2]
    if len(word) > 5 and word.endswith("is"):
        word = word[:-2] + "iz"
    return word.removesuffix("e") if len(word) > 3 else word


def stems(text: str, language: Language) -> list[str]:
    """The stems of all words of a text, in order."""
    return [stem(token.word, language) for token in tokens(text)]


def sentences(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """Its sentences between two places, trimmed, none empty, none over `LONGEST_SENTENCE` characters."""
    end = len(text) if end is None else end
    spans: list[Span] = []
    begin = start
    for stop in _STOP.finditer(text, start, end):
        if stop.group() == "." and _ABBREVIATION.search(text, max(begin, stop.start() - 8), stop.start()):
            continue
        spans += _cut(text, begin, stop.end())
        begin = stop.end()
    return spans + _cut(text, begin, end)


def _cut(text: str, start: int, end: int) -> list[Span]:
    """The stretch without its outer space, in pieces of at most `LONGEST_SENTENCE` characters."""
    pieces: list[Span] = []
    while True:
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start == end:
            return pieces
        if end - start <= LONGEST_SENTENCE:
            pieces.append(Span(start, end))
            return pieces
        limit = start + LONGEST_SENTENCE
        half = start + LONGEST_SENTENCE // 2
        pauses = [found.start() + 1 for found in _PAUSE.finditer(text, half, limit)]
        spaces = [found.start() for found in _SPACE.finditer(text, half, limit)]
        cut = (pauses or spaces or [limit])[-1]
        pieces += _cut(text, start, cut)
        start = cut

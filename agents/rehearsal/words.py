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

_UNSEEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
"""Characters that nobody sees. Letters kept apart by them are one word to the eye, and so to us."""
_WORD = re.compile(
    rf"[^\W\d_](?:[^\W_]|[\u0300-\u036f{_UNSEEN}]|['’](?=[^\W_]))*"
    rf"|\d+(?:[.,:]\d+)*(?:[^\W_]|[\u0300-\u036f{_UNSEEN}])*"
)
_LOOKALIKE = str.maketrans("асеорхуіјѕԁɡοαενικρτυ", "aceopxyijsdgoaevikptu")
"""Cyrillic and Greek letters that look like Latin ones."""
_OPENERS = (
    "A An The We He She They It My Our There This That When In On At After Before First Then So Because If You Your "
    "Un Una Yo En Al Mi Nos Se Si Cuando Primero Luego Después Hay Había Teníamos Es Era"
)
_STOP = re.compile(
    r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[\n\r]+|;(?=\s)"
    rf"|(?<=[^\sA-Z,:])\s(?=(?:{'|'.join(_OPENERS.split())}) [^\W\d_])"
    r"|(?<=[^\w\s.!?…,;:'\"’»”)-])\s(?=[A-ZÁÉÍÓÚ])|(?<=[\d)\]])\s(?=I )"
    r"|(?<=\d)\s(?=[A-ZÁÉÍÓÚ][a-záéíóúñ]{3,} |[A-Z][a-z]+,)"
    r"|</?[A-Za-z!][^<>\n]{0,120}>|&\w{2,6};|\[[^\]\n]{0,80}\]:?\s?#?\s?\([^)\n]{0,200}\)"
)
"""An end of a sentence: its mark, a line's end; where there is none, a small word that begins with a capital; a tag."""
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
    "ian ias ia ais eis aran eran iran ara era ira are ere ire ar er ir an en io as es os a e i o s"
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
    """Lower case, without accents, curly apostrophes, unseen or borrowed letters: `Próximo`, `PROXIMO` are one word."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    seen = (c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return "".join(seen).replace("’", "'").translate(_LOOKALIKE)


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
    return _english_end(word) if language == "en" else _spanish_end(word)


def _spanish_end(word: str) -> str:
    """`pagu` of `pagué` is `pag`, `busqu` is `busc`, `empiez` is `empec`: one form for each family."""
    for written, sound in (("gu", "g"), ("qu", "c"), ("z", "c")):
        if word.endswith(written) and len(word) > 3:
            word = word[: -len(written)] + sound
    return word.replace("ie", "e").replace("ue", "o")


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
        spans += _cut(text, begin, stop.start() if stop.group()[0] in "<&[" else stop.end())
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

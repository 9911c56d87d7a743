"""An answer as passages: its sentences, without what was copied from the question or the rubric and without repeats.

What is copied or said twice is cut before anything is judged, so that neither can earn and neither can harm.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from agents.plans import Competency, Language, Question
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.words import Token, sentences, stem, tokens
from agents.scoring import AnswerTurn

_RUN = 5
"""Words in a row that make a copy of the question or a repeat."""
_RUBRIC_RUN = 4
_KEY = 5
"""Letters of a word that are compared, so that `explains` copied as `explained` is still a copy."""
_FEWEST_WORDS: dict[Language, int] = {"en": 5, "es": 4}
"""Of a sentence. Spanish needs no word for its subject."""
_LIST_COMMAS = 0.34
_GLUE_SHARE = 0.1
_LEADING = re.compile(r"[\s,;:.!?…)\]»”’–—-]*")
_FUNCTION_WORDS = frozenset[str]().union(*(lexicon.glue | lexicon.articles for lexicon in LEXICONS.values()))
_SPANISH_VERB = re.compile(r"\b\w{2,}(?:[óéí]|amos|imos|aron|ieron|aba|aban|ía|ían)\b", re.IGNORECASE)


class Passage(msgspec.Struct, frozen=True):
    """One sentence of the candidate, or what is left of it: `text == turn.text[start:end]`."""

    seq: int
    start: int
    end: int
    text: str
    tokens: tuple[Token, ...]
    stems: tuple[str, ...]
    spoken: bool
    """Whether it is held together as speech is; a mere list of terms is not."""

    @property
    def folded(self) -> str:
        return " ".join(token.word for token in self.tokens)


class Told(msgspec.Struct, frozen=True):
    """What an answer tells in the candidate's own words."""

    language: Language
    """The language it is in, as far as its small words show; the interview's where they do not."""
    passages: tuple[Passage, ...]
    words: int
    """All words said, copies and repeats too."""
    copied: int
    """Words copied from the question or the rubric."""
    repeated: int


def told(turns: Sequence[AnswerTurn], question: Question, competency: Competency | None, language: Language) -> Told:
    """The answer's own passages in order."""
    heard = [tokens(turn.text) for turn in turns]
    copies = _copied(heard, _texts_asked(question), _texts_of_rubric(question, competency))
    repeats = _repeated(heard, copies)
    cut = [[c or r for c, r in zip(a, b, strict=True)] for a, b in zip(copies, repeats, strict=True)]
    kept = [t.word for ts, marks in zip(heard, cut, strict=True) for t, m in zip(ts, marks, strict=True) if not m]
    spoken_in = language_of(kept) or language
    passages: list[Passage] = []
    seen: set[tuple[str, ...]] = set()
    for turn, turn_tokens, marks in zip(turns, heard, cut, strict=True):
        for passage in _passages(turn, turn_tokens, marks, spoken_in):
            if passage.stems not in seen:
                seen.add(passage.stems)
                passages.append(passage)
    return Told(
        language=spoken_in,
        passages=tuple(passages),
        words=sum(map(len, heard)),
        copied=sum(map(sum, copies)),
        repeated=sum(map(sum, repeats)),
    )


def language_of(words: Iterable[str]) -> Language | None:
    """English or Spanish by small words that only one of them has; None where they do not tell."""
    english = spanish = 0
    for word in words:
        in_english, in_spanish = not is_content(word, "en"), not is_content(word, "es")
        english += in_english and not in_spanish
        spanish += in_spanish and not in_english
    if english + spanish < 3 or max(english, spanish) < 0.65 * (english + spanish):
        return None
    return "en" if english > spanish else "es"


def is_content(word: str, language: Language) -> bool:
    """Whether a folded word carries meaning by itself."""
    return word not in LEXICONS[language].glue and word not in LEXICONS[language].articles


def _texts_asked(question: Question) -> list[str]:
    asked = [question.text, *(probe.text for probe in question.probes), *question.hints]
    return [text for words in asked for text in words.values()]


def _texts_of_rubric(question: Question, competency: Competency | None) -> list[str]:
    judged = [point.text for point in question.points]
    if competency is not None:
        judged += [competency.definition, *competency.anchors]
    return [text for words in judged for text in words.values()]


def _grams(words: Sequence[str], size: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(size)), strict=False)


def _keys(found: Iterable[Token]) -> list[str]:
    return [token.word[:_KEY] for token in found]


@lru_cache(maxsize=2_000)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    """The runs of a text of ours that make a copy."""
    return frozenset(_grams(_keys(tokens(text)), _RUN))


@lru_cache(maxsize=2_000)
def _telling_runs(text: str) -> frozenset[tuple[str, ...]]:
    """Shorter runs of it, where two of their words carry meaning."""
    found = tokens(text)
    bears = [token.word not in _FUNCTION_WORDS for token in found]
    runs = enumerate(_grams(_keys(found), _RUBRIC_RUN))
    return frozenset(gram for at, gram in runs if sum(bears[at : at + _RUBRIC_RUN]) >= 2)


def _copied(heard: list[list[Token]], asked: list[str], rubric: list[str]) -> list[list[bool]]:
    known = frozenset[tuple[str, ...]]().union(*map(_runs, asked), *map(_runs, rubric))
    of_rubric = frozenset[tuple[str, ...]]().union(*map(_telling_runs, rubric))
    marks = [[False] * len(found) for found in heard]
    for found, mark in zip(heard, marks, strict=True):
        keys = _keys(found)
        for runs, size in ((known, _RUN), (of_rubric, _RUBRIC_RUN)):
            for at, gram in enumerate(_grams(keys, size)):
                if gram in runs:
                    mark[at : at + size] = [True] * size
    return marks


def _repeated(heard: list[list[Token]], copies: list[list[bool]]) -> list[list[bool]]:
    """Marks words that stand in a run already said in this answer."""
    first: dict[tuple[str, ...], tuple[int, int]] = {}
    marks = [[False] * len(found) for found in heard]
    for turn, (found, copied) in enumerate(zip(heard, copies, strict=True)):
        for at, gram in enumerate(_grams(_keys(found), _RUN)):
            if any(copied[at : at + _RUN]):
                continue
            before = first.setdefault(gram, (turn, at))
            if before[0] < turn or before[1] + _RUN <= at:
                marks[turn][at : at + _RUN] = [True] * _RUN
    return marks


def _passages(turn: AnswerTurn, found: list[Token], marks: list[bool], language: Language) -> Iterable[Passage]:
    begin, index, edges = 0, 0, []
    for token, marked in zip(found, marks, strict=True):
        if marked:
            edges.append((begin, token.start))
            begin = token.end
    edges.append((begin, len(turn.text)))
    for start, end in edges:
        for span in sentences(turn.text, start, end):
            opening = _LEADING.match(turn.text, span.start, span.end)
            here = opening.end() if opening else span.start
            while index < len(found) and found[index].start < here:
                index += 1
            last = index
            while last < len(found) and found[last].end <= span.end:
                last += 1
            inside = tuple(found[index:last])
            index = last
            if not inside:
                continue
            text = turn.text[here : span.end]
            yield Passage(
                seq=turn.seq,
                start=here,
                end=span.end,
                text=text,
                tokens=inside,
                stems=tuple(stem(token.word, language) for token in inside),
                spoken=_is_spoken(inside, text, language, is_reply=turn.probe_id is not None),
            )


def _is_spoken(inside: Sequence[Token], text: str, language: Language, *, is_reply: bool) -> bool:
    """A reply to a probe may be short (`By thirty percent.`); other sentences have some words at least."""
    if len(inside) < (2 if is_reply else _FEWEST_WORDS[language]):
        return False
    glue = sum(token.word in LEXICONS[language].glue for token in inside)
    if language == "es":
        glue += len(_SPANISH_VERB.findall(text))
    commas = text.count(",") + text.count(";") + text.count("/") + text.count("|")
    return glue >= _GLUE_SHARE * len(inside) and commas < _LIST_COMMAS * len(inside)


@lru_cache(maxsize=2_000)
def content_stems(text: str, language: Language) -> frozenset[str]:
    """The stems of the words that carry meaning in a text of ours; kept, so never for what a candidate says."""
    return frozenset(stem(token.word, language) for token in tokens(text) if is_content(token.word, language))


@lru_cache
def common_stems(language: Language) -> frozenset[str]:
    """The stems of the words that show nothing by themselves."""
    return frozenset(stem(word, language) for word in LEXICONS[language].common)

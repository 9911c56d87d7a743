"""Stretches of an answer that are copied from the question or from the rubric, however they are disguised.

A candidate hears the question, and naming it again is good manners: what is cut is a sentence that is nothing else, or
a long run of it. The rubric nobody has heard: what is half made of runs of it is a copy.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from agents.judges.undisguised import undisguised
from agents.plans import Competency, Question
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.words import Token, sentences, tokens

Span = tuple[int, int]

RUN = 5
"""Words in a row that make a copy."""
LONG_RUN = 8
"""Words in a row that are cut wherever they stand: fewer may be chance where both speak of the same thing."""
_KEY = 5
"""Letters of a word that are compared, so that `explains` copied as `explained` is still a copy."""
_MOST_OF_IT, _HALF = 0.75, 0.5
"""Share of a sentence's words that makes the whole of it a copy, of the question and of the rubric."""
_FEWEST = 3
"""Words of a sentence that is known by itself."""
_TELLING = 2
"""Words that carry meaning which a run of the rubric must have."""
_FUNCTION_WORDS = frozenset[str]().union(*(lexicon.glue | lexicon.articles for lexicon in LEXICONS.values()))


def copies_of_question(text: str, question: Question) -> list[Span]:
    """Where the answer reads back what was asked: the question, its probes and hints, in any language."""
    asked = [question.text, *(probe.text for probe in question.probes), *question.hints]
    return list(_copies(text, [each for words in asked for each in words.values()], _MOST_OF_IT))


def copies_of_rubric(text: str, question: Question, competency: Competency) -> list[Span]:
    """Where the answer has the very words of an anchor, of the competency or of an expected point, in any language."""
    judged = [competency.definition, *competency.anchors, *(point.text for point in question.points)]
    return list(_copies(text, [each for words in judged for each in words.values()], _HALF))


def _copies(text: str, known: Sequence[str], share: float) -> Iterator[Span]:
    view = undisguised(text)
    found = tokens(view.text)
    marks = _marks(found, known)
    for start, end in _runs(marks):
        if end - start >= LONG_RUN:
            yield view.span(found[start].start, found[end - 1].end)
    whole = frozenset[tuple[str, ...]]().union(*map(_sentences_of, known))
    first = 0
    for sentence in sentences(view.text):
        while first < len(found) and found[first].start < sentence.start:
            first += 1
        last = first
        while last < len(found) and found[last].end <= sentence.end:
            last += 1
        is_copy = sum(marks[first:last]) >= max(RUN, share * (last - first)) or _keys(found[first:last]) in whole
        if first < last and is_copy:
            yield view.span(sentence.start, sentence.end)
        first = last


def _marks(found: Sequence[Token], known: Iterable[str]) -> list[bool]:
    runs = frozenset[tuple[str, ...]]().union(*map(_runs_of, known))
    marks = [False] * len(found)
    for at, run in enumerate(_grams(found)):
        if run in runs:
            marks[at : at + RUN] = [True] * RUN
    return marks


@lru_cache(maxsize=2_000)
def _runs_of(text: str) -> frozenset[tuple[str, ...]]:
    found = tokens(text)
    bears = [token.word not in _FUNCTION_WORDS for token in found]
    return frozenset(run for at, run in enumerate(_grams(found)) if sum(bears[at : at + RUN]) >= _TELLING)


@lru_cache(maxsize=2_000)
def _sentences_of(text: str) -> frozenset[tuple[str, ...]]:
    """Its sentences that have something to tell them by."""
    spoken = (_keys(tokens(text[span.start : span.end])) for span in sentences(text))
    return frozenset(keys for keys in spoken if len(keys) >= _FEWEST)


def _keys(found: Sequence[Token]) -> tuple[str, ...]:
    return tuple(token.word[:_KEY] for token in found)


def _grams(found: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    keys = _keys(found)
    return zip(*(keys[at:] for at in range(RUN)), strict=False)


def _runs(marks: Sequence[bool]) -> Iterator[Span]:
    start = 0
    for at, mark in enumerate((*marks, False)):
        if not mark:
            if at > start:
                yield start, at
            start = at + 1

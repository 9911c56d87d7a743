"""What of an answer is copied from the question or the rubric, or said again: it neither earns nor harms."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from agents.plans import Competency, Question
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.words import Token, tokens

_RUN = 5
"""Words in a row that make a copy of the question or a repeat."""
_RUBRIC_RUN = 4
_KEY = 5
"""Letters of a word that are compared, so that `explains` copied as `explained` is still a copy."""
_FUNCTION_WORDS = frozenset[str]().union(*(lexicon.glue | lexicon.articles for lexicon in LEXICONS.values()))
_UNCOMPARED = frozenset[str]().union(*(lexicon.unmarked | lexicon.hesitations for lexicon in LEXICONS.values()))


def texts_asked(question: Question) -> list[str]:
    """What the candidate was told, in every language."""
    asked = [question.text, *(probe.text for probe in question.probes), *question.hints]
    return [text for words in asked for text in words.values()]


def texts_of_rubric(question: Question, competency: Competency | None) -> list[str]:
    """What the answer is judged by, in every language."""
    judged = [point.text for point in question.points]
    if competency is not None:
        judged += [competency.definition, *competency.anchors]
    return [text for words in judged for text in words.values()]


def _grams(words: Sequence[str], size: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(size)), strict=False)


def _keys(found: Iterable[Token]) -> list[str]:
    return [token.word[:_KEY] for token in found]


def _compared(found: Iterable[Token]) -> list[Token]:
    """Without what is put in or left out as one speaks, in whichever language."""
    return [token for token in found if token.word not in _UNCOMPARED]


@lru_cache(maxsize=2_000)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    """The runs of a text of ours that make a copy."""
    return frozenset(_grams(_keys(_compared(tokens(text))), _RUN))


@lru_cache(maxsize=2_000)
def _telling_runs(text: str) -> frozenset[tuple[str, ...]]:
    """Shorter runs of it, where two of their words carry meaning."""
    found = _compared(tokens(text))
    bears = [token.word not in _FUNCTION_WORDS for token in found]
    runs = enumerate(_grams(_keys(found), _RUBRIC_RUN))
    return frozenset(gram for at, gram in runs if sum(bears[at : at + _RUBRIC_RUN]) >= 2)


def copied(heard: list[list[Token]], asked: list[str], rubric: list[str]) -> list[frozenset[int]]:
    """Of each turn, where its copied words begin."""
    known = frozenset[tuple[str, ...]]().union(*map(_runs, asked), *map(_runs, rubric))
    of_rubric = frozenset[tuple[str, ...]]().union(*map(_telling_runs, rubric))
    marks: list[frozenset[int]] = []
    for found in heard:
        compared = _compared(found)
        keys = _keys(compared)
        here: set[int] = set()
        for runs, size in ((known, _RUN), (of_rubric, _RUBRIC_RUN)):
            for at, gram in enumerate(_grams(keys, size)):
                if gram in runs:
                    first, last = compared[at].start, compared[at + size - 1].start
                    here |= {token.start for token in found if first <= token.start <= last}
        marks.append(frozenset(here))
    return marks


def repeated(heard: list[list[Token]], copies: list[list[bool]]) -> list[list[bool]]:
    """Marks words that stand in a run already said in this answer; those that are copied begin none."""
    first: dict[tuple[str, ...], tuple[int, int]] = {}
    marks = [[False] * len(found) for found in heard]
    for turn, (found, marked) in enumerate(zip(heard, copies, strict=True)):
        for at, gram in enumerate(_grams(_keys(found), _RUN)):
            if any(marked[at : at + _RUN]):
                continue
            before = first.setdefault(gram, (turn, at))
            if before[0] < turn or before[1] + _RUN <= at:
                marks[turn][at : at + _RUN] = [True] * _RUN
    return marks

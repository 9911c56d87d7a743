"""What a short answer to a technical question is worth beside its reference: by its words, its sentences, their order.

The reference becomes the expected points of a question; from there on it is read as any other answer is. There is no
level and no `null` here, for three words may be all that was asked for: only a worth from 0 to 1.
"""

import math
import re
from collections.abc import Sequence

import msgspec

from agents.plans import ExpectedPoint, Language, Question
from agents.rehearsal.alignment import terms_of
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.meaning import Asked, answered, asked_by
from agents.rehearsal.passages import Passage, is_content, passages_in, told
from agents.rehearsal.words import fold
from agents.scoring import AnswerTurn

COVERED, EXPLAINED, NEAR = 0.6, 0.12, 0.15
"""What the reference's words, the matter's own words around them, and the nearness of the sentences add up to.

More of the second would tell right answers in other words from wrong ones a little better, and pay for length.
"""
_ENOUGH = 1.0
_LENGTHENS = 0.2
"""A long reference says more than is needed: its coverage counts by its weight to this power."""
_FULLY_EXPLAINED = 9.0
"""Weight of telling words, some twelve, from which an answer is as full as any."""
_SHORTLY_EXPLAINED = 2.0
"""That weight for a reference of one word; each of its telling words asks for as much again."""
_NEAREST = 0.7
"""Nearness of two sentences that say the same."""
_LENIENT = 1.3
"""People grade short answers kindly: less than everything is enough."""
_SLIPS = 0.08
"""Share said the other way round that may be chance."""
_TURNED = 2.0
_LEAST_LEFT = 0.2
_COURTEOUS = frozenset(
    "sorry please thanks thank really perdon disculpa disculpe lamento siento gracias verdad".split()
)
"""What goes with a `no idea`."""
_LISTED = 0.35
"""What is left of the worth of a bare list of words."""
_FEWEST_LISTED, _FEWEST_BARE = 5, 9
"""Words from which there is a list: with marks between them, and with nothing at all."""
_LIST_GLUE = 0.1
_LIST_MARKS = 0.3
_MARKS = re.compile(r"[,;/|\n•·]|[.!?](?=\s|$)")
_FEWEST_TERMS, _LONGEST_TERM = 5, 2
"""So many terms in a row between marks, of so many words each at most, are a list within an answer."""
_FEWEST_IN_A_ROW = 8
"""And so many words in a row of which none is a small one."""
_SEGMENT = re.compile(r"[^,;/|\n•·.!?:]+")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_FACTS = re.compile(r"(?<=[.;!?])\s+|\n+")


class Parts(msgspec.Struct, frozen=True):
    """Which parts of the reading count: all, unless one is to be measured alone."""

    coverage: bool = True
    explained: bool = True
    nearness: bool = True
    order: bool = True


ALL = Parts()


class Figures(msgspec.Struct, frozen=True):
    """What is read of a short answer, 0–1 each."""

    coverage: float
    explained: float
    nearness: float
    turned: float
    """Share of what is said that is said the other way round."""
    listed: bool
    """A bare list of words."""
    answered: bool = True
    """False where nothing is said but that one does not know."""

    def worth(self, parts: Parts = ALL) -> float:
        """0–1, to four places."""
        if not self.answered:
            return 0.0
        counted = (
            (COVERED, self.coverage, parts.coverage),
            (EXPLAINED, self.explained, parts.explained),
            (NEAR, self.nearness, parts.nearness),
        )
        whole = sum(share for share, _, counts in counted if counts)
        value = sum(share * figure for share, figure, counts in counted if counts) / whole if whole else 1.0
        value = min(1.0, _LENIENT * value)
        if parts.order:
            value *= max(_LEAST_LEFT, 1.0 - _TURNED * max(0.0, self.turned - _SLIPS))
        return round(value * (_LISTED if self.listed else 1.0), 4)


NOTHING = Figures(0.0, 0.0, 0.0, 0.0, listed=False, answered=False)


def short_question(question: str, reference: str, language: Language) -> Question:
    """A question with each fact of the reference as an expected point."""
    facts = [fact.strip() for fact in _FACTS.split(reference) if fact.strip()]
    return Question(
        id="q1",
        type="technical",
        competency="",
        text={language: question},
        points=tuple(ExpectedPoint(f"q1.{at}", {language: fact}, {}) for at, fact in enumerate(facts, start=1)),
        probes=(),
        hints=(),
        seconds=0,
    )


def figures_of(
    question: Question, answer: str, language: Language, *, demotes: bool = True, by_vectors: bool = True
) -> Figures:
    """Reads an answer against the points of its question. Each call stands for itself: nothing is learned or kept.

    With `demotes` the question's own words count little; with `by_vectors` words may meet by their vectors.
    """
    facts = [point.text[language] for point in question.points]
    may_list = bool(_lists_in(" ".join(facts), language)) or _is_listed_too(facts, language)
    # Terms that are only named show nothing, beside an answer as little as alone.
    without = answer if may_list else without_lists(answer, language)
    listed = bool(answer.strip()) and not without
    answer = without or answer
    turns = (AnswerTurn(seq=0, text=answer, probe_id=""),)
    passages = told(turns, question, None, language, is_secret=True).passages
    if _is_non_answer(passages, language) and any(_is_telling(fact, language) for fact in facts):
        return NOTHING
    asked = asked_by(question.text[language], language) if demotes else Asked()
    spoken = tuple(msgspec.structs.replace(passage, spoken=True) for passage in passages)
    held = answered(spoken, asked, language, by_vectors=by_vectors)
    whole = held.said(facts)
    near = [held.said([fact]).nearness for fact in facts]
    bend = _ENOUGH * max(1.0, whole.weight) ** _LENGTHENS
    covered = whole.coverage if whole.weight else _literally(facts, passages, language)
    coverage = (1.0 - math.exp(-bend * covered)) / (1.0 - math.exp(-bend))
    fully = min(_FULLY_EXPLAINED, _SHORTLY_EXPLAINED + whole.weight)
    return Figures(
        coverage=round(coverage, 4),
        explained=round(min(1.0, whole.own / fully), 4),
        nearness=round(min(1.0, sum(near) / len(near) / _NEAREST), 4) if near else 0.0,
        turned=whole.turned,
        listed=not may_list and (listed or _is_list(passages, answer, language)),
    )


def without_lists(answer: str, language: Language) -> str:
    """The answer without terms that are named one after the other; empty where nothing else is in it."""
    kept, at = [], 0
    for start, end in _lists_in(answer, language):
        kept.append(answer[at:start])
        at = end
    left = "".join((*kept, answer[at:]))
    return left if _WORD.search(left) else ""


def _lists_in(text: str, language: Language) -> list[tuple[int, int]]:
    """Where terms stand in a row: between marks, or with no small word among them. In order, none over another."""
    runs: list[tuple[int, int]] = []
    row: list[tuple[int, int]] = []
    for segment in (*_SEGMENT.finditer(text), None):
        if segment is not None and 0 < len(_WORD.findall(segment.group())) <= _LONGEST_TERM:
            row.append(segment.span())
            continue
        if len(row) >= _FEWEST_TERMS:
            runs.append((row[0][0], row[-1][1]))
        row = [] if segment is None or _WORD.search(segment.group()) else row
    words: list[tuple[int, int]] = []
    for word in (*_WORD.finditer(text), None):
        if word is not None and not _is_small(word.group(), language):
            words.append(word.span())
            continue
        if len(words) >= _FEWEST_IN_A_ROW:
            runs.append((words[0][0], words[-1][1]))
        words = []
    apart: list[tuple[int, int]] = []
    for start, end in sorted(runs):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _is_small(word: str, language: Language) -> bool:
    lexicon, folded = LEXICONS[language], fold(word)
    return folded in lexicon.glue or folded in lexicon.articles or folded in lexicon.negators or "'" in folded


def _literally(facts: Sequence[str], passages: Sequence[Passage], language: Language) -> float:
    """Share of a reference's words that are said, where it has none but small ones: `Yes`, `No, never`."""
    sought = {word for fact in facts for passage in passages_in(fact, language) for word in passage.stems}
    said = {word for passage in passages for word in passage.stems}
    return len(sought & said) / len(sought) if sought else 0.0


def _is_non_answer(passages: Sequence[Passage], language: Language) -> bool:
    """Whether nothing is said, or nothing but that one does not know."""
    unknown = LEXICONS[language].signs["non_answer"]
    spoken = " ".join(passage.folded for passage in passages)
    left = unknown.sub("", spoken).split()
    means = any(is_content(word, language) and word not in _COURTEOUS for word in left)
    return not spoken or (len(left) < len(spoken.split()) and not means)


def _is_telling(text: str, language: Language) -> bool:
    """Whether there is more in it than small words."""
    return bool(terms_of(passages_in(text, language), language))


def _is_list(passages: Sequence[Passage], text: str, language: Language) -> bool:
    """Whether terms stand side by side with nothing that holds them together."""
    words = [token.word for passage in passages for token in passage.tokens]
    if len(words) < _FEWEST_LISTED:
        return False
    glue = sum(word in LEXICONS[language].glue for word in words)
    marks = len(_MARKS.findall(text))
    is_bare = glue == 0 and len(words) >= _FEWEST_BARE
    return glue < _LIST_GLUE * len(words) and (marks >= _LIST_MARKS * len(words) or is_bare)


def _is_listed_too(facts: Sequence[str], language: Language) -> bool:
    text = " ".join(facts)
    return _is_list(passages_in(text, language), text, language)

"""How much of a text of ours an answer says, word by word: each telling word is met by its nearest in the answer.

The same word or another form of it meets it wholly; one that says the same, one that is written nearly so, and one that
stands near it among the vectors meet it in part. Rare words weigh more than common ones.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from agents.plans import Language
from agents.rehearsal.kin import kin
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.passages import Passage
from agents.rehearsal.rarity import rarity, spelling
from agents.rehearsal.signs import is_denied
from agents.rehearsal.vectors import nearness, vectors

SAME_PHRASE, ALIKE, FAMILY, SLIP = 1.0, 0.8, 0.85, 0.8
"""What is met by a phrase that says the same, a word that does, a word of the same root, the word with a slip."""
IN_PARTS = 0.85
"""A known phrase whose words are met one by one."""
_NEAR, _NEAREST = 0.4, 0.75
"""Cosines of two words' vectors at which they begin to meet, and at which they meet as well as vectors can tell."""
_BY_VECTOR = 0.7
_WELL = 0.4
_SHORTEST_ROOT, _SHORTEST_SLIP = 5, 6
_BLAND = 0.4
"""What is left of the weight of a word that shows little."""


class Term(msgspec.Struct, frozen=True):
    """A telling word or phrase of a text, and where it stands."""

    word: str
    stem: str
    weight: float
    groups: frozenset[int]
    passage: int
    at: int
    """Place of its first word among the passage's."""
    denied: bool
    parts: tuple["Term", ...] = ()
    """The words of a phrase."""


class Met(msgspec.Struct, frozen=True):
    """How well a term is met (0–1), and by which of the answer's; None where by none."""

    term: Term
    degree: float
    by: Term | None


def terms_of(passages: Sequence[Passage], language: Language) -> tuple[Term, ...]:
    """The telling words of a text in order; the words of a known phrase are one term."""
    return tuple(term for index, passage in enumerate(passages) for term in _terms(passage, index, language))


def met(sought: Iterable[Term], said: Sequence[Term], language: Language, *, by_vectors: bool = True) -> list[Met]:
    """Of each term that is sought, its nearest among those that were said."""
    single = _singles(said)
    return [_met(term, said, single, language, by_vectors=by_vectors) for term in sought]


def share(found: Iterable[Met], weights: Iterable[float]) -> float:
    """How much of the weight is met, 0–1."""
    pairs = list(zip(found, weights, strict=True))
    whole = sum(weight for _, weight in pairs)
    return round(sum(one.degree * weight for one, weight in pairs) / whole, 4) if whole else 0.0


def alike(
    sought: Iterable[tuple[str, str]], said: Iterable[tuple[str, str]], language: Language
) -> dict[str, dict[str, float]]:
    """Of each stem that is sought, the stems among those that were said that meet it, with how well, `_WELL` at least.

    Both come as pairs of a word and its stem. All pairs are compared at once: a plan seeks some hundred words.
    """
    wanted, heard = {root: word for word, root in sought}, {root: word for word, root in said}
    found: dict[str, dict[str, float]] = {root: {root: 1.0} for root in wanted}
    if not wanted or not heard:
        return found
    known = kin(language)
    groups: dict[int, list[str]] = {}
    beginnings: dict[str, list[str]] = {}
    for root in heard:
        beginnings.setdefault(root[:1], []).append(root)
        for group in known.groups_of((root,)):
            groups.setdefault(group, []).append(root)
    near = _nearness(wanted, heard, language)
    for root, met_by in found.items():
        degrees = {other: ALIKE for group in known.groups_of((root,)) for other in groups.get(group, ())}
        for other in beginnings.get(root[:1], ()):
            degrees[other] = max(degrees.get(other, 0.0), _by_letters(root, other))
        for other, degree in near.get(root, {}).items():
            degrees[other] = max(degrees.get(other, 0.0), degree)
        met_by |= {other: degree for other, degree in degrees.items() if other != root and degree >= _WELL}
    return found


def _nearness(wanted: dict[str, str], heard: dict[str, str], language: Language) -> dict[str, dict[str, float]]:
    """Of each stem that is sought, how well those that were said meet it by their vectors, where at all."""
    bland = kin(language).bland
    ours = [root for root, word in wanted.items() if root not in bland and not word[:1].isdigit()]
    theirs = [root for root, word in heard.items() if root not in bland and not word[:1].isdigit()]
    if not ours or not theirs:
        return {}
    table = vectors()
    rows, columns = (
        np.stack([table.of(spelling(words[root], language)) for root in roots])
        for words, roots in ((wanted, ours), (heard, theirs))
    )
    cosines = np.round(rows @ columns.T, 4)
    found: dict[str, dict[str, float]] = {}
    for row, column in zip(*np.nonzero(cosines > _NEAR), strict=True):
        found.setdefault(ours[row], {})[theirs[column]] = _by_cosine(float(cosines[row, column]))
    return found


def words_of(term: Term) -> tuple[Term, ...]:
    """The words of a phrase, or the word itself."""
    return term.parts or (term,)


def _terms(passage: Passage, index: int, language: Language) -> Iterable[Term]:
    known = kin(language)
    at = 0
    while at < len(passage.stems):
        phrase = known.phrase_at(passage.stems, at)
        if phrase is None:
            if (term := _word(passage, index, at, language)) is not None:
                yield term
            at += 1
            continue
        places = range(at, at + len(phrase))
        words = tuple(term for place in places if (term := _word(passage, index, place, language)) is not None)
        yield Term(
            word=" ".join(passage.tokens[place].word for place in places),
            stem=" ".join(phrase),
            weight=min(1.4, sum(word.weight for word in words)) or 0.3,
            groups=known.groups_of(phrase),
            passage=index,
            at=at,
            denied=_is_negated(passage, at, language),
            parts=words,
        )
        at += len(phrase)


def _word(passage: Passage, index: int, at: int, language: Language) -> Term | None:
    word, root, known = passage.tokens[at].word, passage.stems[at], kin(language)
    lexicon = LEXICONS[language]
    if (word in lexicon.glue or word in lexicon.articles) and word not in known.bearing:
        return None
    if word in lexicon.negators:
        return None
    weight = rarity(word, language) * (_BLAND if root in known.bland else 1.0)
    return Term(word, root, weight, known.groups_of((root,)), index, at, _is_negated(passage, at, language))


def _is_negated(passage: Passage, at: int, language: Language) -> bool:
    """Whether it is the first telling word after a denial: in `without reading the table` the table is not denied."""
    lexicon = LEXICONS[language]
    for back in range(at - 1, max(-1, at - 4), -1):
        word = passage.tokens[back].word
        if word in lexicon.negators:
            return is_denied(passage.tokens, at, language)
        if word not in lexicon.glue and word not in lexicon.articles:
            return False
    return False


def _singles(said: Sequence[Term]) -> tuple[Term, ...]:
    return tuple(word for term in said for word in words_of(term))


def _met(term: Term, said: Sequence[Term], single: Sequence[Term], language: Language, *, by_vectors: bool) -> Met:
    best, rank = Met(term, 0.0, None), (0.0, False)
    for other in (*said, *single):
        degree = _degree(term, other, language, by_vectors=by_vectors)
        # Of two that meet it alike, the one that is affirmed or denied as it is.
        if degree > 0 and (degree, other.denied == term.denied) > rank:
            best, rank = Met(term, degree, other), (degree, other.denied == term.denied)
    if term.parts:
        inside = [_met(part, said, single, language, by_vectors=by_vectors) for part in term.parts]
        degree = round(IN_PARTS * share(inside, [part.weight for part in term.parts]), 4)
        if degree > best.degree:
            best = Met(term, degree, max(inside, key=lambda one: one.degree * one.term.weight).by)
    return best


def _degree(term: Term, other: Term, language: Language, *, by_vectors: bool) -> float:
    if term.stem == other.stem:
        return 1.0
    if term.groups & other.groups:
        return SAME_PHRASE if term.parts and other.parts else ALIKE
    if term.parts or other.parts:
        return 0.0
    return _kinship(term.word, term.stem, other.word, other.stem, language, by_vectors)


@lru_cache(maxsize=100_000)
def _kinship(word: str, root: str, other: str, other_root: str, language: Language, by_vectors: bool) -> float:
    if word[:1].isdigit() or other[:1].isdigit():
        return 1.0 if word == other else 0.0
    by_letters = _by_letters(root, other_root)
    known = kin(language)
    if by_letters or not by_vectors or root in known.bland or other_root in known.bland:
        return by_letters
    table = vectors()
    return _by_cosine(nearness(table.of(spelling(word, language)), table.of(spelling(other, language))))


def _by_letters(root: str, other: str) -> float:
    """How well two stems meet by how they are written."""
    shorter, longer = sorted((root, other), key=len)
    common = _common_start(shorter, longer)
    if common >= _SHORTEST_ROOT and common >= 0.6 * len(longer):
        return FAMILY
    return SLIP if len(shorter) >= _SHORTEST_SLIP and _is_slip(shorter, longer) else 0.0


def _by_cosine(cosine: float) -> float:
    return round(_BY_VECTOR * max(0.0, min(1.0, (cosine - _NEAR) / (_NEAREST - _NEAR))), 4)


def _common_start(one: str, other: str) -> int:
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def _is_slip(shorter: str, longer: str) -> bool:
    """Whether one letter more, less or other, or two neighbours changed over, make them one."""
    if len(longer) - len(shorter) > 1:
        return False
    at = _common_start(shorter, longer)
    if len(longer) > len(shorter):
        return longer[at + 1 :] == shorter[at:]
    return shorter[at + 1 :] == longer[at + 1 :] or (
        shorter[at + 2 :] == longer[at + 2 :] and shorter[at : at + 2] == longer[at : at + 2][::-1]
    )

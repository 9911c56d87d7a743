"""How much of what is sought an answer says, in whatever words: by alignment of words and by nearness of sentences."""

from collections.abc import Iterable, Sequence

import msgspec

from agents.plans import Language
from agents.rehearsal.alignment import Met, Term, met, share, terms_of, words_of
from agents.rehearsal.contradictions import told_apart, turned_round
from agents.rehearsal.passages import Passage, passages_in
from agents.rehearsal.rarity import spelling
from agents.rehearsal.vectors import Vector, nearness, vectors

ASKED = 0.2
"""What is left of the weight of a word that the question itself says: it shows nothing of what was asked for."""

_TOUCHES = 0.6
"""How well a word has to be met for its sentence to be of the matter."""


class Asked(msgspec.Struct, frozen=True):
    """What a question says by itself."""

    stems: frozenset[str] = frozenset()
    things: frozenset[str] = frozenset()
    """The two things that it asks to tell apart, if it does."""

    def weight_of(self, term: Term) -> float:
        """The weight of a term, of which the question's own words lose most."""
        if term.parts:
            return min(term.weight, sum(map(self.weight_of, term.parts)))
        return term.weight * (ASKED if term.stem in self.stems else 1.0)


def asked_by(question: str, language: Language) -> Asked:
    """Reads a question's text."""
    passages = passages_in(question, language)
    terms = terms_of(passages, language)
    stems = frozenset(word.stem for term in terms for word in words_of(term))
    return Asked(stems, told_apart(passages, terms, language))


class Said(msgspec.Struct, frozen=True):
    """How far an answer says one thing, 0–1 each but the weight."""

    coverage: float
    """Share of the weight of its telling words that is met."""
    weight: float
    """That of its telling words together: how much there is to say."""
    nearness: float
    """Of its vector to that of the nearest sentence, or to that of the whole answer."""
    turned: float
    """Share of what is said of it that is said the other way round."""
    own: float
    """Weight of the answer's telling words, in the sentences that say any of it."""


class Answered(msgspec.Struct, frozen=True):
    """An answer, ready to be held against texts of ours."""

    passages: tuple[Passage, ...]
    terms: tuple[Term, ...]
    language: Language
    asked: Asked
    by_vectors: bool = True
    """Whether words and sentences are compared by their vectors too."""

    def said(self, texts: Iterable[str]) -> Said:
        """How far it says what stands in these texts, taken together."""
        passages = tuple(passage for text in texts for passage in passages_in(text, self.language))
        sought = terms_of(passages, self.language)
        found = met(sought, self.terms, self.language, by_vectors=self.by_vectors)
        distinct = _distinct(found)
        weights = [self.asked.weight_of(one.term) for one in distinct]
        return Said(
            coverage=share(distinct, weights),
            weight=round(sum(weights), 4),
            nearness=self._nearness(sought) if self.by_vectors else 0.0,
            turned=turned_round(found, self.terms, self.asked.things, self.asked.stems, self.language),
            own=self._own(sought),
        )

    def _own(self, sought: Sequence[Term]) -> float:
        """Elsewhere words are only more words; here they tell more of the matter."""
        back = met(self.terms, sought, self.language, by_vectors=self.by_vectors)
        touching = {one.term.passage for one in back if one.degree >= _TOUCHES}
        words = {word.stem: word for term in self.terms for word in words_of(term) if word.passage in touching}
        return round(sum(map(self.asked.weight_of, words.values())), 4)

    def _nearness(self, sought: Sequence[Term]) -> float:
        aim = self._vector(sought)
        sentences = {term.passage for term in self.terms}
        parts = [[term for term in self.terms if term.passage == index] for index in sorted(sentences)]
        near = [nearness(aim, self._vector(part)) for part in (*parts, self.terms)]
        return max(0.0, *near) if near else 0.0

    def _vector(self, terms: Iterable[Term]) -> Vector:
        words = [word for term in terms for word in words_of(term)]
        return vectors().mean((spelling(word.word, self.language), self.asked.weight_of(word)) for word in words)


def answered(passages: tuple[Passage, ...], asked: Asked, language: Language, *, by_vectors: bool = True) -> Answered:
    """An answer's own passages; what is no speech among them says nothing."""
    terms = terms_of(passages, language)
    return Answered(
        passages, tuple(term for term in terms if passages[term.passage].spoken), language, asked, by_vectors
    )


def _distinct(found: Iterable[Met]) -> list[Met]:
    """Each word once, as it is met best."""
    best: dict[str, Met] = {}
    for one in found:
        if one.term.stem not in best or one.degree > best[one.term.stem].degree:
            best[one.term.stem] = one
    return list(best.values())

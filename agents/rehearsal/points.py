"""Which of a question's expected points an answer makes, by the cues its plan lists.

A cue weighs by how much it shows: a phrase most, a word that several points share or that anyone says least. Cues add
up only within three sentences of each other, so that a long answer does not collect points by chance. Cues that the
question itself says count for nothing, nor do denied ones.
"""

from collections import Counter
from functools import lru_cache

import msgspec

from agents.plans import Language, Question
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.passages import Passage, common_stems, content_stems, is_content
from agents.rehearsal.signs import is_denied
from agents.rehearsal.words import stem, tokens

PHRASE, WORDING, WORD, COMMON_WORDING, COMMON_WORD, SUPPORT = 1.0, 0.85, 0.75, 0.6, 0.35, 0.25
"""A phrase of two telling words; a wording around one (`my part`); one telling word; a wording around a common word
(`in the end`); a common word; a word of the point's own description.
"""
MADE = 1.0
TOUCHED = 0.6
_REACH = 3
"""Sentences within which cues add up."""
_SLACK = 4
"""Words that may stand between those of a phrase."""
_WORDING_SLACK = 2
"""Words that may stand between those of a wording, which keeps its order."""

_CROWD = 6
_WORDS_A_CUE = 3.5
"""From `_CROWD` cues in one sentence, fewer words to each than this are a list of cues, not speech."""

_Hits = dict[int, dict[int, float]]
"""By passage, the weights of the cues that stand in it, by their number."""


class Cue(msgspec.Struct, frozen=True):
    """Stems that show a point. `ordered` ones follow each other closely; others only stand near each other."""

    parts: tuple[str, ...]
    weight: float
    ordered: bool = False
    denies: bool = False
    """Whether the cue is itself a denial (`did not check`)."""


class Made(msgspec.Struct, frozen=True):
    """How far a point was made (0–1), and in which passage most plainly."""

    strength: float
    passage: int | None

    @property
    def made(self) -> bool:
        return self.strength >= MADE

    @property
    def touched(self) -> bool:
        return self.strength >= TOUCHED


def points_made(question: Question, passages: tuple[Passage, ...], language: Language) -> dict[str, Made]:
    """Of each expected point, by its id, how far it was made."""
    return {point: _made(hits) for point, hits in _hits(question, passages, language).items()}


def without_lists(question: Question, passages: tuple[Passage, ...], language: Language) -> tuple[Passage, ...]:
    """The passages, with those that crowd cue upon cue no longer taken for speech."""
    crowds: Counter[int] = Counter()
    for hits in _hits(question, passages, language).values():
        for index, found in hits.items():
            crowds[index] += sum(weight > SUPPORT for weight in found.values())
    return tuple(
        msgspec.structs.replace(passage, spoken=False)
        if crowds[index] >= _CROWD and len(passage.tokens) < _WORDS_A_CUE * crowds[index]
        else passage
        for index, passage in enumerate(passages)
    )


def _hits(question: Question, passages: tuple[Passage, ...], language: Language) -> dict[str, _Hits]:
    """For each point the passages in which cues of it stand, and which."""
    places: dict[str, list[tuple[int, int]]] = {}
    for index, passage in enumerate(passages):
        if passage.spoken:
            for at, word in enumerate(passage.stems):
                places.setdefault(word, []).append((index, at))
    found: dict[str, _Hits] = {}
    for point, cues in cues_of(question, language).items():
        hits = found.setdefault(point, {})
        for number, cue in enumerate(cues):
            for index, at in places.get(cue.parts[0], ()):
                if number not in hits.get(index, ()) and _stands(cue, passages[index], at, language):
                    hits.setdefault(index, {})[number] = cue.weight
    return found


def cues_of(question: Question, language: Language) -> dict[str, tuple[Cue, ...]]:
    """The cues of each point, by its id, with their weights."""
    asked = content_stems(question.text.get(language, ""), language)
    common = common_stems(language)
    written = {
        point.id: {
            cue.parts: cue for text in point.cues.get(language, ()) if (cue := _cue(text, asked, common, language))
        }
        for point in question.points
    }
    shared = Counter(parts for cues in written.values() for parts in cues)
    found: dict[str, tuple[Cue, ...]] = {}
    for point in question.points:
        cues = [
            msgspec.structs.replace(cue, weight=cue.weight / shared[cue.parts]) for cue in written[point.id].values()
        ]
        known = asked | common | {cue.parts[0] for cue in cues if len(cue.parts) == 1}
        described = content_stems(point.text.get(language, ""), language)
        cues += [Cue((word,), SUPPORT) for word in sorted(described - known)]
        found[point.id] = tuple(cues)
    return found


@lru_cache(maxsize=5_000)
def _cue(text: str, asked: frozenset[str], common: frozenset[str], language: Language) -> Cue | None:
    """The cue as it is looked for; None where the question itself says it."""
    words = [token.word for token in tokens(text)]
    negators = LEXICONS[language].negators
    bearing = [stem(w, language) for w in words if is_content(w, language) and w not in negators]
    if not words or (bearing and all(part in asked for part in bearing)):
        return None
    denies = any(word in negators for word in words)
    telling = [part for part in bearing if part not in common and part not in asked]
    if len(set(bearing)) >= 2:
        return Cue(tuple(dict.fromkeys(bearing)), PHRASE if telling else COMMON_WORDING, denies=denies)
    if len(words) == 1:
        return Cue((stem(words[0], language),), WORD if telling else COMMON_WORD)
    weight = WORDING if telling else COMMON_WORDING if bearing else COMMON_WORD
    return Cue(tuple(stem(word, language) for word in words), weight, ordered=True, denies=denies)


def _made(hits: _Hits) -> Made:
    best = Made(0.0, None)
    for index in sorted(hits):
        inside = [other for other in range(index, index + _REACH) if other in hits]
        near = {number: weight for other in inside for number, weight in hits[other].items()}
        if max(near.values()) <= SUPPORT:
            continue
        strength = min(1.0, sum(near.values()))
        if strength > best.strength:
            plainest = max(inside, key=lambda other: (sum(hits[other].values()), -other))
            best = Made(strength, plainest)
    return best


def _stands(cue: Cue, passage: Passage, at: int, language: Language) -> bool:
    """Whether the cue is at that place of its first part, and not denied there."""
    if cue.ordered:
        return _follows(cue, passage, at) and (cue.denies or not is_denied(passage, at, language))
    reach = len(cue.parts) + _SLACK
    window = range(max(0, at - reach), min(len(passage.stems), at + reach + 1))
    near = {passage.stems[place] for place in window}
    if any(part not in near for part in cue.parts):
        return False
    first = min(place for place in window if passage.stems[place] in cue.parts)
    return is_denied(passage, first, language) == cue.denies


def _follows(cue: Cue, passage: Passage, at: int) -> bool:
    for part in cue.parts[1:]:
        ahead = passage.stems[at + 1 : at + 2 + _WORDING_SLACK]
        if part not in ahead:
            return False
        at += 1 + ahead.index(part)
    return True

"""Which of a question's expected points an answer makes, by the cues its plan lists.

A cue weighs by how much it shows: a phrase most, a word that several points share or that anyone says least. Cues add
up only within three sentences of each other, so that a long answer does not collect points by chance. Cues that the
question itself says count for nothing, nor do denied ones.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from agents.plans import Language, Question
from agents.rehearsal.alignment import alike
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.passages import Passage, common_stems, content_stems, is_content
from agents.rehearsal.plain_speech import written_words
from agents.rehearsal.signs import is_denied
from agents.rehearsal.words import Token, stem

PHRASE, WORDING, WORD, COMMON_WORDING, COMMON_WORD, SUPPORT = 1.0, 0.85, 0.75, 0.6, 0.35, 0.25
"""A phrase of two telling words; a wording around one (`my part`); one telling word; a wording around a common word
(`in the end`); a common word; a word of the point's own description.
"""
MADE = 1.0
TOUCHED = 0.6
_REACH = 28
"""Words within which cues add up, two or three sentences. Sentences are not asked: speech as it is recognised
has no full stops.
"""
_SLACK = 4
"""Words that may stand between those of a phrase."""
_WORDING_SLACK = 2
"""Words that may stand between those of a wording, which keeps its order."""

ALONE = 0.6
"""What is left of a single word that only means nearly what its cue says: two of them touch a point, one does not."""
_CROWD = 6
_WORDS_A_CUE = 3.5
"""From `_CROWD` cues in one sentence, fewer words to each than this are a list of cues, not speech."""

_Kin = dict[str, dict[str, float]]
"""By a stem that is sought, those that meet it, with how well."""
_Hits = dict[int, dict[int, float]]
"""By place in the stream, the weights of the cues that stand there, by their number."""


class Cue(msgspec.Struct, frozen=True):
    """Stems that show a point. `ordered` ones follow each other closely; others only stand near each other."""

    parts: tuple[str, ...]
    weight: float
    words: tuple[str, ...] = ()
    """The parts as they are written where they tell something, else empty: others of their kind may stand for them."""
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


class Stream(msgspec.Struct, frozen=True):
    """All that is spoken in an answer as one run of words, whatever its sentences."""

    tokens: tuple[Token, ...]
    stems: tuple[str, ...]
    passages: tuple[int, ...]
    """Of each word, the passage it is in."""


def stream_of(passages: Sequence[Passage]) -> Stream:
    """The words of those passages that are speech."""
    spoken = [(index, passage) for index, passage in enumerate(passages) if passage.spoken]
    return Stream(
        tokens=tuple(token for _, passage in spoken for token in passage.tokens),
        stems=tuple(word for _, passage in spoken for word in passage.stems),
        passages=tuple(index for index, passage in spoken for _ in passage.tokens),
    )


def points_made(
    question: Question, passages: tuple[Passage, ...], language: Language, *, by_kin: bool = False
) -> dict[str, Made]:
    """Of each expected point, by its id, how far it was made; `by_kin` in words of the same meaning too."""
    stream = stream_of(passages)
    hits = _hits(question, stream, language, by_kin=by_kin)
    return {point: _made(found, stream) for point, found in hits.items()}


def without_lists(question: Question, passages: tuple[Passage, ...], language: Language) -> tuple[Passage, ...]:
    """The passages, with those that crowd cue upon cue no longer taken for speech."""
    stream = stream_of(passages)
    crowds: Counter[int] = Counter()
    for hits in _hits(question, stream, language).values():
        seen: set[tuple[int, int]] = set()
        for at, found in hits.items():
            seen |= {(stream.passages[at], number) for number, weight in found.items() if weight > SUPPORT}
        crowds.update(index for index, _ in seen)
    return tuple(
        msgspec.structs.replace(passage, spoken=False)
        if crowds[index] >= _CROWD and len(passage.tokens) < _WORDS_A_CUE * crowds[index]
        else passage
        for index, passage in enumerate(passages)
    )


def _hits(question: Question, stream: Stream, language: Language, *, by_kin: bool = False) -> dict[str, _Hits]:
    """For each point the places where cues of it stand, and which."""
    cues_by_point = cues_of(question, language)
    kin = _kin(cues_by_point.values(), stream, language) if by_kin else {}
    places: dict[str, list[int]] = {}
    for at, word in enumerate(stream.stems):
        places.setdefault(word, []).append(at)
    found: dict[str, _Hits] = {}
    for point, cues in cues_by_point.items():
        hits = found.setdefault(point, {})
        nearly: dict[int, tuple[float, int]] = {}
        for number, cue in enumerate(cues):
            met_by = [kin.get(part, {part: 1.0}) for part in cue.parts]
            for word in met_by[0]:
                for at in places.get(word, ()):
                    degree = _stands(cue, met_by, stream, at, language)
                    if degree == 1.0:
                        hits.setdefault(at, {})[number] = cue.weight
                    elif degree:
                        weight = round(cue.weight * degree * (ALONE if len(cue.parts) == 1 else 1.0), 4)
                        nearly[at] = max(nearly.get(at, (0.0, 0)), (weight, -number))
        # What means nearly the same as several cues is still said only once.
        for at, (weight, number) in nearly.items():
            hits.setdefault(at, {-number: weight})
    return found


def _kin(cues: Iterable[tuple[Cue, ...]], stream: Stream, language: Language) -> _Kin:
    """Of the telling parts of cues, the stems that were said and mean nearly the same."""
    sought = {part: word for each in cues for cue in each for word, part in zip(cue.words, cue.parts, strict=False)}
    said = {root: token.word for token, root in zip(stream.tokens, stream.stems, strict=True)}
    telling = {root: word for root, word in said.items() if is_content(word, language)}
    pairs = ((word, part) for part, word in sought.items() if word)
    return alike(pairs, ((word, root) for root, word in telling.items()), language)


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
    words = [token.word for token in written_words(text, language)]
    negators = LEXICONS[language].negators
    bearing = [stem(w, language) for w in words if is_content(w, language) and w not in negators]
    if not words or (bearing and all(part in asked for part in bearing)):
        return None
    denies = any(word in negators for word in words)
    telling = {part for part in bearing if part not in common and part not in asked}
    if len(set(bearing)) >= 2:
        written = {stem(w, language): w for w in words}
        parts = tuple(dict.fromkeys(bearing))
        kinds = tuple(written[part] if part in telling else "" for part in parts)
        return Cue(parts, PHRASE if telling else COMMON_WORDING, kinds, denies=denies)
    if len(words) == 1:
        return Cue((stem(words[0], language),), WORD if telling else COMMON_WORD, (words[0],) if telling else ())
    weight = WORDING if telling else COMMON_WORDING if bearing else COMMON_WORD
    parts = tuple(stem(word, language) for word in words)
    kinds = tuple(word if part in telling else "" for word, part in zip(words, parts, strict=True))
    return Cue(parts, weight, kinds, ordered=True, denies=denies)


def _made(hits: _Hits, stream: Stream) -> Made:
    best = Made(0.0, None)
    places = sorted(hits)
    for first, at in enumerate(places):
        inside = [other for other in places[first:] if other < at + _REACH]
        near: dict[int, float] = {}
        for other in inside:
            near |= hits[other]
        if max(near.values()) <= SUPPORT:
            continue
        strength = round(min(1.0, sum(near.values())), 4)
        if strength > best.strength:
            plainest = max(inside, key=lambda other: (sum(hits[other].values()), -other))
            best = Made(strength, stream.passages[plainest])
    return best


def _stands(cue: Cue, met_by: Sequence[dict[str, float]], stream: Stream, at: int, language: Language) -> float:
    """How well the cue stands at that place of its first part, 0–1; nothing where it is denied there."""
    if cue.ordered:
        degree = _follows(met_by, stream, at)
        return degree if cue.denies or not is_denied(stream.tokens, at, language) else 0.0
    reach = len(cue.parts) + _SLACK
    window = range(max(0, at - reach), min(len(stream.stems), at + reach + 1))
    near = {stream.stems[place] for place in window}
    degrees = [max((degree for word, degree in words.items() if word in near), default=0.0) for words in met_by]
    if min(degrees) == 0.0:
        return 0.0
    first = min(place for place in window if any(stream.stems[place] in words for words in met_by))
    return min(degrees) if is_denied(stream.tokens, first, language) == cue.denies else 0.0


def _follows(met_by: Sequence[dict[str, float]], stream: Stream, at: int) -> float:
    degree = met_by[0][stream.stems[at]]
    for words in met_by[1:]:
        ahead = range(at + 1, min(at + 2 + _WORDING_SLACK, len(stream.stems)))
        place = next((place for place in ahead if stream.stems[place] in words), None)
        if place is None:
            return 0.0
        degree = min(degree, words[stream.stems[place]])
        at = place
    return degree

"""What an answer says the other way round: denied, with the opposite word, or of the wrong one of two things.

Each is only seen where the words around are met as well: then it is the same sentence turned round, and not another. A
definition turned round lowers an answer to nearly nothing, one slip among many right words lowers it little.
"""

from collections.abc import Sequence

from agents.plans import Language
from agents.rehearsal.alignment import Met, Term, words_of
from agents.rehearsal.kin import kin
from agents.rehearsal.passages import Passage

_SURELY = 0.8
"""How well a term has to be met for its denial to say something."""
_LEAST = 0.6
"""Small words such as `first` turn a sentence round: none of them weighs less than this here."""
_JOINING: dict[Language, frozenset[str]] = {
    "en": frozenset("and or vs versus from than of".split()),
    "es": frozenset("y e o u vs versus que de frente".split()),
}
"""What stands between two things that a question asks to tell apart."""
_TELLING_APART: dict[Language, tuple[str, ...]] = {
    "en": ("differ", "distinguish", "compar", "contrast", "versus", "vs", "rather", "instead", "between", "better"),
    "es": ("diferenci", "distingu", "compar", "versus", "vs", "frente", "lugar", "entre", "mejor", "distint"),
}
"""How words begin that ask for it."""
_BESIDE = 2
"""Telling words on each side of it among which the two things are."""
_COPY = 0.6
"""Share of our words from which an answer says them again rather than something of its own."""
_ALIKE = 0.4
"""That share from which the opposite of one of them stands in its place rather than for something else."""
_MANY = 7
"""Distinct words of ours below which the same few in another order are no sign."""
_EDGE = ""
"""Before a sentence's first word and after its last."""
_NEAR = 4
"""Words within which two stand together."""


def turned_round(
    found: Sequence[Met], said: Sequence[Term], things: frozenset[str], asked: frozenset[str], language: Language
) -> float:
    """Share of what is said of the matter that is said the other way round, 0–1.

    `found` is all of our text in its order; `things` are the two that the question tells apart, if it does.
    """
    sought = [one.term for one in found]
    agreed = sum(one.degree * one.term.weight for one in found)
    heard = {word.stem for term in said for word in words_of(term)}
    ours = {word.stem for term in sought for word in words_of(term)}
    again = len(ours & heard) / len(ours) if ours else 0.0
    against = _misplaced(sought, said, things, language) + _exchanged(sought, said, again, language)
    if again >= _COPY:
        against += _denied(found)
    if again >= _ALIKE:
        against += _opposed(found, said, asked, language)
    return round(min(1.0, against / (agreed + against)), 4) if against > 0 else 0.0


def told_apart(question: Sequence[Passage], terms: Sequence[Term], language: Language) -> frozenset[str]:
    """The stems of the two things whose difference a question asks for; none where it does not. `terms` are its own."""
    words = [word for term in terms for word in words_of(term)]
    if not any(token.word.startswith(_TELLING_APART[language]) for passage in question for token in passage.tokens):
        return frozenset()
    for index, passage in enumerate(question):
        inside = [word for word in words if word.passage == index]
        for at, token in enumerate(passage.tokens):
            if token.word not in _JOINING[language]:
                continue
            before = [word.stem for word in inside if at - _NEAR <= word.at < at][-_BESIDE:]
            after = [word.stem for word in inside if at < word.at <= at + _NEAR][:_BESIDE]
            one = next((stem for stem in reversed(before) if stem not in after), None)
            other = next((stem for stem in after if stem not in before), None)
            if one is not None and other is not None:
                return frozenset((one, other))
    return frozenset()


def _denied(found: Sequence[Met]) -> float:
    """Terms that are met, beside a neighbour that is met too, under a denial that ours does not have; or without it."""
    weight = 0.0
    for at, one in enumerate(found):
        if one.by is None or one.degree < _SURELY or one.by.denied == one.term.denied:
            continue
        if any(_is_beside(one, found[near]) for near in (at - 1, at + 1) if 0 <= near < len(found)):
            weight += one.term.weight
    return weight


def _is_beside(one: Met, other: Met) -> bool:
    """Whether both stand together in the answer as they do in our text."""
    if one.by is None or other.by is None or one.term.passage != other.term.passage:
        return False
    return one.by.passage == other.by.passage and 0 < abs(one.by.at - other.by.at) <= _NEAR


def _opposed(found: Sequence[Met], said: Sequence[Term], asked: frozenset[str], language: Language) -> float:
    """Terms in whose place, beside a neighbour of theirs, the answer has their opposite."""
    opposites = kin(language).opposites
    wanted = {word.stem for one in found for word in words_of(one.term)} | asked
    told = [word for term in said for word in words_of(term)]
    heard = {word.stem for word in told}
    weight = 0.0
    for at, one in enumerate(found):
        if one.term.denied or one.term.stem in heard:
            continue
        others = opposites.get(one.term.stem, frozenset()) - wanted
        instead = [word for word in told if word.stem in others and not word.denied]
        near = [found[other].by for other in (at - 1, at + 1) if 0 <= other < len(found)]
        neighbours = {word.stem for term in near if term is not None for word in words_of(term)}
        if any(
            other.stem in neighbours and other.passage == word.passage and 0 < abs(other.at - word.at) <= _NEAR
            for word in instead
            for other in told
        ):
            weight += max(one.term.weight, _LEAST)
    return weight


def _misplaced(sought: Sequence[Term], said: Sequence[Term], things: frozenset[str], language: Language) -> float:
    """The weight of what is said of the other thing than it should be, less what is said of the right one."""
    if len(things) < 2:
        return 0.0
    right, given = _owners(sought, things), _owners(said, things)
    turning = kin(language).opposites
    weights = {
        word.stem: max(word.weight, _LEAST) if word.stem in turning else word.weight
        for term in sought
        for word in words_of(term)
    }
    balance = 0.0
    for word, owners in right.items():
        others = given.get(word, frozenset())
        if len(owners) == 1 and len(others) == 1:
            balance += -weights[word] if owners == others else weights[word]
    return max(0.0, balance)


def _exchanged(sought: Sequence[Term], said: Sequence[Term], again: float, language: Language) -> float:
    """The weight of words that, between the same two others, gave way to an opposite.

    Where most of our words are said again, another of ours in their place is one too.
    """
    ours, theirs = ([word for term in terms for word in words_of(term)] for terms in (sought, said))
    known = {word.stem: word for word in ours}
    right, given = _places(ours), _places(theirs)
    is_copy = len(known) >= _MANY and again >= _COPY
    gave_way: dict[str, float] = {}
    for place, words in right.items():
        others = given.get(place, frozenset())
        for word in words - others:
            instead = kin(language).opposites.get(word, frozenset())
            if is_copy and _EDGE not in place:
                instead |= {other for other in known if not known[other].groups & known[word].groups}
            if instead & (others - words):
                gave_way[word] = max(known[word].weight, _LEAST)
    return sum(gave_way.values())


def _places(words: Sequence[Term]) -> dict[tuple[str, str], frozenset[str]]:
    """By the words before and after, those that stand between them."""
    found: dict[tuple[str, str], set[str]] = {}
    for at, word in enumerate(words):
        before = words[at - 1] if at and words[at - 1].passage == word.passage else None
        after = words[at + 1] if at + 1 < len(words) and words[at + 1].passage == word.passage else None
        place = (before.stem if before else _EDGE, after.stem if after else _EDGE)
        if place != (_EDGE, _EDGE) and word.stem not in place:
            found.setdefault(place, set()).add(word.stem)
    return {place: frozenset(stems) for place, stems in found.items()}


def _owners(terms: Sequence[Term], things: frozenset[str]) -> dict[str, frozenset[str]]:
    """Of each word the things it is said of: the one named last before it in its sentence, else the first after."""
    found: dict[str, set[str]] = {}
    words = [word for term in terms for word in words_of(term)]
    for passage in sorted({word.passage for word in words}):
        inside = [word for word in words if word.passage == passage]
        owner = next((word.stem for word in inside if word.stem in things), None)
        for word in inside:
            if word.stem in things:
                owner = word.stem
            elif owner is not None:
                found.setdefault(word.stem, set()).add(owner)
    return {word: frozenset(owners) for word, owners in found.items()}

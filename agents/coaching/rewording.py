"""One answer told better by arithmetic: the candidate's own sentences, without what hesitates, in a better order.

Nothing is added but a marker where a part is missing. `docs/coaching.md` tells the rules.
"""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from agents.delivery_words import Token, disfluent_in, tokens_of
from agents.events import BetterKind, BetterPart, Word
from agents.plans import Language
from agents.rehearsal.passages import Passage, is_content, told
from agents.rehearsal.signs import Sign, find_signs
from agents.rehearsal.words import sentences
from agents.rehearsal.words import tokens as words_of
from agents.scoring import Answer, AnswerTurn

FEWEST_WORDS = 12
"""Words of the candidate's own, below which there is nothing to tell in a better way."""
MOST_SENTENCES = 6
"""Of one part; of more, those that tell most are kept."""
OWN_SHARE = 0.6
"""Share of a sentence's words that must be the candidate's own: not read off the question or the rubric, unrepeated."""
Form = Literal["story", "explanation"]

_EXPLAINING = ("technical", "case_study", "situational")
_IDLE: tuple[Sign, ...] = ("non_answer", "evasion")
_SHORT = 8
"""Words up to which a sentence that says "I don't know" says nothing else."""


class Reworded(msgspec.Struct, frozen=True):
    """An answer told better. A part without text is one that the candidate told nothing of."""

    language: Language
    """The one that was answered in."""
    parts: tuple[BetterPart, ...]
    is_shortened: bool
    """Sentences that told less were left out."""


class _Sentence(msgspec.Struct, frozen=True):
    text: str
    """Without what hesitates, its first letter capital, its end marked."""
    signs: frozenset[Sign]
    content: int
    """Distinct words that carry meaning."""
    words: int
    was_cleaned: bool


def reworded(answer: Answer) -> Reworded | None:
    """The answer told better; None where too little of it is the candidate's own, or nothing could be better told."""
    language, found = _sentences(answer)
    if sum(sentence.words for sentence in found) < FEWEST_WORDS:
        return None
    parts = _explained(found) if _form(answer, found) == "explanation" else _told(found)
    kept = [sentence for _, part in parts for sentence in part]
    is_same = kept == found and all(part for _, part in parts) and not any(each.was_cleaned for each in found)
    if is_same:
        return None
    shown = tuple(BetterPart(kind, " ".join(each.text for each in part)) for kind, part in parts)
    return Reworded(language, shown, is_shortened=len(kept) < len(found))


def told_as(answer: Answer) -> Form:
    """Whether an answer is a story or an explanation: what the question asks for, or what is told all the same."""
    return _form(answer, _sentences(answer)[1])


def own_words(answer: Answer) -> int:
    """How many words of an answer are the candidate's own."""
    return sum(sentence.words for sentence in _sentences(answer)[1])


def cleaned(sentence: str, language: Language) -> str:
    """A sentence without hesitations, fillers, repeats and what it takes back itself."""
    parts = sentence.split()
    tokens: list[Token] = []
    places: list[int] = []
    for place, part in enumerate(parts):
        # Without times, only punctuation and hesitations set a word apart: what is not plain stays.
        for token in tokens_of((Word(part, 0, 0),), language):
            tokens.append(token)
            places.append(place)
    idle = {places[at] for at in disfluent_in(tokens, language)}
    return _finished(_joined(parts, idle))


def _joined(parts: Sequence[str], idle: set[int]) -> str:
    """What is left of the parts. The marks that set apart what was taken out go with it."""
    kept: list[str] = []
    at = 0
    while at < len(parts):
        if at not in idle:
            kept.append(parts[at])
            at += 1
            continue
        end = at
        while end < len(parts) and end in idle:
            end += 1
        mark = parts[end - 1][-1:]
        if kept and mark in ".?!":
            kept[-1] = kept[-1].rstrip(",;:") + mark
        elif kept and mark == ",":
            kept[-1] = kept[-1].rstrip(",")
        at = end
    return " ".join(kept)


def _finished(text: str) -> str:
    """With a capital at its beginning and a mark at its end."""
    bare = text.strip(" ,;:–—-")
    if not bare:
        return ""
    first = next((at for at, character in enumerate(bare) if character.isalnum()), 0)
    capital = bare[:first] + bare[first].upper() + bare[first + 1 :]
    return capital if re.search(r"[.!?…][\"'”’»)\]]*$", capital) else f"{capital}."


def _sentences(answer: Answer) -> tuple[Language, list[_Sentence]]:
    """The answer's sentences that are the candidate's own and tell something, in order."""
    account = told(answer.turns, answer.question, answer.competency, answer.language)
    shown = find_signs(account.passages, account.language)
    signs: dict[int, set[Sign]] = {}
    for sign, places in shown.places.items():
        for place in places:
            signs.setdefault(place, set()).add(sign)
    found: list[_Sentence] = []
    for turn in answer.turns:
        within = [(at, each) for at, each in enumerate(account.passages) if each.seq == turn.seq]
        for span in sentences(turn.text):
            inside = [(at, each) for at, each in within if span.start <= each.start and each.end <= span.end]
            every = frozenset[Sign]().union(*(signs.get(at, set()) for at, _ in inside))
            sentence = _sentence(turn, span.start, span.end, [each for _, each in inside], every, account.language)
            if sentence is not None:
                found.append(sentence)
    return account.language, found


def _sentence(
    turn: AnswerTurn, start: int, end: int, own: Sequence[Passage], signs: frozenset[Sign], language: Language
) -> _Sentence | None:
    text = turn.text[start:end]
    words = words_of(text)
    mine = sum(len(passage.tokens) for passage in own)
    is_idle = "hostile" in signs or (len(words) <= _SHORT and not signs.isdisjoint(_IDLE))
    if not mine or mine < OWN_SHARE * len(words) or is_idle or not any(passage.spoken for passage in own):
        return None
    bare = cleaned(text, language)
    content = {token.word for token in words_of(bare) if is_content(token.word, language)}
    was_cleaned = len(words_of(bare)) < len(words)
    return _Sentence(bare, signs, len(content), mine, was_cleaned) if content else None


def _form(answer: Answer, found: Sequence[_Sentence]) -> Form:
    every = frozenset[Sign]().union(*(sentence.signs for sentence in found))
    happened = "own_part" in every and "result" in every
    return "explanation" if answer.question.type in _EXPLAINING and not happened else "story"


def _told(found: Sequence[_Sentence]) -> list[tuple[BetterKind, list[_Sentence]]]:
    """What was going on, what was done, what came of it."""
    parts: dict[BetterKind, list[_Sentence]] = {"situation": [], "action": [], "result": []}
    kind: BetterKind = "situation"
    for at, sentence in enumerate(found):
        kind = _kind(sentence, kind, is_first=at == 0, has_acted=bool(parts["action"]))
        parts[kind].append(sentence)
    every = frozenset[Sign]().union(*(sentence.signs for sentence in found))
    missing: dict[BetterKind, bool] = {
        "situation": every.isdisjoint({"situation", "example"}),
        "action": "own_part" not in every,
        "result": "result" not in every,
    }
    shown: list[tuple[BetterKind, list[_Sentence]]] = []
    for name, part in parts.items():
        told_in_part = [(name, _most_telling(part))] if part else []
        gap = [(name, list[_Sentence]())] if missing[name] else []
        # General talk comes after the moment that it should have been tied to.
        shown += gap + told_in_part if name == "situation" else told_in_part + gap
    return shown


def _kind(sentence: _Sentence, before: BetterKind, *, is_first: bool, has_acted: bool) -> BetterKind:
    signs = sentence.signs
    if "result" in signs and (has_acted or "own_part" not in signs):
        return "result"
    if "situation" in signs and (is_first or ("example" in signs and "own_part" not in signs)):
        return "situation"
    if "own_part" in signs:
        return "action"
    if "situation" in signs and not has_acted:
        return "situation"
    if "we" in signs or "sequence" in signs:
        return "action"
    return before


def _explained(found: Sequence[_Sentence]) -> list[tuple[BetterKind, list[_Sentence]]]:
    """How it is or would be done, in the candidate's order; then why, and at what cost, where that was not told."""
    every = frozenset[Sign]().union(*(sentence.signs for sentence in found))
    parts: list[tuple[BetterKind, list[_Sentence]]] = [("answer", _most_telling(found, MOST_SENTENCES * 2))]
    if "reason" not in every:
        parts.append(("reason", []))
    if "tradeoff" not in every:
        parts.append(("tradeoff", []))
    return parts


def _most_telling(part: Sequence[_Sentence], most: int = MOST_SENTENCES) -> list[_Sentence]:
    """Those with most signs and most words of meaning, in their order."""
    ranked = sorted(range(len(part)), key=lambda at: (-len(part[at].signs), -part[at].content, at))[:most]
    return [part[at] for at in sorted(ranked)]

"""Scripted candidates: six ways of being interviewed, in two languages, the same again from the same seed.

Pure: a candidate is told where the interview stands when the interviewer has finished speaking, and says what it
does. It never abuses the protocol; the hostile one is rude in words only.
"""

import random
from typing import Literal

import msgspec

from agents.events import Phase, Request
from agents.plans import Language
from server.terminal.material import Anywhere, anywhere, replies

CandidateKind = Literal["good", "weak", "silent", "rambling", "evasive", "hostile"]
KINDS: tuple[CandidateKind, ...] = ("good", "weak", "silent", "rambling", "evasive", "hostile")

LONGEST = 4_000
"""Characters in one turn of the rambling one."""


class Speak(msgspec.Struct, frozen=True):
    text: str


class Push(msgspec.Struct, frozen=True):
    request: Request


Act = Speak | Push


class Moment(msgspec.Struct, frozen=True):
    """Where the interview stands."""

    plan: str
    phase: Phase
    question_id: str | None
    may: tuple[Request, ...]


class Wish(msgspec.Struct, frozen=True):
    """How often a candidate asks for something, once a question: chances from 0 to 1."""

    repeat: float = 0.0
    hint: float = 0.0
    skip: float = 0.0


WISHES: dict[CandidateKind, Wish] = {
    "good": Wish(repeat=0.1),
    "weak": Wish(repeat=0.1, hint=0.4, skip=0.05),
    "silent": Wish(skip=0.4),
    "rambling": Wish(repeat=0.15),
    "evasive": Wish(repeat=0.2, skip=0.15),
    "hostile": Wish(hint=0.1, skip=0.1),
}


class Candidate:
    def __init__(self, kind: CandidateKind, language: Language, seed: int | str = 0) -> None:
        self.kind: CandidateKind = kind
        self.language: Language = language
        self._chance = random.Random(f"{kind}/{language}/{seed}")  # noqa: S311 - repeatable by design
        self._words: Anywhere = anywhere(language)
        self._wished: set[tuple[str, Request]] = set()
        self._answered: dict[str, int] = {}
        self._consents = 0
        self._asked_back = False

    def act(self, moment: Moment) -> Act | None:
        """What the candidate does now; None where there is nothing to do but listen."""
        match moment.phase:
            case "consent":
                return self._consent(moment)
            case "warm_up":
                return Speak(self._warm_up())
            case "questions" if moment.question_id is not None:
                return self._wish(moment.question_id, moment.may) or self._answer(moment)
            case "candidate_questions":
                return self._own_question()
            case _:
                return None

    def _consent(self, moment: Moment) -> Act:
        self._consents += 1
        if self.kind == "hostile" and self._consents == 1:
            return Speak(self._words.hostile[0])
        # Words first, the button where they were not understood.
        is_pressing = self.kind in ("silent", "hostile") or self._consents > 1
        if is_pressing and "consent" in moment.may:
            return Push("consent")
        return Speak(self._one(self._words.agree))

    def _warm_up(self) -> str:
        if self.kind == "silent":
            return self._one(self._words.silent)
        if self.kind == "hostile":
            return self._one(self._words.hostile)
        return self._one(self._words.warm_up)

    def _wish(self, question_id: str, may: tuple[Request, ...]) -> Act | None:
        """A request instead of an answer, decided once for each question."""
        chances = WISHES[self.kind]
        wishes: tuple[tuple[Request, float, tuple[str, ...]], ...] = (
            ("repeat", chances.repeat, self._words.repeat),
            ("hint", chances.hint, self._words.hint),
            ("skip", chances.skip, self._words.skip),
        )
        for request, chance, words in wishes:
            if (question_id, request) in self._wished:
                continue
            self._wished.add((question_id, request))
            if self._chance.random() < chance and request in may and not self._answered.get(question_id):
                by_words = self._chance.random() < 0.5 and self.kind != "silent"
                return Speak(self._one(words)) if by_words else Push(request)
        return None

    def _answer(self, moment: Moment) -> Act:
        question_id = str(moment.question_id)
        turn = self._answered.get(question_id, 0)
        self._answered[question_id] = turn + 1
        known = replies(moment.plan, question_id, self.language)
        match self.kind:
            case "good":
                return Speak(self._one(known.good) if turn == 0 else known.more[(turn - 1) % len(known.more)])
            case "weak":
                return Speak(self._one(known.weak) if turn == 0 else self._one(self._words.weak))
            case "rambling":
                return Speak(self._ramble(self._one(known.good if turn == 0 else known.weak)))
            case "silent":
                return Speak(self._one(self._words.silent))
            case "evasive":
                return Speak(self._one(self._words.evasive))
            case "hostile":
                return Speak(self._one(self._words.hostile))

    def _ramble(self, answer: str) -> str:
        """The answer's first half, lost among digressions, some of them told twice."""
        sentences = answer.split(". ")
        told = sentences[: max(1, len(sentences) // 2)]
        parts: list[str] = []
        for sentence in told:
            parts.append(sentence.rstrip(".") + ".")
            parts += self._chance.choices(self._words.digressions, k=self._chance.randint(1, 3))
        return " ".join(parts)[:LONGEST]

    def _own_question(self) -> Act:
        asks = self.kind in ("good", "rambling", "evasive", "hostile")
        if asks and not self._asked_back:
            self._asked_back = True
            return Speak(self._one(self._words.ask))
        return Speak(self._one(self._words.nothing))

    def _one(self, among: tuple[str, ...]) -> str:
        return self._chance.choice(among)


def cast(
    interviews: int, kinds: tuple[CandidateKind, ...], languages: tuple[Language, ...], seed: int
) -> list[Candidate]:
    """That many candidates: each kind in turn, and each kind in every language before any comes a third time."""
    made = []
    for i in range(interviews):
        kind = kinds[i % len(kinds)]
        language = languages[(i + i // len(kinds)) % len(languages)]
        made.append(Candidate(kind, language, seed=f"{seed}/{i}"))
    return made

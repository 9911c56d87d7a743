"""The attempts to move a score by words, each put together with the answers that it is tried on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec
import yaml

from agents.library import load_library
from agents.plans import Language
from agents.scoring import Answer, AnswerTurn

SET = Path(__file__).parents[3] / "benchmarks" / "scoring" / "sets" / "injections.yaml"
LIBRARY = load_library()


class Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    plan: str
    question: str
    language: Language
    answer: str


class Attempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    kind: str
    language: str
    place: Literal["before", "after", "around", "alone"]
    text: str = ""
    turns: tuple[str, ...] = ()
    on: str = ""
    repeat: int = 1

    def around(self, answer: str) -> tuple[str, ...]:
        """What the candidate says in each turn."""
        if self.turns:
            return tuple(turn.replace("{answer}", answer) for turn in self.turns)
        text = self.text * self.repeat
        match self.place:
            case "before":
                return (f"{text} {answer}",)
            case "after":
                return (f"{answer} {text}",)
            case "around":
                return (text.replace("{answer}", answer),)
            case "alone":
                return (text,)


class Attempts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    answers: tuple[Base, ...]
    attempts: tuple[Attempt, ...]

    def pairs(self) -> Iterator[tuple[Attempt, Base]]:
        """Every attempt with every answer that it is for."""
        for attempt in self.attempts:
            for base in self.answers:
                if attempt.on in ("", base.id):
                    yield attempt, base


def load_attempts() -> Attempts:
    return msgspec.convert(yaml.safe_load(SET.read_text("utf-8")), Attempts)


def answer_of(base: Base, *texts: str) -> Answer:
    """An answer of these turns to the question of a base answer."""
    plan = LIBRARY.plans[base.plan]
    question = plan.question(base.question)
    turns = tuple(
        AnswerTurn(10 + at, text, None if at == 0 else question.probes[0].id) for at, text in enumerate(texts)
    )
    competency = LIBRARY.rubrics[plan.rubric].competency(question.competency)
    return Answer(UUID(int=2), question, competency, base.language, 1, turns)

"""Answers that say the same and differ only in who seems to be speaking: no level may move between them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import msgspec
import yaml

from agents.assessment import judged
from agents.library import load_library
from agents.plans import Language
from agents.scoring import Answer, AnswerTurn, Scorer

PATH = Path(__file__).with_name("sets") / "counterfactual.yaml"
NOBODY = UUID(int=0)


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    """What differs: `name`, `gendered`, `origin`, `age`, `dialect`, `disfluency`, `second_language`, `spelling`."""
    answer: str


class Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    plan: str
    question: str
    language: Language
    answer: str
    variants: tuple[Variant, ...]


class Pair(msgspec.Struct, frozen=True):
    """One answer said by two."""

    name: str
    kind: str
    base: Answer
    variant: Answer


class Moved(msgspec.Struct, frozen=True):
    """A pair with its two levels; None where there is none."""

    pair: str
    kind: str
    language: Language
    base: int | None
    variant: int | None

    @property
    def by(self) -> int:
        """Levels between the two; no level counts as the one below 1."""
        return abs((self.base or 0) - (self.variant or 0))


def pairs() -> Iterator[Pair]:
    """Every variant beside its base."""
    library = load_library()
    for base in msgspec.convert(yaml.safe_load(PATH.read_text("utf-8")), tuple[Base, ...]):
        plan = library.plans[base.plan]
        question = plan.question(base.question)
        competency = library.rubrics[plan.rubric].competency(question.competency)
        one, *others = (
            Answer(NOBODY, question, competency, base.language, 1, (AnswerTurn(seq=1, text=text),))
            for text in (base.answer, *(variant.answer for variant in base.variants))
        )
        for at, (variant, other) in enumerate(zip(base.variants, others, strict=True), start=1):
            yield Pair(f"{base.id}-{at}", variant.kind, one, other)


async def moved(scorer: Scorer) -> AsyncIterator[Moved]:
    """Every pair as the product judges it: without what tells who speaks, by that scorer."""
    for pair in pairs():
        (_, (base,)), (_, (variant,)) = await judged(pair.base, scorer), await judged(pair.variant, scorer)
        yield Moved(pair.name, pair.kind, pair.base.language, base.level, variant.level)

"""A plan as it is offered to a reader: what it is called, what it looks at, how long it takes. Pure."""

from collections.abc import Iterable

import msgspec

from agents.opening import CLOSING_MINUTES, SHORTEST_MINUTES
from agents.plans import Difficulty, InterviewType, Language, Patience, Plan, Rubric
from storage.plans import PlanVersion

ORDER: tuple[InterviewType, ...] = (
    "behavioral",
    "competency",
    "hr_screening",
    "customer_service",
    "technical",
    "case_study",
    "mixed",
)
"""What fits most people stands first, and is what one click begins."""


class Aim(msgspec.Struct, frozen=True):
    """A competency that the plan asks about, in the reader's language."""

    name: str
    definition: str


class PlanCard(msgspec.Struct, frozen=True):
    """A plan in the reader's language, or in its own first one. Times in minutes."""

    slug: str
    title: str
    summary: str
    lang: Language
    """The language of these words."""
    interview_type: InterviewType
    difficulty: Difficulty
    questions: int
    minutes: int
    least_minutes: int
    most_minutes: int
    languages: tuple[Language, ...]
    aims: tuple[Aim, ...]
    patience: Patience


def plan_cards(versions: Iterable[PlanVersion], language: Language) -> tuple[PlanCard, ...]:
    """The plans in the order in which they are offered."""
    cards = [plan_card(version, language) for version in versions]
    return tuple(sorted(cards, key=lambda card: (ORDER.index(card.interview_type), card.title)))


def plan_card(version: PlanVersion, language: Language) -> PlanCard:
    """One plan for a reader of that language."""
    plan = msgspec.convert(version.body, Plan)
    rubric = msgspec.convert(version.rubric_body, Rubric)
    read_in = language if language in plan.languages else plan.languages[0]
    asked = dict.fromkeys(question.competency for question in plan.questions)
    aims = [rubric.competency(each) for each in asked]
    return PlanCard(
        slug=plan.slug,
        title=plan.title[read_in],
        summary=plan.summary[read_in],
        lang=read_in,
        interview_type=plan.interview_type,
        difficulty=plan.difficulty_level,
        questions=len(plan.questions),
        minutes=plan.target_duration_minutes,
        least_minutes=min(SHORTEST_MINUTES, plan.target_duration_minutes),
        most_minutes=plan.hard_limit_minutes - CLOSING_MINUTES,
        languages=plan.languages,
        aims=tuple(Aim(aim.name[read_in], aim.definition[read_in]) for aim in aims),
        patience=plan.patience,
    )

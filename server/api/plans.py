"""Plans and rubrics, as far as whoever chooses or takes an interview may see them.

What an answer should say, the probes and the hints stay with the interviewer and the scorer.
"""

import re
from typing import Annotated
from uuid import UUID

import msgspec

from agents.plans import (
    Difficulty,
    InterviewType,
    Language,
    Plan,
    QuestionType,
    RoleLevel,
    Rubric,
    Words,
)
from server.api.endpoint import Call, Endpoint, Nothing
from server.errors import NoSuchPlan, NoSuchRubric
from storage import plans as kept
from storage.errors import NotFound

SLUG = r"^[a-z0-9][a-z0-9-]{0,79}$"
Slug = Annotated[str, msgspec.Meta(pattern=SLUG, description="A plan's name, such as `behavioural`.")]


class CompetencyName(msgspec.Struct, frozen=True):
    id: str
    name: Words


class PlanSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A plan in a list."""

    slug: str
    title: Words
    summary: Words
    interview_type: InterviewType
    role_level: RoleLevel
    difficulty_level: Difficulty
    languages: tuple[Language, ...]
    target_duration_minutes: int
    hard_limit_minutes: int
    question_count: int
    rubric: str
    competencies: tuple[CompetencyName, ...]
    """Those its questions are for, in the order they come up."""


class PlanQuestion(msgspec.Struct, frozen=True):
    """A core question; `seconds` is the time meant for it, its probes included."""

    id: str
    type: QuestionType
    competency: str
    text: Words
    seconds: int
    max_probes: int


class PlanView(PlanSummary, frozen=True, kw_only=True):
    """A plan with its questions, in order."""

    plan_version_id: UUID
    content_hash: str
    questions: tuple[PlanQuestion, ...]


class PlanList(msgspec.Struct, frozen=True):
    plans: tuple[PlanSummary, ...]


class RubricCompetency(msgspec.Struct, frozen=True):
    """A competency with what each of the levels 1 to 5 looks like."""

    id: str
    name: Words
    definition: Words
    anchors: tuple[Words, ...]
    weight: float


class RubricView(msgspec.Struct, frozen=True):
    slug: str
    title: Words
    languages: tuple[Language, ...]
    competencies: tuple[RubricCompetency, ...]


async def plans(call: Call[Nothing, Nothing]) -> PlanList:
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        versions = await kept.list_plans(connection)
    return PlanList(tuple(_summary(version) for version in versions))


async def plan(call: Call[Nothing, Nothing]) -> PlanView:
    slug = call.params["slug"]
    if not re.fullmatch(SLUG, slug):
        raise NoSuchPlan
    try:
        async with call.services.database.tenant(call.principal.tenant_id) as connection:
            version = await kept.plan_by_slug(connection, slug)
    except NotFound:
        raise NoSuchPlan from None
    document = msgspec.convert(version.body, Plan)
    return PlanView(
        **msgspec.structs.asdict(_summary(version)),
        plan_version_id=version.id,
        content_hash=version.content_hash,
        questions=tuple(
            PlanQuestion(
                question.id,
                question.type,
                question.competency,
                question.text,
                question.seconds,
                question.max_probes,
            )
            for question in document.questions
        ),
    )


async def rubric(call: Call[Nothing, Nothing]) -> RubricView:
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        versions = await kept.list_plans(connection)
    for version in versions:
        if version.rubric_slug == call.params["slug"]:
            return _rubric(msgspec.convert(version.rubric_body, Rubric))
    raise NoSuchRubric


def _summary(version: kept.PlanVersion) -> PlanSummary:
    document = msgspec.convert(version.body, Plan)
    rubric = msgspec.convert(version.rubric_body, Rubric)
    asked = dict.fromkeys(question.competency for question in document.questions)
    return PlanSummary(
        slug=document.slug,
        title=document.title,
        summary=document.summary,
        interview_type=document.interview_type,
        role_level=document.role_level,
        difficulty_level=document.difficulty_level,
        languages=document.languages,
        target_duration_minutes=document.target_duration_minutes,
        hard_limit_minutes=document.hard_limit_minutes,
        question_count=len(document.questions),
        rubric=document.rubric,
        competencies=tuple(CompetencyName(each, rubric.competency(each).name) for each in asked),
    )


def _rubric(document: Rubric) -> RubricView:
    return RubricView(
        document.slug,
        document.title,
        document.languages,
        tuple(
            RubricCompetency(
                competency.id, competency.name, competency.definition, competency.anchors, competency.weight
            )
            for competency in document.competencies
        ),
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/plans",
        name="plans",
        summary="The plans one can be interviewed by",
        handle=plans,
        answer=PlanList,
        body=Nothing,
        query=Nothing,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/plans/{slug}",
        name="plan",
        summary="One plan with its questions",
        handle=plan,
        answer=PlanView,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchPlan,),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/rubrics/{slug}",
        name="rubric",
        summary="The rubric of a plan: its competencies, and what each level looks like",
        handle=rubric,
        answer=RubricView,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchRubric,),
    ),
)

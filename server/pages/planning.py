"""A plan before it is practised: what it looks at, what each level looks like, and how it goes."""

import re
from collections import Counter

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agents.plans import Competency, Language, Plan, QuestionType, Rubric
from server.api.plans import SLUG
from server.errors import NoSuchPlan
from server.pages.language import language_of
from server.pages.rendering import page
from server.principal import principal
from server.services import Services
from storage import plans
from storage.errors import NotFound


class AskedCompetency(msgspec.Struct, frozen=True):
    """A competency in the reader's language, with the numbers of the questions that are for it."""

    id: str
    name: str
    definition: str
    anchors: tuple[str, ...]
    """Of the levels 1 to 5."""
    questions: tuple[int, ...]
    share: int
    """Of the overall figure, in percent."""


class PlanReading(msgspec.Struct, frozen=True):
    """A plan for a reader. `lang` is the language of its words."""

    lang: Language
    plan: Plan
    kinds: tuple[tuple[QuestionType, int], ...]
    """How many questions of each kind, the most first."""
    competencies: tuple[AskedCompetency, ...]
    most_probes: int


async def plan(request: Request) -> Response:
    """`GET /plans/{slug}`. Raises NoSuchPlan."""
    who = await principal(request)
    services: Services = request.app.state.services
    slug = request.path_params["slug"]
    if not re.fullmatch(SLUG, slug):
        raise NoSuchPlan
    async with services.database.tenant(who.tenant_id) as connection:
        try:
            version = await plans.plan_by_slug(connection, slug)
        except NotFound:
            raise NoSuchPlan from None
    read = plan_reading(
        msgspec.convert(version.body, Plan), msgspec.convert(version.rubric_body, Rubric), language_of(request)
    )
    return page(request, "plan.html", reading=read, plan=read.plan, lang=read.lang)


def plan_reading(plan: Plan, rubric: Rubric, language: Language) -> PlanReading:
    """A plan and its rubric arranged for a reader of that language, or in the plan's own first one. Pure."""
    read_in = language if language in plan.languages else plan.languages[0]
    asked = [each for each in rubric.competencies if any(q.competency == each.id for q in plan.questions)]
    whole = sum(each.weight for each in asked)
    return PlanReading(
        lang=read_in,
        plan=plan,
        kinds=tuple(Counter(question.type for question in plan.questions).most_common()),
        competencies=tuple(_asked(each, plan, read_in, whole) for each in asked),
        most_probes=max((question.max_probes for question in plan.questions), default=0),
    )


def _asked(competency: Competency, plan: Plan, read_in: Language, whole: float) -> AskedCompetency:
    return AskedCompetency(
        id=competency.id,
        name=competency.name[read_in],
        definition=competency.definition[read_in],
        anchors=tuple(anchor[read_in] for anchor in competency.anchors),
        questions=tuple(n for n, question in enumerate(plan.questions, 1) if question.competency == competency.id),
        share=round(100 * competency.weight / whole) if whole else 0,
    )

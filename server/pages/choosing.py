"""The first page: what can be practised, and how; and the form that begins it."""

from datetime import timedelta
from typing import get_args
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agents.events import Patience
from agents.opening import LanguageNotOfferedError, UnknownPlanError, Wish, open_interview
from agents.plans import Language, Plan, Rubric
from server.pages.language import language_of
from server.pages.rendering import page
from server.pages.texts import LANGUAGES, texts_in
from server.principal import principal
from server.services import Services
from storage import plans
from storage.plans import PlanVersion

PATIENCES: tuple[Patience, ...] = get_args(Patience)


class PlanChoice(msgspec.Struct, frozen=True):
    """A plan as it is offered, in the reader's language."""

    slug: str
    title: str
    summary: str
    minutes: int
    questions: int
    competencies: tuple[str, ...]
    languages: tuple[str, ...]


class Chosen(msgspec.Struct, frozen=True):
    """What stands in the form."""

    plan: str
    language: str
    patience: str


async def choose(request: Request) -> Response:
    """`GET /`: the plans, and a form to begin one."""
    return await _form(request, Chosen("", language_of(request), "normal"))


async def begin(request: Request) -> Response:
    """`POST /interviews`: makes the interview and goes to its room; what cannot be done is said in the form."""
    who = await principal(request)
    services: Services = request.app.state.services
    sent = await _sent(request)
    language = next((each for each in LANGUAGES if each == sent.language), None)
    patience = next((each for each in PATIENCES if each == sent.patience), None)
    if not sent.plan or language is None or patience is None:
        return await _form(request, sent, "home.wrong_choice")
    try:
        opened = await open_interview(
            services.database,
            who.tenant_id,
            who.user_id,
            Wish(plan=sent.plan, language=language, patience=patience),
            now=services.now(),
            ticket_life=timedelta(seconds=services.settings.ticket_seconds),
        )
    except UnknownPlanError:
        return await _form(request, sent, "home.wrong_plan")
    except LanguageNotOfferedError:
        return await _form(request, sent, "home.wrong_language")
    return RedirectResponse(f"/interviews/{opened.interview_id}/room", 303)


async def _form(request: Request, chosen: Chosen, problem: str | None = None) -> Response:
    who = await principal(request)
    services: Services = request.app.state.services
    async with services.database.tenant(who.tenant_id) as connection:
        versions = await plans.list_plans(connection)
    language = language_of(request)
    offered = [offer(version, language) for version in versions]
    if offered and chosen.plan not in {each.slug for each in offered}:
        chosen = msgspec.structs.replace(chosen, plan=offered[0].slug)
    sentence = texts_in(language)(problem) if problem else None
    status = 422 if problem else 200
    return page(request, "home.html", status, plans=offered, chosen=chosen, problem=sentence)


def offer(version: PlanVersion, language: Language) -> PlanChoice:
    """A plan in a reader's language, or in its own first one."""
    plan = msgspec.convert(version.body, Plan)
    rubric = msgspec.convert(version.rubric_body, Rubric)
    read_in = language if language in plan.languages else plan.languages[0]
    asked = dict.fromkeys(question.competency for question in plan.questions)
    t = texts_in(language)
    return PlanChoice(
        slug=plan.slug,
        title=plan.title[read_in],
        summary=plan.summary[read_in],
        minutes=plan.target_duration_minutes,
        questions=len(plan.questions),
        competencies=tuple(rubric.competency(each).name[read_in] for each in asked),
        languages=tuple(t(f"language.{each}") for each in plan.languages),
    )


async def _sent(request: Request) -> Chosen:
    """The form as it was sent; what is missing is empty."""
    try:
        fields = parse_qs((await request.body()).decode("ascii"), max_num_fields=20)
    except ValueError:
        fields = {}
    first = {name: values[0] for name, values in fields.items()}
    return Chosen(first.get("plan", ""), first.get("language", ""), first.get("patience", ""))

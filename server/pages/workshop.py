"""The rubric workshop: the plans that can be edited, and the ways to begin another one."""

from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agents.plans import Language, Plan, Rubric
from agents.workshop import DocumentError, read_document
from agents.workshop.drafting import EmptyJobError, draft
from server.pages.landing import is_by_model
from server.pages.language import known_language, language_of
from server.pages.rendering import page
from server.pages.room import titled
from server.pages.texts import texts_in
from server.pages.workshop_drawing import Draft, drawn
from server.pages.workshop_fields import read_fields
from server.pages.workshop_form import form_of_documents, slug_of
from server.principal import principal
from server.services import Services
from storage import plans
from storage.ids import time_of
from storage.plans import PlanVersion

SHORTEST, LONGEST = 5, 120
"""Minutes that a drafted interview can be meant to take."""
LONGEST_JOB = 20_000
_AROUND = 3
"""Lines shown on either side of one that is wrong."""


class Row(msgspec.Struct, frozen=True):
    """A plan in the workshop's list; its title in `lang`."""

    slug: str
    title: str
    lang: Language
    questions: int
    number: int
    changed_at: datetime
    is_own: bool


class Wrong(msgspec.Struct, frozen=True):
    """Why a document cannot be read; `around` are the lines about the wrong one, with their numbers."""

    sentence: str
    line: int | None
    around: tuple[tuple[int, str], ...]


async def workshop(request: Request) -> Response:
    """`GET /workshop`: one's own plans and those that come with Viva, what changed last first."""
    who = await principal(request)
    services: Services = request.app.state.services
    async with services.database.tenant(who.tenant_id) as connection:
        versions = await plans.list_plans(connection)
    language = language_of(request)
    rows = sorted((row(version, language) for version in versions), key=lambda each: each.changed_at, reverse=True)
    shared = sorted((each for each in rows if not each.is_own), key=lambda each: each.title)
    return page(request, "workshop/list.html", own=[each for each in rows if each.is_own], shared=shared)


def row(version: PlanVersion, language: Language) -> Row:
    """What the list says of a plan."""
    plan = msgspec.convert(version.body, Plan)
    return Row(
        slug=plan.slug,
        title=titled(plan, language),
        lang=language if language in plan.languages else plan.languages[0],
        questions=len(plan.questions),
        number=version.number,
        changed_at=time_of(version.id),
        is_own=version.is_own,
    )


async def reading(request: Request) -> Response:
    """`GET /workshop/new/import`: where a plan in YAML goes."""
    await principal(request)
    return page(request, "workshop/import.html", text="", wrong=None)


async def read(request: Request) -> Response:
    """`POST /workshop/new/import`: the plan in the editor, not saved; what cannot be read is shown at its line."""
    who = await principal(request)
    services: Services = request.app.state.services
    text = dict(read_fields(await request.body())).get("document", "").replace("\r\n", "\n")
    try:
        plan, rubric = read_document(text)
    except DocumentError as error:
        return page(request, "workshop/import.html", 422, text=text, wrong=wrong(error, text))
    async with services.database.tenant(who.tenant_id) as connection:
        kept = {version.slug: version for version in await plans.list_plans(connection)}
    under = kept.get(plan.slug)
    opened = Draft(
        form=form_of_documents(plan, rubric),
        base=under.number if under else None,
        slug=plan.slug if under else "",
        is_own=under is None or under.is_own,
        notice="read",
    )
    return await drawn(request, opened)


def wrong(error: DocumentError, text: str) -> Wrong:
    """The error with the lines about it."""
    sentence = f"{error.problem}. {error.mend}"
    if error.line is None:
        return Wrong(sentence, None, ())
    lines = text.split("\n")
    first, last = max(1, error.line - _AROUND), min(len(lines), error.line + _AROUND)
    return Wrong(sentence, error.line, tuple((number, lines[number - 1]) for number in range(first, last + 1)))


async def describing(request: Request) -> Response:
    """`GET /workshop/new/draft`: where a job's description goes."""
    await principal(request)
    return _asked(request, {"language": language_of(request), "minutes": "30"})


async def drafted(request: Request) -> Response:
    """`POST /workshop/new/draft`: a first plan for a job in the editor, not saved."""
    who = await principal(request)
    services: Services = request.app.state.services
    sent = dict(read_fields(await request.body()))
    language, minutes = known_language(sent.get("language")), _minutes(sent.get("minutes", ""))
    t = texts_in(language_of(request))
    if language is None or minutes is None:
        return _asked(request, sent, problem_minutes=t("workshop.wrong_minutes", least=SHORTEST, most=LONGEST))
    job = sent.get("job", "")
    if len(job) > LONGEST_JOB:
        return _asked(request, sent, problem_job=t("workshop.wrong_job_length", most=LONGEST_JOB))
    try:
        made = await draft(
            job, language, minutes, door=services.door, library=services.library, tenant_id=who.tenant_id
        )
    except EmptyJobError:
        return _asked(request, sent, problem_job=t("workshop.wrong_job"))
    async with services.database.tenant(who.tenant_id) as connection:
        taken = {version.slug for version in await plans.list_plans(connection)}
    plan, rubric = under_a_free_name(made.plan, made.rubric, taken)
    opened = Draft(
        form=form_of_documents(plan, rubric),
        base=None,
        notice="drafted",
        drafted_by=made.model or "rules",
        notes=tuple(note.get(t.language) or next(iter(note.values())) for note in made.notes),
    )
    return await drawn(request, opened)


def under_a_free_name(plan: Plan, rubric: Rubric, taken: set[str]) -> tuple[Plan, Rubric]:
    """Both under a name of their title that no plan has."""
    name = slug_of(plan.title) or plan.slug
    names = (name if number == 1 else f"{name[:36]}-{number}" for number in range(1, len(taken) + 2))
    slug = next(name for name in names if name not in taken)
    return (
        msgspec.structs.replace(plan, slug=slug, rubric=slug),
        msgspec.structs.replace(rubric, slug=slug),
    )


def _asked(request: Request, sent: dict[str, str], problem_job: str = "", problem_minutes: str = "") -> Response:
    services: Services = request.app.state.services
    return page(
        request,
        "workshop/draft.html",
        422 if problem_job or problem_minutes else 200,
        job=sent.get("job", ""),
        chosen=sent.get("language", ""),
        minutes=sent.get("minutes", ""),
        least=SHORTEST,
        most=LONGEST,
        longest=LONGEST_JOB,
        problem_job=problem_job,
        problem_minutes=problem_minutes,
        by_model=is_by_model(services),
    )


def _minutes(text: str) -> int | None:
    whole = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
    return whole if SHORTEST <= whole <= LONGEST else None

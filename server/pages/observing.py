"""An interview in progress, for somebody who watches it: what the server draws before the live connection is there."""

from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agents.plans import Language, Plan, Rubric
from server.live.protocol import MAX_REMARK
from server.pages.language import language_of
from server.pages.rendering import page
from server.pages.room import as_json, interview_id_of, names, titled
from server.pages.texts import texts_in
from server.principal import principal
from server.services import Services
from storage import interviews, plans
from storage.interviews import Interview

_TOLD_OTHERWISE = ("candidate", "phase_lobby", "phase_consent", "phase_candidate_questions")
"""What the room says to the candidate, and this page about them."""


async def watch(request: Request) -> Response:
    """`GET /interviews/{id}/watch`; one that is over leads to its report. Raises NotFound."""
    who = await principal(request)
    services: Services = request.app.state.services
    interview_id = interview_id_of(request)
    async with services.database.tenant(who.tenant_id) as connection:
        interview = await interviews.interview(connection, interview_id)
        if interview.status not in interviews.OPEN:
            return RedirectResponse(f"/interviews/{interview_id}", 303)
        version = await plans.plan_version(connection, interview.plan_version_id)
    rubric = msgspec.convert(version.rubric_body, Rubric)
    return drawn(request, interview, msgspec.convert(version.body, Plan), rubric, services.now())


def drawn(request: Request, interview: Interview, plan: Plan, rubric: Rubric, now: datetime) -> Response:
    """The page of an interview that goes on, or will; `now` lets the page know how far its own clock is off."""
    language = language_of(request)
    return page(
        request,
        "watch.html",
        interview=interview,
        plan_title=titled(plan, language),
        questions=len(plan.questions),
        longest=MAX_REMARK,
        now_ms=round(now.timestamp() * 1000),
        texts=as_json(sentences(language)),
        names=as_json(names(plan, rubric, language) | {"wordings": wordings(plan)}),
    )


def sentences(language: Language) -> dict[str, str]:
    """What the page's script says: its own texts, and the room's in the words of somebody who is not the candidate."""
    t = texts_in(language)
    retold = {"live." + name: t(f"seen.{name}") for name in _TOLD_OTHERWISE}
    return t.section("live") | retold | t.section("watch")


def wordings(plan: Plan) -> dict[str, dict[Language, str]]:
    """Every question as it is asked, by its id and language."""
    return {question.id: dict(question.text) for question in plan.questions}

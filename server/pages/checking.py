"""Before a spoken interview: does the microphone work, who hears it, and what is kept."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agents.plans import Plan
from server.accounts import accounts_of
from server.pages.language import language_of
from server.pages.rendering import page
from server.pages.room import Voices, as_json, elsewhere, interview_id_of, listed, titled, voices_of
from server.pages.texts import texts_in
from server.principal import principal
from server.services import Services
from storage import interviews, plans
from storage.interviews import Interview


async def check(request: Request) -> Response:
    """`GET /interviews/{id}/check`; one that has ended has a report instead. Raises NotFound, `LinkExpired`."""
    who = await principal(request)
    services: Services = request.app.state.services
    interview_id = interview_id_of(request)
    async with services.database.tenant(who.tenant_id) as connection:
        interview = await interviews.interview(connection, interview_id)
        if interview.status not in interviews.OPEN:
            return elsewhere(interview)
        version = await plans.plan_version(connection, interview.plan_version_id)
    voices = voices_of(accounts_of(services.settings))
    return drawn(request, interview, msgspec.convert(version.body, Plan), voices)


def drawn(request: Request, interview: Interview, plan: Plan, voices: Voices) -> Response:
    """The device check of an open interview."""
    language = language_of(request)
    return page(
        request,
        "check.html",
        interview=interview,
        plan_title=titled(plan, language),
        speech=voices.speech,
        hears=listed(voices.hears),
        speaks=listed(voices.speaks),
        texts=as_json(texts_in(language).section("sound")),
        # The interviewer's voice is tried in the interview's language, whatever the page's is.
        sample=texts_in(interview.language)("check.sample"),
    )

"""The room: what the server draws before the live connection takes over."""

from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agents.plans import Language, Plan, Rubric
from agents.providers.accounts import Accounts, HearingAccount, VoiceAccount
from server.accounts import accounts_of
from server.errors import LinkExpired, NoSuchInterview
from server.live.protocol import MAX_TEXT
from server.pages.language import language_of
from server.pages.rendering import page
from server.pages.texts import texts_in
from server.principal import principal
from server.services import Services
from storage import interviews, plans
from storage.interviews import Interview


class Voices(msgspec.Struct, frozen=True):
    """Who hears the candidate in the room, and whose voice speaks to them."""

    speech: Literal["server", "browser", "none"] = "browser"
    """`server`: through the live connection; `browser`: with what the browser brings; `none`: all is written."""
    hears: tuple[str, ...] = ()
    """The names of those to whom the server sends the candidate's voice, in the order of trying."""
    speaks: tuple[str, ...] = ()
    """The names of those who make the interviewer's voice."""


BY_BROWSER = Voices()


def voices_of(accounts: Accounts) -> Voices:
    """The server's ears and voice where both are configured, else the browser's."""
    if not accounts.can_talk:
        return BY_BROWSER
    return Voices("server", _names(accounts.hearing), _names(accounts.voices))


async def room(request: Request) -> Response:
    """`GET /interviews/{id}/room`; one that has ended has a report instead. Raises NotFound, `LinkExpired`."""
    who = await principal(request)
    services: Services = request.app.state.services
    interview_id = interview_id_of(request)
    async with services.database.tenant(who.tenant_id) as connection:
        interview = await interviews.interview(connection, interview_id)
        if interview.status not in interviews.OPEN:
            return elsewhere(interview)
        version = await plans.plan_version(connection, interview.plan_version_id)
    rubric = msgspec.convert(version.rubric_body, Rubric)
    voices = voices_of(accounts_of(services.settings))
    return drawn(request, interview, msgspec.convert(version.body, Plan), rubric, voices)


def drawn(request: Request, interview: Interview, plan: Plan, rubric: Rubric, voices: Voices) -> Response:
    """The room of an open interview."""
    language = language_of(request)
    return page(
        request,
        "room.html",
        interview=interview,
        plan_title=titled(plan, language),
        questions=len(plan.questions),
        longest=MAX_TEXT,
        speech=voices.speech,
        hears=listed(voices.hears),
        speaks=listed(voices.speaks),
        texts=as_json(texts_in(language).section("live")),
        names=as_json(names(plan, rubric, language)),
    )


def listed(names: tuple[str, ...]) -> str:
    """Names in a sentence."""
    return ", ".join(names)


def elsewhere(interview: Interview) -> Response:
    """Where an interview that cannot be entered any more leads: to its report. Raises `LinkExpired`."""
    if interview.status == "expired":
        raise LinkExpired
    return RedirectResponse(f"/interviews/{interview.id}", 303)


def interview_id_of(request: Request) -> UUID:
    """The id in the address. Raises `NoSuchInterview` where it is none."""
    try:
        return UUID(request.path_params["interview_id"])
    except ValueError:
        raise NoSuchInterview from None


def names(plan: Plan, rubric: Rubric, language: Language) -> dict[str, dict[str, object]]:
    """What the room calls things by their ids: numbers of questions, names of competencies."""
    read_in = language if language in rubric.languages else rubric.languages[0]
    return {
        "questions": {question.id: number for number, question in enumerate(plan.questions, 1)},
        "competencies": {each.id: each.name[read_in] for each in rubric.competencies},
    }


def titled(plan: Plan, language: Language) -> str:
    """The plan's title for a reader of that language, or in its own first one."""
    return plan.title[language if language in plan.languages else plan.languages[0]]


def as_json(document: object) -> str:
    """A document for a data attribute, which the template escapes."""
    return msgspec.json.encode(document).decode()


_VENDORS: dict[str, str] = {"deepgram": "Deepgram", "elevenlabs": "ElevenLabs", "openai": "OpenAI"}


def _names(accounts: tuple[HearingAccount | VoiceAccount, ...]) -> tuple[str, ...]:
    """The vendors' names, each once; where a service of one's own is configured, its host."""
    hosts = ((account, urlsplit(account.url).hostname if account.url else None) for account in accounts)
    return tuple(dict.fromkeys(host or _VENDORS[account.provider] for account, host in hosts))

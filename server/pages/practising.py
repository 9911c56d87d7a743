"""The set-up of a practice: which plan, and on it the language, the way of answering, the minutes, the patience."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, get_args
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agents.opening import DurationError, LanguageNotOfferedError, UnknownPlanError, Wish, open_interview
from agents.plans import Patience
from server.accounts import accounts_of
from server.pages.landing import is_by_model
from server.pages.language import language_of
from server.pages.plan_cards import PlanCard, plan_cards
from server.pages.rendering import page
from server.pages.room import listed, voices_of
from server.pages.texts import LANGUAGES, Texts, texts_in
from server.principal import principal
from server.services import Services
from storage import plans

Way = Literal["text", "voice"]
"""The channels a practice can be begun on."""

WAYS: tuple[Way, ...] = get_args(Way)
PATIENCES: tuple[Patience, ...] = get_args(Patience)

Problems = dict[str, str]
"""By field, what is wrong with it and what to do."""


class Filled(msgspec.Struct, frozen=True):
    """The form as it stands, or as it was sent; what is missing is empty."""

    plan: str = ""
    language: str = ""
    channel: str = ""
    patience: str = ""
    minutes: str = ""


async def practise(request: Request) -> Response:
    """`GET /practise?plan`: the plans to choose from, or the set-up of one of them."""
    cards = await _cards(request)
    slug = request.query_params.get("plan", "")
    card = next((card for card in cards if card.slug == slug), None)
    if card is None:
        # A plan that went away is said, and the others are offered.
        return page(request, "plans.html", 404 if slug else 200, cards=cards, missing=bool(slug))
    language = language_of(request)
    spoken = language if language in card.languages else card.languages[0]
    return _form(request, card, Filled(slug, spoken, "text", card.patience, str(card.minutes)))


async def begin(request: Request) -> Response:
    """`POST /interviews`: makes the interview and goes on to it; what cannot be done is said in the form."""
    who = await principal(request)
    services: Services = request.app.state.services
    filled = await _sent(request)
    cards = await _cards(request)
    card = next((card for card in cards if card.slug == filled.plan), None)
    if card is None:
        return page(request, "plans.html", 422, cards=cards, missing=True)
    t = texts_in(language_of(request))
    wish, problems = read(filled, card, t)
    if wish is None:
        return _form(request, card, filled, problems)
    try:
        opened = await open_interview(
            services.database,
            who.tenant_id,
            who.user_id,
            wish,
            now=services.now(),
            ticket_life=timedelta(seconds=services.settings.ticket_seconds),
            versions=services.versions,
        )
    except (UnknownPlanError, LanguageNotOfferedError, DurationError):
        # The plan was replaced between our reading it and the interview's making: the form as it is now says it.
        return page(request, "plans.html", 422, cards=await _cards(request), missing=True)
    next_page = "check" if wish.channel == "voice" else "room"
    return RedirectResponse(f"/interviews/{opened.interview_id}/{next_page}", 303)


def read(filled: Filled, card: PlanCard, t: Texts) -> tuple[Wish | None, Problems]:
    """What was asked for, or what is wrong with it. Without minutes the plan's own count."""
    problems: Problems = {}
    language = next((each for each in LANGUAGES if each == filled.language), None)
    if language not in card.languages:
        problems["language"] = t("setup.wrong_language")
    channel = next((each for each in WAYS if each == filled.channel), None)
    if channel is None:
        problems["channel"] = t("setup.wrong_channel")
    patience = next((each for each in PATIENCES if each == filled.patience), None)
    if patience is None:
        problems["patience"] = t("setup.wrong_patience")
    minutes = _minutes(filled.minutes, card)
    if minutes is None:
        problems["minutes"] = t("setup.wrong_minutes", least=card.least_minutes, most=card.most_minutes)
    if language is None or channel is None or patience is None or problems:
        return None, problems
    wish = Wish(plan=card.slug, language=language, channel=channel, patience=patience, target_duration_minutes=minutes)
    return wish, problems


def _minutes(text: str, card: PlanCard) -> int | None:
    """The minutes that were written; None where they are no number or out of the plan's range."""
    text = text.strip()
    if not text:
        return card.minutes
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        return None
    return int(text) if card.least_minutes <= int(text) <= card.most_minutes else None


def _form(request: Request, card: PlanCard, filled: Filled, problems: Mapping[str, str] | None = None) -> Response:
    status = 422 if problems else 200
    services: Services = request.app.state.services
    voices = voices_of(accounts_of(services.settings))
    return page(
        request,
        "practise.html",
        status,
        card=card,
        filled=filled,
        problems=problems or {},
        speech=voices.speech,
        hears=listed(voices.hears),
        by_model=is_by_model(services),
    )


async def _cards(request: Request) -> tuple[PlanCard, ...]:
    who = await principal(request)
    services: Services = request.app.state.services
    async with services.database.tenant(who.tenant_id) as connection:
        return plan_cards(await plans.list_plans(connection), language_of(request))


async def _sent(request: Request) -> Filled:
    """The form as it was sent."""
    try:
        fields = parse_qs((await request.body()).decode("ascii"), max_num_fields=20)
    except ValueError:
        fields = {}
    known = {name: fields[name][0] for name in Filled.__struct_fields__ if name in fields}
    return Filled(**known)

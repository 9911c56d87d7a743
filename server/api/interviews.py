"""Interviews: begin one, find it again, and get back in."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, cast
from uuid import UUID

import msgspec

from agents import opening
from agents.events import Channel, Kind
from agents.opening import Wish
from agents.plans import Language, Patience
from server.api.endpoint import Answer, Call, Endpoint, Nothing
from server.api.plans import Slug
from server.errors import (
    BadCursor,
    ChannelNotOpen,
    DurationOutOfRange,
    InterviewGoesOn,
    InterviewOver,
    LanguageNotOffered,
    NoSuchInterview,
    ScreeningNotOpen,
    UnknownPlan,
)
from server.principal import Principal
from server.services import Services
from storage import interviews as kept
from storage.interviews import Interview, Status
from storage.tickets import TicketRole

Limit = Annotated[int, msgspec.Meta(ge=1, le=100, description="How many, from 1 to 100.")]
SearchText = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        description="Words that the plan's title, the date (2026-11-20, UTC) or the person's answers have to hold.",
    ),
]
LIVE_PATH = "/live"
OPEN_CHANNELS = ("text", "voice")
"""What can be asked for here: typing, and the browser's own recogniser and voices."""


class NewInterview(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What interview to begin."""

    plan: Slug
    language: Language
    kind: Kind = "practice"
    channel: Channel = "text"
    patience: Patience | None = None
    target_duration_minutes: int | None = None
    """Soft limit; the plan's own where it is left out."""


class InterviewView(msgspec.Struct, frozen=True, kw_only=True):
    """One sitting. `overall_score` is 0–100, null where there is none (yet)."""

    id: UUID
    status: Status
    kind: Kind
    channel: Channel
    plan: str
    plan_title: str
    plan_version_id: UUID
    language: Language
    target_duration_minutes: int
    scorer: str
    """`rehearsal`: Viva's own code, without a model; or `model`."""
    overall_score: float | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    actual_duration_seconds: int | None
    last_seq: int
    page: str
    """Path of its page: the report, or the way back into the interview."""


class OpenedInterview(InterviewView, frozen=True, kw_only=True):
    """An interview that has just been made, with the first ticket to it."""

    ticket: str
    ticket_expires_at: datetime
    live_path: str
    """Path of the WebSocket."""


class InterviewPage(msgspec.Struct, frozen=True):
    """Interviews, the newest first. `next_cursor` leads to the next page; null on the last."""

    interviews: tuple[InterviewView, ...]
    next_cursor: str | None


class Ticket(msgspec.Struct, frozen=True):
    """Opens one connection to the interview, once."""

    ticket: str
    expires_at: datetime
    live_path: str


class DeletedInterview(msgspec.Struct, frozen=True):
    """Nobody sees it any more; `purged_after` is when its rows and recordings are removed for good."""

    id: UUID
    purged_after: datetime


class TicketQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: Annotated[
        TicketRole,
        msgspec.Meta(description="`candidate` opens the interview itself; `observer` watches; `operator` may step in."),
    ] = "candidate"


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 20
    cursor: str | None = None
    status: Status | None = None
    language: Language | None = None
    plan: Slug | None = None
    text: SearchText | None = None


async def begin(call: Call[NewInterview, Nothing]) -> Answer:
    services, who, body = call.services, call.principal, call.body
    if body.kind == "screening":
        raise ScreeningNotOpen
    if body.channel not in OPEN_CHANNELS:
        raise ChannelNotOpen
    wish = Wish(
        plan=body.plan,
        language=body.language,
        kind=body.kind,
        channel=body.channel,
        patience=body.patience,
        target_duration_minutes=body.target_duration_minutes,
    )
    try:
        opened = await opening.open_interview(
            services.database,
            who.tenant_id,
            who.user_id,
            wish,
            now=services.now(),
            ticket_life=ticket_life(services),
            versions=services.versions,
        )
    except opening.UnknownPlanError:
        raise UnknownPlan from None
    except opening.LanguageNotOfferedError as refused:
        raise LanguageNotOffered(refused.offered) from None
    except opening.DurationError as refused:
        raise DurationOutOfRange(refused.least, refused.most) from None
    made = view(await find(services, who, opened.interview_id))
    answer = OpenedInterview(
        **msgspec.structs.asdict(made),
        ticket=opened.ticket.ticket,
        ticket_expires_at=opened.ticket.expires_at,
        live_path=LIVE_PATH,
    )
    return Answer(answer, {"Location": f"/api/v1/interviews/{opened.interview_id}"})


async def listed(call: Call[Nothing, ListQuery]) -> InterviewPage:
    query = call.query
    found, more = await _page(call.services, call.principal, query)
    cursor = write_cursor(more) if more else None
    return InterviewPage(tuple(view(interview) for interview in found), cursor)


async def one(call: Call[Nothing, Nothing]) -> InterviewView:
    interview_id = call.id("interview_id", "an interview")
    return view(await find(call.services, call.principal, interview_id))


async def another_ticket(call: Call[Nothing, TicketQuery]) -> Ticket:
    services = call.services
    interview_id = call.id("interview_id", "an interview")
    await find(services, call.principal, interview_id)
    try:
        issued = await opening.issue_ticket(
            services.database,
            call.principal.tenant_id,
            interview_id,
            now=services.now(),
            ticket_life=ticket_life(services),
            role=call.query.role,
            user_id=call.principal.user_id,
        )
    except opening.InterviewOverError:
        raise InterviewOver from None
    return Ticket(issued.ticket, issued.expires_at, LIVE_PATH)


async def delete(call: Call[Nothing, Nothing]) -> DeletedInterview:
    services = call.services
    interview_id = call.id("interview_id", "an interview")
    interview = await find(services, call.principal, interview_id)
    if interview.status in ("in_progress", "paused"):
        raise InterviewGoesOn
    at = services.now()
    async with services.database.tenant(call.principal.tenant_id) as connection:
        if not await kept.delete_softly(connection, interview_id, at):
            raise NoSuchInterview
    return DeletedInterview(interview_id, at + kept.PURGE_AFTER)


async def find(services: Services, who: Principal, interview_id: UUID) -> Interview:
    """The person's interview. Raises NotFound, which is told as `NoSuchInterview`."""
    async with services.database.tenant(who.tenant_id) as connection:
        return await kept.interview(connection, interview_id)


def ticket_life(services: Services) -> timedelta:
    return timedelta(seconds=services.settings.ticket_seconds)


def view(interview: Interview) -> InterviewView:
    """An interview as the API shows it."""
    return InterviewView(
        id=interview.id,
        status=interview.status,
        kind=interview.kind,
        channel=interview.channel,
        plan=interview.plan_slug,
        plan_title=interview.plan_title,
        plan_version_id=interview.plan_version_id,
        language=cast("Language", interview.language),
        target_duration_minutes=interview.target_duration_minutes,
        scorer=interview.scorer,
        overall_score=interview.overall_score,
        created_at=interview.created_at,
        started_at=interview.started_at,
        completed_at=interview.completed_at,
        actual_duration_seconds=interview.actual_duration_seconds,
        last_seq=interview.last_seq,
        page=f"/interviews/{interview.id}",
    )


def write_cursor(last: UUID) -> str:
    """Where the next page begins, as a text that means nothing to anyone else."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def read_cursor(cursor: str | None) -> UUID | None:
    """The place a cursor stands for. Raises `BadCursor`."""
    if cursor is None:
        return None
    try:
        place = UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise BadCursor from None
    if place.version != 7 or write_cursor(place) != cursor:
        raise BadCursor
    return place


async def _page(services: Services, who: Principal, query: ListQuery) -> tuple[Sequence[Interview], UUID | None]:
    """The page, and the id after which the next begins, where there is one."""
    async with services.database.tenant(who.tenant_id) as connection:
        found = await kept.interviews_of(
            connection,
            who.user_id,
            before=read_cursor(query.cursor),
            limit=query.limit + 1,
            statuses=[query.status] if query.status else None,
            language=query.language,
            plan=query.plan,
            text=query.text,
        )
    return found[: query.limit], found[query.limit - 1].id if len(found) > query.limit else None


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/api/v1/interviews",
        name="begin_interview",
        summary="Begin an interview",
        handle=begin,
        answer=OpenedInterview,
        body=NewInterview,
        query=Nothing,
        status=201,
        errors=(UnknownPlan, LanguageNotOffered, DurationOutOfRange, ScreeningNotOpen, ChannelNotOpen),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/interviews",
        name="interviews",
        summary="My interviews, the newest first",
        handle=listed,
        answer=InterviewPage,
        body=Nothing,
        query=ListQuery,
        errors=(BadCursor,),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/interviews/{interview_id}",
        name="interview",
        summary="One interview",
        handle=one,
        answer=InterviewView,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchInterview,),
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/interviews/{interview_id}",
        name="delete_interview",
        summary="Delete an interview",
        handle=delete,
        answer=DeletedInterview,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchInterview, InterviewGoesOn),
    ),
    Endpoint(
        method="POST",
        path="/api/v1/interviews/{interview_id}/tickets",
        name="new_ticket",
        summary="Another ticket to an interview that goes on",
        handle=another_ticket,
        answer=Ticket,
        body=Nothing,
        query=TicketQuery,
        status=201,
        errors=(NoSuchInterview, InterviewOver),
    ),
)

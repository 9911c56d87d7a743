"""What was said and done in an interview: its log, and the transcript that is read from it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from agents.answers import Segment, transcript_of
from agents.log import from_record
from server.api.endpoint import Call, Endpoint, Nothing
from server.api.interviews import find
from server.errors import NoSuchInterview
from storage import events as kept
from storage.events import EventRecord


class EventView(msgspec.Struct, frozen=True):
    """One fact. `at_ms` is interview time, which stands still while the candidate is away."""

    seq: int
    id: UUID
    type: str
    at: datetime
    at_ms: int
    actor: str
    event: dict[str, Any]
    """The fact itself, its `type` included."""
    client_id: str | None


class EventPage(msgspec.Struct, frozen=True):
    """Facts in order. `next_after` is the `after` of the next page; null when these were the last for now."""

    events: tuple[EventView, ...]
    next_after: int | None


class EventQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    after: Annotated[int, msgspec.Meta(ge=0, le=1 << 53, description="Facts numbered above this.")] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000, description="How many, from 1 to 1,000.")] = 200


class TranscriptView(msgspec.Struct, frozen=True):
    """Everything said so far. `last_seq` is the last fact it was read from."""

    interview_id: UUID
    language: str
    last_seq: int
    segments: tuple[Segment, ...]


async def events(call: Call[Nothing, EventQuery]) -> EventPage:
    interview_id = call.id("interview_id", "an interview")
    await find(call.services, call.principal, interview_id)
    limit = call.query.limit
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        records = await kept.events_after(connection, interview_id, call.query.after, limit + 1)
    page = records[:limit]
    return EventPage(tuple(_view(record) for record in page), page[-1].seq if len(records) > limit else None)


async def transcript(call: Call[Nothing, Nothing]) -> TranscriptView:
    interview_id = call.id("interview_id", "an interview")
    interview = await find(call.services, call.principal, interview_id)
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        records = await kept.events_after(connection, interview_id)
    last_seq = records[-1].seq if records else 0
    log = [from_record(record) for record in records]
    return TranscriptView(interview_id, interview.language, last_seq, transcript_of(log))


def _view(record: EventRecord) -> EventView:
    return EventView(
        record.seq,
        record.id,
        record.type,
        record.at,
        record.at_ms,
        record.actor,
        record.payload,
        record.client_id,
    )


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/interviews/{interview_id}/events",
        name="interview_events",
        summary="The log of an interview, fact by fact",
        handle=events,
        answer=EventPage,
        body=Nothing,
        query=EventQuery,
        errors=(NoSuchInterview,),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/interviews/{interview_id}/transcript",
        name="interview_transcript",
        summary="What both sides said, so far",
        handle=transcript,
        answer=TranscriptView,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchInterview,),
    ),
)

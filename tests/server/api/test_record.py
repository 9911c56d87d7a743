from uuid import UUID

import httpx
import pytest

from agents.events import (
    AnyPayload,
    PhaseEntered,
    ReplyDecided,
    ReplyHeard,
    TurnClosed,
    to_document,
    type_of,
)
from server.services import Services
from storage import events
from storage.ids import uuid7
from tests.server.api.test_interviews import INTERVIEWS, begin
from tests.server.serving import Clock


async def append(served: Services, interview_id: str, *facts: AnyPayload) -> None:
    """Put facts into a log, a second of interview time apart."""
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        new = [
            events.NewEvent(
                id=uuid7(),
                type=type_of(fact),
                at=served.now(),
                at_ms=1_000 * place,
                actor="director",
                payload=to_document(fact),
            )
            for place, fact in enumerate(facts, start=1)
        ]
        await events.append(connection, UUID(interview_id), 0, new)


async def test_the_log_is_read_page_by_page_without_a_gap(client: httpx.AsyncClient, served: Services) -> None:
    body = await begin(client)
    await append(served, body["id"], *(PhaseEntered(phase="consent") for _ in range(6)))
    read, after, pages = [], 0, 0
    while pages == 0 or after:
        page = (await client.get(f"{INTERVIEWS}/{body['id']}/events", params={"after": after, "limit": 3})).json()
        read += [event["seq"] for event in page["events"]]
        after, pages = page["next_after"], pages + 1
    assert (read, pages) == ([1, 2, 3, 4, 5, 6, 7], 3)


async def test_a_fact_is_shown_whole(client: httpx.AsyncClient, served: Services, clock: Clock) -> None:
    body = await begin(client)
    fact = PhaseEntered(phase="warm_up")
    await append(served, body["id"], fact)
    page = (await client.get(f"{INTERVIEWS}/{body['id']}/events", params={"after": 1})).json()
    (event,) = page["events"]
    assert (event["seq"], event["type"], event["actor"]) == (2, "phase.entered", "director")
    assert (event["at_ms"], event["client_id"]) == (1_000, None)
    assert event["event"] == to_document(fact)


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "limit=0", "limit=1001", "before=3", "after=99999999999999999999"]
)
async def test_a_wrong_place_in_the_log_is_refused(client: httpx.AsyncClient, query: str) -> None:
    body = await begin(client)
    answer = await client.get(f"{INTERVIEWS}/{body['id']}/events?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_query")


async def test_the_transcript_holds_what_was_heard_and_what_was_answered(
    client: httpx.AsyncClient, served: Services
) -> None:
    body = await begin(client)
    asked, unheard = uuid7(), uuid7()
    await append(
        served,
        body["id"],
        ReplyDecided(reply_id=asked, kind="next", question_id="q1"),
        ReplyHeard(reply_id=asked, text="Tell me of a time", interrupted=True, heard=0.4),
        TurnClosed(turn_id=uuid7(), text="Last year we moved a service.", source="typed", question_id="q1"),
        ReplyDecided(reply_id=unheard, kind="probe", question_id="q1", probe_id="q1.result"),
        ReplyHeard(reply_id=unheard, text="", interrupted=True, heard=0.0),
    )
    transcript = (await client.get(f"{INTERVIEWS}/{body['id']}/transcript")).json()
    shown = [(s["seq"], s["speaker"], s["text"], s["interrupted"]) for s in transcript["segments"]]
    assert shown == [
        (3, "interviewer", "Tell me of a time", True),
        (4, "candidate", "Last year we moved a service.", False),
    ]
    assert {segment["question_id"] for segment in transcript["segments"]} == {"q1"}
    assert transcript["last_seq"] == 6


async def test_a_new_interviews_transcript_is_empty(client: httpx.AsyncClient) -> None:
    body = await begin(client)
    transcript = (await client.get(f"{INTERVIEWS}/{body['id']}/transcript")).json()
    assert (transcript["segments"], transcript["last_seq"]) == ([], 1)

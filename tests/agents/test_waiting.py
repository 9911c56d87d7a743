"""What an interview does while its log cannot be written: the real database behind a line that stands still."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from agents import events
from agents.director import Turn
from agents.phrases import phrase
from benchmarks.chaos.proxy import Proxy, socket_file
from storage.database import Database
from storage.ids import uuid7
from tests.agents.room import Room, open_room
from tests.agents.test_conversation import asked, to_first_question
from tests.agents.test_spoken_conversation import Booth, facts, heard
from tests.conftest import DatabaseUrls, Person

ONE_MOMENT = phrase("en", "one_moment")
WITHIN_S = 15.0


@pytest.fixture
async def line(database_urls: DatabaseUrls) -> AsyncIterator[Proxy]:
    folder = parse_qs(urlsplit(database_urls.app).query)["host"][0]
    proxy = Proxy([socket_file(folder)])
    await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def far_database(database_urls: DatabaseUrls, line: Proxy) -> AsyncIterator[Database]:
    """The same database, by the line."""
    url = urlsplit(database_urls.app)
    opened = await Database.open(f"postgresql://{url.username}:{url.password}@{line.address}{url.path}", min_size=1)
    yield opened
    line.release()
    await opened.close()


@pytest.fixture
async def room(database: Database, far_database: Database, tenant: Person) -> Room:
    made = await open_room(database, tenant)
    return Room(far_database, tenant.tenant_id, made.log.interview_id)


async def test_the_candidate_is_asked_for_a_moment_and_what_was_sent_is_kept_once(room: Room, line: Proxy) -> None:
    async with room.attended() as (conversation, ear):
        await to_first_question(conversation, ear)
        before = len(ear.events)
        line.stall()
        conversation.put(Turn(uuid7(), "We shipped it in May.", "typed"), "a")
        conversation.put(Turn(uuid7(), "And it held.", "typed"), "b")
        await ear.until(lambda: ear.holds == [ONE_MOMENT], WITHIN_S)
        assert len(ear.events) == before
        room.clock.at_s += 3
        line.release()
        await ear.until(lambda: {"a", "b"} <= set(ear.acks), WITHIN_S)
        await ear.until(lambda: facts(ear, events.InterviewHeld) == 1)
    assert ear.holds == [ONE_MOMENT, ""]
    said = [turn.text for turn in await room.facts(events.TurnClosed)]
    assert said[-2:] == ["We shipped it in May.", "And it held."]
    [held] = await room.facts(events.InterviewHeld)
    assert (held.was_said, held.for_ms) == (True, 3_000)
    seqs = [event.seq for event in await room.log.read()]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_a_reply_whose_decision_cannot_be_kept_is_not_said(room: Room, line: Proxy) -> None:
    async with room.attended() as (conversation, ear):
        await to_first_question(conversation, ear)
        replies = dict(ear.replies)
        line.stall()
        conversation.put(Turn(uuid7(), "We shipped it in May.", "typed"), "a")
        await ear.until(lambda: ear.holds, WITHIN_S)
        assert ear.replies == replies
        line.release()
        await ear.until(asked(ear, "q2"), WITHIN_S)


async def test_interview_time_stands_still_meanwhile(room: Room, line: Proxy) -> None:
    async with room.attended() as (conversation, ear):
        await to_first_question(conversation, ear)
        line.stall()
        conversation.put(Turn(uuid7(), "We shipped it in May.", "typed"), "a")
        await ear.until(lambda: ear.holds, WITHIN_S)
        at_ms = conversation.now_ms()
        room.clock.at_s += 50
        assert conversation.now_ms() == at_ms
        line.release()
        await ear.until(lambda: ear.holds[-1] == "", WITHIN_S)
        room.clock.at_s += 1
        assert conversation.now_ms() == at_ms + 1_000


async def test_a_log_that_is_only_looked_at_late_holds_nobody(room: Room, line: Proxy) -> None:
    async with room.attended() as (conversation, ear):
        await to_first_question(conversation, ear)
        line.refuse()
        line.cut()
        conversation.look()
        conversation.active()
        line.refuse(refuses=False)
        conversation.put(Turn(uuid7(), "We shipped it in May.", "typed"), "a")
        await ear.until(asked(ear, "q2"), WITHIN_S)
    assert not ear.closings


async def test_a_spoken_interview_asks_for_the_moment_aloud(
    database: Database, far_database: Database, tenant: Person, line: Proxy
) -> None:
    made = await open_room(database, tenant, "voice")
    booth = Booth(Room(far_database, tenant.tenant_id, made.log.interview_id))
    async with booth.attended([]) as (conversation, ear):
        await ear.until(lambda: len(heard(ear)) == 1)
        began = booth.client.did("began")
        line.stall()
        conversation.put(Turn(uuid7(), "Yes, I agree.", "typed"), "yes")
        async with asyncio.timeout(WITHIN_S):
            while True:
                if booth.client.did("ended") == began + 1:
                    break
                await asyncio.sleep(0.02)
        assert booth.voice.spoken[-1] == ONE_MOMENT
        line.release()
        await ear.until(lambda: len(heard(ear)) == 2, WITHIN_S)
    assert ONE_MOMENT not in [reply.text for reply in await booth.room.facts(events.ReplyHeard)]

"""PostgreSQL is killed, stands still or cannot be reached; nothing is said that is not kept, and all of it goes on."""

import asyncio
import time

import pytest

from agents.log import HOLD_S
from benchmarks.chaos.product import Site
from server.live.protocol import Notice, ReplyDelta
from server.terminal.api import Api
from server.terminal.errors import Refused
from tests.chaos.cast import COMMIT, Candidate, Court, writing
from tests.chaos.conftest import Enters

pytestmark = pytest.mark.asyncio(loop_scope="module")

AWAY_S = 3.0
STALLED_S = 20.0


def notices(one: Candidate, code: str) -> int:
    return sum(isinstance(message, Notice) and message.code == code for message in one.messages)


def words(one: Candidate) -> int:
    return sum(isinstance(message, ReplyDelta) for message in one.messages)


async def test_killed_for_three_seconds_every_live_interview_waits_and_goes_on(
    site: Site, judge: Court, candidate: Enters
) -> None:
    several = [await candidate() for _ in range(4)]
    await asyncio.gather(*(one.reaches(1) for one in several))
    await site.postgres.kill()
    sent = [await one.says() for one in several]
    said = [words(one) for one in several]
    await asyncio.sleep(AWAY_S)
    assert [words(one) for one in several] == said
    assert not any(one.is_acknowledged(client_id) for one, client_id in zip(several, sent, strict=True))
    assert all(notices(one, "one_moment") == 1 for one in several)
    await site.postgres.start()
    await asyncio.gather(*(one.floor() for one in several))
    assert all(one.is_acknowledged(client_id) for one, client_id in zip(several, sent, strict=True))
    assert [one.welcomes for one in several] == [1] * 4
    await asyncio.gather(*(one.finishes() for one in several))
    for one in several:
        await judge.acquits(one)


async def test_killed_while_replies_are_said_each_question_is_asked_once(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    heard = site.line.hold_at(writing("reply.heard"))
    await one.presses("skip")
    await heard.springs()
    await site.postgres.kill()
    heard.release()
    await site.postgres.start()
    await one.floor()
    await one.finishes()
    await judge.acquits(one)


async def test_a_new_interview_gets_a_clear_answer_while_the_database_is_away(site: Site) -> None:
    await site.whole()
    await site.postgres.kill()
    began = time.monotonic()
    async with Api(site.servings[0].url) as api:
        with pytest.raises(Refused) as refusal:
            await api.open("behavioural", "en")
    assert refusal.value.status == 503
    assert time.monotonic() - began < 5.0
    assert "database" in str(refusal.value) or "moment" in str(refusal.value)
    assert not await site.servings[0].is_ready()
    await site.postgres.start()
    await site.servings[0].ready()


async def test_out_of_reach_for_twenty_seconds_the_interview_waits_and_goes_on(
    site: Site, judge: Court, candidate: Enters
) -> None:
    assert STALLED_S < HOLD_S
    one = await candidate(line_dead_after_s=10.0)
    await one.reaches(1)
    site.line.stall()
    sent = await one.says()
    said = words(one)
    await one.until(lambda: notices(one, "one_moment") == 1, "the request for a moment")
    await asyncio.sleep(STALLED_S)
    assert words(one) == said
    assert not one.is_acknowledged(sent)
    site.line.release()
    await one.until(lambda: one.is_acknowledged(sent), "the acknowledgement")
    await one.until(lambda: notices(one, "going_on") == 1, "the end of the wait")
    await one.floor()
    await one.finishes()
    assert one.welcomes == 1
    await judge.acquits(one)


async def test_out_of_reach_of_one_process_in_mid_append_another_takes_the_interview_over(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await site.whole()
    await one.reaches(1)
    holder = await judge.holder(one.interview_id)
    # The row is locked and the process that locked it can neither commit nor roll back nor be seen to be gone.
    locked = site.line.hold_at(writing("turn.closed"), COMMIT)
    sent = await one.says()
    await locked.springs()
    holder.line.stall()
    holder.freeze()
    site.door.upstreams.remove(holder.address)
    try:
        site.door.cut()
        await one.until(lambda: one.is_acknowledged(sent), "the acknowledgement by another process", 20.0)
        await one.floor()
        assert one.epoch >= 2
    finally:
        site.door.upstreams.append(holder.address)
    await one.finishes()
    await judge.acquits(one)


async def test_standing_still_the_database_holds_nobody_longer_than_it_stands_still(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate(line_dead_after_s=10.0)
    await one.reaches(1)
    site.postgres.freeze()
    sent = await one.says()
    await one.until(lambda: notices(one, "one_moment") == 1, "the request for a moment")
    assert not one.is_acknowledged(sent)
    site.postgres.thaw()
    await one.floor()
    await one.finishes()
    assert one.welcomes == 1
    await judge.acquits(one)


async def test_database_and_server_killed_together_lose_nothing_that_was_acknowledged(
    site: Site, judge: Court, candidate: Enters
) -> None:
    several = [await candidate() for _ in range(3)]
    await asyncio.gather(*(one.reaches(1) for one in several))
    for one in several:
        await one.says()
    await asyncio.gather(site.postgres.kill(), *(serving.kill() for serving in site.servings))
    await site.postgres.start()
    for serving in site.servings:
        serving.begin()
    await asyncio.gather(*(one.floor() for one in several))
    await asyncio.gather(*(one.finishes() for one in several))
    for one in several:
        await judge.acquits(one)

"""Clients that come back too often, know too much, or bring a ticket that is not theirs any more."""

import asyncio
import contextlib
import random

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from benchmarks.chaos.product import Site
from server.live.protocol import SUBPROTOCOL, Hello, Problem, ServerMessage, Welcome
from server.terminal.api import Api
from tests.chaos.cast import Candidate, Court
from tests.chaos.conftest import Enters
from tests.server.live.candidate import Candidate as Socket

pytestmark = pytest.mark.asyncio(loop_scope="module")

RETURNS = 50


async def enters_with(url: str, ticket: str, last_seq: int = 0) -> Socket:
    """A bare socket on which hello was said."""
    socket = await connect(
        url.replace("http", "ws", 1) + "/live",
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        proxy=None,
    )
    one = Socket(socket)
    await one.send(Hello(ticket=ticket, last_seq=last_seq, client="chaos"))
    return one


async def first_of(one: Socket) -> ServerMessage:
    """What the server says first."""
    with contextlib.suppress(ConnectionClosed):
        await one.next(Welcome)
    return one.messages[0]


async def test_a_client_that_returns_fifty_times_loses_nothing(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(1)
    chance = random.Random(50)  # noqa: S311 - repeatable by design
    typed = []
    for number in range(RETURNS):
        if number % 10 == 0:
            typed.append(await one.says())
        before = one.welcomes
        if chance.random() < 0.5:
            one.client.drop()
        else:
            site.door.cut()
        await one.until(lambda before=before: one.welcomes > before, "the next welcome")  # type: ignore[misc]
    await one.until(lambda: all(map(one.is_acknowledged, typed)), "the acknowledgements")
    log = await judge.log(one.interview_id)
    kept = [event.client_id for event in log]
    assert [kept.count(client_id) for client_id in typed] == [1] * len(typed)
    await one.floor()
    await one.finishes()
    await judge.acquits(one)


async def test_a_number_from_the_future_brings_the_whole_log_from_either_process(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    await one.leaves()
    async with Api(site.url) as api:
        for last_seq in (10_000, 2**53, 2**63 - 1):
            ticket = await api.ticket(one.interview_id)
            again = await enters_with(site.url, ticket.ticket, last_seq)
            await again.next(Welcome)
            await again.floor()
            assert again.facts[0].seq == 1
            assert again.facts[0].event["type"] == "interview.created"
            await again.drop()
    await judge.acquits(one, must_end=False)


async def test_a_ticket_used_twice_at_once_opens_one_door(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await site.whole()
    await one.reaches(1)
    await one.leaves()
    async with Api(site.url) as api:
        ticket = (await api.ticket(one.interview_id)).ticket
    tries = await asyncio.gather(*(enters_with(serving.url, ticket) for serving in site.servings for _ in range(3)))
    firsts = await asyncio.gather(*(first_of(each) for each in tries))
    assert sum(isinstance(first, Welcome) for first in firsts) == 1
    refused = [first for first in firsts if isinstance(first, Problem)]
    assert {(problem.code, problem.close_code) for problem in refused} == {("ticket_used", 4403)}
    for each in tries:
        await each.drop()
    await judge.acquits(one, must_end=False)


async def test_a_stolen_ticket_lets_the_thief_in_once_and_the_candidate_takes_the_interview_back(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await site.whole()
    await one.reaches(1)
    question = one.state.question
    await one.leaves()
    async with Api(site.url) as api:
        stolen = (await api.ticket(one.interview_id)).ticket
    thief = await enters_with(site.servings[0].url, stolen)
    await thief.next(Welcome)
    async with Candidate(site.servings[1].url, "the candidate") as back:
        # The ticket they hold is spent: they are refused, ask for another, and are let in.
        back.client.resume(one.interview_id, stolen)
        back._listening = asyncio.create_task(back._listen())
        await back.until(lambda: back.welcomes == 1, "the welcome")
        assert [problem.code for problem in back.problems] == ["ticket_used"]
        await back.floor()
        assert back.state.question == question
        await thief.say("I am the one who was asked.", "stolen")
        assert await thief.closed() == 4409
        await back.finishes()
        log = await judge.log(one.interview_id)
        assert "stolen" not in [event.client_id for event in log]
        again = await enters_with(site.url, stolen)
        assert isinstance(await first_of(again), Problem)
        await judge.acquits(back, one)

"""A wall clock that jumps: interview time, timers, order and identity do not depend on it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from agents.sweeping import sweep
from benchmarks.chaos.judge import Witness, judge, kept_log
from server.live.protocol import Welcome
from server.tasks import clocks
from storage.cache import Cache
from storage.database import Database
from storage.events import EventRecord
from tests.conftest import Person
from tests.server.live.candidate import Candidate
from tests.server.live.house import ANSWER, HeldWriter, House, open_house
from tests.server.serving import Clock, make_services

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
LONGEST_MS = 60_000
"""More interview time than any of these tests takes."""


@asynccontextmanager
async def one_house(database: Database, tenant: Person, cache: Cache, home: Path) -> AsyncIterator[House]:
    clock = Clock()
    services = await make_services(database, tenant, home, cache=cache, now=clock)
    async with open_house(services, clock, HeldWriter()) as opened:
        yield opened


@pytest_asyncio.fixture
async def house(database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path) -> AsyncIterator[House]:
    async with one_house(database, tenant, redis_cache, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def other(database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path) -> AsyncIterator[House]:
    """Another process's place, with a clock of its own."""
    async with one_house(database, tenant, redis_cache, tmp_path / "other") as opened:
        yield opened


async def answers(candidate: Candidate) -> None:
    await candidate.say(ANSWER)
    await candidate.floor()
    await candidate.press("skip")
    await candidate.floor()


async def log_of(house: House, interview_id: UUID) -> list[EventRecord]:
    return await kept_log(house.services.database, interview_id, house.tenant_id)


def in_order(log: Sequence[EventRecord]) -> bool:
    """Numbers without gaps, interview time that never goes back nor leaps, every id once."""
    times = [event.at_ms for event in log]
    return (
        [event.seq for event in log] == list(range(1, len(log) + 1))
        and times == sorted(times)
        and times[-1] < LONGEST_MS
        and len({event.id for event in log}) == len(log)
    )


def witnessed(*candidates: Candidate) -> list[Witness]:
    """What each of them was told."""
    witnesses = []
    for candidate in candidates:
        witness = Witness()
        witness.opened()
        for message in candidate.messages:
            witness.told(message)
        witnesses.append(witness)
    return witnesses


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["a day ahead", "a day back"])
async def test_a_wall_clock_that_jumps_in_mid_interview_moves_neither_time_nor_timers(
    house: House, jump: timedelta
) -> None:
    interview_id, candidate = await house.begins(2)
    left_ms = candidate.state.left_ms
    before = candidate.last_seq
    house.clock.forward(jump)
    await answers(candidate)
    log = await log_of(house, interview_id)
    assert in_order(log)
    assert log[-1].at - log[before - 1].at == jump
    # What time brings about came no sooner: no nudge, no warning, no end.
    assert not {"silence.noticed", "time.warned", "interview.ended", "interview.paused"} & {e.type for e in log}
    assert left_ms - LONGEST_MS < candidate.state.left_ms <= left_ms
    assert judge(interview_id, log, witnessed(candidate), must_end=False).faults == []


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["a day ahead", "a day back"])
async def test_a_candidate_who_drops_while_the_clock_jumps_comes_back_to_the_same_question(
    house: House, jump: timedelta
) -> None:
    interview_id, candidate = await house.begins(2)
    await candidate.drop()
    await house.left(interview_id)
    house.clock.forward(jump)
    again = await house.enters(interview_id, last_seq=candidate.last_seq)
    assert "Welcome back" in await again.floor()
    assert again.number == 2
    assert again.welcome.epoch == 2
    log = await log_of(house, interview_id)
    assert in_order(log)
    assert judge(interview_id, log, witnessed(candidate, again), must_end=False).faults == []


async def test_two_processes_an_hour_apart_hand_an_interview_to_and_fro(house: House, other: House) -> None:
    other.clock.forward(-HOUR)
    interview_id, candidate = await house.begins(1)
    seen = [candidate]
    for number, place in enumerate((other, house, other), start=2):
        again = await place.enters(interview_id, last_seq=seen[-1].last_seq)
        # The one before is told by its own process, or falls silent at its next word.
        assert again.welcome.epoch == number
        await again.floor()
        await answers(again)
        assert again.number == number
        seen.append(again)
    log = await log_of(house, interview_id)
    assert in_order(log)
    assert max(event.at for event in log) - min(event.at for event in log) >= HOUR - timedelta(minutes=1)
    assert judge(interview_id, log, witnessed(*seen), must_end=False).faults == []


async def test_a_ticket_of_a_process_an_hour_behind_is_refused_by_name_and_the_next_one_opens(
    house: House, other: House
) -> None:
    other.clock.forward(-HOUR)
    interview_id = await house.opens()
    late = await house.greets(await other.ticket(interview_id))
    assert await late.closed() == 4410
    assert late.problem.code == "ticket_expired"
    again = await house.greets(await house.ticket(interview_id))
    await again.next(Welcome)


async def test_an_interview_on_a_clock_that_is_behind_is_not_swept_away_as_quiet(house: House) -> None:
    house.clock.forward(-DAY)
    interview_id, candidate = await house.begins(1)
    right = Clock()
    assert interview_id not in await sweep(house.services.database, right, 2 * HOUR, 3 * DAY)
    await answers(candidate)
    assert "interview.ended" not in await house.types(interview_id)


@pytest.mark.parametrize("jump", [DAY, -DAY], ids=["a day ahead", "a day back"])
async def test_a_worker_whose_clock_is_wrong_ends_nothing(database: Database, jump: timedelta) -> None:
    clock = Clock()
    assert await clocks.agrees(database, clock)
    clock.forward(jump)
    assert not await clocks.agrees(database, clock)

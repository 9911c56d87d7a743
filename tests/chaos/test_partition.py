"""Lines that stall on the candidate's side, and processes that stand still and wake up late."""

import asyncio

import pytest

from benchmarks.chaos.judge import ON_ITS_WAY_S
from benchmarks.chaos.product import Site
from tests.chaos.cast import Candidate, Court
from tests.chaos.conftest import Enters

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_line_that_swallows_what_is_typed_delivers_it_once(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(1)
    site.door.stall("up")
    sent = await one.says()
    await one.until(lambda: one.witness.lines[-1].closed_at is not None, "the candidate's noticing")
    # What was held arrives late, beside what is sent again on the new line.
    site.door.release()
    await one.until(lambda: one.is_acknowledged(sent), "the acknowledgement")
    await one.floor()
    log = await judge.log(one.interview_id)
    assert [event.client_id for event in log].count(sent) == 1
    await one.finishes()
    await judge.acquits(one)


async def test_a_line_that_swallows_our_words_loses_none_of_the_events(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    site.door.stall("down")
    sent = await one.says()
    await judge.until_log(one.interview_id, lambda log: any(event.client_id == sent for event in log), "the turn")
    assert not one.is_acknowledged(sent)
    await one.until(lambda: one.witness.lines[-1].closed_at is not None, "the candidate's noticing")
    site.door.release()
    await one.floor()
    assert one.is_acknowledged(sent)
    await one.finishes()
    await judge.acquits(one)


async def test_a_process_that_wakes_up_late_writes_and_says_nothing_more(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await site.whole()
    await one.reaches(1)
    holder = await judge.holder(one.interview_id)
    holder.freeze()
    site.door.upstreams.remove(holder.address)
    try:
        await one.says()
        await one.until(lambda: one.epoch == 2 and one.client.sitting.has_floor, "the other process")
        holder.thaw()
        await holder.ready()
        await one.floor()
        await one.answers_and_moves_on()
        # As long as words of the one that was asleep could still arrive.
        await asyncio.sleep(2 * ON_ITS_WAY_S)
    finally:
        site.door.upstreams.append(holder.address)
    await one.finishes()
    await judge.acquits(one)


async def test_two_tabs_at_two_processes_leave_one_that_speaks(site: Site, judge: Court, candidate: Enters) -> None:
    first = await candidate()
    await site.whole()
    await first.reaches(1)
    holder = await judge.holder(first.interview_id)
    other = next(serving for serving in site.servings if serving is not holder)
    async with Candidate(other.url, "second tab") as second:
        await second.returns_to(first.interview_id)
        await second.floor()
        await first.until(lambda: first.failure is not None, "its being told that it goes on elsewhere", 5.0)
        assert "another window" in str(first.failure)
        await second.answers_and_moves_on()
        await second.finishes()
        await judge.acquits(second, first)


async def test_two_tabs_that_type_at_once_are_each_kept_once_or_not_at_all(
    site: Site, judge: Court, candidate: Enters
) -> None:
    first = await candidate()
    await site.whole()
    await first.reaches(1)
    holder = await judge.holder(first.interview_id)
    other = next(serving for serving in site.servings if serving is not holder)
    async with Candidate(other.url, "second tab") as second:
        sent, _ = await asyncio.gather(first.says(), second.returns_to(first.interview_id))
        typed = await second.says()
        await second.until(lambda: second.is_acknowledged(typed), "the acknowledgement")
        await second.floor()
        log = await judge.log(first.interview_id)
        kept = [event.client_id for event in log]
        assert kept.count(typed) == 1
        assert kept.count(sent) == int(first.is_acknowledged(sent) or sent in kept)
        await second.finishes()
        await judge.acquits(second, first)

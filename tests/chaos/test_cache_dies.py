"""Valkey is killed or stands still: interviews go on, new ones begin, and scores still show."""

import pytest

from benchmarks.chaos.product import Site
from tests.chaos.cast import Court
from tests.chaos.conftest import Enters

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_killed_the_interview_goes_on_to_its_report(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(1)
    await site.valkey.kill()
    await one.answers_and_moves_on()
    await one.finishes()
    assert one.welcomes == 1
    await one.until(lambda: bool(one.told("report.ready")), "the report on the screen")
    await judge.acquits(one)


async def test_killed_new_interviews_begin_and_end(site: Site, judge: Court, candidate: Enters) -> None:
    await site.whole()
    await site.valkey.kill()
    assert [await serving.is_ready() for serving in site.servings] == [True, True]
    one = await candidate()
    await one.finishes()
    await judge.acquits(one)


async def test_killed_another_process_still_takes_over(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(2)
    await site.valkey.kill()
    holder = await judge.holder(one.interview_id)
    await holder.kill()
    holder.begin()
    await one.until(lambda: one.welcomes > 1, "the second welcome")
    await one.floor()
    assert one.question == 2
    await one.finishes()
    await judge.acquits(one)


async def test_standing_still_it_keeps_nobody_waiting(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(1)
    site.valkey.freeze()
    await one.answers_and_moves_on()
    another = await candidate()
    await another.reaches(1)
    await one.finishes()
    await another.finishes()
    assert (one.welcomes, another.welcomes) == (1, 1)
    await judge.acquits(one)
    await judge.acquits(another)


async def test_coming_back_it_is_heard_again(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(1)
    await site.valkey.kill()
    await one.answers_and_moves_on()
    await site.valkey.start()
    await one.until(lambda: bool(one.told("score.given")), "the score on the screen")
    await one.finishes()
    await judge.acquits(one)

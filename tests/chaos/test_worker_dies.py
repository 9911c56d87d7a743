"""A queue worker is killed in mid-score: every answer is scored once, and the report comes."""

import pytest

from benchmarks.chaos.product import Site
from storage.events import EventRecord
from tests.chaos.cast import COMMIT, Court, writing
from tests.chaos.conftest import Enters

pytestmark = pytest.mark.asyncio(loop_scope="module")


def is_reported(log: list[EventRecord]) -> bool:
    return any(event.type == "report.ready" for event in log)


def scored(log: list[EventRecord]) -> list[tuple[str, int]]:
    return [(event.payload["question_id"], event.payload["version"]) for event in log if event.type == "score.given"]


def closed(log: list[EventRecord]) -> list[tuple[str, int]]:
    return [(event.payload["question_id"], event.payload["version"]) for event in log if event.type == "answer.closed"]


async def test_killed_before_a_score_is_kept_another_worker_gives_it(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    scoring = site.back_line.hold_at(writing("score.given", one.interview_id))
    await one.answers_and_moves_on()
    await scoring.springs()
    await site.workers[0].kill()
    assert scored(await judge.log(one.interview_id)) == []
    site.workers[0].begin()
    await one.finishes()
    log = await judge.until_log(one.interview_id, is_reported, "the report")
    assert sorted(scored(log)) == sorted(closed(log))
    await judge.acquits(one)


async def test_killed_after_a_score_was_kept_it_is_not_given_again(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(1)
    scoring = site.back_line.lose_answer_to(writing("score.given", one.interview_id), COMMIT)
    await one.answers_and_moves_on()
    await scoring.springs()
    await site.workers[0].kill()
    assert len(scored(await judge.log(one.interview_id))) == 1
    site.workers[0].begin()
    await one.finishes()
    log = await judge.until_log(one.interview_id, is_reported, "the report")
    assert sorted(scored(log)) == sorted(closed(log))
    assert [event.type for event in log].count("report.ready") == 1
    await judge.acquits(one)


async def test_without_a_worker_the_interview_goes_on_and_is_scored_when_one_is_there(
    site: Site, judge: Court, candidate: Enters
) -> None:
    await site.workers[0].kill()
    one = await candidate()
    await one.reaches(1)
    await one.finishes()
    assert scored(await judge.log(one.interview_id)) == []
    site.workers[0].begin()
    log = await judge.until_log(one.interview_id, is_reported, "the report")
    assert sorted(scored(log)) == sorted(closed(log))
    await judge.acquits(one)


async def test_a_worker_cut_off_from_the_database_goes_on_when_it_is_back(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    scoring = site.back_line.hold_at(writing("score.given", one.interview_id))
    await one.answers_and_moves_on()
    await scoring.springs()
    site.back_line.stall()
    site.back_line.cut()
    site.back_line.release()
    await one.finishes()
    log = await judge.until_log(one.interview_id, is_reported, "the report")
    assert sorted(scored(log)) == sorted(closed(log))
    await judge.acquits(one)

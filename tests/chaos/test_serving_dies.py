"""A serving process is killed with -9 at the worst moments; the candidate comes back to the other one."""

import pytest

from benchmarks.chaos.product import Site
from storage.events import EventRecord
from tests.chaos.cast import Candidate, Court, writing
from tests.chaos.conftest import Enters

pytestmark = pytest.mark.asyncio(loop_scope="module")


def counted(log: list[EventRecord], kind: str) -> int:
    return sum(event.type == kind for event in log)


async def dies(judge: Court, one: Candidate) -> None:
    """The process that holds the interview is killed, and the candidate is welcomed by another."""
    before = one.welcomes
    holder = await judge.holder(one.interview_id)
    await holder.kill()
    holder.begin()
    await one.until(lambda: one.welcomes > before, "the welcome of another process")


async def test_killed_while_the_candidate_thinks_the_same_question_is_open_again(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(2)
    question = one.state.question
    await dies(judge, one)
    await one.floor()
    assert one.state.question == question
    assert one.epoch == 2
    assert "Welcome back" in one.told("reply.heard")[-1].event["text"]
    assert one.told("question.repeated")
    await one.finishes()
    await judge.acquits(one)


async def test_killed_between_deciding_a_reply_and_hearing_it_the_question_is_asked_once(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    heard = site.line.hold_at(writing("reply.heard"))
    await one.presses("skip")
    await heard.springs()
    log = await judge.log(one.interview_id)
    assert log[-1].type == "reply.decided"
    await dies(judge, one)
    await one.floor()
    assert one.question == 2
    log = await judge.log(one.interview_id)
    lost = next(event for event in log if event.type == "reply.heard" and event.epoch == 2)
    assert (lost.payload["heard"], lost.payload["interrupted"]) == (0.0, True)
    await one.finishes()
    await judge.acquits(one)


async def test_killed_before_what_was_typed_is_kept_it_is_sent_again_and_kept_once(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    arrived = site.line.hold_at(writing("turn.closed"))
    sent = await one.says()
    await arrived.springs()
    assert not one.is_acknowledged(sent)
    await dies(judge, one)
    await one.until(lambda: one.is_acknowledged(sent), "the acknowledgement")
    await one.finishes()
    log = await judge.log(one.interview_id)
    assert [event.client_id for event in log].count(sent) == 1
    await judge.acquits(one)


async def test_killed_in_mid_answer_what_was_said_so_far_stays_in_the_answer(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    question = one.state.question
    assert question is not None
    decided = site.line.hold_at(writing("reply.decided"))
    sent = await one.says()
    await decided.springs()
    await one.until(lambda: one.is_acknowledged(sent), "the acknowledgement")
    await dies(judge, one)
    await one.floor()
    assert one.state.question == question
    again = await one.says()
    await one.floor()
    await one.finishes()
    log = await judge.log(one.interview_id)
    turns = [event for event in log if event.client_id in (sent, again)]
    assert {event.payload["question_id"] for event in turns} == {question.id}
    assert len(turns) == 2
    await judge.acquits(one)


async def test_killed_again_and_again_the_interview_still_comes_to_its_end(
    site: Site, judge: Court, candidate: Enters
) -> None:
    one = await candidate()
    await one.reaches(1)
    for _ in range(3):
        await dies(judge, one)
        await one.floor()
        await one.answers_and_moves_on()
    await one.finishes()
    log = await judge.log(one.interview_id)
    assert max(event.epoch or 0 for event in log) >= 4
    assert counted(log, "question.asked") == one.state.of
    await judge.acquits(one)


async def test_killed_in_mid_score_each_answer_is_scored_once(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(1)
    await one.says()
    await one.floor()
    scoring = site.back_line.hold_at(writing("score.given", one.interview_id))
    await one.presses("skip")
    await scoring.springs()
    await dies(judge, one)
    scoring.release()
    await one.finishes()
    log = await judge.until_log(one.interview_id, is_reported, "the report")
    assert scored_twice(log) == []
    assert counted(log, "report.ready") == 1
    await judge.acquits(one)


def is_reported(log: list[EventRecord]) -> bool:
    return any(event.type == "report.ready" for event in log)


def scored_twice(log: list[EventRecord]) -> list[tuple[str, int]]:
    """Answers that have more than one score."""
    scored = [(event.payload["question_id"], event.payload["version"]) for event in log if event.type == "score.given"]
    return sorted({answer for answer in scored if scored.count(answer) > 1})

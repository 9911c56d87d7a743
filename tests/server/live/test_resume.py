"""Whoever drops comes back to the same question; whatever is sent twice is kept once."""

import asyncio

from agents.state import fold
from server.live.protocol import Ack, Notice, ReplyDelta
from tests.server.live.candidate import Candidate
from tests.server.live.house import ANSWER, HeldWriter, House


def asked(candidate: Candidate) -> list[str]:
    return [str(fact.event["question_id"]) for fact in candidate.told("question.asked")]


async def test_a_dropped_candidate_resumes_at_the_same_question(house: House) -> None:
    interview_id, candidate = await house.begins(3)
    await candidate.say(ANSWER)
    await candidate.floor()
    number = candidate.number
    await candidate.drop()
    await house.left(interview_id)
    again = await house.enters(interview_id, last_seq=candidate.last_seq)
    assert (again.welcome.epoch, again.welcome.state.question) == (2, candidate.state.question)
    assert "Welcome back" in await again.floor()
    assert again.number == number
    assert again.told("question.repeated")
    assert asked(again) == []


async def test_a_returning_candidate_is_sent_every_event_after_the_last_one_they_have(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.drop()
    await house.left(interview_id)
    seen = candidate.facts[4].seq
    again = await house.enters(interview_id, last_seq=seen)
    await again.floor()
    known = [fact.seq for fact in candidate.facts]
    assert [fact.seq for fact in again.facts][: len(known) - 5] == known[5:]
    new = await house.enters(interview_id)
    await new.floor()
    assert [fact.seq for fact in new.facts][: len(known)] == known


async def test_a_candidate_ahead_of_the_log_is_sent_all_of_it(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.drop()
    for last_seq in (10_000, 2**70, -1):
        again = await house.enters(interview_id, last_seq=last_seq)
        await again.floor()
        assert again.facts[0].event["type"] == "interview.created"
        assert [notice.code for notice in again.all(Notice)] == (["history_resent"] if last_seq > 0 else [])


async def test_a_line_cut_in_mid_reply_leaves_what_was_heard_and_nothing_twice(
    house: House, writer: HeldWriter
) -> None:
    interview_id, candidate = await house.begins()
    writer.holds = True
    sent = await candidate.say(ANSWER)
    await candidate.next(ReplyDelta)
    await candidate.drop()
    log = await house.left(interview_id)
    assert [event.type for event in log[-3:]] == ["reply.decided", "reply.heard", "candidate.left"]
    assert fold(log).pending is None
    writer.holds = False
    again = await house.enters(interview_id, last_seq=candidate.last_seq)
    welcomed = await again.next_fact_after("reply.heard", log[-1].seq)
    assert "Welcome back" in welcomed.event["text"]
    types = await house.types(interview_id)
    assert types.count("turn.closed") == 2
    assert types.count("question.asked") + types.count("probe.asked") == 2
    assert [event.client_id for event in await house.log(interview_id)].count(sent) == 1
    assert types.count("reply.decided") == types.count("reply.heard")


async def test_the_same_message_twice_is_kept_once_and_the_interview_goes_on(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.say(ANSWER, "c1")
    await candidate.say(ANSWER, "c1")
    await candidate.next(Ack)
    await candidate.next(Ack)
    first, second = candidate.ack("c1")
    assert first == second
    heard = await candidate.fact("reply.heard")
    while heard.event["interrupted"]:
        heard = await candidate.fact("reply.heard")
    await candidate.settled()
    turns = [event for event in await house.log(interview_id) if event.type == "turn.closed"]
    assert [event.client_id for event in turns].count("c1") == 1


async def test_a_message_that_is_sent_again_later_is_acknowledged_as_before(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.say(ANSWER, "c1")
    await candidate.floor()
    before = await house.types(interview_id)
    await candidate.say(ANSWER, "c1")
    await candidate.next(Ack)
    first, second = candidate.ack("c1")
    assert first == second
    await candidate.settled()
    assert await house.types(interview_id) == before


async def test_a_message_sent_again_after_a_drop_is_not_said_twice(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.say(ANSWER, "c1")
    await candidate.floor()
    await candidate.drop()
    await house.left(interview_id)
    again = await house.enters(interview_id, last_seq=candidate.last_seq)
    await again.say(ANSWER, "c1")
    assert (await again.next(Ack)).seq == candidate.ack("c1")[0]
    await again.fact("reply.heard")
    turns = [event for event in await house.log(interview_id) if event.type == "turn.closed"]
    assert len(turns) == 2


async def test_a_key_pressed_twice_under_one_id_counts_once(house: House) -> None:
    interview_id, candidate = await house.begins()
    press = '{"type": "press", "client_id": "k1", "request": "hint"}'
    await candidate.raw(press)
    await candidate.floor()
    await candidate.raw(press)
    await candidate.next(Ack)
    await candidate.settled()
    assert (await house.types(interview_id)).count("hint.given") == 1
    assert len(set(candidate.ack("k1"))) == 1


async def test_a_second_socket_takes_the_interview_over(house: House) -> None:
    interview_id, first = await house.begins(2)
    await first.say(ANSWER)
    await first.floor()
    question = first.state.question
    second = await house.enters(interview_id, last_seq=first.last_seq)
    assert await first.closed() == 4409
    assert (first.problem.code, first.problem.fatal, first.problem.close_code) == ("taken_over", True, 4409)
    assert "Welcome back" in await second.floor()
    assert second.state.question == question
    await second.say(ANSWER)
    await second.floor()
    log = await house.log(interview_id)
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert house.live.live_count == 1


async def test_many_who_come_at_once_leave_one_who_holds_it(house: House) -> None:
    interview_id, first = await house.begins()
    several = await asyncio.gather(*(house.enters(interview_id) for _ in range(4)))
    endings = [asyncio.create_task(candidate.closed()) for candidate in (first, *several)]
    done, staying = set[asyncio.Task[int]](), set(endings)
    async with asyncio.timeout(15):
        while len(staying) > 1:
            ended, staying = await asyncio.wait(staying, return_when=asyncio.FIRST_COMPLETED)
            done |= ended
    assert {task.result() for task in done} == {4409}
    (last,) = staying
    last.cancel()
    await asyncio.wait({last})
    holder = (first, *several)[endings.index(last)]
    sent = await holder.say(ANSWER)
    await holder.next(Ack, lambda ack: ack.client_id == sent)
    log = await house.log(interview_id)
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert house.live.live_count == 1


async def test_interview_time_stands_still_while_the_candidate_is_away(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.drop()
    log = await house.left(interview_id)
    again = await house.enters(interview_id)
    joined = await again.next_fact_after("candidate.joined", log[-1].seq)
    assert joined.at_ms == log[-1].at_ms

"""People who watch an interview: what they see, and what comes of what they do."""

import asyncio
from uuid import UUID, uuid4

import pytest

from agents.events import AnswerClosed, ControlReturned, InterviewEnded, TurnClosed
from agents.opening import issue_ticket
from server.live.protocol import (
    Ack,
    Fact,
    Finish,
    Flag,
    Note,
    Pong,
    Problem,
    Return,
    Say,
    Speak,
    State,
    Take,
    Watching,
)
from tests.server.live.candidate import Candidate
from tests.server.live.house import ANSWER, HeldWriter, House


async def test_whoever_watches_sees_all_that_was_and_then_each_event_as_it_comes(house: House) -> None:
    interview_id, candidate = await house.begins()
    watcher = await house.watches(interview_id, "observer")
    await candidate.say(ANSWER)
    await watcher.fact("turn.closed")
    await watcher.fact("reply.decided")
    await watcher.fact("reply.heard")
    seen = [fact.seq for fact in watcher.all(Fact)]
    assert seen == list(range(1, len(seen) + 1))


async def test_whoever_comes_back_is_sent_only_what_is_new(house: House) -> None:
    interview_id, candidate = await house.begins()
    first = await house.watches(interview_id)
    last = first.all(Watching)[-1].last_seq
    await first.drop()
    await candidate.say(ANSWER)
    await candidate.floor()
    again = await house.watches(interview_id, last_seq=last)
    await again.fact("turn.closed")
    assert next(fact.seq for fact in again.all(Fact)) == last + 1


async def test_a_flag_and_a_note_are_kept_under_the_persons_name_and_hidden_from_the_candidate(house: House) -> None:
    interview_id, candidate = await house.begins()
    watcher = await house.watches(interview_id, "observer")
    flagged = await watcher.act(Flag, reason="The line is poor here.", about=2)
    noted = await watcher.act(Note, text="ask about Kafka")
    await candidate.settled()
    kept = {event.seq: event for event in await house.log(interview_id)}
    actor = f"user:{house.services.local_owner.user_id}"
    assert (kept[flagged.seq].type, kept[flagged.seq].actor) == ("interview.flagged", actor)
    assert (kept[noted.seq].type, kept[noted.seq].actor) == ("note.left", actor)
    shown = {fact.event["type"] for fact in candidate.all(Fact)}
    assert not shown & {"interview.flagged", "note.left"}


async def test_a_note_becomes_the_next_probe_of_the_open_question(house: House) -> None:
    interview_id, candidate = await house.begins()
    watcher = await house.watches(interview_id, "observer")
    await watcher.act(Note, text="Ask about Kafka.")
    await candidate.say(ANSWER)
    said = await candidate.floor()
    assert "Kafka" in said
    assert "Ask about" not in said
    probe = await watcher.fact("probe.asked")
    assert candidate.state.question is not None
    assert (probe.event["probe_id"], probe.event["question_id"]) == ("note-1", candidate.state.question.id)
    await candidate.press("repeat")
    assert "Kafka" in await candidate.floor()
    await candidate.say(ANSWER)
    assert "Kafka" not in await candidate.floor()


async def test_a_person_takes_over_speaks_and_hands_back_and_the_question_is_said_again(house: House) -> None:
    interview_id, candidate = await house.begins()
    question = candidate.state.question
    assert question is not None
    watcher = await house.watches(interview_id)
    await watcher.act(Take)
    await candidate.next(State, lambda told: told.state.by_person)
    await watcher.act(Speak, text="Hello, I am Ana from the team. Is your connection all right?")
    assert await candidate.floor() == "Hello, I am Ana from the team. Is your connection all right?"
    await candidate.say("Yes, all is fine here.")
    await watcher.fact("turn.closed")
    await watcher.act(Speak, text="Good. Then back to the interview.")
    assert await candidate.floor() == "Good. Then back to the interview."
    await watcher.act(Return)
    assert question.text in await candidate.floor()
    assert not candidate.state.by_person
    log = await house.log(interview_id)
    said = [event.payload for event in log if isinstance(event.payload, TurnClosed)]
    assert said[-1].question_id is None


async def test_what_was_said_to_a_person_is_no_part_of_an_answer(house: House) -> None:
    interview_id, candidate = await house.begins()
    watcher = await house.watches(interview_id)
    await watcher.act(Take)
    await candidate.next(State, lambda told: told.state.by_person)
    await candidate.say("I would like to know how long this takes.")
    await watcher.fact("turn.closed")
    await watcher.act(Return)
    await candidate.floor()
    await candidate.say(ANSWER)
    await candidate.floor()
    log = await house.log(interview_id)
    answers = [event.payload for event in log if isinstance(event.payload, TurnClosed) and event.payload.question_id]
    assert [answer.text for answer in answers] == [ANSWER]


async def test_taking_over_silences_the_interviewer_at_once(house: House, writer: HeldWriter) -> None:
    interview_id, candidate = await house.begins()
    watcher = await house.watches(interview_id)
    began = watcher.all(Watching)[-1].last_seq
    writer.holds = True
    await candidate.say(ANSWER)
    await watcher.next_fact_after("reply.decided", began)
    await watcher.act(Take)
    heard = await candidate.fact("reply.heard")
    assert heard.event["interrupted"]
    writer.holds = False
    await candidate.settled()
    types = [event.type for event in await house.log(interview_id)][began:]
    assert types == ["turn.closed", "reply.decided", "control.taken", "reply.heard"]


async def test_whoever_is_gone_while_in_control_hands_back(house: House) -> None:
    interview_id, candidate = await house.begins()
    watcher = await house.watches(interview_id)
    await watcher.act(Take)
    await candidate.next(State, lambda told: told.state.by_person)
    await watcher.drop()
    await candidate.next(State, lambda told: not told.state.by_person)
    assert candidate.state.question is not None
    assert candidate.state.question.text in await candidate.floor()
    log = await house.log(interview_id)
    assert any(isinstance(event.payload, ControlReturned) for event in log)


async def test_an_operator_ends_it_with_a_goodbye(house: House) -> None:
    interview_id, candidate = await house.begins()
    watcher = await house.watches(interview_id)
    await watcher.act(Finish)
    assert "We stop here for today." in await candidate.floor()
    ended = [event.payload for event in await house.log(interview_id) if isinstance(event.payload, InterviewEnded)]
    assert [payload.reason for payload in ended] == ["operator"]
    assert await watcher.fact("interview.ended")


async def test_an_operator_ends_what_the_candidate_has_left(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.drop()
    await house.left(interview_id)
    watcher = await house.watches(interview_id)
    await watcher.act(Finish)
    types = await house.types(interview_id)
    assert types[-2:] == ["answer.closed", "interview.ended"]
    assert any(isinstance(event.payload, AnswerClosed) for event in await house.log(interview_id))


@pytest.mark.parametrize(
    "act",
    [
        Take(client_id="a"),
        Speak(client_id="a", text="Hello"),
        Return(client_id="a"),
        Finish(client_id="a"),
    ],
)
async def test_an_observer_may_not_step_in(house: House, act: Take | Speak | Return | Finish) -> None:
    interview_id, _candidate = await house.begins()
    watcher = await house.watches(interview_id, "observer")
    await watcher.send(act)
    problem = await watcher.next(Problem)
    assert (problem.code, problem.client_id, problem.fatal) == ("not_allowed", "a", False)


async def test_only_one_person_is_in_control(house: House) -> None:
    interview_id, _candidate = await house.begins()
    first, second = await house.watches(interview_id), await another(house, interview_id)
    await first.act(Take)
    await second.fact("control.taken")
    await second.send(Take(client_id="b"))
    assert (await second.next(Problem)).code == "taken"
    await second.send(Speak(client_id="c", text="Hello"))
    assert (await second.next(Problem)).code == "not_in_control"


async def another(house: House, interview_id: UUID) -> Candidate:
    """A second person who watches: under a ticket that names nobody."""
    issued = await issue_ticket(
        house.services.database,
        house.tenant_id,
        interview_id,
        now=house.clock(),
        ticket_life=house.life,
        role="operator",
    )
    watcher = await house.greets(issued.ticket)
    await watcher.next(Watching)
    return watcher


async def test_an_act_that_is_sent_again_is_kept_once(house: House) -> None:
    interview_id, _candidate = await house.begins()
    watcher = await house.watches(interview_id)
    note = Note(client_id=str(uuid4()), text="ask about Kafka")
    await watcher.send(note)
    first = await watcher.next(Ack)
    await watcher.drop()
    again = await house.watches(interview_id)
    await again.send(note)
    assert await again.next(Ack) == first
    assert (await house.types(interview_id)).count("note.left") == 1


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (Flag(client_id="a", reason="  "), "empty"),
        (Flag(client_id="a", reason="x" * 1_001), "too_long"),
        (Flag(client_id="a", reason="look", about=10_000), "no_such_event"),
        (Note(client_id="a", text="nul \0"), "malformed"),
        (Say(client_id="a", text="Let me answer for them."), "not_for_observers"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(house: House, act: Flag | Note | Say, code: str) -> None:
    interview_id, _candidate = await house.begins()
    watcher = await house.watches(interview_id)
    before = len(await house.log(interview_id))
    await watcher.send(act)
    problem = await watcher.next(Problem)
    assert (problem.code, problem.fatal) == (code, False)
    assert len(await house.log(interview_id)) == before
    await watcher.settled()
    assert watcher.all(Pong)


async def test_a_candidate_may_not_do_what_watchers_may(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.send(Take(client_id="a"))
    assert (await candidate.next(Problem)).code == "not_for_candidates"
    assert "control.taken" not in await house.types(interview_id)


async def test_everybody_who_watches_sees_the_same(house: House) -> None:
    interview_id, candidate = await house.begins()
    watchers = [await house.watches(interview_id, "observer") for _ in range(3)]
    await candidate.say(ANSWER)
    await candidate.floor()
    last = (await house.log(interview_id))[-1].seq
    for watcher in watchers:
        await watcher.next(Fact, lambda fact: fact.seq >= last)
    seen = [[fact.seq for fact in watcher.all(Fact) if fact.seq <= last] for watcher in watchers]
    assert seen == [list(range(1, last + 1))] * 3


async def test_a_server_that_stops_sends_watchers_elsewhere(house: House) -> None:
    interview_id, _candidate = await house.begins()
    watcher = await house.watches(interview_id)
    house.stop()
    assert await watcher.closed() == 1012


async def test_a_handover_waits_until_nobody_is_speaking(house: House, writer: HeldWriter) -> None:
    interview_id, candidate = await house.begins()
    writer.holds = True
    await candidate.say(ANSWER)
    await candidate.fact("turn.closed")
    draining = asyncio.create_task(house.live.drain(within_s=0.3))
    await draining
    assert house.live.live_count == 1
    writer.holds = False
    await candidate.press("repeat")
    assert await candidate.closed() == 1012
    types = await house.types(interview_id)
    assert types[-1] == "candidate.left"
    assert types.count("question.asked") == 1

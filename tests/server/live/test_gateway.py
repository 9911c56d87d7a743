"""An interview over a real socket: how it is entered, held and ended, and how the server lets go of it."""

from uuid import UUID

import pytest

from agents import intents
from agents.assessment import score_answers, write_report
from agents.events import AnswerClosed, ScoreGiven, TurnClosed
from agents.plans import Language
from agents.rehearsal.scorer import RehearsalScorer
from agents.state import COUNTS_FROM
from server.live.protocol import Ack, Fact, Hello, Notice, Played, Pong, ReplyDelta, ReplyEnd, Say, Welcome
from server.metrics import REGISTRY
from storage import interviews
from tests.agents.rehearsal.answers import GOOD
from tests.server.live.candidate import Candidate
from tests.server.live.house import ANSWER, PLAN, HeldWriter, House


async def judged(house: House, interview_id: UUID) -> None:
    """What the worker does, and that it tells of it."""
    services = house.services
    await score_answers(services.database, house.tenant_id, interview_id, lambda _t, _v: RehearsalScorer(), house.clock)
    seq = await write_report(services.database, house.tenant_id, interview_id, house.clock)
    assert services.cache is not None
    await services.cache.tell(interview_id, seq or 0)


async def status(house: House, interview_id: UUID) -> str:
    async with house.services.database.tenant(house.tenant_id) as connection:
        return (await interviews.interview(connection, interview_id)).status


async def test_an_interview_is_held_from_greeting_to_report(house: House) -> None:
    interview_id = await house.opens()
    candidate = await house.enters(interview_id)
    await candidate.reaches()
    assert (candidate.state.phase, candidate.number, candidate.state.of) == ("questions", 1, 7)
    await candidate.say(ANSWER)
    await candidate.floor()
    await candidate.press("end")
    assert "We stop here" in await candidate.floor()
    assert candidate.state.phase == "ended"
    await judged(house, interview_id)
    assert await candidate.closed() == 1000
    assert candidate.told("score.given")[0].event["question_id"] == "q1"
    assert candidate.told("report.ready")
    assert [notice.code for notice in candidate.all(Notice)] == ["ended"]
    assert await status(house, interview_id) == "completed"


async def test_the_first_message_is_a_welcome_and_what_is_told_is_in_order(house: House) -> None:
    interview_id, candidate = await house.begins()
    assert isinstance(candidate.messages[0], Welcome)
    welcome = candidate.welcome
    assert (welcome.interview_id, welcome.kind, welcome.channel, welcome.epoch) == (interview_id, "practice", "text", 1)
    assert welcome.interviewer.startswith("rehearsal")
    numbers = [fact.seq for fact in candidate.facts]
    assert numbers == sorted(set(numbers))
    log = {event.seq: event for event in await house.log(interview_id)}
    assert sorted(log) == list(range(1, len(log) + 1))
    assert [log[number].type for number in numbers] == [fact.event["type"] for fact in candidate.facts]
    hidden = {log[number].type for number in set(log) - set(numbers)}
    assert hidden == {"reply.decided"}


async def test_nothing_is_said_before_its_decision_is_kept_and_what_was_said_is_what_was_heard(house: House) -> None:
    _, candidate = await house.begins()
    words: dict[UUID, str] = {}
    for message in candidate.messages:
        if isinstance(message, ReplyDelta):
            words[message.reply_id] = words.get(message.reply_id, "") + message.text
    heard = {UUID(fact.event["reply_id"]): fact.event["text"] for fact in candidate.told("reply.heard")}
    assert {reply_id: text.strip() for reply_id, text in words.items()} == heard
    assert [end.reply_id for end in candidate.all(ReplyEnd) if not end.interrupted] == list(heard)


async def test_what_is_sent_is_acknowledged_as_the_event_it_became(house: House) -> None:
    interview_id, candidate = await house.begins()
    sent = await candidate.say(ANSWER)
    await candidate.floor()
    (seq,) = candidate.ack(sent)
    kept = (await house.log(interview_id))[seq - 1]
    assert (kept.type, kept.client_id) == ("turn.closed", sent)
    order = [message for message in candidate.messages if isinstance(message, Ack | Fact)]
    of_turn = next(message for message in order if isinstance(message, Fact) and message.seq == seq)
    assert of_turn.client_id == sent


async def test_a_ping_is_answered(house: House) -> None:
    candidate = await house.enters(await house.opens())
    await candidate.settled()
    assert len(candidate.all(Pong)) == 1


async def test_a_request_in_words_is_no_answer(house: House) -> None:
    interview_id, candidate = await house.begins()
    text = "Could you repeat the question, please?"
    assert intents.request_in(text) == ("repeat", None)
    await candidate.say(text)
    words = await candidate.floor()
    assert candidate.state.question is not None
    assert candidate.state.question.text in words
    types = await house.types(interview_id)
    assert types.count("question.asked") == 1
    assert types[-1] == "question.repeated"


async def test_an_earlier_answer_can_be_added_to(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.say(ANSWER)
    await candidate.floor()
    while candidate.number == 1:
        await candidate.press("skip")
        await candidate.floor()
    await candidate.say("We also saved forty hours a month.", question_id="q1")
    await candidate.floor()
    closed = [event.payload for event in await house.log(interview_id) if isinstance(event.payload, AnswerClosed)]
    assert [(fact.question_id, fact.version) for fact in closed] == [("q1", 1), ("q1", 2)]
    assert candidate.number == 2


async def test_a_key_cuts_the_interviewer_short_and_only_what_was_heard_is_kept(
    house: House, writer: HeldWriter
) -> None:
    interview_id, candidate = await house.begins()
    writer.holds = True
    await candidate.say(ANSWER)
    delta = await candidate.next(ReplyDelta)
    writer.holds = False
    await candidate.press("pause")
    cut = await candidate.fact("reply.heard")
    assert cut.event["interrupted"]
    assert cut.event["heard"] < COUNTS_FROM
    assert str(cut.event["text"]).startswith(delta.text.strip())
    await candidate.fact("interview.paused")
    await candidate.settled()
    assert candidate.state.may == ("resume", "end")
    await candidate.press("resume")
    await candidate.floor()
    assert [fact.event["question_id"] for fact in candidate.told("question.asked")][:1] == ["q1"]
    assert (await house.types(interview_id)).count("interview.resumed") == 1


async def test_a_screening_never_tells_the_candidate_a_level(house: House) -> None:
    interview_id = await house.opens(kind="screening")
    candidate = await house.enters(interview_id)
    await candidate.reaches()
    assert candidate.welcome.kind == "screening"
    assert candidate.state.question is not None
    assert candidate.state.question.hints_left == 0
    await candidate.say(GOOD[PLAN, "q1", "en"])
    await candidate.floor()
    ticket = await house.ticket(interview_id)
    await candidate.press("end")
    await candidate.floor()
    await judged(house, interview_id)
    assert await candidate.closed() == 1000
    later = await house.enters(interview_id, ticket=ticket)
    assert await later.closed() == 1000
    log = await house.log(interview_id)
    assert any(isinstance(event.payload, ScoreGiven) and event.payload.level for event in log)
    for told in (candidate, later):
        assert told.told("interview.ended")
        assert not {"score.given", "report.ready"} & {fact.event["type"] for fact in told.facts}
        assert not any("level" in fact.event or "overall_score" in fact.event for fact in told.facts)


async def test_an_interview_that_is_over_shows_everything_and_closes(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.say(ANSWER)
    await candidate.floor()
    ticket = await house.ticket(interview_id)
    await candidate.press("end")
    await candidate.floor()
    await judged(house, interview_id)
    assert await candidate.closed() == 1000
    before = await house.log(interview_id)
    later = await house.enters(interview_id, ticket=ticket)
    assert await later.closed() == 1000
    assert later.welcome.state.phase == "ended"
    assert later.welcome.state.may == ()
    assert [fact.seq for fact in later.facts] == [fact.seq for fact in candidate.facts]
    assert await house.log(interview_id) == before


async def test_a_score_is_counted_when_it_comes_and_not_when_it_is_shown_again(house: House) -> None:
    def counted() -> float:
        return sum(
            REGISTRY.get_sample_value("viva_scores_given_total", {"judged": said}) or 0 for said in ("yes", "no")
        )

    before = counted()
    interview_id, candidate = await house.begins(2)
    await judged(house, interview_id)
    await candidate.fact("score.given")
    for _ in range(3):
        later = await house.enters(interview_id)
        await later.floor()
        assert later.told("score.given")
    assert counted() == before + 1


async def test_a_server_that_stops_says_so_and_keeps_everything(house: House, writer: HeldWriter) -> None:
    interview_id, candidate = await house.begins()
    writer.holds = True
    await candidate.say(ANSWER)
    await candidate.next(ReplyDelta)
    assert house.live.live_count == 1
    house.stop()
    assert await candidate.closed() == 1012
    assert (candidate.problem.code, candidate.problem.fatal, candidate.problem.close_code) == (
        "server_stopping",
        True,
        1012,
    )
    log = await house.left(interview_id)
    assert [event.type for event in log[-3:]] == ["reply.decided", "reply.heard", "candidate.left"]
    assert [event.payload.text for event in log if isinstance(event.payload, TurnClosed)][-1:] == [ANSWER]
    assert await status(house, interview_id) == "in_progress"


@pytest.mark.parametrize(("first", "second"), [("en", "es"), ("es", "en")])
async def test_the_language_can_be_changed_in_mid_interview(house: House, first: Language, second: Language) -> None:
    candidate = await house.enters(await house.opens(language=first))
    await candidate.reaches()
    question = candidate.state.question
    await candidate.press("language", second)
    await candidate.floor()
    assert candidate.state.language == second
    assert candidate.state.question is not None
    assert question is not None
    assert candidate.state.question.id == question.id
    assert candidate.state.question.text != question.text


async def test_each_has_their_own_interview(house: House) -> None:
    here: list[Candidate] = [(await house.begins())[1] for _ in range(3)]
    assert house.live.live_count == 3
    for number, candidate in enumerate(here):
        await candidate.say(f"{ANSWER} That was in year {number}.")
    for number, candidate in enumerate(here):
        await candidate.floor()
        assert str(candidate.told("turn.closed")[-1].event["text"]).endswith(f"year {number}.")


async def test_a_client_that_speaks_by_itself_is_heard_when_it_says_so(house: House) -> None:
    interview_id = await house.opens()
    candidate = await house.connects()
    ticket = await house.ticket(interview_id)
    await candidate.send(Hello(ticket=ticket, capabilities=("text", "speech"), client="test"))
    told = await candidate.next(ReplyEnd)
    words = "".join(delta.text for delta in candidate.all(ReplyDelta) if delta.reply_id == told.reply_id)
    await candidate.settled()
    assert not candidate.told("reply.heard")
    await candidate.send(Played(reply_id=told.reply_id, characters=len(words), done=True))
    heard = await candidate.fact("reply.heard")
    assert (heard.event["interrupted"], heard.event["heard"]) == (False, 1.0)
    client_id = str(told.reply_id)
    await candidate.send(Say(client_id=client_id, text="Yes, I agree.", source="speech"))
    turn = await candidate.fact("turn.closed")
    assert turn.event["source"] == "speech"

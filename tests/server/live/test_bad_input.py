"""What makes no sense gets a code, a sentence and a close code; the interview goes on and its log is whole."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from server.live import frames, outbox, protocol
from server.live.protocol import Hello, Ping, Press, Problem, Typing
from tests.server.live.candidate import Candidate
from tests.server.live.house import ANSWER, House

SAY = {"type": "say", "client_id": "c1", "text": ANSWER}


def frame(**fields: object) -> str:
    return msgspec.json.encode(fields).decode()


async def refused(candidate: Candidate, code: str, close_code: int) -> None:
    """The socket was closed for that reason, with a sentence before it."""
    assert await candidate.closed() == close_code
    problem = candidate.problem
    assert (problem.code, problem.fatal, problem.close_code) == (code, True, close_code)
    assert problem.message.endswith(".")


async def test_an_unknown_ticket_opens_nothing(house: House) -> None:
    for ticket in ("", "no such ticket", "\0", "x" * 10_000):
        await refused(await house.greets(ticket), "bad_ticket", 4401)


async def test_an_expired_ticket_opens_nothing(house: House) -> None:
    interview_id = await house.opens()
    ticket = await house.ticket(interview_id)
    house.clock.forward(house.life + timedelta(seconds=1))
    await refused(await house.greets(ticket), "ticket_expired", 4410)
    assert await house.types(interview_id) == ["interview.created"]


async def test_a_ticket_opens_one_connection(house: House) -> None:
    interview_id = await house.opens()
    ticket = await house.ticket(interview_id)
    candidate = await house.enters(interview_id, ticket=ticket)
    await candidate.floor()
    await refused(await house.greets(ticket), "ticket_used", 4403)
    # Whoever tries it again does not disturb the one who is in.
    await candidate.press("consent")
    await candidate.floor()
    assert candidate.state.phase == "warm_up"


async def test_two_who_bring_one_ticket_at_once_are_let_in_once(house: House) -> None:
    interview_id = await house.opens()
    ticket = await house.ticket(interview_id)
    several = await asyncio.gather(*(house.greets(ticket) for _ in range(5)))
    first = await asyncio.gather(*(candidate.next(protocol.Message) for candidate in several))
    assert sorted(type(message).__name__ for message in first) == ["Problem"] * 4 + ["Welcome"]
    assert (await house.types(interview_id)).count("candidate.joined") <= 1


async def test_a_ticket_to_an_interview_that_was_deleted_finds_nothing(house: House) -> None:
    interview_id = await house.opens()
    ticket = await house.ticket(interview_id)
    async with house.services.database.tenant(house.tenant_id) as connection:
        await connection.execute("update interview.interviews set deleted_at = now() where id = $1", interview_id)
    await refused(await house.greets(ticket), "not_found", 4404)


async def test_a_socket_on_which_nobody_says_hello_is_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HELLO_WITHIN_S", 0.05)
    await refused(await house.connects(), "hello_late", 4408)


async def test_anything_before_hello_is_refused(house: House) -> None:
    for message in (Ping(), Typing(), Press(client_id="c1", request="consent")):
        candidate = await house.connects()
        await candidate.send(message)
        await refused(candidate, "hello_missing", 4400)


BAD_HELLOS: list[tuple[str | bytes, str, int]] = [
    ("", "malformed", 4400),
    ("{", "malformed", 4400),
    ("null", "malformed", 4400),
    (frame(type="hello"), "malformed", 4400),
    (frame(type="hello", ticket=7), "malformed", 4400),
    (frame(type="hello", ticket="t", last_seq="all"), "malformed", 4400),
    (frame(type="hello", ticket="t", capabilities=["telepathy"]), "malformed", 4400),
    (frame(type="hello", ticket="t" * 70_000), "too_large", 4413),
    (b"\0\0", "wrong_frame", 4415),
]


async def test_a_hello_that_cannot_be_read_is_refused(house: House) -> None:
    for first, code, close_code in BAD_HELLOS:
        candidate = await house.connects()
        await candidate.raw(first)
        await refused(candidate, code, close_code)


@pytest.mark.parametrize("subprotocol", [None, "viva.v2"])
async def test_another_subprotocol_is_refused(house: House, subprotocol: str | None) -> None:
    candidate = await house.connects(subprotocol=subprotocol)
    await refused(candidate, "wrong_subprotocol", 4400)
    assert protocol.SUBPROTOCOL in candidate.problem.message


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_page_of_another_origin_gets_no_socket(house: House, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        await house.connects(origin=origin)
    assert refusal.value.response.status_code == 403
    (await house.connects(origin=f"http://127.0.0.1:{house.port}")).socket.transport.abort()


UNREADABLE = [
    "",
    "{",
    "[]",
    "7",
    "[" * 30_000,
    '{"type": "say", "client_id": "c1", "text": "\\ud800"}',
    frame(client_id="c1", text=ANSWER),
    frame(type="shout", client_id="c1", text=ANSWER),
    frame(**SAY, volume=11),
    frame(type="say", text=ANSWER),
    frame(type="say", client_id=7, text=ANSWER),
    frame(type="say", client_id="c1", text=["a", "b"]),
    frame(type="press", client_id="c1", request="dance"),
    frame(type="press", client_id="c1", request="language", language="fr"),
    frame(type="played", reply_id="the last"),
]
UNFIT = [
    (frame(type="say", client_id="", text=ANSWER), "malformed"),
    (frame(type="say", client_id="c" * 65, text=ANSWER), "malformed"),
    (frame(type="say", client_id="c\0", text=ANSWER), "malformed"),
    (frame(type="press", client_id="c\0", request="repeat"), "malformed"),
    (frame(type="say", client_id="c1", text="a\0b"), "malformed"),
    (frame(type="say", client_id="c1", text=""), "empty"),
    (frame(type="say", client_id="c1", text=" \n\t "), "empty"),
    (frame(type="say", client_id="c1", text="a" * 8_001), "too_long"),
    (frame(type="hello", ticket="t"), "hello_twice"),
]
IMPOSSIBLE = [
    frame(type="press", client_id="c1", request="consent"),
    frame(type="press", client_id="c1", request="resume"),
    frame(type="press", client_id="c1", request="language"),
    frame(type="say", client_id="c1", text=ANSWER, question_id="q7"),
    frame(type="say", client_id="c1", text=ANSWER, question_id="q99"),
    frame(type="say", client_id="c1", text=ANSWER, question_id="\0"),
]


@pytest.mark.parametrize(
    "wrongs",
    [[(wrong, "malformed") for wrong in UNREADABLE], UNFIT, [(wrong, "wrong_phase") for wrong in IMPOSSIBLE]],
    ids=["unreadable", "unfit", "impossible"],
)
async def test_a_message_that_makes_no_sense_changes_nothing_and_the_interview_goes_on(
    house: House, wrongs: list[tuple[str, str]]
) -> None:
    interview_id, candidate = await house.begins()
    before = await house.types(interview_id)
    for wrong, code in wrongs:
        await candidate.raw(wrong)
        problem = await candidate.next(Problem)
        assert (problem.code, problem.fatal) == (code, False), wrong[:80]
        assert problem.message.endswith(".")
        assert len(problem.message) < 400
        if code in ("empty", "too_long", "wrong_phase"):
            assert problem.client_id == "c1"
    assert await house.types(interview_id) == before
    sent = await candidate.say(ANSWER)
    await candidate.floor()
    assert len(candidate.ack(sent)) == 1


async def test_the_longest_message_is_kept_whole(house: House) -> None:
    interview_id, candidate = await house.begins()
    text = ("I wrote ñandú and 数据 down. " * 400)[: protocol.MAX_TEXT - 1] + "."
    await candidate.say(text)
    await candidate.floor()
    assert candidate.told("turn.closed")[-1].event["text"] == text
    assert len(text) == protocol.MAX_TEXT
    assert (await house.types(interview_id)).count("turn.closed") == 2


@pytest.mark.parametrize(
    ("wrong", "code", "close_code"),
    [
        (frame(type="say", client_id="c1", text="a" * 65_536), "too_large", 4413),
        (frame(type="say", client_id="c1", text="é" * 32_768), "too_large", 4413),
        (bytes(640), "wrong_frame", 4415),
    ],
)
async def test_a_frame_that_cannot_be_taken_closes_the_socket_and_loses_nothing(
    house: House, wrong: str | bytes, code: str, close_code: int
) -> None:
    interview_id, candidate = await house.begins()
    await candidate.say(ANSWER)
    await candidate.floor()
    before = await house.log(interview_id)
    await candidate.raw(wrong)
    await refused(candidate, code, close_code)
    log = await house.left(interview_id)
    assert log[: len(before)] == before
    assert [event.type for event in log[len(before) :]] == ["candidate.left"]
    again = await house.enters(interview_id, last_seq=candidate.last_seq)
    assert "Welcome back" in await again.floor()


async def test_a_frame_beyond_any_limit_is_cut_off_and_the_interview_waits(house: House) -> None:
    interview_id, candidate = await house.begins()
    await candidate.raw("a" * (house.services.settings.max_body_bytes + 1))
    assert await candidate.closed() == 1009
    await house.left(interview_id)
    again = await house.enters(interview_id)
    await again.floor()
    assert again.number == 1


async def test_a_client_that_makes_no_sense_at_all_is_closed(house: House) -> None:
    interview_id, candidate = await house.begins()
    before = await house.types(interview_id)
    for _ in range(frames.MOST_MISTAKES + 5):
        await candidate.raw("nonsense")
    assert await candidate.closed() == 4400
    problems = candidate.all(Problem)
    assert [problem.code for problem in problems] == ["malformed"] * 19 + ["too_many_mistakes"]
    assert [problem.fatal for problem in problems] == [False] * 19 + [True]
    await house.left(interview_id)
    assert await house.types(interview_id) == [*before, "candidate.left"]


async def test_messages_faster_than_anyone_types_close_the_socket(house: House) -> None:
    interview_id, candidate = await house.begins()
    before = await house.types(interview_id)
    for _ in range(2 * frames.MOST_AT_ONCE):
        await candidate.send(Typing())
    await refused(candidate, "too_many", 4429)
    await house.left(interview_id)
    assert await house.types(interview_id) == [*before, "candidate.left"]


async def test_a_client_that_does_not_read_is_cut_off_and_can_come_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    interview_id, candidate = await house.begins()
    monkeypatch.setattr(outbox, "MOST_WAITING", 2)
    slow = await house.greets(await house.ticket(interview_id))
    await refused(slow, "too_many", 4429)
    monkeypatch.undo()
    again = await house.enters(interview_id)
    await again.floor()
    assert [fact.seq for fact in again.facts][: len(candidate.facts)] == [fact.seq for fact in candidate.facts]


async def test_what_is_not_possible_does_not_cut_the_interviewer_short(house: House) -> None:
    candidate = await house.enters(await house.opens())
    await candidate.press("hint")
    assert (await candidate.next(Problem)).code == "wrong_phase"
    await candidate.floor()
    assert [fact.event["interrupted"] for fact in candidate.told("reply.heard")] == [False]


async def test_a_clients_name_that_cannot_be_kept_is_kept_without_what_cannot(house: House) -> None:
    ticket = await house.ticket(await house.opens())
    candidate = await house.connects()
    await candidate.send(Hello(ticket=ticket, client="a\0b" + "c" * 100))
    await candidate.floor()
    assert candidate.told("candidate.joined")[0].event["client"] == "ab" + "c" * 38


async def test_a_database_that_is_away_is_told_and_the_client_may_come_back(house: House) -> None:
    ticket = await house.ticket(await house.opens())
    await house.services.database.close()
    await refused(await house.greets(ticket), "unavailable", 4503)

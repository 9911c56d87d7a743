import pytest

from server.live import protocol
from server.live.protocol import Notice, ReplyDelta, Say
from server.terminal.api import Api, is_loopback
from server.terminal.client import LiveClient
from server.terminal.errors import ConnectionLost, Refused, TakenOver, Unreachable
from server.terminal.sitting import after_close
from tests.server.terminal.wire import INTERVIEW, Side, Wire, serving


async def everything(live: LiveClient) -> list[protocol.ServerMessage]:
    return [message async for message in live.messages()]


async def no_wait(_: float) -> None:
    return


async def test_a_new_interview_opens_with_its_ticket_first() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.speak("Hello. Do you agree?", "consent")

    wire = Wire(script)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api, client="terminal")
        assert await live.create("behavioural", "en") == INTERVIEW
        messages, floors = [], []
        async for message in live.messages():
            messages.append(message)
            floors.append(live.sitting.has_floor)
    assert wire.hellos[0].ticket == "ticket-1"
    assert wire.hellos[0].last_seq == 0
    assert wire.hellos[0].client == "terminal"
    assert "".join(m.text for m in messages if isinstance(m, ReplyDelta)) == "Hello. Do you agree?"
    # Not before the state tells what the reply led to.
    assert [type(message) for message, floor in zip(messages, floors, strict=True) if floor] == [protocol.State]
    assert live.page.endswith(f"/interviews/{INTERVIEW}")


async def test_the_floor_is_the_candidates_even_where_the_state_did_not_change() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.send(
            ReplyDelta(reply_id=INTERVIEW, text="Go on."),
            protocol.ReplyEnd(reply_id=INTERVIEW, interrupted=False),
            side.fact("reply.heard", reply_id=str(INTERVIEW), text="Go on.", interrupted=False, heard=1.0),
        )
        await side.keep(await side.take())

    wire = Wire(script)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api)
        await live.create("behavioural", "en")
        said = ""
        async for _ in live.messages():
            if live.sitting.has_floor and not said:
                said = await live.say("I go on.")
    assert wire.received == [Say(client_id=said, text="I go on.")]


async def test_a_dropped_client_comes_back_with_a_new_ticket_after_its_last_event() -> None:
    async def first(side: Side) -> None:
        await side.welcome()
        await side.speak("Hello. Do you agree?", "consent")
        await side.take()
        await side.close(1012)

    async def second(side: Side) -> None:
        await side.welcome()
        kept = await side.take()
        await side.keep(kept)

    wire = Wire(first, second)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api, sleep=no_wait)
        await live.create("behavioural", "en")
        sent = ""
        notices = []
        async for message in live.messages():
            if live.sitting.has_floor and not sent:
                sent = await live.say("Yes, I agree.")
            if isinstance(message, Notice):
                notices.append(message.code)
    assert [hello.ticket for hello in wire.hellos] == ["ticket-1", "ticket-2"]
    assert [hello.last_seq for hello in wire.hellos] == [0, 2]
    assert wire.received == [Say(client_id=sent, text="Yes, I agree.")] * 2
    assert live.sitting.unacknowledged == {}
    assert notices == ["reconnecting"]
    assert live.connections == 2


async def test_what_is_acknowledged_is_not_sent_again() -> None:
    async def first(side: Side) -> None:
        await side.welcome()
        await side.keep(await side.take())
        await side.close(1012)

    async def second(side: Side) -> None:
        await side.welcome()
        assert isinstance(await side.take(), protocol.Press)

    wire = Wire(first, second)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api, sleep=no_wait)
        await live.create("behavioural", "en")
        async for message in live.messages():
            if isinstance(message, protocol.Welcome):
                await (live.say("Yes.") if live.connections == 1 else live.press("pause"))
    assert [type(message) for message in wire.received] == [Say, protocol.Press]


async def test_what_is_said_while_away_is_sent_on_return() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.keep(await side.take())

    wire = Wire(script)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api)
        await live.create("behavioural", "en")
        await live.say("I was faster than the line.")
        async for _ in live.messages():
            pass
    assert [message.text for message in wire.received if isinstance(message, Say)] == ["I was faster than the line."]


async def test_an_event_that_comes_twice_is_shown_once() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        fact = side.fact("question.asked", question_id="q1", reply_id=str(INTERVIEW), text="?")
        await side.send(fact, fact)

    wire = Wire(script)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api)
        await live.create("behavioural", "en")
        facts = [message async for message in live.messages() if isinstance(message, protocol.Fact)]
    assert len(facts) == len(live.sitting.facts) == 1


async def test_a_reply_that_broke_off_with_the_line_is_not_mixed_with_the_next() -> None:
    reply_id = INTERVIEW

    async def first(side: Side) -> None:
        await side.welcome()
        await side.send(ReplyDelta(reply_id=reply_id, text="Half a sen"))
        await side.close(1011)

    async def second(side: Side) -> None:
        await side.welcome()
        await side.speak("Welcome back.", "consent")

    wire = Wire(first, second)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api, sleep=no_wait)
        await live.create("behavioural", "en")
        async for _ in live.messages():
            pass
        assert live.sitting.reply is None
        assert [fact.event["text"] for fact in live.sitting.facts] == ["Welcome back."]


async def test_another_window_that_takes_over_is_said_and_not_fought() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.close(4409)

    wire = Wire(script)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api)
        await live.create("behavioural", "en")
        with pytest.raises(TakenOver, match=f"--resume {INTERVIEW}"):
            await everything(live)
    assert len(wire.hellos) == 1


async def test_a_refusal_carries_the_servers_sentence() -> None:
    async def script(side: Side) -> None:
        await side.send(protocol.Problem(code="malformed", message="That was no message.", fatal=True, close_code=4400))
        await side.close(4400)

    wire = Wire(script)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api)
        with pytest.raises(Refused, match="There is no such plan"):
            await live.create("nothing", "en")
        await live.create("behavioural", "en")
        with pytest.raises(Refused, match="That was no message") as refused:
            await everything(live)
    assert (refused.value.status, refused.value.code) == (4400, "malformed")


async def test_a_problem_with_one_message_leaves_the_interview_open() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        press = await side.take()
        assert isinstance(press, protocol.Press)
        await side.send(protocol.Problem(code="wrong_phase", message="Not now.", client_id=press.client_id))
        await side.keep(await side.take())

    wire = Wire(script)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api)
        await live.create("behavioural", "en")
        problems = []
        async for message in live.messages():
            if isinstance(message, protocol.Welcome):
                await live.press("hint")
            if isinstance(message, protocol.Problem):
                problems.append(message.code)
                await live.say("Then I answer.")
    assert problems == ["wrong_phase"]
    assert live.sitting.unacknowledged == {}


async def test_no_server_is_a_sentence_with_the_mend() -> None:
    async with Api("http://127.0.0.1:1") as api:
        with pytest.raises(Unreachable, match="viva run"):
            await LiveClient(api).create("behavioural", "en")


async def test_a_server_that_never_comes_back_is_given_up_on() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.close(1012)

    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    wire = Wire(script)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api, sleep=note, attempts=6)
        await live.create("behavioural", "en")
        wire.scripts += [closing_at_once] * 10
        with pytest.raises(ConnectionLost, match="viva practise --resume"):
            await everything(live)
    assert len(waits) == 6
    longest = [0.25, 0.5, 1.0, 2.0, 4.0, 5.0]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))


async def closing_at_once(side: Side) -> None:
    await side.close(4503)


def test_a_frame_of_a_newer_server_is_counted_and_passed_over() -> None:
    live = LiveClient(Api("http://127.0.0.1:1"))
    assert live._message('{"type":"from.the.future"}') is None
    assert live.unread == 1


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(1000, "over"), (4409, "elsewhere"), (4404, "refused"), (1006, "again"), (4410, "again"), (None, "again")],
)
def test_each_close_code_says_what_to_do(code: int | None, verdict: str) -> None:
    assert after_close(code) == verdict


def test_every_close_code_of_the_protocol_has_a_verdict() -> None:
    assert {after_close(code) for code in protocol.CLOSE_CODES.values()} == {"over", "again", "elsewhere", "refused"}


def test_only_this_machine_is_reached_around_a_proxy() -> None:
    assert is_loopback("http://localhost:8000")
    assert is_loopback("http://127.0.0.2")
    assert is_loopback("http://[::1]:8000")
    assert not is_loopback("https://viva.example.org")


async def test_a_watcher_is_told_of_every_line_and_of_what_comes_twice() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        fact = side.fact("question.asked", question_id="q1", reply_id=str(INTERVIEW), text="?")
        await side.send(fact, fact)
        await side.keep(await side.take())
        await side.close(1011)

    async def last(side: Side) -> None:
        await side.welcome()

    told: list[str] = []

    class Watching:
        def opened(self) -> None:
            told.append("opened")

        def told(self, message: protocol.ServerMessage) -> None:
            told.append(type(message).__name__)

        def sends(self, message: Say | protocol.Press) -> None:
            told.append(f"sends {type(message).__name__}")

        def closed(self, code: int | None) -> None:
            told.append(f"closed {code}")

    wire = Wire(script, last)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api, sleep=no_wait, watcher=Watching())
        await live.create("behavioural", "en")
        await live.say("Yes.")
        async for _ in live.messages():
            pass
    assert told[:5] == ["sends Say", "opened", "Welcome", "Fact", "Fact"]
    assert "closed 1011" in told
    assert told[told.index("closed 1011") + 1 : told.index("closed 1011") + 3] == ["opened", "Welcome"]


async def test_a_client_in_a_hurry_never_waits_longer_than_it_was_told_to() -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    async def script(side: Side) -> None:
        await side.close(1011)

    wire = Wire(*[script] * 9)
    async with serving(wire) as url, Api(url) as api:
        live = LiveClient(api, attempts=8, longest_wait_s=0.5, sleep=note)
        await live.create("behavioural", "en")
        with pytest.raises(ConnectionLost):
            await everything(live)
    assert len(waits) == 8
    assert max(waits) <= 0.5

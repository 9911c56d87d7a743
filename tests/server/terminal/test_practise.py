import asyncio
import io
import os
import signal
from collections.abc import Callable
from typing import TextIO

import pytest
from rich.console import Console

from agents.plans import Language
from server.live import protocol
from server.live.protocol import Press, Say
from server.terminal.keyboard import Keyboard
from server.terminal.practise import ENDED, FAILED, LEFT, practise
from server.terminal.texts import TEXTS
from tests.server.terminal.scripts import REPORT, answered, ended, whole_wire
from tests.server.terminal.wire import INTERVIEW, Side, Wire, serving, state

WITHIN_S = 10.0


class Seat:
    """Where somebody sits and types; `shown` is what they have read so far."""

    def __init__(self) -> None:
        self._screen = io.StringIO()
        self.console = Console(file=self._screen, width=100)
        read, write = os.pipe()
        self.keys: TextIO = os.fdopen(write, "w", buffering=1)
        self._source: TextIO = os.fdopen(read)

    @property
    def shown(self) -> str:
        return self._screen.getvalue()

    def type(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self.keys)

    async def until(self, words: str) -> None:
        """Until those words are on the screen."""
        async with asyncio.timeout(WITHIN_S):
            while words not in self.shown:  # noqa: ASYNC110 - a screen has no event
                await asyncio.sleep(0.005)

    async def practise(self, url: str, plan: str | None = "behavioural", language: Language | None = "en") -> int:
        async with asyncio.timeout(WITHIN_S):
            keyboard = Keyboard(self._source)
            return await practise(url, plan, language, console=self.console, keyboard=keyboard)

    async def resume(self, url: str) -> int:
        async with asyncio.timeout(WITHIN_S):
            keyboard = Keyboard(self._source)
            return await practise(url, resume=INTERVIEW, console=self.console, keyboard=keyboard)


def said(wire: Wire) -> list[str]:
    return [message.text for message in wire.received if isinstance(message, Say)]


async def test_an_interview_from_a_pipe_goes_from_greeting_to_report() -> None:
    wire, seat = whole_wire(), Seat()
    seat.type("Yes.", "Fine.", "I built it.", "The payment step.", "I listened.", "No.")
    seat.keys.close()
    async with serving(wire) as url:
        assert await seat.practise(url) == ENDED
        page = f"{url}/interviews/{INTERVIEW}"
    assert said(wire) == ["Yes.", "Fine.", "I built it.", "The payment step.", "I listened.", "No."]
    shown = seat.shown
    assert shown.index("Hello. Do you agree?") < shown.index("Question q1?") < shown.index("Goodbye.")
    assert "Question 2 of 2 · 10 min left" in shown
    assert "rehearsal interviewer" in shown
    assert "Overall: 62 of 100 (between 40 and 80)" in shown
    assert "Working together: 3.5" in shown
    assert "Learning: not enough to judge" in shown
    assert "Say what came of it." in shown
    assert "in the report only" not in shown
    assert page in shown


async def test_what_is_not_given_is_asked_for_until_it_is_understood() -> None:
    wire, seat = whole_wire(), Seat()
    seat.type("7", "1", "french", "en", "Yes.", "Fine.", "I built it.", "Mine.", "I listened.", "No.")
    async with serving(wire) as url:
        assert await seat.practise(url, plan=None, language=None) == ENDED
    assert "1. Behavioural: 2 questions, about 25 minutes" in seat.shown
    assert "Please type one of: 1" in seat.shown
    assert "Please type one of: en, es" in seat.shown


async def test_commands_press_what_they_say_and_unknown_ones_send_nothing() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.speak("Question q1?", "questions", "q1", asks=True)
        await answered(side)
        await ended(side)

    wire, seat = Wire(script), Seat()
    wire.report = REPORT
    seat.type("/dance", "/help", "", "/pista", "/repeat", "/etc/hosts is where I looked.")
    async with serving(wire) as url:
        assert await seat.practise(url) == ENDED
    assert [m.request if isinstance(m, Press) else m.text for m in wire.received if isinstance(m, Press | Say)] == [
        "hint",
        "repeat",
        "/etc/hosts is where I looked.",
    ]
    assert "no command /dance" in seat.shown
    assert "hear the question again" in seat.shown


async def test_a_line_that_ends_with_a_backslash_goes_on_in_the_next() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.speak("Question q1?", "questions", "q1", asks=True)
        await answered(side)
        await ended(side)

    wire, seat = Wire(script), Seat()
    wire.report = REPORT
    seat.type("First I measured.\\", "Then I changed one thing.")
    async with serving(wire) as url:
        assert await seat.practise(url) == ENDED
    assert said(wire) == ["First I measured.\nThen I changed one thing."]


async def test_a_pause_says_so_and_enter_goes_on() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.speak("Question q1?", "questions", "q1", asks=True)
        assert await pressed(side) == "pause"
        await side.send(protocol.State(state=state("questions", "q1", paused=True)))
        assert await pressed(side) == "resume"
        await side.speak("Where were we?", "questions", "q1")
        await answered(side)
        await ended(side)

    async def pressed(side: Side) -> str:
        press = await side.take()
        assert isinstance(press, Press)
        await side.keep(press)
        return press.request

    wire, seat = Wire(script), Seat()
    wire.report = REPORT
    async with serving(wire) as url:
        interview = asyncio.create_task(seat.practise(url))
        seat.type("/pause")
        await seat.until("the clock stands still")
        seat.type("")
        await seat.until("Where were we?")
        seat.type("At the start.")
        assert await interview == ENDED


async def test_a_level_is_shown_when_it_comes() -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.speak("Question q1?", "questions", "q1", asks=True)
        score = side.fact("score.given", question_id="q1", level=3, anchor="Names its own part.", null_reason=None)
        empty = side.fact("score.given", question_id="q1", level=None, anchor="", null_reason="off_topic")
        await side.send(score, empty)
        await answered(side)
        await ended(side)

    wire, seat = Wire(script), Seat()
    wire.report = REPORT
    async with serving(wire) as url:
        interview = asyncio.create_task(seat.practise(url))
        await seat.until("The answer is about something else.")
        seat.type("So be it.")
        assert await interview == ENDED
    assert "Question 1: level 3 of 5. Names its own part." in seat.shown


@pytest.mark.parametrize("leave", ["/leave", "end of input", "ctrl-c"])
async def test_who_leaves_is_told_how_to_come_back(leave: str) -> None:
    async def script(side: Side) -> None:
        await side.welcome()
        await side.speak("Hello. Do you agree?", "consent")
        await side.take()

    acts: dict[str, Callable[[Seat], object]] = {
        "/leave": lambda seat: seat.type("/leave"),
        "end of input": lambda seat: seat.keys.close(),
        "ctrl-c": lambda _: os.kill(os.getpid(), signal.SIGINT),
    }
    wire, seat = Wire(script), Seat()
    async with serving(wire) as url:
        interview = asyncio.create_task(seat.practise(url))
        await seat.until("> ")
        acts[leave](seat)
        assert await interview == LEFT
    assert f"viva practise --resume {INTERVIEW}" in seat.shown


async def test_who_comes_back_reads_what_was_said_before() -> None:
    async def script(side: Side) -> None:
        before = [
            side.fact("reply.heard", reply_id=str(INTERVIEW), text="Question q1?", interrupted=False, heard=1.0),
            side.fact("turn.closed", text="My first half."),
            side.fact("score.given", question_id="q1", level=2, anchor="An old level.", null_reason=None),
        ]
        await side.welcome("questions", "q1")
        await side.send(*before)
        await side.speak("Welcome back. Question q1?", "questions", "q1")
        await answered(side)
        await ended(side)

    wire, seat = Wire(script), Seat()
    wire.report = REPORT
    seat.type("My second half.")
    async with serving(wire) as url:
        assert await seat.resume(url) == ENDED
    assert seat.shown.index("> My first half.") < seat.shown.index("Welcome back.")
    assert "An old level." not in seat.shown
    assert said(wire) == ["My second half."]


async def test_a_line_that_drops_is_restored_with_a_sentence() -> None:
    async def drops(side: Side) -> None:
        await side.welcome()
        await side.speak("Question q1?", "questions", "q1", asks=True)
        await side.take()
        await side.close(1012)

    async def goes_on(side: Side) -> None:
        await side.welcome("questions", "q1")
        await answered(side)
        await ended(side)

    wire, seat = Wire(drops, goes_on), Seat()
    wire.report = REPORT
    seat.type("I was half-way.")
    async with serving(wire) as url:
        assert await seat.practise(url) == ENDED
    assert "Connecting again." in seat.shown
    assert said(wire) == ["I was half-way."] * 2


async def test_a_wrong_plan_is_answered_with_those_there_are() -> None:
    seat = Seat()
    async with serving(Wire()) as url:
        assert await seat.practise(url, plan="nothing") == FAILED
    assert "There is no plan `nothing` here. On offer: behavioural." in seat.shown


async def test_without_a_server_it_says_how_to_start_one() -> None:
    seat = Seat()
    assert await seat.practise("http://127.0.0.1:1") == FAILED
    assert "viva run" in seat.shown


def test_both_languages_have_the_same_texts_with_the_same_values() -> None:
    for name, words in TEXTS["en"].items():
        assert fields(words) == fields(TEXTS["es"][name])
        assert words != TEXTS["es"][name]
    assert TEXTS["en"].keys() == TEXTS["es"].keys()


def fields(words: str) -> set[str]:
    return {part.split("}")[0] for part in words.split("{")[1:]}

"""One person's interview in a terminal: what is typed goes out, what comes in is shown."""

import asyncio
from typing import Literal
from uuid import UUID

from server.live.protocol import Fact, Notice, Problem, ReplyDelta, ServerMessage, State, Welcome
from server.terminal import commands
from server.terminal.client import LiveClient
from server.terminal.commands import Answered, Asked, Own, Unknown
from server.terminal.keyboard import Keyboard
from server.terminal.screen import Screen

Outcome = Literal["ended", "left"]

WRITING_EVERY_S = 20.0
WRITING_FOR_S = 600.0
"""A terminal does not tell of keys before Enter, so for this long an open prompt counts as writing."""


class Practising:
    def __init__(self, live: LiveClient, keyboard: Keyboard, screen: Screen) -> None:
        self._live = live
        self._keyboard = keyboard
        self._screen = screen
        self._floor = asyncio.Event()
        self._prompted_for: object = None
        self._answered: UUID | None = None
        """The reply that the person has answered, so that another has to come before it is their turn again."""
        self._recap_to = 0

    async def hold(self) -> Outcome:
        """Until the interview has ended, or the person leaves. Raises `TerminalError`."""
        listening = asyncio.create_task(self._listen())
        typing = asyncio.create_task(self._type())
        writing = asyncio.create_task(self._write_on())
        try:
            done, _ = await asyncio.wait({listening, typing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return "ended" if listening in done else "left"
        finally:
            for task in (listening, typing, writing):
                task.cancel()
            await asyncio.gather(listening, typing, writing, return_exceptions=True)
            await self._live.close()

    async def _listen(self) -> None:
        async for message in self._live.messages():
            self._show(message)
            if self._live.sitting.ended:
                return

    def _show(self, message: ServerMessage) -> None:
        match message:
            case Welcome():
                self._screen.state(message.state)
                if self._live.connections == 1:
                    self._recap_to = message.last_seq
                    if message.interviewer.startswith("rehearsal"):
                        self._screen.line("rehearsal")
                    self._screen.line("how")
            case State():
                self._screen.state(message.state)
            case ReplyDelta():
                self._floor.clear()
                self._screen.words(message.text)
            case Fact() if message.event["type"] == "score.given":
                if message.seq > self._recap_to:
                    self._screen.score(message)
                    self._prompted_for = None
            case Fact() if message.seq <= self._recap_to:
                self._screen.said_before(message)
            case Notice():
                self._screen.plain(message.message, style="yellow")
            case Problem():
                self._screen.plain(message.message, style="yellow")
                self._answered = self._prompted_for = None
            case _:
                pass
        self._give_floor()

    def _give_floor(self) -> None:
        """Prompts once for each reply, and again where something was printed over the prompt."""
        sitting = self._live.sitting
        if sitting.state is None or sitting.reply is None:
            return
        is_waiting = sitting.has_floor or (sitting.state.paused and sitting.reply.ended)
        if not is_waiting or sitting.state.phase == "ended" or sitting.reply.reply_id == self._answered:
            return
        standing = (sitting.reply.reply_id, sitting.state.paused)
        if standing == self._prompted_for:
            return
        self._prompted_for = standing
        self._screen.prompt(sitting.state)
        self._floor.set()

    async def _type(self) -> None:
        """Each line, once it is the candidate's turn; returns where the person leaves or the input ends."""
        while True:
            line = await self._keyboard.line()
            if line is None:
                # What was sent last may end the interview; only then is the end of the input no leaving.
                await self._floor.wait()
                return
            await self._floor.wait()
            self._screen.typed(line, is_echoed=self._keyboard.is_terminal)
            if not await self._act(line):
                return

    async def _act(self, line: str) -> bool:
        """False where the person leaves."""
        meant = commands.read(line)
        state = self._live.sitting.state
        if meant is None and state is not None and state.paused:
            meant = Asked("resume")
        match meant:
            case Answered(text):
                self._await_reply()
                await self._live.say(text)
            case Asked(request, language):
                if request != "pause":
                    self._await_reply()
                await self._live.press(request, language)
            case Own("leave"):
                return False
            case Own("help"):
                self._screen.line("help", style="")
                self._prompt_again()
            case Unknown(command):
                self._screen.line("unknown_command", style="yellow", command=command)
                self._prompt_again()
            case None:
                self._prompt_again()
        return True

    def _await_reply(self) -> None:
        self._floor.clear()
        self._answered = self._live.sitting.reply.reply_id if self._live.sitting.reply else None

    def _prompt_again(self) -> None:
        self._prompted_for = None
        self._give_floor()

    async def _write_on(self) -> None:
        """Tells the server that the person is writing while a prompt of a terminal is open."""
        prompt: object = None
        left = 0
        while self._keyboard.is_terminal:
            await self._floor.wait()
            if prompt != self._prompted_for:
                prompt, left = self._prompted_for, int(WRITING_FOR_S / WRITING_EVERY_S)
            if left > 0:
                await self._live.typing()
                left -= 1
            await asyncio.sleep(WRITING_EVERY_S)

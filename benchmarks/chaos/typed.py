"""A candidate who types, comes back whenever the line drops, and goes on thinking meanwhile."""

import asyncio
import random
from contextlib import suppress
from uuid import UUID

from benchmarks.chaos.judge import Witness
from benchmarks.chaos.schedule import Tell
from server.live.protocol import Problem, ReplyDelta, ServerMessage
from server.terminal.api import Api
from server.terminal.candidates import Candidate, Moment, Speak
from server.terminal.client import LiveClient
from server.terminal.errors import TerminalError

LONGEST_WAIT_S = 0.5
"""How long a candidate waits at most before it tries again to come back."""
ATTEMPTS = 240
THINKS_S = (2.5, 6.5)
OPENS_WITHIN = 40
"""Attempts to open an interview."""


class _Client(LiveClient):
    @property
    def port(self) -> int | None:
        """Our end of the connection."""
        return None if self._socket is None else self._socket.local_address[1]


class Typing:
    """One typed interview."""

    def __init__(
        self,
        number: int,
        api: Api,
        candidate: Candidate,
        plan: str,
        *,
        calm: asyncio.Event,
        tell: Tell = lambda _number, _moment: None,
        thinks_s: tuple[float, float] = THINKS_S,
    ) -> None:
        """`calm`: once it is set nobody thinks any more, and the interview comes to its end.

        `thinks_s`: the least and the most seconds before each message.
        """
        self.number = number
        self.witness = Witness(f"typed {number}")
        self.errors: list[str] = []
        self._candidate = candidate
        self._plan = plan
        self._tell = tell
        self._calm = calm
        self._thinks_s = thinks_s
        self._chance = random.Random(f"{candidate.kind}/{number}")
        self._live = _Client(
            api,
            client="simulation",
            attempts=ATTEMPTS,
            longest_wait_s=LONGEST_WAIT_S,
            watcher=self.witness,
            chance=self._chance,
        )
        self._answered: UUID | None = None
        self._words_of: UUID | None = None
        self._thinking: asyncio.Task[None] | None = None

    @property
    def interview_id(self) -> UUID | None:
        return self._live.interview_id

    @property
    def unanswered(self) -> list[str]:
        """What was sent and was neither acknowledged nor refused, by client_id."""
        return list(self._live.sitting.unacknowledged)

    @property
    def port(self) -> int | None:
        """Its end of the connection."""
        return self._live.port

    async def open(self) -> None:
        """Opens the interview. Raises `TerminalError`."""
        for attempt in range(OPENS_WITHIN):
            try:
                await self._live.create(self._plan, self._candidate.language)
            except TerminalError:
                if attempt + 1 == OPENS_WITHIN:
                    raise
                await asyncio.sleep(LONGEST_WAIT_S)
            else:
                return

    async def hold(self) -> None:
        """Lives until the interview is over."""
        try:
            async for message in self._live.messages():
                self._follow(message)
        except TerminalError as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        finally:
            if self._thinking is not None:
                self._thinking.cancel()
                await asyncio.gather(self._thinking, return_exceptions=True)
            await self._live.close()

    def _follow(self, message: ServerMessage) -> None:
        sitting = self._live.sitting
        match message:
            case ReplyDelta() if message.reply_id != self._words_of:
                self._words_of = message.reply_id
                self._tell(self.number, "decided")
            case ReplyDelta():
                self._tell(self.number, "question")
            case Problem():
                self._answered = None  # Something else has to be said.
            case _:
                pass
        is_thinking = self._thinking is not None and not self._thinking.done()
        if sitting.ended or is_thinking or not sitting.has_floor or sitting.reply is None:
            return
        if sitting.reply.reply_id != self._answered:
            self._answered = sitting.reply.reply_id
            self._thinking = asyncio.create_task(self._think())

    async def _think(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._chance.uniform(*self._thinks_s)):
                await self._calm.wait()
        state = self._live.sitting.state
        if state is None or self._live.sitting.ended:
            return
        question_id = state.question.id if state.question else None
        match self._candidate.act(Moment(self._plan, state.phase, question_id, state.may)):
            case Speak(text):
                await self._live.say(text)
                self._tell(self.number, "answer")
            case None:
                pass
            case push:
                await self._live.press(push.request)

"""Writers that say what a test wants, and a candidate's side that remembers what reached it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

from agents.events import Event
from agents.offers import Brief
from agents.providers.accounts import Trouble
from agents.state import State
from agents.timing import TurnTimes

Script = Callable[[Brief], list[str | Exception | Awaitable[object]]]


def plainly(brief: Brief) -> list[str | Exception | Awaitable[object]]:
    """The Director's default, with nothing of its own."""
    return [brief.offer.default.header + "\n"]


class ScriptedWriter:
    """Writes what `script` gives for a brief: words, an exception to break with, or something to wait for."""

    name = "scripted"
    version = "scripted/1"

    def __init__(self, script: Script = plainly) -> None:
        self.script = script
        self.briefs: list[Brief] = []
        self.cancelled = 0

    async def write(self, brief: Brief) -> AsyncIterator[str]:
        self.briefs.append(brief)
        try:
            for part in self.script(brief):
                if isinstance(part, str):
                    yield part
                elif isinstance(part, Exception):
                    raise part
                else:
                    await part
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise


class Ear:
    """An Outlet that keeps everything, and lets a test wait for what it expects."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.replies: dict[UUID, str] = {}
        self.acks: dict[str, int] = {}
        self.refusals: list[tuple[str | None, str]] = []
        self.closings: list[str] = []
        self.interims: list[str] = []
        self.times: list[TurnTimes] = []
        self.troubles: list[Trouble] = []
        self.holds: list[str] = []
        self.state: State | None = None
        self.is_there = True
        self.sent_whole = 0
        """Replies all of whose words were sent."""
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def fact(self, event: Event) -> None:
        self.events.append(event)
        self._stir()

    def moved(self, state: State, at_ms: int) -> None:
        self.state = state
        self._stir()

    def words(self, reply_id: UUID, text: str) -> bool:
        self.replies[reply_id] = self.replies.get(reply_id, "") + text
        self._stir()
        return self.is_there

    def reply_ended(self, reply_id: UUID, *, interrupted: bool) -> None:
        self.sent_whole += not interrupted
        self._stir()

    def kept(self, client_id: str, seq: int) -> None:
        self.acks[client_id] = seq
        self._stir()

    def refused(self, client_id: str | None, error: Exception) -> None:
        self.refusals.append((client_id, str(error)))
        self._stir()

    def heard_so_far(self, text: str) -> None:
        self.interims.append(text)
        self._stir()

    def measured(self, times: TurnTimes) -> None:
        self.times.append(times)
        self._stir()

    def troubled(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)
        self._stir()

    def held(self, words: str) -> None:
        self.holds.append(words)
        self._stir()

    def closed(self, reason: str) -> None:
        self.closings.append(reason)
        self._stir()

    @property
    def last(self) -> str:
        """The words of the reply that began last."""
        return list(self.replies.values())[-1] if self.replies else ""

    async def until(self, condition: Callable[[], object], within_s: float = 10.0) -> None:
        """Waits until the condition holds; fails the test when it does not in time."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: bool(condition()))

    def _stir(self) -> None:
        task = asyncio.get_running_loop().create_task(self._notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

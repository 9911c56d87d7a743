"""Kills parts of a site one after the other, each in its moment, and brings each back before the next."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec

from benchmarks.chaos.product import Part as Process
from benchmarks.chaos.product import Serving, Site
from benchmarks.chaos.schedule import Kill, Moment, Part
from server.supervisor import Restarts

WAITS_FOR_ONE_S = 6.0
"""How long a moment of the chosen candidate is waited for; then it may be anybody's, for as long again."""
TENDS_EVERY_S = 0.1
RESTARTS = Restarts()
"""What is dead comes back as under `viva run`."""


class Killed(msgspec.Struct, frozen=True):
    """What was done. Times are seconds of `time.monotonic`."""

    part: Part
    at: float
    moment: Moment | None
    candidate: int | None
    """Whose moment it was."""
    back_at: float
    """When that part was ready again."""


class Standing:
    """Which serving processes are ready, and when none was."""

    def __init__(self, servings: Sequence[Serving]) -> None:
        self.outages: list[tuple[float, float]] = []
        """From and to, s: times in which no `/readyz` was true."""
        self._ready = {serving.port for serving in servings}
        self._none_since: float | None = None

    def fell(self, serving: Serving, at: float) -> None:
        self._ready.discard(serving.port)
        if not self._ready and self._none_since is None:
            self._none_since = at

    def stands(self, serving: Serving, at: float) -> None:
        self._ready.add(serving.port)
        if self._none_since is not None:
            self.outages.append((self._none_since, at))
            self._none_since = None


class Killer:
    """`serving_of` names the port of the process that holds a candidate's interview."""

    def __init__(self, site: Site, serving_of: Callable[[int], int | None]) -> None:
        self.killed: list[Killed] = []
        self.standing = Standing(site.servings)
        self.ended_alone: list[str] = []
        """Processes that ended without being killed, and were started again."""
        self._site = site
        self._serving_of = serving_of
        self._by_port = {serving.port: serving for serving in site.servings}
        self._waiting: tuple[int | None, Moment, asyncio.Future[tuple[Serving, int, float]]] | None = None
        self._down: set[str] = set()

    def tell(self, number: int, moment: Moment) -> None:
        """A candidate has come to a moment. Where that is waited for, its serving process is dead on return."""
        if self._waiting is None:
            return
        wanted, awaited, found = self._waiting
        if moment != awaited or (wanted is not None and wanted != number) or found.done():
            return
        serving = self._by_port.get(self._serving_of(number) or 0)
        if serving is not None and serving.pid is not None:
            self._down.add(serving.name)
            os.kill(serving.pid, signal.SIGKILL)
            found.set_result((serving, number, time.monotonic()))

    async def carry_out(self, kills: Sequence[Kill]) -> None:
        """All of them. Raises `SiteError` where a part does not come back."""
        for kill in kills:
            await asyncio.sleep(kill.pause_s)
            await self._carry_out(kill)

    @asynccontextmanager
    async def tending(self) -> AsyncIterator[None]:
        """Within it, what ends by itself is started again."""
        parts: list[Process] = [*self._site.servings, *self._site.workers]
        tending = [asyncio.create_task(self._tend(part)) for part in parts]
        try:
            yield
        finally:
            for task in tending:
                task.cancel()
            await asyncio.gather(*tending, return_exceptions=True)

    async def _carry_out(self, kill: Kill) -> None:
        match kill.part:
            case "serving":
                await self._kill_serving(kill)
            case "worker":
                worker = self._site.workers[0]
                at = time.monotonic()
                self._down.add(worker.name)
                await worker.kill()
                await asyncio.sleep(RESTARTS.first)
                await worker.start()
                self._down.discard(worker.name)
                self._note(kill, at)
            case "postgres":
                at = time.monotonic()
                await self._site.postgres.kill()
                for serving in self._site.servings:
                    self.standing.fell(serving, at)
                await asyncio.sleep(kill.away_s)
                await self._site.postgres.start()
                await asyncio.gather(*(self._back(serving) for serving in self._site.servings))
                self._note(kill, at)
            case "valkey":
                at = time.monotonic()
                await self._site.valkey.kill()
                await asyncio.sleep(kill.away_s)
                await self._site.valkey.start()
                self._note(kill, at)

    async def _kill_serving(self, kill: Kill) -> None:
        serving, number, at = await self._in_its_moment(kill)
        self._down.add(serving.name)
        self.standing.fell(serving, at)
        await serving.kill()
        await asyncio.sleep(RESTARTS.first)
        await self._back(serving)
        self._down.discard(serving.name)
        self._note(kill, at, number)

    async def _in_its_moment(self, kill: Kill) -> tuple[Serving, int | None, float]:
        """The serving process that has just been killed, in whose moment, and when."""
        for wanted in (kill.candidate, None):
            assert kill.moment is not None
            found: asyncio.Future[tuple[Serving, int, float]] = asyncio.get_running_loop().create_future()
            self._waiting = (wanted, kill.moment, found)
            try:
                async with asyncio.timeout(WAITS_FOR_ONE_S):
                    return await found
            except TimeoutError:
                continue
            finally:
                self._waiting = None
        # Nobody comes to it any more: the interviews are over.
        serving = self._site.servings[kill.candidate % len(self._site.servings)]
        return serving, None, time.monotonic()

    async def _back(self, serving: Serving) -> None:
        await serving.start()
        self.standing.stands(serving, time.monotonic())

    def _note(self, kill: Kill, at: float, number: int | None = None) -> None:
        moment = kill.moment if number is not None else None
        self.killed.append(Killed(kill.part, at, moment, number, time.monotonic()))

    async def _tend(self, part: Process) -> None:
        """Starts again what ended by itself, as the supervisor does."""
        began, failures = time.monotonic(), 0
        while True:
            await asyncio.sleep(TENDS_EVERY_S)
            if part.name in self._down:
                began, failures = time.monotonic(), 0
            elif not part.is_up:
                self.ended_alone.append(part.name)
                failures, wait_s = RESTARTS.after(time.monotonic() - began, failures)
                await asyncio.sleep(RESTARTS.longest if wait_s is None else wait_s)
                part.begin()
                began = time.monotonic()

"""Several serving processes behind one port: `viva serve --workers N`.

A light parent binds the address once and starts processes that inherit it: whoever is free takes the next connection,
and one that ends leaves nobody waiting. It restarts what dies, replaces all one by one on request, and ends with them.

uvicorn's own `Multiprocess` was tried first. It builds the application from an import name in a pickled
configuration, where ours is built around services opened on the process's own loop; it kills a process that does not
answer for five seconds, with all its interviews; it restarts at once and for ever, waits without limit for an old one,
hears no SIGTERM while it replaces, and its processes outlive it.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from socket import socket

import structlog

from server.embedded.children import ChildProcess, spawn
from server.shared_metrics import SharedMetrics
from server.supervisor import NO_RESTART, ChildFailedError, Restarts, words

READY_WITHIN_S = 60.0
"""How long a process may take until it serves."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Process:
    child: ChildProcess
    began: float
    serves: "asyncio.Task[bool]"
    """Done once it serves, with True, or once it can no more say so."""

    @property
    def is_serving(self) -> bool:
        return self.child.status is None and self.serves.done() and self.serves.result()


@dataclass(eq=False)
class _Place:
    """One of the N. `changing` is held by whoever puts another process there."""

    process: _Process
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)


class ServingProcesses:
    """N processes, each `argv --listener FD … --tells FD`: it serves on the first and writes a byte to the second when
    it does.

    `patience` is how long one has to end after SIGTERM, in seconds, before it is killed. The listeners are ours from
    now on.
    """

    def __init__(
        self,
        argv: Sequence[str],
        count: int,
        listeners: Sequence[socket],
        *,
        patience: float,
        env: Mapping[str, str] | None = None,
        restarts: Restarts | None = None,
        ready_within: float = READY_WITHIN_S,
    ) -> None:
        self._argv = argv
        self._count = count
        self._listeners = listeners
        self._patience = patience
        self._restarts = restarts or Restarts()
        self._ready_within = ready_within
        self._metrics = SharedMetrics()
        self._env = {**(os.environ if env is None else env), **self._metrics.env}
        self._running: set[_Process] = set()
        self._places: list[_Place] = []

    async def run(self, stop: asyncio.Event, again: asyncio.Event, ready: Callable[[], None]) -> None:
        """Serve until `stop` is set; returns when every process has ended.

        `ready` is called once all serve. Each time `again` is set, all are replaced one by one: an old one is told to
        end when its successor serves. ChildFailedError when none can be kept running.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._places = [_Place(self._start()) for _ in range(self._count)]
                tasks = [
                    *(group.create_task(self._tend(place)) for place in self._places),
                    group.create_task(self._replace_whenever(again, stop)),
                    group.create_task(self._say_when_all_serve(ready)),
                ]
                await stop.wait()
                for task in tasks:
                    task.cancel()
        except ExceptionGroup as errors:
            failed, others = errors.split(ChildFailedError)
            if failed is None or others is not None:
                raise
            raise failed.exceptions[0] from None
        finally:
            # Nobody would take what still comes: refused at once, it goes to another machine.
            for listener in self._listeners:
                listener.close()
            await asyncio.gather(*(self._end(process) for process in list(self._running)))
            self._metrics.close()

    def cut(self) -> None:
        """End all at once, without a goodbye; `run` is to be stopped with it."""
        for process in self._running:
            process.child.send(signal.SIGQUIT)

    def _start(self) -> _Process:
        hears, tells = os.pipe()
        descriptors = [listener.fileno() for listener in self._listeners]
        options = [text for number in descriptors for text in ("--listener", str(number))]
        try:
            child = spawn(
                [*self._argv, *options, "--tells", str(tells)],
                ending=signal.SIGTERM,
                keep=(*descriptors, tells),
                env=self._env,
            )
        except BaseException:
            os.close(hears)
            raise
        finally:
            os.close(tells)
        process = _Process(child, asyncio.get_running_loop().time(), asyncio.create_task(_says_so(hears)))
        self._running.add(process)
        return process

    async def _end(self, process: _Process) -> None:
        await process.child.end((signal.SIGTERM, self._patience))
        await self._has_ended(process)

    async def _has_ended(self, process: _Process) -> None:
        self._running.discard(process)
        await process.serves  # its end of the pipe is closed
        self._metrics.departed()

    async def _tend(self, place: _Place) -> None:
        failures = 0
        while True:
            process = place.process
            status = await process.child.exited()
            await self._has_ended(process)
            lifetime = asyncio.get_running_loop().time() - process.began
            async with place.changing:
                if place.process is not process:
                    failures = 0
                    continue
                failures, delay = self._restarts.after(lifetime, failures)
                if status == NO_RESTART:
                    delay = None
                if delay is None:
                    if not any(other.is_serving for other in self._running):
                        raise ChildFailedError(_gave_up(status, failures))
                    # The others hold interviews: they are not ended because one cannot be brought back.
                    delay = self._restarts.longest
                log.warning("serving process restarts", ended_with=words(status), wait_s=delay)
                await asyncio.sleep(delay)
                place.process = self._start()

    async def _say_when_all_serve(self, ready: Callable[[], None]) -> None:
        for place in self._places:
            while not await asyncio.shield(place.process.serves):  # noqa: ASYNC110 - its successor is another task
                await asyncio.sleep(self._restarts.first)
        ready()

    async def _replace_whenever(self, again: asyncio.Event, stop: asyncio.Event) -> None:
        # Python 3.11's `wait_for` forgets a cancellation that comes with what it waits for, here an old one's end.
        while not stop.is_set():
            await again.wait()
            again.clear()
            log.info("serving processes are replaced", processes=self._count)
            for place in self._places:
                if stop.is_set():
                    return
                async with place.changing:
                    is_replaced = await self._replace(place)
                if not is_replaced:
                    log.error("serving processes were not all replaced: the new one does not serve; the old ones go on")
                    break
            else:
                log.info("serving processes were replaced", processes=self._count)

    async def _replace(self, place: _Place) -> bool:
        old, new = place.process, self._start()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._ready_within):
                await asyncio.shield(new.serves)
        if not new.is_serving:
            await self._end(new)
            return False
        place.process = new
        await self._end(old)
        return True


async def _says_so(descriptor: int) -> bool:
    """Whether a process has said that it serves; False when it ended before."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, lambda: None if told.done() else told.set_result(None))
    try:
        await told
        return bool(os.read(descriptor, 1))
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _gave_up(status: int, failures: int) -> str:
    if status == NO_RESTART:
        return "The server cannot run; what it wrote above says what to change."
    return (
        f"The server stopped {failures} times right after its start (last with {words(status)}). "
        "What it wrote above says why; mend that and start Viva again."
    )

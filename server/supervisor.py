"""The light parent of `viva run`: embedded services, the database made ready, then the server and the worker.

It ends what it started in the reverse order, and so do deaths it cannot handle: each child asks the kernel to be
stopped when this process is gone.
"""

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import structlog

from server.embedded import EmbeddedServices
from server.embedded.children import spawn

PATIENCE_S = 10.0
# A child that exits with this (sysexits' EX_CONFIG) has told the person what to change: no restart mends it.
NO_RESTART = 78

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class SupervisorError(Exception):
    """Viva cannot go on running; the message says why and what to do, and holds nothing personal.

    SupervisorError
    ├── ChildFailedError   the server or the worker does not stay up
    └── PortError          the address to listen on cannot be used
    """

    safe: ClassVar[bool] = True


class ChildFailedError(SupervisorError):
    """A child stopped again and again right after its start, or in a way that a restart does not mend."""


class PortError(SupervisorError):
    """The host and port to listen on cannot be used."""


@dataclass(frozen=True)
class Child:
    """A process to keep running: its name for people, its command, and what it finds added to our environment.

    `patience` is how long it has to end after SIGTERM, in seconds; None where it takes as long as the others.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    patience: float | None = None


@dataclass(frozen=True)
class Restarts:
    """When a child that stopped is started again; all in seconds.

    One that lived `settled` or longer has run well: the count of failures begins anew. The wait doubles from `first`
    to `longest`; after `failures` short lives in a row there is none.
    """

    first: float = 0.25
    longest: float = 10.0
    settled: float = 10.0
    failures: int = 5

    def after(self, lifetime: float, failures: int) -> tuple[int, float | None]:
        """(failures in a row, seconds to wait) once a child ended after `lifetime`; None to give up."""
        failures = 1 if lifetime >= self.settled else failures + 1
        if failures >= self.failures and lifetime < self.settled:
            return failures, None
        return failures, min(self.first * 2 ** (failures - 1), self.longest)


async def supervise(
    children: Sequence[Child],
    stop: asyncio.Event,
    *,
    restarts: Restarts | None = None,
    patience: float = PATIENCE_S,
) -> None:
    """Keep the children running until `stop` is set, then end them: SIGTERM, `patience` seconds, SIGKILL.

    ChildFailedError when one does not stay up; the others have been ended by then.
    """
    try:
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(_tend(child, stop, restarts or Restarts(), patience))
    except ExceptionGroup as errors:
        # Not `except*`: before Python 3.11.4 that wraps what it raises in a group of its own.
        failed, others = errors.split(ChildFailedError)
        if failed is None or others is not None:
            raise
        raise failed.exceptions[0] from None


async def run(
    home: Path,
    prepare: Callable[[EmbeddedServices], Awaitable[Sequence[Child]]],
    stop: asyncio.Event,
    *,
    postgres: bool = True,
    valkey: bool = True,
    restarts: Restarts | None = None,
) -> None:
    """Serve on a home until `stop` is set. Returns, or raises, when everything that was started has ended.

    `postgres` and `valkey` are False where DATABASE_URL and REDIS_URL replace them. `prepare` gets the services once
    they run, makes the database ready (`services.postgres.admin_url`) and returns the children with their environment.

    Raises EmbeddedError or SupervisorError, each a sentence for the person, and whatever `prepare` raises.
    """
    services = EmbeddedServices(home, postgres=postgres, valkey=valkey)
    try:
        children = await _unless(stop, _begin(services, prepare))
        if children is not None:
            await _serve(services, children, stop, restarts)
    finally:
        await services.stop()


@contextlib.contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Within it, Ctrl-C, SIGTERM and a closed terminal set `stop`."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def check_port(host: str, port: int) -> None:
    """Raise PortError when a server could not listen there; asked before anything is started."""
    for bound in bind(host, port):
        bound.close()


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to every address of the host that this machine has; nobody listens yet. Raises PortError."""
    bound: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, kind, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            try:
                bound.append(_bound(family, kind, address))
            except OSError as error:
                # `localhost` has an address of IPv6 also where the machine speaks none.
                if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    raise
                missing = error
    except OSError as error:
        for one in bound:
            one.close()
        raise _port_error(host, port, error) from error
    if not bound and missing is not None:
        raise _port_error(host, port, missing) from missing
    return bound


def _bound(family: int, kind: int, address: Any) -> socket.socket:
    one = socket.socket(family, kind)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
    except OSError:
        one.close()
        raise
    return one


def _port_error(host: str, port: int, error: OSError) -> PortError:
    if isinstance(error, socket.gaierror):
        return PortError(f"{host} is not an address. Set VIVA_HOST to one of this machine's.")
    if error.errno == errno.EADDRINUSE:
        return PortError(f"Port {port} on {host} is in use. Stop the other server or set VIVA_PORT to a free port.")
    if error.errno in {errno.EACCES, errno.EPERM}:
        return PortError(f"This user may not listen on port {port}. Set VIVA_PORT to a port above 1023.")
    return PortError(f"Viva cannot listen on {host} ({error.strerror}). Set VIVA_HOST to an address of this machine.")


async def _begin(
    services: EmbeddedServices, prepare: Callable[[EmbeddedServices], Awaitable[Sequence[Child]]]
) -> Sequence[Child]:
    await services.start()
    return await prepare(services)


async def _serve(
    services: EmbeddedServices, children: Sequence[Child], stop: asyncio.Event, restarts: Restarts | None
) -> None:
    keeping = asyncio.create_task(services.keep())
    serving = asyncio.create_task(supervise(children, stop, restarts=restarts))
    try:
        await asyncio.wait({keeping, serving}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        else:
            await keeping  # it ends by its error alone
    finally:
        # The children end first, while the services they write to are still there.
        await _ended(serving)
        await _ended(keeping)


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # reported by whoever awaited it


async def _tend(child: Child, stop: asyncio.Event, restarts: Restarts, patience: float) -> None:
    loop = asyncio.get_running_loop()
    failures = 0
    while not stop.is_set():
        started = loop.time()
        process = spawn(child.argv, ending=signal.SIGTERM, env={**os.environ, **child.env})
        try:
            status = await _unless(stop, process.exited())
        finally:
            await process.end((signal.SIGTERM, child.patience or patience))
        if status is None:
            return
        if status == NO_RESTART:
            raise ChildFailedError(f"The {child.name} cannot run; what it wrote above says what to change.")
        failures, delay = restarts.after(loop.time() - started, failures)
        if delay is None:
            raise ChildFailedError(
                f"The {child.name} stopped {failures} times right after its start (last with {words(status)}). "
                "What it wrote above says why; mend that and start Viva again."
            )
        log.warning("child restarts", child=child.name, ended_with=words(status), wait_s=delay)
        await _unless(stop, asyncio.sleep(delay))


def words(status: int) -> str:
    """How a process ended, for people: its exit status, or the signal's name where it is negative."""
    if status >= 0:
        return f"status {status}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result | None:
    """What the work returns; None, with the work cancelled, once `stop` is set."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return await working
        return None
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.wait({working, stopping})

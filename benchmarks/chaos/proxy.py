"""A line that can be made bad: a TCP proxy that passes, holds bytes back, cuts, or springs a trap at certain words.

proxy = Proxy(["127.0.0.1:8001", "127.0.0.1:8002"])      # or a unix socket's path
await proxy.start()
proxy.stall()       # nothing passes, nobody is told
proxy.release()     # what was held goes on its way
proxy.cut()         # every connection is reset

With several upstreams each new connection goes to the next one that answers: a balancer without stickiness.
`Lines` treats several proxies as one, and lays traps.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Sequence
from typing import Literal, TypeAlias

Side = Literal["up", "down"]
"""`up` is what the client sends to the server, `down` what comes back."""
SIDES: tuple[Side, Side] = ("up", "down")

_CHUNK = 65_536
_LOOK_EVERY_S = 0.02
_RESET = struct.pack("ii", 1, 0)


class _Gate:
    """Lets one direction of every connection pass, or not."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def passed(self) -> None:
        await self._open.wait()


Mark: TypeAlias = bytes | tuple[bytes, ...]
"""Bytes that a chunk has in it; of several, all."""


def _find(mark: Mark, data: bytes, at: int) -> int | None:
    """Where the mark ends; None where it is not."""
    pieces = (mark,) if isinstance(mark, bytes) else mark
    found = [data.find(piece, at) for piece in pieces]
    if min(found) < 0:
        return None
    return max(start + len(piece) for start, piece in zip(found, pieces, strict=True))


class Trap:
    """Waits for marks that one client sends in that order, each in another of its chunks or the same one."""

    def __init__(self, marks: Sequence[Mark], *, holds: bool) -> None:
        """`holds`: the last one is held back; otherwise it arrives, and its answer is lost with the connection."""
        self.marks = tuple(marks)
        self.holds = holds
        self.sprung = asyncio.Event()
        """Set once something is held, or an answer was lost."""
        self.is_set = True
        self._gate = _Gate()
        if holds:
            self._gate.shut()

    async def springs(self, within_s: float = 30.0) -> None:
        """Waits until it has sprung. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            await self.sprung.wait()

    def release(self) -> None:
        """What is held goes on its way, and nothing else is caught."""
        self.is_set = False
        self._gate.open()

    async def held(self, source: asyncio.StreamReader) -> bool:
        """Waits for the release; False where the client died meanwhile."""
        while not self._gate.is_open:
            if source.at_eof() or source.exception() is not None:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._gate.passed()
        return True


class _Pair:
    """One connection: its two ends, and how far along each trap it is."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.losing: Trap | None = None
        """The trap that takes the next answer."""
        self._passed: dict[Trap, int] = {}

    def reset(self) -> None:
        for end in (self.client, self.server):
            _reset(end)

    def springs(self, trap: Trap, data: bytes) -> bool:
        """Whether these bytes bring the last of a trap's marks."""
        passed, at = self._passed.get(trap, 0), 0
        while passed < len(trap.marks):
            found = _find(trap.marks[passed], data, at)
            if found is None:
                break
            at, passed = found, passed + 1
        self._passed[trap] = passed
        return passed == len(trap.marks)


class Proxy:
    """Listens on a free port of this machine and forwards to the upstreams."""

    def __init__(self, upstreams: Sequence[str], *, port: int = 0) -> None:
        """Each upstream is `host:port` or the path of a unix socket."""
        self.upstreams = list(upstreams)
        self.port = port
        self.connections = 0
        """How many were accepted in all."""
        self._gates = {side: _Gate() for side in SIDES}
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._next = 0
        self._refuses = False
        self._is_stopping = False
        self._traps: list[Trap] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def live(self) -> int:
        """How many connections there are."""
        return len(self._pairs)

    async def start(self) -> None:
        """Listens; on the port it had, where it was stopped before."""
        self._is_stopping = False
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._is_stopping = True
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def stall(self, *sides: Side) -> None:
        """Holds every byte of the sides, both where none is named; connections are still accepted."""
        for side in sides or SIDES:
            self._gates[side].shut()

    def release(self) -> None:
        """What was held goes on its way, and new bytes pass; no trap is left."""
        for trap in self._traps:
            trap.release()
        self._traps.clear()
        self._refuses = False
        for gate in self._gates.values():
            gate.open()

    def cut(self) -> None:
        """Resets every connection; what was held is lost."""
        for pair in list(self._pairs):
            pair.reset()

    def refuse(self, refuses: bool = True) -> None:
        """New connections are reset at once, until told otherwise."""
        self._refuses = refuses

    def lay(self, trap: Trap) -> Trap:
        """Waits for the trap's marks; one trap may lie on several lines and catches once."""
        self._traps.append(trap)
        return trap

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._forward(reader, writer)
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
        finally:
            _reset(writer)
            self._tasks.discard(task)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened = None if self._refuses else await self._connect()
        if opened is None:
            return
        from_server, to_server = opened
        pair = _Pair(writer, to_server)
        self._pairs.add(pair)
        try:
            up = asyncio.create_task(self._pump(reader, to_server, "up", pair))
            down = asyncio.create_task(self._pump(from_server, writer, "down", pair))
            # The end of one direction is passed on and the other may still say something, but not for ever.
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({up, down}, timeout=1.0)
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
        finally:
            self._pairs.discard(pair)
            to_server.close()
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.upstreams:
            upstream = self.upstreams[self._next % len(self.upstreams)]
            self._next += 1
            with contextlib.suppress(OSError):
                if "/" in upstream:
                    return await asyncio.open_unix_connection(upstream)
                host, _, port = upstream.rpartition(":")
                return await asyncio.open_connection(host, int(port))
        return None

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, side: Side, pair: _Pair) -> None:
        gate = self._gates[side]
        # uvloop raises RuntimeError for what is asked of a closed transport.
        with contextlib.suppress(OSError, RuntimeError):
            while data := await source.read(_CHUNK):
                if not gate.is_open:
                    await gate.passed()
                if side == "down" and pair.losing is not None:
                    pair.losing.sprung.set()
                    pair.reset()
                    return
                trap = self._caught(data, pair) if side == "up" else None
                if trap is not None and trap.holds:
                    trap.sprung.set()
                    if not await trap.held(source):
                        pair.reset()
                        return
                elif trap is not None:
                    pair.losing = trap
                sink.write(data)
                await sink.drain()
            await gate.passed()
            if sink.can_write_eof():
                sink.write_eof()

    def _caught(self, data: bytes, pair: _Pair) -> Trap | None:
        """The first trap that these bytes spring; it catches nobody else."""
        for trap in [trap for trap in self._traps if trap.is_set]:
            if pair.springs(trap, data):
                trap.is_set = False
                return trap
        return None


class Lines:
    """Several lines that are good or bad together."""

    def __init__(self, proxies: Sequence[Proxy]) -> None:
        self.proxies = list(proxies)

    def stall(self, *sides: Side) -> None:
        for proxy in self.proxies:
            proxy.stall(*sides)

    def release(self) -> None:
        for proxy in self.proxies:
            proxy.release()

    def cut(self) -> None:
        for proxy in self.proxies:
            proxy.cut()

    def refuse(self, refuses: bool = True) -> None:
        for proxy in self.proxies:
            proxy.refuse(refuses)

    def hold_at(self, *marks: Mark) -> Trap:
        """From the chunk that brings the last of the marks on, one client's bytes are held until the trap's release."""
        return self._lay(Trap(marks, holds=True))

    def lose_answer_to(self, *marks: Mark) -> Trap:
        """What brings the last of the marks arrives, and the connection is reset before its answer passes.

        This is how the outcome of a commit becomes unknown.
        """
        return self._lay(Trap(marks, holds=False))

    def _lay(self, trap: Trap) -> Trap:
        for proxy in self.proxies:
            proxy.lay(trap)
        return trap


def _reset(end: asyncio.StreamWriter) -> None:
    """Closes with RST, as a line that breaks: nothing queued is delivered first."""
    held: socket.socket | None = end.get_extra_info("socket")
    with contextlib.suppress(OSError, ValueError):
        if held is not None and held.family != socket.AF_UNIX:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    end.transport.abort()


def socket_file(folder: str | os.PathLike[str], port: int = 5432) -> str:
    """The path of PostgreSQL's unix socket in its folder."""
    return os.path.join(folder, f".s.PGSQL.{port}")  # noqa: PTH118 - a str is what connects

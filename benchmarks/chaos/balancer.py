"""A balancer in front of several serving processes: connections in turn to whoever takes them, without stickiness."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

CHUNK = 64 * 1024


class Balancer:
    """Listens on loopback. `upstreams` are the ports behind it; one that refuses is passed over."""

    def __init__(self, upstreams: Sequence[int]) -> None:
        self.port = 0
        self._upstreams = list(upstreams)
        self._next = 0
        self._server: asyncio.Server | None = None
        self._behind: dict[int, int] = {}
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def upstream_of(self, port: int) -> int | None:
        """The port of the process that a connection, known by its client's own port, was given to."""
        return self._behind.get(port)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        port: int = writer.get_extra_info("peername")[1]
        try:
            upstream = await self._connected(port)
            if upstream is not None:
                await _joined(reader, writer, *upstream)
        except asyncio.CancelledError:
            pass  # The balancer stops; there is nobody to tell.
        finally:
            writer.transport.abort()
            self._behind.pop(port, None)
            self._open.discard(task)

    async def _connected(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to the next that takes one; None where nobody does."""
        for _ in self._upstreams:
            upstream = self._upstreams[self._next % len(self._upstreams)]
            self._next += 1
            with suppress(OSError):
                connection = await asyncio.open_connection("127.0.0.1", upstream)
                self._behind[port] = upstream
                return connection
        return None


async def _joined(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: asyncio.StreamReader, down: asyncio.StreamWriter
) -> None:
    """Passes bytes both ways until either side is gone; then both are."""
    passing = [asyncio.create_task(_pass(reader, down)), asyncio.create_task(_pass(up, writer))]
    try:
        await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        # What the other side has already sent still goes out: the last words before a close are among it.
        await asyncio.wait(passing, timeout=0.1)
    finally:
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)
        down.transport.abort()


async def _pass(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    # uvloop's transports raise RuntimeError once they are closed.
    with suppress(OSError, RuntimeError):
        while data := await source.read(CHUNK):
            to.write(data)
            await to.drain()
        to.write_eof()

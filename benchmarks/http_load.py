"""`python -m benchmarks.http_load`: requests at a steady rate, whatever becomes of those before.

The order comes as one line of JSON on stdin. One line, `begin`, says that the warm-up is over and measuring begins; the
last tells all that was measured. Each request has its moment beforehand and its time counts from there: one that had to
wait for a free connection, or for this process, is late and not left out.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from itertools import cycle
from typing import cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from benchmarks.voice.lagging import Lag, quantile_ms

BEGIN = "begin"
LATEST_S = 10.0
"""A request that is not answered so long after its moment has failed."""


class Order(msgspec.Struct, frozen=True):
    """`urls` are the serving processes, asked in turn; `routes` the addresses of each route, asked in turn as well."""

    urls: list[str]
    routes: dict[str, list[str]]
    rate: float
    """Requests a second, over all routes."""
    warm_up_s: float
    seconds: float
    connections: int
    """How many are kept open, over all processes."""


class Told(msgspec.Struct, frozen=True):
    """What was measured after the warm-up."""

    ms: dict[str, list[float]]
    """By route, from a request's moment to the last byte of its answer, of those that were answered with 200."""
    errors: list[str]
    seconds: float
    """From the first moment to the last answer."""
    received: int
    """Bytes of all answers, as they came."""
    lag_p99_ms: float | None
    """Of this process: how late its own loop was."""


class BadAnswerError(Exception):
    """An answer that is none, or not what was asked for."""


class Answer(msgspec.Struct, frozen=True):
    """What is looked at of an answer; `received` is its bytes, head and body as they came."""

    status: int
    received: int


class Connection(asyncio.Protocol):
    """One kept connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._whole = -1
        self._answer: asyncio.Future[Answer] | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._whole < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._whole = end + 4 + length_of(bytes(self._buffer[:end]))
        if len(self._buffer) >= self._whole:
            answer = Answer(int(self._buffer[9:12]), len(self._buffer))
            self._buffer.clear()
            self._whole = -1
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(answer)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(BadAnswerError("the connection was closed"))

    async def ask(self, request: bytes, within_s: float) -> Answer:
        """Waits for the whole answer. Raises `BadAnswerError` or `TimeoutError`; the connection is of no use then."""
        loop = asyncio.get_running_loop()
        if self._transport is None:
            raise BadAnswerError("the connection was closed")
        self._answer = loop.create_future()
        self._transport.write(request)
        late = loop.call_later(within_s, _give_up, self._answer)
        try:
            return await self._answer
        finally:
            late.cancel()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _give_up(answer: "asyncio.Future[Answer]") -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


def length_of(head: bytes) -> int:
    """The length of the body that follows a head. Raises `BadAnswerError` where it does not say."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise BadAnswerError("an answer did not say how long it is")


class Door:
    """The connections to one serving process; those that were lost are made anew when they are needed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        # The one used last is the first to be used again, as a client's pool does it.
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()

    async def open(self, connections: int) -> None:
        for _ in range(connections):
            self._free.put_nowait(await self._connect())

    async def ask(self, path: str, until: float) -> Answer:
        """The answer to a GET, once a connection is free. Raises `BadAnswerError`, `OSError` or `TimeoutError`."""
        head = f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nAccept: application/json\r\n"
        connection = await self._free.get()
        try:
            if not connection.is_open:
                connection = await self._connect()
            return await connection.ask(f"{head}Accept-Encoding: gzip\r\n\r\n".encode(), until - time.monotonic())
        except BaseException:
            connection.close()
            raise
        finally:
            self._free.put_nowait(connection)

    def close(self) -> None:
        while not self._free.empty():
            self._free.get_nowait().close()

    async def _connect(self) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(Connection, self._host, self._port)
        return connection


class Load:
    """Asks as ordered, and notes what comes of it."""

    def __init__(self, order: Order, doors: Sequence[Door]) -> None:
        self._order = order
        self._doors = cycle(doors)
        self._routes = cycle((route, cycle(paths)) for route, paths in order.routes.items())
        self._ms: dict[str, list[float]] = {route: [] for route in order.routes}
        self._errors: list[str] = []
        self._received = 0
        self._last = 0.0

    async def run(self) -> Told:
        """Raises nothing of what goes wrong with a request: that is told."""
        lag = Lag()
        # Not the loop's clock: uvloop's stands still while the loop is busy.
        began = time.monotonic() + 0.1
        measured_from = began + self._order.warm_up_s
        requests = round((self._order.warm_up_s + self._order.seconds) * self._order.rate)
        is_measured = False
        async with asyncio.TaskGroup() as group:
            for number in range(requests):
                due = began + number / self._order.rate
                ahead = due - time.monotonic()
                if ahead > 0:
                    await asyncio.sleep(ahead)
                if due >= measured_from and not is_measured:
                    is_measured = True
                    lag.begin()
                    print(BEGIN, flush=True)
                group.create_task(self._ask(due, is_measured))
        return Told(
            ms=self._ms,
            errors=self._errors,
            seconds=self._last - measured_from,
            received=self._received,
            lag_p99_ms=quantile_ms(lag.end(), 0.99),
        )

    async def _ask(self, due: float, is_measured: bool) -> None:
        route, paths = next(self._routes)
        door = next(self._doors)
        why = ""
        answer = None
        try:
            async with asyncio.timeout(due + LATEST_S - time.monotonic()):
                answer = await door.ask(next(paths), due + LATEST_S)
        except TimeoutError:
            why = f"no answer within {LATEST_S:g} s"
        except (BadAnswerError, OSError) as error:
            why = str(error) or type(error).__name__
        if not is_measured:
            return
        ended = time.monotonic()
        self._last = max(self._last, ended)
        if answer is not None and answer.status == 200:
            self._received += answer.received
            self._ms[route].append((ended - due) * 1000)
        else:
            self._errors.append(f"{route}: {why or f'status {answer.status if answer else 0}'}")


async def load(order: Order) -> Told:
    """Opens the connections and asks."""
    doors = [Door(url) for url in order.urls]
    try:
        for door in doors:
            await door.open(max(1, order.connections // len(doors)))
        return await Load(order, doors).run()
    finally:
        for door in doors:
            door.close()


def main() -> None:
    order = msgspec.json.decode(sys.stdin.readline(), type=Order)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(load(order))
    print(msgspec.json.encode(told).decode(), flush=True)


if __name__ == "__main__":
    main()

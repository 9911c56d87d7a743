import asyncio
import socket
from collections.abc import Callable

from server.listening import SharedListener

WITHIN_S = 10.0


class Taken(asyncio.Protocol):
    def __init__(self, told: Callable[[], None]) -> None:
        self._told = told

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._told()


class Process:
    """One that listens with others. `ahead` is how many connections it has more than the one with the fewest."""

    def __init__(self, port: socket.socket, ahead: int) -> None:
        self.taken = 0
        self.listener = SharedListener([port.dup()], 100, lambda: Taken(self._told), lambda _coming: ahead)

    def _told(self) -> None:
        self.taken += 1


def bound() -> socket.socket:
    port = socket.socket()
    port.bind(("127.0.0.1", 0))
    return port


async def come(port: socket.socket, number: int) -> list[asyncio.StreamWriter]:
    lines = await asyncio.gather(*(asyncio.open_connection(*port.getsockname()) for _ in range(number)))
    return [writer for _reader, writer in lines]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110 - connections are counted, not told of
            await asyncio.sleep(0.001)


async def test_who_has_the_fewest_connections_takes_the_next() -> None:
    with bound() as port:
        busy, idle = Process(port, ahead=3), Process(port, ahead=0)
        writers = await come(port, 10)
        await until(lambda: busy.taken + idle.taken == 10)
        assert (busy.taken, idle.taken) == (0, 10)
        for process in (busy, idle):
            process.listener.close()
        for writer in writers:
            writer.close()


async def test_who_has_the_most_takes_them_all_where_the_others_do_not() -> None:
    with bound() as port:
        busy, idle = Process(port, ahead=50), Process(port, ahead=0)
        idle.listener.close()
        writers = await come(port, 10)
        await until(lambda: busy.taken == 10)
        busy.listener.close()
        busy.listener.close()
        for writer in writers:
            writer.close()


async def test_what_one_gives_up_stays_open_for_the_others() -> None:
    with bound() as port:
        one, another = Process(port, ahead=0), Process(port, ahead=0)
        one.listener.close()
        (writer,) = await come(port, 1)
        await until(lambda: another.taken == 1)
        another.listener.close()
        writer.close()

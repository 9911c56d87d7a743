"""Lines to the services that can be made bad."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from benchmarks.chaos.proxy import Proxy, socket_file


@asynccontextmanager
async def through_a_line(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A line to PostgreSQL, given its address by unix socket, and the address by way of the line."""
    parts = urlsplit(url)
    line = Proxy([socket_file(parse_qs(parts.query)["host"][0])])
    await line.start()
    try:
        login = parts.netloc.partition("@")[0]
        yield line, f"{parts.scheme}://{login}@{line.address}{parts.path}?sslmode=disable"
    finally:
        await line.stop()

"""The serving processes that the HTTP benchmark asks."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil

from benchmarks.child import Child
from benchmarks.product import ProductError, free_port

READY_WITHIN_S = 90.0
LOOK_EVERY_S = 0.05


class Serving:
    """One serving process."""

    def __init__(self, child: Child, url: str) -> None:
        self.child = child
        self.url = url
        self._process = psutil.Process(child.pid)

    @property
    def cpu_s(self) -> float:
        """Processor time it has taken so far."""
        times = self._process.cpu_times()
        return times.user + times.system


@asynccontextmanager
async def serving(folder: Path, env: Mapping[str, str], processes: int) -> AsyncIterator[list[Serving]]:
    """So many serving processes, ready. Raises `ProductError`."""
    started: list[Serving] = []
    try:
        for number in range(processes):
            port = free_port()
            ours = {**env, "VIVA_HOST": "127.0.0.1", "VIVA_PORT": str(port)}
            child = await Child.start("server", "serve", env=ours, log=folder / f"serving{number}.log")
            started.append(Serving(child, f"http://127.0.0.1:{port}"))
        for one in started:
            await _ready(one.url)
        yield started
    finally:
        for one in started:
            await one.child.stop()


async def _ready(url: str) -> None:
    until = time.monotonic() + READY_WITHIN_S
    async with httpx.AsyncClient(trust_env=False) as http:
        while time.monotonic() < until:
            try:
                if (await http.get(f"{url}/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(LOOK_EVERY_S)
    message = f"a serving process was not ready within {READY_WITHIN_S:g} s"
    raise ProductError(message)

"""What the HTTP benchmark asks: databases of their own, and serving processes on them."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil

from benchmarks.child import Child
from benchmarks.product import ROOT, ProductError, free_port
from server.embedded import EmbeddedServices
from storage import migrations
from storage.database import Database
from storage.roles import APPLICATION, MAINTENANCE

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
async def databases(folder: Path) -> AsyncIterator[tuple[dict[str, str], Database]]:
    """PostgreSQL and Valkey with the schema; the environment that leads to them, and a way in past row security."""
    services = EmbeddedServices(folder / "data")
    await services.start()
    try:
        postgres = services.postgres
        passwords = {role: postgres.password(role) for role in (APPLICATION, MAINTENANCE)}
        await migrations.up(postgres.admin_url, passwords=passwords)
        env = _environment() | {
            "DATABASE_URL": postgres.url(APPLICATION),
            "VIVA_MAINTENANCE_DATABASE_URL": postgres.url(MAINTENANCE),
            "REDIS_URL": services.valkey.url,
            "VIVA_HOME": str(folder / "data"),
        }
        database = await Database.open(postgres.url(APPLICATION), postgres.admin_url, min_size=1)
        try:
            yield env, database
        finally:
            await database.close()
    finally:
        await services.stop()


@asynccontextmanager
async def working(folder: Path, env: Mapping[str, str]) -> AsyncIterator[None]:
    """The queue's worker."""
    child = await Child.start("server", "work", env=dict(env), log=folder / "worker.log")
    try:
        yield
    finally:
        await child.stop()


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


def _environment() -> dict[str, str]:
    """Ours without the settings of whoever runs this: they would lead to their databases and providers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VIVA_") and not name.endswith(("_URL", "_KEY"))
    }
    return kept | {"VIVA_LOG_FORMAT": "json", "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1,localhost"}

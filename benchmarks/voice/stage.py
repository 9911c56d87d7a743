"""Everything a run needs: databases, the worker, serving processes with scripted providers, and their load."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import psutil

from agents.events import Event
from agents.log import InterviewLog
from benchmarks.child import Child
from benchmarks.databases import databases, working
from benchmarks.product import free_port
from benchmarks.voice.orders import READY, Order, Sampled, Told
from benchmarks.voice.settings import Setting
from storage import identity
from storage.database import Database
from storage.roles import APPLICATION, MAINTENANCE

READY_WITHIN_S = 90.0
STAGE_WITHIN_S = 180.0


class Used(msgspec.Struct, frozen=True):
    """What the serving processes together have used, at one moment."""

    at: float
    cpu_s: float
    resident: int
    """Bytes."""


class Stage:
    """Databases and the worker; runs come and go on it."""

    def __init__(self, folder: Path, env: dict[str, str], database: Database, tenant_id: UUID) -> None:
        self._folder = folder
        self._env = env
        self._database = database
        self._tenant_id = tenant_id

    @asynccontextmanager
    async def served(self, setting: Setting) -> AsyncIterator[list["Serving"]]:
        """The setting's serving processes, ready."""
        serving: list[Serving] = []
        try:
            for number in range(setting.processes):
                serving.append(await Serving.start(self._folder, self._env, setting, number))  # noqa: PERF401
            yield serving
        finally:
            for one in serving:
                await one.child.stop()

    async def loaded(self, url: str, interviews: int, seconds: float, seed: int) -> Child:
        """A process of candidates that has got its order."""
        child = await Child.start("benchmarks.voice.load", env=self._env, log=self._folder / f"load{seed}.log")
        few = max(1, interviews // 5)
        order = Order(url=url, interviews=interviews, few=few, seconds=seconds, seed=seed)
        await child.tell(msgspec.json.encode(order))
        return child

    async def log(self, interview_id: UUID) -> list[Event]:
        """All that was kept of an interview."""
        return await InterviewLog(self._database, self._tenant_id, interview_id).read()


class Serving:
    """One serving process."""

    def __init__(self, child: Child, url: str) -> None:
        self.child = child
        self.url = url
        self._process = psutil.Process(child.pid)

    @classmethod
    async def start(cls, folder: Path, env: dict[str, str], setting: Setting, number: int) -> "Serving":
        port = free_port()
        env = {**env, "VIVA_HOST": "127.0.0.1", "VIVA_PORT": str(port)}
        child = await Child.start("benchmarks.voice.serving", env=env, log=folder / f"serving{number}.log")
        try:
            await child.tell(msgspec.json.encode(setting))
            while await child.line(READY_WITHIN_S) != READY.encode():
                pass
        except BaseException:
            await child.stop()
            raise
        return cls(child, f"http://127.0.0.1:{port}")

    async def metrics(self) -> str:
        """What it says of itself at `/metrics`."""
        async with httpx.AsyncClient(trust_env=False, timeout=STAGE_WITHIN_S) as http:
            return (await http.get(f"{self.url}/metrics")).text

    def used(self) -> Used:
        times = self._process.cpu_times()
        return Used(time.monotonic(), times.user + times.system, self._process.memory_info().rss)

    async def begin(self) -> None:
        """From now on the loop's lag counts."""
        await self.child.tell(b"begin")

    async def end(self) -> Sampled:
        await self.child.tell(b"end")
        return msgspec.json.decode(await self.child.line(STAGE_WITHIN_S), type=Sampled)


class Run(msgspec.Struct, frozen=True):
    """What came of one setting. `few` interviews were there at first; the rest came after."""

    setting: Setting
    few: int
    first: list[Used]
    begun: list[Used]
    ended: list[Used]
    sampled: list[Sampled]
    metrics: list[tuple[str, str]]
    """What each process said of itself before and after."""
    busy: float
    """Share of the whole machine's processors that was taken, by us or anybody, 0–1."""
    told: list[Told]


async def run(stage: Stage, setting: Setting, seconds: float, seed: int) -> Run:
    """Holds the setting's interviews. Raises `ProductError`."""
    each = setting.interviews // setting.processes
    async with stage.served(setting) as serving:
        loads: list[Child] = []
        try:
            for number, one in enumerate(serving):
                loads.append(await stage.loaded(one.url, each, seconds, seed + number))
            await _stages(loads)
            first = [one.used() for one in serving]
            await _go_on(loads)
            await _stages(loads)
            before = [await one.metrics() for one in serving]
            for one in serving:
                await one.begin()
            begun = [one.used() for one in serving]
            idle = psutil.cpu_times()
            await _go_on(loads)
            await _stages(loads, seconds)
            ended = [one.used() for one in serving]
            busy = _busy(idle, psutil.cpu_times())
            sampled = [await one.end() for one in serving]
            metrics = [(text, await one.metrics()) for text, one in zip(before, serving, strict=True)]
            await _go_on(loads)
            told = [msgspec.json.decode(await load.line(STAGE_WITHIN_S), type=Told) for load in loads]
        finally:
            for load in loads:
                await load.stop()
    few = max(1, each // 5) * setting.processes
    return Run(setting, few, first, begun, ended, sampled, metrics, busy, told)


def _busy(earlier: Any, later: Any) -> float:
    spent = [after - before for before, after in zip(earlier, later, strict=True)]
    idle = later.idle - earlier.idle + getattr(later, "iowait", 0.0) - getattr(earlier, "iowait", 0.0)
    return 1 - idle / sum(spent) if sum(spent) > 0 else 0.0


async def _stages(loads: Sequence[Child], longer_s: float = 0.0) -> None:
    """Waits until each has come to its next stage."""
    await asyncio.gather(*(load.line(STAGE_WITHIN_S + longer_s) for load in loads))


async def _go_on(loads: Sequence[Child]) -> None:
    await asyncio.gather(*(load.tell() for load in loads))


@asynccontextmanager
async def set_up(folder: Path) -> AsyncIterator[Stage]:
    """Databases, schema and worker in a folder of their own."""
    async with databases(folder) as (env, postgres):
        database = await Database.open(postgres.url(APPLICATION), postgres.url(MAINTENANCE), min_size=1)
        try:
            owner = await identity.ensure_local_owner(database)
            async with working(folder, env):
                yield Stage(folder, env, database, owner.tenant_id)
        finally:
            await database.close()

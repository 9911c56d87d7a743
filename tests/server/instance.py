"""`viva serve --workers N` as a child, on the tests' services: what is asked of it, and its processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.product import free_port
from tests.conftest import DatabaseUrls

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0


class Instance:
    """Its parent, and the address it serves. `home` is its working folder."""

    def __init__(self, parent: "subprocess.Popen[bytes]", port: int, home: Path) -> None:
        self.parent = parent
        self.port = port
        self.home = home
        self.url = f"http://127.0.0.1:{port}"

    @property
    def processes(self) -> set[int]:
        """The ids of those that serve, or are about to."""
        return {one.pid for one in psutil.Process(self.parent.pid).children() if alive(one.pid)}

    @property
    def said(self) -> str:
        """All that it wrote."""
        return log_of(self.home).read_text()

    @property
    def is_ready(self) -> bool:
        return "Viva is ready" in self.said

    async def get(self, path: str) -> httpx.Response:
        """Over a connection of its own, so that any process may answer."""
        async with httpx.AsyncClient(trust_env=False, timeout=DEADLINE_S) as http:
            return await http.get(self.url + path)

    async def load(self) -> dict[str, Any]:
        told: dict[str, Any] = (await self.get("/load")).json()
        return told

    async def until_capacity(self, capacity: int) -> None:
        """Waits until as many interviews may be held."""
        deadline = time.monotonic() + DEADLINE_S
        while (await self.load())["capacity"] != capacity:
            assert time.monotonic() < deadline, self.said[-4000:]
            await asyncio.sleep(0.05)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until it holds; fails with what was written."""
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline, self.said[-4000:]
            await asyncio.sleep(0.01)

    async def ends(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Tells the parent to end; its exit status."""
        self.parent.send_signal(by)
        await self.until(lambda: self.parent.poll() is not None)
        return int(self.parent.returncode)


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its parent to notice does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def log_of(home: Path) -> Path:
    return home / "instance.log"


@contextmanager
def open_instance(
    urls: DatabaseUrls, redis_url: str, home: Path, *, workers: int = 2, port: int | None = None, **settings: str
) -> Iterator[Instance]:
    """Serving, or ended already, once entered; nothing of it is left afterwards."""
    port = port or free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("VIVA_")}
    environ |= {
        "VIVA_HOME": str(home / "data"),
        "VIVA_PORT": str(port),
        "DATABASE_URL": urls.app,
        "REDIS_URL": redis_url,
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(home),
        **settings,
    }
    with log_of(home).open("wb") as log:
        parent = subprocess.Popen(
            [sys.executable, "-m", "server", "serve", "--workers", str(workers)],
            cwd=home,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    instance = Instance(parent, port, home)
    family: list[psutil.Process] = []
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not instance.is_ready and parent.poll() is None:
            assert time.monotonic() < deadline, instance.said[-4000:]
            time.sleep(0.02)
        yield instance
    finally:
        if parent.poll() is None:
            family = psutil.Process(parent.pid).children(recursive=True)
            parent.kill()
        parent.wait()
        for one in family:
            if one.is_running():
                one.kill()
        psutil.wait_procs(family, timeout=DEADLINE_S)

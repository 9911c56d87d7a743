"""The whole product as its own process, for tests that go through a browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
ROOT = Path(__file__).parents[2]


class Product:
    """A server on a free port of this machine, with a home of its own. It can be killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("VIVA_")}
        for name in ("DATABASE_URL", "REDIS_URL", "OBJECTS_URL"):
            environ.pop(name, None)
        environ |= {"VIVA_HOME": str(self.home), "VIVA_PORT": str(self.port), "PYTHONPATH": str(ROOT)}
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server", "run"],
                cwd=self.home,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._ready():
            ended = self._process.poll()
            assert ended is None, f"the product ended with status {ended}:\n{self.output()}"
            assert time.monotonic() < deadline, f"the product did not get ready:\n{self.output()}"
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def output(self) -> str:
        """The last of what it printed."""
        return (self.home / "output.txt").read_text("utf-8", "replace")[-4_000:]

    def processes(self) -> list[psutil.Process]:
        """What it started: databases, server, worker."""
        assert self._process is not None
        return psutil.Process(self._process.pid).children(recursive=True)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310 - an own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

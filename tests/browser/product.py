"""The whole product as its own process, for tests that go through a browser; and the outside world as another."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec
import psutil

from tests.emulators.sounds import noise, wav

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 30.0
ROOT = Path(__file__).parents[2]
KEYS = ("DEEPGRAM_API_KEY", "ELEVEN_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY")
NONE: Mapping[str, str] = MappingProxyType({})


class Product:
    """A server on a free port of this machine, with a home of its own. It can be killed and started again."""

    def __init__(self, home: Path, environment: Mapping[str, str] = NONE) -> None:
        """`environment` is what it has beyond what every process here has: the outside services, if any."""
        self.home = home
        self._environment = environment
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("VIVA_")}
        for name in ("DATABASE_URL", "REDIS_URL", "OBJECTS_URL", *KEYS):
            environ.pop(name, None)
        environ |= self._environment
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

    def lines(self, level: str) -> list[str]:
        """The lines of its log of a level, `error` or another; and whatever it printed that is no line of a log."""
        found = []
        for line in (self.home / "output.txt").read_text("utf-8", "replace").splitlines():
            try:
                kept = msgspec.json.decode(line, type=dict[str, object])
            except msgspec.DecodeError:
                continue
            if kept.get("level") == level:
                found.append(line)
        return found

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


class Vendors:
    """Every emulated vendor, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.environment: dict[str, str] = {}
        """With it a product takes them for the real ones."""
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> None:
        """Start them and wait until they serve; `arguments` as of `python -m tests.emulators`."""
        with (self._folder / "vendors.txt").open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.emulators", "--port", "0", *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.strip():
                return
            name, _, value = line.strip().partition("=")
            self.environment[name] = value
        raise AssertionError(f"the emulators ended:\n{(self._folder / 'vendors.txt').read_text('utf-8')}")

    def listen_once(self) -> None:
        """Have them recognise a little noise: what does it takes seconds to load, and no candidate waits for it."""
        request = urllib.request.Request(  # noqa: S310 - an own address
            f"{self.environment['VIVA_DEEPGRAM_URL']}/v1/listen?model=nova-3&language=en",
            data=wav(noise(1.0)),
            headers={"Authorization": f"Token {self.environment['DEEPGRAM_API_KEY']}", "Content-Type": "audio/wav"},
        )
        with urllib.request.urlopen(request, timeout=READY_WITHIN_S) as answer:  # noqa: S310 - an own address
            assert answer.status == 200

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(STOP_WITHIN_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

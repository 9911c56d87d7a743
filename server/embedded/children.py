"""Child processes that end with us, and the lock that says whether one still runs on a folder."""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from server.embedded.errors import StaleServiceError

LAUNCH = Path(__file__).with_name("launch.py")
POLL_S = 0.005
LOG_BYTES = 8 * 1024 * 1024

# The signal on a parent's death is bound to the thread that forked, not to the process: a pool's thread that
# ends early would take its children with it. This one lives as long as we do.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawn")


@dataclass(frozen=True)
class Account:
    """The unprivileged user that a service runs as when we are root."""

    uid: int
    gid: int


class ChildProcess:
    """A running child. `pid` is its process id (on systems without prctl, its watcher's)."""

    def __init__(self, process: "subprocess.Popen[bytes]", watch: int) -> None:
        self._process = process
        self._watch = watch

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        status = self._process.poll()
        if status is not None and self._watch >= 0:
            os.close(self._watch)
            self._watch = -1
        return status

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if it has ended."""
        self._process.send_signal(number)

    async def exited(self) -> int:
        """Wait for its end; the exit status, negative for a signal."""
        if self.status is None and hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):  # a sandbox may refuse the call: poll instead
                await _readable(os.pidfd_open(self.pid))
        while (status := self.status) is None:  # noqa: ASYNC110 - nothing else tells of a process's end
            await asyncio.sleep(POLL_S * 4)
        return status

    async def end(self, *steps: tuple[signal.Signals, float]) -> int:
        """Send each signal in turn, waiting its seconds for the end, then SIGKILL; the exit status."""
        for number, patience in steps:
            if self.status is not None:
                break
            self.send(number)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(self.exited(), patience)
        if self.status is None:
            self.send(signal.SIGKILL)
        return await self.exited()


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def spawn(
    command: Sequence[str],
    *,
    ending: signal.Signals,
    account: Account | None = None,
    lock: int = -1,
    keep: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    text: str = "",
    watched: bool = sys.platform != "linux",
) -> ChildProcess:
    """Start a program in a session of its own, so that Ctrl-C in the terminal is ours to pass on.

    It gets `ending` when this process dies. `lock` and `keep` are descriptors it inherits, `text` its input,
    `log` takes what it writes (None: our own output). `watched` uses a watching parent in place of prctl.
    """

    def start() -> ChildProcess:
        watch, told = os.pipe() if watched else (-1, -1)
        numbers = (
            os.getpid(),
            int(ending),
            *((account.uid, account.gid) if account else (-1, -1)),
            lock,
            watch,
        )
        output: IO[bytes] | None = log.open("ab") if log else None
        try:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                [sys.executable, "-I", "-S", str(LAUNCH), *map(str, numbers), *command],
                stdin=subprocess.PIPE if text else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                pass_fds=[fd for fd in (lock, watch, *keep) if fd >= 0],
                start_new_session=True,
            )
        except OSError:
            if told >= 0:
                os.close(told)
            raise
        finally:
            if output:
                output.close()
            if watch >= 0:
                os.close(watch)
        if process.stdin:
            with contextlib.suppress(BrokenPipeError):  # its exit status tells the rest
                process.stdin.write(text.encode())
                process.stdin.close()
        return ChildProcess(process, told)

    return _spawner.submit(start).result()


def lock_now(path: Path) -> tuple[int | None, int | None]:
    """Lock a file without waiting: (descriptor, None), or (None, pid written in it) when another holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        written = os.pread(descriptor, 20, 0).strip()
        os.close(descriptor)
        return None, int(written) if written.isdigit() else None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, None


async def claim(path: Path, service: str, *steps: tuple[signal.Signals, float]) -> int:
    """Lock a service's folder for a new server; its descriptor is for `spawn(lock=...)`.

    Every process of a server keeps the lock open, so a lock that is held means that a dead owner's still
    runs. It is sent each signal in turn, with its seconds to stop. A lock without a live holder is free,
    whatever pid it names.
    """
    loop = asyncio.get_running_loop()
    descriptor, pid = lock_now(path)
    for number, patience in steps:
        if descriptor is not None:
            return descriptor
        if pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        deadline = loop.time() + patience
        while descriptor is None and loop.time() < deadline:
            await asyncio.sleep(POLL_S)
            descriptor, pid = lock_now(path)
    if descriptor is None:
        raise StaleServiceError(
            f"{service} of an earlier run (process {pid}) still holds {path.parent} and does not stop. "
            f"End that process, then start Viva again."
        )
    return descriptor


def trim_log(path: Path, limit: int = LOG_BYTES) -> None:
    """Move a log that passed `limit` bytes to `<name>.1` and begin again under the writer's descriptor."""
    with contextlib.suppress(OSError):
        if path.stat().st_size > limit:
            path.with_name(path.name + ".1").write_bytes(path.read_bytes()[-limit:])
            os.truncate(path, 0)

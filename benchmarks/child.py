"""A process of a benchmark that is talked to in lines."""

import asyncio
import signal
import sys
from pathlib import Path

from benchmarks.product import ProductError

STOPPED_WITHIN_S = 20.0
LONGEST_LINE = 64 * 1024 * 1024


class Child:
    """A Python process of ours that is talked to in lines; what it logs goes to a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, *arguments: str, env: dict[str, str], log: Path) -> "Child":
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *arguments,
                cwd=log.parent,
                env=env,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
                limit=LONGEST_LINE,
                start_new_session=True,
            )
        return cls(process, log)

    async def tell(self, line: bytes = b"") -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def line(self, within_s: float) -> bytes:
        """The next line it writes. Raises `ProductError` where none comes."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(within_s):
                line = await self._process.stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            last = "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])
            message = f"a process of the benchmark went silent; its last words:\n{last}"
            raise ProductError(message)
        return line.strip()

    async def stop(self) -> None:
        if self._process.returncode is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOPPED_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

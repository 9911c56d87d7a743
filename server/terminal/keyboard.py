"""Typed lines, read in a thread of their own so that the socket lives on meanwhile."""

import asyncio
import sys
import threading
from typing import TextIO

CONTINUES = "\\"


class Keyboard:
    """Lines of a terminal, a pipe or a file; needs a running event loop."""

    def __init__(self, source: TextIO | None = None) -> None:
        self._source = source or sys.stdin
        self.is_terminal = self._source.isatty()
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        # A daemon, because a read from a terminal cannot be cancelled and must not hold up the exit.
        threading.Thread(target=self._read, name="keyboard", daemon=True).start()

    async def line(self) -> str | None:
        """The next line without its end, continued lines joined; None when there are no more."""
        parts: list[str] = []
        while True:
            part = await self._lines.get()
            if part is None:
                return "\n".join(parts) if parts else None
            if not part.endswith(CONTINUES):
                return "\n".join([*parts, part])
            parts.append(part.removesuffix(CONTINUES))

    def _read(self) -> None:
        try:
            for line in self._source:
                self._put(line.rstrip("\r\n"))
        except (OSError, ValueError):
            pass  # Closed under us: the same as its end.
        self._put(None)

    def _put(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:
            return  # The loop has gone, and with it whoever wanted lines.

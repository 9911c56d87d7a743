"""How late an event loop is: what a task that sleeps 10 ms oversleeps."""

import asyncio
from collections.abc import Sequence

EVERY_S = 0.01


class Lag:
    """`begin` and `end` may be repeated."""

    def __init__(self) -> None:
        self._late_s: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._late_s = []
        self._task = asyncio.create_task(self._sample())

    def end(self) -> list[float]:
        """How late it was each time, s."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        return self._late_s

    async def _sample(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self._late_s.append(max(0.0, loop.time() - due))


def quantile_ms(seconds: Sequence[float], share: float) -> float | None:
    """The value that `share` (0–1) do not exceed, ms; None of nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

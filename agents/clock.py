"""Interview time: milliseconds that stand still while the candidate is away or has paused."""

from collections.abc import Callable


class InterviewClock:
    """Counts on from where the log stopped. `monotonic` gives seconds that never go back."""

    def __init__(self, monotonic: Callable[[], float], at_ms: int = 0) -> None:
        self._monotonic = monotonic
        self._base_ms = at_ms
        self._since: float | None = None

    def now_ms(self) -> int:
        if self._since is None:
            return self._base_ms
        return self._base_ms + int((self._monotonic() - self._since) * 1000)

    def run(self, *, running: bool) -> None:
        """Starts or stops; doing either twice changes nothing."""
        if running and self._since is None:
            self._since = self._monotonic()
        elif not running and self._since is not None:
            self._base_ms = self.now_ms()
            self._since = None

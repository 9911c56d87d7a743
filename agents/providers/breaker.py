"""Whether a provider is worth trying now: a circuit breaker for each account, shared by a process's interviews."""

from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from agents.providers.accounts import Service
from agents.providers.trouble import LASTING, Cause

State = Literal["closed", "open", "half_open"]


class Tolerance(msgspec.Struct, frozen=True):
    """When a breaker opens and for how long; seconds."""

    failures: int = 3
    within: float = 60.0
    pause: float = 10.0
    """Until a single try may show whether the service is back."""
    lasting_pause: float = 300.0
    """The same after a refused key or a spent quota."""


class Breaker:
    """Opens after a few failures close together, or at once for a cause that lasts; then lets single tries through."""

    def __init__(self, monotonic: Callable[[], float], tolerance: Tolerance | None = None) -> None:
        self._monotonic = monotonic
        self._tolerance = tolerance or Tolerance()
        self._failures: deque[float] = deque()
        self._opens_again_at: float | None = None
        self._probing_until = 0.0

    @property
    def state(self) -> State:
        """`closed`: used as usual; `open`: not tried; `half_open`: one try at a time."""
        if self._opens_again_at is None:
            return "closed"
        return "half_open" if self._monotonic() >= self._opens_again_at else "open"

    @property
    def allows(self) -> bool:
        """Whether a try may start now."""
        state = self.state
        return state == "closed" or (state == "half_open" and self._monotonic() >= self._probing_until)

    def begin(self) -> None:
        """A try starts. While half open nobody else starts one until it ended, or a pause has gone by."""
        if self.state == "half_open":
            self._probing_until = self._monotonic() + self._tolerance.pause

    def succeeded(self) -> None:
        """The service served."""
        if self.state == "half_open":
            self._opens_again_at = None
            self._failures.clear()

    def failed(self, cause: Cause) -> None:
        """The service did not serve."""
        now = self._monotonic()
        was_probe = self.state == "half_open"
        self._probing_until = 0.0
        self._failures.append(now)
        while self._failures and now - self._failures[0] > self._tolerance.within:
            self._failures.popleft()
        if cause in LASTING:
            self._opens_again_at = now + self._tolerance.lasting_pause
        elif was_probe or len(self._failures) >= self._tolerance.failures:
            self._opens_again_at = max(self._opens_again_at or 0.0, now + self._tolerance.pause)


class Breakers:
    """A breaker for each account, known by its service and its place in the order of trying."""

    def __init__(self, monotonic: Callable[[], float], tolerance: Tolerance | None = None) -> None:
        self._monotonic = monotonic
        self._tolerance = tolerance
        self._breakers: dict[tuple[Service, int, str], Breaker] = {}

    def of(self, service: Service, place: int, name: str) -> Breaker:
        """The breaker of `name` (`provider/model`) at that place; made at its first use."""
        key = (service, place, name)
        if key not in self._breakers:
            self._breakers[key] = Breaker(self._monotonic, self._tolerance)
        return self._breakers[key]

    @property
    def states(self) -> dict[str, State]:
        """How every account used so far stands, by `service/place/provider/model`."""
        return {f"{service}/{place}/{name}": each.state for (service, place, name), each in self._breakers.items()}

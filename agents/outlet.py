"""Where a conversation reaches its candidate."""

from typing import Protocol

from agents.events import Event
from agents.providers.accounts import Trouble
from agents.speaking import Listener
from agents.state import State
from agents.timing import TurnTimes


class Outlet(Listener, Protocol):
    """Where the candidate is reached. None of these block; a client that is too slow is dropped by the gateway."""

    def fact(self, event: Event) -> None: ...
    def moved(self, state: State, at_ms: int) -> None: ...
    def kept(self, client_id: str, seq: int) -> None: ...
    def refused(self, client_id: str | None, error: Exception) -> None: ...
    def heard_so_far(self, text: str) -> None:
        """What the candidate seems to be saying; it may still change."""
        ...

    def held(self, words: str) -> None:
        """The log cannot be written: nothing more is said until it can, but these words; empty once it can."""
        ...

    def measured(self, times: TurnTimes) -> None: ...
    def troubled(self, trouble: Trouble) -> None: ...
    def closed(self, reason: str) -> None:
        """The conversation is over for this client: `taken_over`, `unavailable`, `server_stopping` or `internal`."""
        ...

"""What the door to models tells: who serves, what failed, what the budget took away, and each try's figures."""

from typing import Protocol
from uuid import UUID

import msgspec

from agents.attempts import Outcome
from agents.calls import Call, Task
from agents.providers.accounts import Served, Trouble


class Figures(msgspec.Struct, frozen=True):
    """One try, for what is measured. Names nobody."""

    task: Task
    model: str
    outcome: Outcome
    first_words_s: float | None
    took_s: float
    cost_usd: float


class Watch(Protocol):
    """Told from the event loop; none of these may block or raise."""

    def served(self, call: Call, served: Served) -> None:
        """At an interview's first call for a task, and whenever another model takes over."""
        ...

    def troubled(self, call: Call, trouble: Trouble) -> None:
        """At each failure, with its cause."""
        ...

    def degraded(self, interview_id: UUID | None, from_model: str, to: str) -> None:
        """The budget gives a cheaper model, or the rehearsal interviewer; once for each change."""
        ...

    def called(self, figures: Figures) -> None:
        """At the end of each try."""
        ...


class Unwatched:
    """A watch that tells nobody."""

    def served(self, call: Call, served: Served) -> None: ...
    def troubled(self, call: Call, trouble: Trouble) -> None: ...
    def degraded(self, interview_id: UUID | None, from_model: str, to: str) -> None: ...
    def called(self, figures: Figures) -> None: ...

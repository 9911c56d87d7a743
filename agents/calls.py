"""One call of a language model, as it is asked for and as it came out; whichever provider serves it."""

from collections.abc import AsyncGenerator
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

import msgspec

from agents.providers.accounts import Tier

Task = Literal["reply", "score", "coach", "plan_draft"]
Priority = Literal["live", "soon", "later"]
"""`live`: a candidate waits; `soon`: a report waits; `later`: nobody waits."""
Effort = Literal["low", "medium", "high"]

T = TypeVar("T")


class CallError(Exception):
    """A call that gave nothing. `code` is for machines; the message holds neither words nor keys.

    CallError
    ├── Unavailable       no provider is configured, or each one refused, failed or was too slow
    ├── BudgetSpent       the interview's or the month's budget allows no model any more
    ├── BrokeOff          the stream ended after its first words; never retried
    └── Unreadable        a structured answer that is not what was asked for
    """

    code = "call_failed"


class Unavailable(CallError):
    code = "unavailable"


class BudgetSpent(CallError):
    code = "budget_spent"


class BrokeOff(CallError):
    code = "broke_off"


class Unreadable(CallError):
    code = "unreadable"


class Message(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant"]
    text: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked. The same call gives the same bytes on the wire, so that prompts are cached by the provider."""

    task: Task
    tier: Tier
    prompt_name: str
    prompt_version: str
    system: tuple[str, ...]
    """The instructions, what changes least first; each part ends a stretch that the provider may cache."""
    messages: tuple[Message, ...]
    """Ends with a user's message."""
    max_tokens: int
    effort: Effort = "low"
    schema: dict[str, Any] | None = None
    """JSON Schema that the answer must fit, for `complete`."""
    priority: Priority = "live"
    is_deterministic: bool = False
    """The same call may be answered from the cache for seven days."""
    tenant_id: UUID
    interview_id: UUID | None = None
    entity_type: str
    entity_id: UUID | None = None
    request_id: str
    """Names the act, such as `reply/<id>`; lineage rows of the same act are kept once."""


class Completion(msgspec.Struct, frozen=True):
    """A whole answer and the lineage row that tells of it."""

    text: str
    model: str
    lineage_id: UUID
    is_from_cache: bool = False


class Door(Protocol):
    """The one way to a language model."""

    def stream(self, call: Call) -> AsyncGenerator[str, None]:
        """The answer's words as they come.

        Retries and falls back before the first word only. Closing the generator early ends the call; it is still
        written in the lineage, as cancelled. Raises `CallError`.
        """
        ...

    async def complete(self, call: Call) -> Completion:
        """The whole answer, which fits `call.schema` where one is given. Raises `CallError`."""
        ...

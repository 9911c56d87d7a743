"""A model that writes, whoever serves it: what its client gives, and what can go wrong with it."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

import msgspec

from agents.calls import Call
from agents.providers.accounts import ModelAccount
from agents.providers.trouble import LASTING, Cause

Stop = Literal["end", "max_tokens", "refusal"]


class Failure(Exception):
    """A provider did not serve. Holds no words, no key and no address."""

    def __init__(self, cause: Cause, *, status: int | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(cause if status is None else f"{cause} ({status})")
        self.cause = cause
        self.status = status
        self.retry_after_s = retry_after_s
        """How long the provider asks to be left alone, where it says so."""

    @property
    def may_pass(self) -> bool:
        """Whether the same request to the same account may be served a moment later."""
        return self.cause not in LASTING and self.cause != "refused"


class Tally(msgspec.Struct):
    """What a call has used, filled in while it runs. None where the provider has not said."""

    tokens_in: int | None = None
    """Without those read from the provider's cache or written to it."""
    tokens_out: int | None = None
    tokens_cache_read: int = 0
    tokens_cache_write: int = 0
    model_version: str | None = None
    stop: Stop | None = None


class ModelClient(Protocol):
    """One account's way to its models. Tries once: whoever calls decides about trying again."""

    def write(self, call: Call, model: str, tally: Tally) -> AsyncGenerator[str, None]:
        """The words as they come; `tally` is filled in meanwhile, also when it ends early. Raises `Failure`."""
        ...

    async def close(self) -> None: ...


def client_of(account: ModelAccount) -> ModelClient:
    """The client for an account. Loads the vendor's SDK, which takes about a second the first time."""
    if account.provider == "anthropic":
        from agents.providers.anthropic import AnthropicClient

        return AnthropicClient(account)
    from agents.providers.openai import OpenAIClient

    return OpenAIClient(account)


def cause_of(status: int, kind: str | None) -> Cause:
    """Why a provider refused, by its HTTP status and its own word for the error, which decides where it is known."""
    named = _CAUSES_BY_KIND.get(kind or "")
    if named is not None:
        return named
    if status in {401, 403}:
        return "key_refused"
    if status == 402:
        return "quota_spent"
    if status in {429, 503, 529}:
        return "busy"
    if status in {408, 504}:
        return "timed_out"
    return "unreachable" if status >= 500 or status < 400 else "refused"


_CAUSES_BY_KIND: dict[str, Cause] = {
    "authentication_error": "key_refused",
    "permission_error": "key_refused",
    "invalid_api_key": "key_refused",
    "billing_error": "quota_spent",
    "insufficient_quota": "quota_spent",
    "rate_limit_error": "busy",
    "rate_limit_exceeded": "busy",
    "overloaded_error": "busy",
    "timeout_error": "timed_out",
}


def retry_after_s(milliseconds: str | None, seconds: str | None) -> float | None:
    """The wait that the headers `retry-after-ms` and `retry-after` ask for; None without one, or for a date."""
    for value, scale in ((milliseconds, 0.001), (seconds, 1.0)):
        try:
            if value is not None:
                return max(0.0, float(value) * scale)
        except ValueError:
            continue
    return None

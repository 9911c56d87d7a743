"""Anthropic's models, by the vendor's SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from agents.calls import Call, Effort, Message
from agents.providers.accounts import ModelAccount
from agents.providers.schemas import accepted_schema
from agents.providers.writing import Failure, Stop, Tally, cause_of, retry_after_s

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import RawMessageStreamEvent

MOST_MARKS = 4
"""Stretches of a prompt that a call may mark for the provider's cache."""
_STOPS: dict[str, Stop] = {
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "refusal": "refusal",
}

_WITHOUT_EFFORT = (
    "claude-haiku-4",
    "claude-sonnet-4-0",
    "claude-sonnet-4-5",
    "claude-opus-4-0",
    "claude-opus-4-1",
    "claude-3",
)
_THINKS_UNLESS_TOLD: dict[str, str | None] = {
    "claude-opus-5-5": None,
    "claude-fable": None,
    "claude-mythos": None,
    "claude-sonnet-5-5": "between_tools",
    "claude-haiku-5": "disabled",
    "claude-opus-5": "disabled",
    "claude-sonnet-5": "disabled",
}
"""Models that think before they answer by default, with the word that stops it; None where nothing does."""
_THINKING_TOKENS: dict[Effort, int] = {"low": 1_024, "medium": 4_096, "high": 8_192}
"""Thinking counts against `max_tokens`; this much is added where a model thinks, so that words are left."""


class AnthropicClient:
    """One account. `url` None is the vendor's own address, or that of ANTHROPIC_BASE_URL."""

    def __init__(self, account: ModelAccount) -> None:
        import anthropic
        import httpx2

        # Turns are half a minute apart: a connection that is kept saves its handshake in each of them.
        limits = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=120.0)
        self._client = anthropic.AsyncAnthropic(
            api_key=account.key,
            base_url=account.url,
            max_retries=0,
            http_client=anthropic.DefaultAsyncHttpxClient(limits=limits, timeout=httpx2.Timeout(180.0, connect=3.0)),
        )

    async def write(self, call: Call, model: str, tally: Tally) -> AsyncGenerator[str, None]:
        """See `ModelClient`."""
        import anthropic
        import httpx2

        request = request_of(call, model)
        try:
            async with await self._client.messages.create(**request, stream=True) as stream:
                async for event in stream:
                    words = _read(event, tally)
                    if words:
                        yield words
        except anthropic.APIStatusError as error:
            raise _failure(error) from error
        except (anthropic.APITimeoutError, httpx2.TimeoutException) as error:
            raise Failure("timed_out") from error
        except (anthropic.APIError, httpx2.HTTPError, OSError) as error:
            raise Failure("unreachable") from error
        except (ValueError, TypeError, AttributeError) as error:
            # The SDK builds what it reads without checking it: what is not of the protocol shows up so.
            raise Failure("garbage") from error
        if tally.stop is None:
            raise Failure("broke_off")

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()


def request_of(call: Call, model: str) -> dict[str, Any]:
    """The arguments of `messages.create`. The same call gives the same bytes, so that its beginning is cached.

    Sampling parameters are never sent: newer models refuse them, and older ones need none.
    """
    thinking = _thinking(model)
    thinks = _thinks_by_default(model) and (thinking is None or call.effort != "low")
    request: dict[str, Any] = {
        "model": model,
        "max_tokens": call.max_tokens + (_THINKING_TOKENS[call.effort] if thinks else 0),
        "system": _system(call.system),
        "messages": _messages(call.messages),
    }
    if thinking is not None and call.effort == "low":
        request["thinking"] = {"type": thinking}
    output: dict[str, Any] = {} if model.startswith(_WITHOUT_EFFORT) else {"effort": call.effort}
    if call.schema is not None:
        output["format"] = {"type": "json_schema", "schema": accepted_schema(call.schema)}
    if output:
        request["output_config"] = output
    return request


def _thinks_by_default(model: str) -> bool:
    return model.startswith(tuple(_THINKS_UNLESS_TOLD))


def _thinking(model: str) -> str | None:
    """The word that stops a model from thinking first, where there is one. The longest name that begins it decides."""
    names = [name for name in _THINKS_UNLESS_TOLD if model.startswith(name)]
    return _THINKS_UNLESS_TOLD[max(names, key=len)] if names else None


def _system(parts: tuple[str, ...]) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": part} for part in parts]
    # One mark is left for the conversation.
    for block in blocks[-(MOST_MARKS - 1) :]:
        block["cache_control"] = {"type": "ephemeral"}
    return blocks


def _messages(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """The conversation, marked for the cache before its last message, which is the one that is new each time."""
    blocks: list[dict[str, Any]] = [{"type": "text", "text": each.text} for each in messages]
    if len(blocks) > 1:
        blocks[-2]["cache_control"] = {"type": "ephemeral"}
    return [{"role": each.role, "content": [block]} for each, block in zip(messages, blocks, strict=True)]


def _read(event: RawMessageStreamEvent, tally: Tally) -> str:
    """The words that an event brings, "" where it brings none."""
    if event.type == "message_start":
        used = event.message.usage
        tally.model_version = event.message.model
        tally.tokens_in = used.input_tokens
        tally.tokens_cache_read = used.cache_read_input_tokens or 0
        tally.tokens_cache_write = used.cache_creation_input_tokens or 0
    elif event.type == "content_block_delta" and event.delta.type == "text_delta":
        return event.delta.text
    elif event.type == "message_delta":
        tally.tokens_out = event.usage.output_tokens
        tally.stop = _STOPS.get(event.delta.stop_reason or "", "end")
    return ""


def _failure(error: anthropic.APIStatusError) -> Failure:
    headers = error.response.headers
    wait = retry_after_s(headers.get("retry-after-ms"), headers.get("retry-after"))
    cause = cause_of(error.status_code, error.type)
    if cause == "refused" and "credit balance" in error.message:
        # An account without money is told so by a plain 400.
        cause = "quota_spent"
    return Failure(cause, status=error.status_code, retry_after_s=wait)

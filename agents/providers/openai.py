"""Models by OpenAI and by any server that speaks its chat protocol, by the vendor's SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from agents.calls import Call, Effort
from agents.providers.accounts import ModelAccount
from agents.providers.schemas import accepted_schema, is_strict
from agents.providers.writing import Failure, Stop, Tally, cause_of, retry_after_s

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletionChunk

_STOPS: dict[str, Stop] = {"length": "max_tokens", "content_filter": "refusal"}
_REASONING = ("gpt-5", "gpt-6", "gpt-oss", "o1", "o3", "o4")
"""Models that reason before they answer and take an effort; others refuse the parameter."""
_REASONING_TOKENS: dict[Effort, int] = {"low": 1_024, "medium": 4_096, "high": 8_192}
"""Reasoning counts against the limit of tokens; this much is added, so that words are left."""


class OpenAIClient:
    """One account. `url` None is the vendor's own address, or that of OPENAI_BASE_URL."""

    def __init__(self, account: ModelAccount) -> None:
        import httpx2
        import openai

        # Turns are half a minute apart: a connection that is kept saves its handshake in each of them.
        limits = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=120.0)
        self._is_vendors = account.url is None
        self._client = openai.AsyncOpenAI(
            api_key=account.key,
            base_url=account.url,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpx2Client(limits=limits, timeout=httpx2.Timeout(180.0, connect=3.0)),
        )

    async def write(self, call: Call, model: str, tally: Tally) -> AsyncGenerator[str, None]:
        """See `ModelClient`."""
        import httpx2
        import openai

        request = request_of(call, model, is_vendors=self._is_vendors)
        try:
            async with await self._client.chat.completions.create(**request, stream=True) as stream:
                async for chunk in stream:
                    words = _read(chunk, tally)
                    if words:
                        yield words
        except (openai.APITimeoutError, httpx2.TimeoutException) as error:
            raise Failure("timed_out") from error
        except openai.APIConnectionError as error:
            raise Failure("unreachable") from error
        except openai.APIError as error:
            raise _failure(error) from error
        except (httpx2.HTTPError, OSError) as error:
            raise Failure("unreachable") from error
        except (ValueError, TypeError, AttributeError) as error:
            # The SDK builds what it reads without checking it: what is not of the protocol shows up so.
            raise Failure("garbage") from error
        if tally.stop is None:
            raise Failure("broke_off")

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()


def request_of(call: Call, model: str, *, is_vendors: bool) -> dict[str, Any]:
    """The arguments of `chat.completions.create`.

    The vendor has renamed the limit of tokens; other servers mostly know the old name alone.
    """
    reasons = model.startswith(_REASONING)
    most = call.max_tokens + (_REASONING_TOKENS[call.effort] if reasons else 0)
    request: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": "\n\n".join(call.system)},
            *({"role": each.role, "content": each.text} for each in call.messages),
        ],
        "stream_options": {"include_usage": True},
        ("max_completion_tokens" if is_vendors or reasons else "max_tokens"): most,
    }
    if reasons:
        request["reasoning_effort"] = call.effort
    if call.schema is not None:
        schema = accepted_schema(call.schema)
        form = {"name": call.task, "schema": schema, "strict": is_strict(schema)}
        request["response_format"] = {"type": "json_schema", "json_schema": form}
    return request


def _read(chunk: ChatCompletionChunk, tally: Tally) -> str:
    """The words that a chunk brings, "" where it brings none."""
    if chunk.model:
        tally.model_version = chunk.model
    if chunk.usage is not None:
        cached = chunk.usage.prompt_tokens_details.cached_tokens if chunk.usage.prompt_tokens_details else 0
        tally.tokens_cache_read = cached or 0
        tally.tokens_in = chunk.usage.prompt_tokens - tally.tokens_cache_read
        tally.tokens_out = chunk.usage.completion_tokens
    if not chunk.choices:
        return ""
    choice = chunk.choices[0]
    if choice.finish_reason is not None and tally.stop is None:
        tally.stop = _STOPS.get(choice.finish_reason, "end")
    if choice.delta.refusal:
        tally.stop = "refusal"
    return choice.delta.content or ""


def _failure(error: openai.APIError) -> Failure:
    """Of a refusal with a status, or of an error that came in mid-stream and has none."""
    import openai

    status = error.status_code if isinstance(error, openai.APIStatusError) else None
    headers = error.response.headers if isinstance(error, openai.APIStatusError) else {}
    # The code is the more exact of the two words: `insufficient_quota` is a `429` of the type `rate_limit_error`.
    cause = cause_of(status or 500, error.code)
    if cause in {"busy", "refused", "unreachable"}:
        cause = cause_of(status or 500, error.type)
    wait = retry_after_s(headers.get("retry-after-ms"), headers.get("retry-after"))
    return Failure(cause, status=status, retry_after_s=wait)

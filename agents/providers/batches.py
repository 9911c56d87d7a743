"""Calls that Anthropic answers together, within a day and at half the price, by the vendor's SDK.

A batch is made once, looked at until it has ended, and its results read as a stream: in no order, each named by the id
that was sent with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from agents.calls import Call
from agents.providers.accounts import ModelAccount
from agents.providers.anthropic import request_of
from agents.providers.writing import Failure, Tally, cause_of, retry_after_s

if TYPE_CHECKING:
    from anthropic.types.messages import MessageBatch, MessageBatchIndividualResponse

PRICE_SHARE = Decimal("0.5")
"""What a call in a batch costs of the price it has alone."""
MOST_REQUESTS = 500
MOST_BYTES = 64_000_000
"""The vendor takes 100,000 requests or 256 MB; smaller batches are put together within one task, in little memory."""
LONGEST_ID = 64
_LOOKED_THROUGH = 500
"""Batches, the latest first, among which one of ours is sought whose name was lost."""

Ending = Literal["ok", "cut_short", "refused", "errored", "expired", "canceled"]
"""`errored` where the request was not served, `expired` where a day was not enough, `canceled` by somebody."""

T = TypeVar("T")


class Asked(msgspec.Struct, frozen=True):
    """One call of a batch; `custom_id` names its answer: 1–64 letters, digits, `-` and `_`."""

    custom_id: str
    call: Call


class Answered(msgspec.Struct, frozen=True):
    """What came of one call. `text` is empty unless a model answered; `error` is the vendor's word for a fault."""

    custom_id: str
    ending: Ending
    text: str = ""
    tally: Tally = msgspec.field(default_factory=Tally)
    error: str | None = None


class Standing(msgspec.Struct, frozen=True):
    """How far a batch has come."""

    name: str
    has_ended: bool
    requests: int


def chunks(items: Sequence[T], size: Callable[[T], tuple[int, int]]) -> Iterator[list[T]]:
    """The items in their order, in groups that each fit into one batch. `size` gives an item's (requests, bytes)."""
    group: list[T] = []
    requests = taken = 0
    for item in items:
        more, its_bytes = size(item)
        if group and (requests + more > MOST_REQUESTS or taken + its_bytes > MOST_BYTES):
            yield group
            group, requests, taken = [], 0, 0
        group.append(item)
        requests, taken = requests + more, taken + its_bytes
    if group:
        yield group


def request_bytes(call: Call, model: str) -> int:
    """About how long a call's request is."""
    return len(msgspec.json.encode(request_of(call, model))) + 2 * LONGEST_ID


class AnthropicBatches:
    """One account's batches. Every method raises `Failure` where the vendor does not serve."""

    def __init__(self, account: ModelAccount) -> None:
        import anthropic
        import httpx2

        self._client = anthropic.AsyncAnthropic(
            api_key=account.key,
            base_url=account.url,
            max_retries=2,
            timeout=httpx2.Timeout(120.0, connect=5.0),
        )

    async def create(self, asked: Sequence[Asked], model: str) -> str:
        """Have these calls answered. Returns the batch's name. Tried once: a second try might be a second batch."""
        requests: list[Any] = [{"custom_id": each.custom_id, "params": request_of(each.call, model)} for each in asked]
        with _failures():
            made = await self._client.with_options(max_retries=0).messages.batches.create(requests=requests)
        return made.id

    async def standing(self, name: str) -> Standing:
        with _failures():
            return _standing(await self._client.messages.batches.retrieve(name))

    async def results(self, name: str) -> AsyncIterator[Answered]:
        """Every answer of a batch that has ended, as they come."""
        with _failures():
            async for line in await self._client.messages.batches.results(name):
                yield _answered(line)

    async def recent(self) -> list[Standing]:
        """The account's latest batches, the latest first."""
        found: list[Standing] = []
        with _failures():
            async for batch in self._client.messages.batches.list(limit=100):
                found.append(_standing(batch))
                if len(found) == _LOOKED_THROUGH:
                    break
        return found

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()


def _standing(batch: MessageBatch) -> Standing:
    counts = batch.request_counts
    requests = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
    return Standing(batch.id, batch.processing_status == "ended" and batch.results_url is not None, requests)


def _answered(line: MessageBatchIndividualResponse) -> Answered:
    result = line.result
    if result.type == "errored":
        return Answered(line.custom_id, "errored", error=result.error.error.type)
    if result.type != "succeeded":
        return Answered(line.custom_id, result.type)
    message, used = result.message, result.message.usage
    tally = Tally(
        tokens_in=used.input_tokens,
        tokens_out=used.output_tokens,
        tokens_cache_read=used.cache_read_input_tokens or 0,
        tokens_cache_write=used.cache_creation_input_tokens or 0,
        model_version=message.model,
    )
    text = "".join(block.text for block in message.content if block.type == "text")
    ending: Ending = "ok"
    if message.stop_reason == "refusal":
        ending = "refused"
    elif message.stop_reason in ("max_tokens", "model_context_window_exceeded"):
        ending = "cut_short"
    return Answered(line.custom_id, ending, text, tally)


@contextmanager
def _failures() -> Iterator[None]:
    """Whatever the SDK raises, as a `Failure`."""
    import anthropic
    import httpx2

    try:
        yield
    except anthropic.APIStatusError as error:
        headers = error.response.headers
        wait = retry_after_s(headers.get("retry-after-ms"), headers.get("retry-after"))
        raise Failure(cause_of(error.status_code, error.type), status=error.status_code, retry_after_s=wait) from error
    except (anthropic.APITimeoutError, httpx2.TimeoutException) as error:
        raise Failure("timed_out") from error
    except (anthropic.APIError, httpx2.HTTPError, OSError) as error:
        raise Failure("unreachable") from error
    except (ValueError, TypeError, AttributeError) as error:
        # The SDK builds what it reads without checking it: what is not of the protocol shows up so.
        raise Failure("garbage") from error

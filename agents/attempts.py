"""One try of a call with one account: its words, its times, and the row that tells of it."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from agents.calls import Call
from agents.pricing import Prices, Usage
from agents.providers.accounts import ModelAccount, Tier
from agents.providers.trouble import Cause
from agents.providers.writing import Failure, ModelClient, Tally
from storage.ids import uuid7
from storage.lineage import LineageRecord

Outcome = Literal[
    "ok", "cancelled", "broke_off", "cut_short", "unreadable", "refused", "failed", "cached", "untried", "budget_spent"
]
"""`failed` before the first words, `broke_off` after them; `cut_short` at its limit of tokens; `refused` by the model;
`untried` where no account was free; `cached` where an earlier answer served."""

CHARACTERS_A_TOKEN = 4
"""For what a provider did not count, because the call ended before it could."""
_AGENTS = {"reply": "interviewer", "score": "scorer", "coach": "coach", "plan_draft": "drafter"}
_encode = msgspec.json.Encoder(order="deterministic").encode


class Place(msgspec.Struct, frozen=True):
    """Where a call is tried: an account, and the model that it has for a tier."""

    account: ModelAccount
    tier: Tier
    model: str

    @property
    def name(self) -> str:
        return f"{self.account.provider}/{self.model}"


class Attempt:
    """Reads one client once."""

    def __init__(
        self,
        client: ModelClient,
        call: Call,
        place: Place,
        *,
        number: int,
        fallback_from: str | None,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        """`number` counts the call's tries from 1; `fallback_from` is the place that should have served, by name."""
        self.call = call
        self.place = place
        self._number = number
        self._fallback_from = fallback_from
        self.tally = Tally()
        self.at = now()
        self.id = uuid7(self.at)
        self.parts: list[str] = []
        self.first_s: float | None = None
        """Seconds from asking to the first words."""
        self._monotonic = monotonic
        self._began = monotonic()
        self._words: AsyncGenerator[str, None] = client.write(call, place.model, self.tally)

    @property
    def text(self) -> str:
        """All the words so far."""
        return "".join(self.parts)

    @property
    def took_s(self) -> float:
        return self._monotonic() - self._began

    async def first(self, within_s: float) -> str:
        """The first words. Raises `Failure`, also where the answer is none."""
        words = await self.next(within_s)
        if words is None:
            raise Failure("refused" if self.tally.stop == "refusal" else "garbage")
        self.first_s = self.took_s
        return words

    async def next(self, within_s: float) -> str | None:
        """The next words, None at the end. Raises `Failure`."""
        try:
            async with asyncio.timeout(within_s):
                words = await anext(self._words, None)
        except TimeoutError as late:
            raise Failure("timed_out") from late
        if words is not None:
            self.parts.append(words)
        return words

    async def close(self) -> None:
        """Ends the request, if it still runs."""
        await self._words.aclose()

    @property
    def tokens_used(self) -> int:
        """Those that count against a provider's limits: what comes from its cache does not."""
        usage, _ = self._usage()
        return usage.tokens_in + usage.tokens_out + usage.tokens_cache_write

    def outcome(self) -> Outcome:
        """How an answer that was read to its end came out."""
        if self.tally.stop == "refusal":
            return "refused"
        return "cut_short" if self.tally.stop == "max_tokens" else "ok"

    def row(self, outcome: Outcome, cause: Cause | None, prices: Prices) -> LineageRecord:
        """The lineage of this try. What was not counted is estimated from the length of the texts, and says so."""
        usage, is_counted = self._usage()
        cost = prices.of_tokens(self.place.account.provider, self.place.model, usage)
        metadata: dict[str, object] = {"outcome": outcome, "attempt": self._number}
        if cause is not None:
            metadata["cause"] = cause
        if self.call.tier != self.place.tier:
            metadata["asked_tier"] = self.call.tier
        if not is_counted:
            metadata["tokens"] = "estimated"
        if cost is None:
            metadata["price"] = "unknown"
        return _row(
            self.call,
            self.place,
            self.id,
            self.at,
            self.text,
            price_version=prices.version,
            model_version=self.tally.model_version,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            tokens_cache_read=usage.tokens_cache_read,
            tokens_cache_write=usage.tokens_cache_write,
            cost_usd=cost if cost is not None else Decimal(0),
            latency_ms=round(self.took_s * 1000, 3),
            first_token_ms=None if self.first_s is None else round(self.first_s * 1000, 3),
            fallback_from=self._fallback_from,
            metadata=metadata,
        )

    def _usage(self) -> tuple[Usage, bool]:
        tally, has_words = self.tally, bool(self.parts)
        tokens_in, tokens_out = tally.tokens_in, tally.tokens_out
        is_counted = not has_words or (tokens_in is not None and tokens_out is not None)
        if has_words and tokens_in is None:
            tokens_in = estimate(self.call)
        if has_words and tokens_out is None:
            tokens_out = -(-len(self.text) // CHARACTERS_A_TOKEN)
        usage = Usage(
            tokens_in=tokens_in or 0,
            tokens_out=tokens_out or 0,
            tokens_cache_read=tally.tokens_cache_read,
            tokens_cache_write=tally.tokens_cache_write,
        )
        return usage, is_counted


def estimate(call: Call) -> int:
    """About how many tokens a call's texts are."""
    characters = sum(map(len, call.system)) + sum(len(message.text) for message in call.messages)
    return -(-characters // CHARACTERS_A_TOKEN)


def unsent_row(
    call: Call, place: Place, outcome: Outcome, prices: Prices, *, at: datetime, took_s: float, text: str = ""
) -> LineageRecord:
    """The lineage of a call that no provider saw, and that costs nothing: `text` was kept from an earlier one."""
    took_ms = round(took_s * 1000, 3)
    return _row(
        call,
        place,
        uuid7(at),
        at,
        text,
        price_version=prices.version,
        latency_ms=took_ms,
        first_token_ms=took_ms if text else None,
        cache_hit=outcome == "cached",
        metadata={"outcome": outcome},
    )


def _row(
    call: Call,
    place: Place,
    row_id: UUID,
    at: datetime,
    text: str,
    *,
    price_version: str,
    latency_ms: float,
    metadata: dict[str, object],
    first_token_ms: float | None = None,
    model_version: str | None = None,
    tokens_in: int = 0,
    tokens_out: int = 0,
    tokens_cache_read: int = 0,
    tokens_cache_write: int = 0,
    cost_usd: Decimal = Decimal(0),
    cache_hit: bool = False,
    fallback_from: str | None = None,
) -> LineageRecord:
    return LineageRecord(
        id=row_id,
        occurred_at=at,
        agent_type=_AGENTS[call.task],
        tier=place.tier,
        provider=place.account.provider,
        model_name=place.model,
        model_version=model_version,
        prompt_template_id=call.prompt_name,
        prompt_version=call.prompt_version,
        prompt_hash=_sha256(_encode(call.system)),
        input_hash=_sha256(_encode(call.messages)),
        output_hash=_sha256(text.encode()),
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cache_read=tokens_cache_read,
        tokens_cache_write=tokens_cache_write,
        cost_usd=cost_usd,
        price_version=price_version,
        latency_ms=latency_ms,
        first_token_ms=first_token_ms,
        cache_hit=cache_hit,
        fallback_from=fallback_from,
        entity_type=call.entity_type,
        entity_id=call.entity_id,
        interview_id=call.interview_id,
        request_id=call.request_id,
        metadata=metadata,
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

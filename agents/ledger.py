"""The lineage of every call, written behind the conversation's back: no turn waits for it.

Rows stand in memory until the database has them. A process that is killed loses those of its last moments; one that
ends in order writes them first.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Literal
from uuid import UUID

import msgspec
from structlog.stdlib import get_logger

from agents.pricing import Prices, Unit
from agents.providers.accounts import Service
from agents.spending import Spending
from storage.database import Database
from storage.errors import StorageError
from storage.ids import uuid7
from storage.lineage import FAILED, REFUSED, LineageRecord, record, record_many

log = get_logger(__name__)

MOST_WAITING = 5_000
"""Rows that wait for a database that is away; past it new ones are lost, and counted."""
AT_ONCE = 200
_RETRIES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_REFUSED = (*REFUSED, ValueError, OverflowError, TypeError)
"""A row that can never be written, however often it is tried."""
_NOTHING = hashlib.sha256(b"").hexdigest()
_AGENTS: dict[Service, str] = {"llm": "writer", "stt": "hearing", "tts": "voice", "embedding": "embedding"}

Outcome = Literal["ok", "cancelled", "broke_off", "refused"]


class _Waiting(msgspec.Struct, frozen=True):
    tenant_id: UUID
    row: LineageRecord


class Ledger:
    """One for a process. `dropped` counts the rows that were lost."""

    def __init__(
        self,
        database: Database,
        prices: Prices,
        *,
        now: Callable[[], datetime],
        spending: Spending | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self.prices = prices
        self.dropped = 0
        self._database = database
        self._now = now
        self._spending = spending
        self._sleep = sleep
        self._most_waiting = most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._has_work = asyncio.Event()
        self._is_written = asyncio.Event()
        self._is_written.set()
        self._writer: asyncio.Task[None] | None = None

    def keep(self, tenant_id: UUID, row: LineageRecord) -> None:
        """Have a row written soon. Never blocks and never raises; called from the event loop."""
        if len(self._waiting) >= self._most_waiting:
            self._drop(1, "the database is away")
            return
        if self._spending is not None:
            self._spending.add(tenant_id, row.interview_id, row.id, row.cost_usd)
        self._waiting.append(_Waiting(tenant_id, row))
        self._is_written.clear()
        self._has_work.set()
        if self._writer is None or self._writer.done():
            self._writer = asyncio.get_running_loop().create_task(self._write(), name="ledger")

    def speech(
        self,
        *,
        service: Service,
        provider: str,
        model: str,
        amount: float,
        unit: Unit,
        tenant_id: UUID,
        request_id: str,
        interview_id: UUID | None = None,
        latency_ms: float = 0.0,
        first_ms: float | None = None,
        fallback_from: str | None = None,
        outcome: Outcome = "ok",
    ) -> UUID:
        """Keep what hearing, a voice or embeddings used: `amount` seconds, characters or tokens. Returns the row's id.

        `request_id` names the act, such as `hearing/<interview>/<epoch>`.
        """
        at = self._now()
        cost = self.prices.of_amount(provider, model, amount, unit)
        metadata: dict[str, object] = {"outcome": outcome, "amount": amount, "unit": unit}
        if cost is None:
            metadata["price"] = "unknown"
        row = LineageRecord(
            id=uuid7(at),
            occurred_at=at,
            agent_type=_AGENTS[service],
            tier="none",
            provider=provider,
            model_name=model,
            prompt_template_id="none",
            prompt_version="0",
            prompt_hash=_NOTHING,
            input_hash=_NOTHING,
            output_hash=_NOTHING,
            latency_ms=latency_ms,
            first_token_ms=first_ms,
            entity_type="interview" if interview_id else "tenant",
            entity_id=interview_id or tenant_id,
            interview_id=interview_id,
            request_id=request_id,
            price_version=self.prices.version,
            cost_usd=cost if cost is not None else Decimal(0),
            tokens_in=round(amount) if unit == "tokens" else 0,
            fallback_from=fallback_from,
            metadata=metadata,
        )
        self.keep(tenant_id, row)
        return row.id

    async def flush(self) -> None:
        """Wait until every row kept so far is in the database, or lost."""
        await self._is_written.wait()

    async def close(self, grace_s: float = 5.0) -> None:
        """Write what waits, for so long at most; what is left is lost, and counted."""
        try:
            async with asyncio.timeout(grace_s):
                await self.flush()
        except TimeoutError:
            self._drop(len(self._waiting), "the process ended")
            self._waiting.clear()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        failures = 0
        while True:
            await self._has_work.wait()
            batch = [self._waiting[n] for n in range(min(AT_ONCE, len(self._waiting)))]
            try:
                await self._keep_batch(batch)
            except (StorageError, *FAILED) as away:
                wait = _RETRIES_S[min(failures, len(_RETRIES_S) - 1)]
                failures += 1
                log.warning("ledger.waits", rows=len(self._waiting), error=type(away).__name__, retry_seconds=wait)
                await self._sleep(wait)
                continue
            failures = 0
            for _ in batch:
                self._waiting.popleft()
            if not self._waiting:
                self._has_work.clear()
                self._is_written.set()

    async def _keep_batch(self, batch: list[_Waiting]) -> None:
        """One transaction a tenant. Writing a row a second time, after a failure, leaves it as it was."""
        by_tenant = sorted(batch, key=lambda each: each.tenant_id)
        for tenant_id, waiting in groupby(by_tenant, key=lambda each: each.tenant_id):
            rows = [each.row for each in waiting]
            async with self._spending.in_step if self._spending else nullcontext():
                try:
                    async with self._database.tenant(tenant_id) as connection:
                        await record_many(connection, rows)
                except _REFUSED:
                    await self._keep_singly(tenant_id, rows)
                if self._spending is not None:
                    self._spending.settle(row.id for row in rows)

    async def _keep_singly(self, tenant_id: UUID, rows: list[LineageRecord]) -> None:
        """A row that the database refuses must not keep the others out."""
        for row in rows:
            try:
                async with self._database.tenant(tenant_id) as connection:
                    await record(connection, row)
            except _REFUSED as refused:
                self._drop(1, type(refused).__name__)

    def _drop(self, rows: int, reason: str) -> None:
        if rows:
            self.dropped += rows
            log.error("ledger.rows_lost", rows=rows, lost_so_far=self.dropped, reason=reason)

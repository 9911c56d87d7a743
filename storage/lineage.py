"""What every call of a model was: which model and prompt, hashes of what went in and came out, tokens, cost, time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from storage.database import Connection


class LineageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call. Hashes are SHA-256 in hex, of texts that are kept nowhere here; times in ms; cost in USD."""

    id: UUID
    occurred_at: datetime
    agent_type: str
    tier: str
    provider: str
    model_name: str
    prompt_template_id: str
    prompt_version: str
    prompt_hash: str
    input_hash: str
    output_hash: str
    latency_ms: float
    entity_type: str
    request_id: str
    price_version: str
    model_version: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write: int = 0
    cost_usd: Decimal = Decimal(0)
    first_token_ms: float | None = None
    cache_hit: bool = False
    fallback_from: str | None = None
    entity_id: UUID | None = None
    interview_id: UUID | None = None
    metadata: Any = msgspec.field(default_factory=dict)


_KEEP = """
    insert into compliance.model_lineage
      (id, occurred_at, agent_type, tier, provider, model_name, prompt_template_id, prompt_version, prompt_hash,
       input_hash, output_hash, latency_ms, entity_type, request_id, price_version, model_version, tokens_in,
       tokens_out, tokens_cache_read, tokens_cache_write, cost_usd, first_token_ms, cache_hit, fallback_from,
       entity_id, interview_id, metadata, tenant_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, $27, current_setting('app.tenant')::uuid)
    on conflict (id, occurred_at) do nothing
"""


REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""A row that the database will never take."""
FAILED = (asyncpg.PostgresError, asyncpg.InterfaceError)
"""A row that it did not take now."""


async def record(connection: Connection, call: LineageRecord) -> None:
    """Keep one call; it is never changed. Keeping the same one again does nothing."""
    await connection.execute(
        _KEEP,
        *msgspec.structs.astuple(call),
    )


async def lineage_of(connection: Connection, interview_id: UUID) -> list[LineageRecord]:
    """Every call made for an interview, in the order they were made."""
    rows = await connection.fetch(
        """
        select id, occurred_at, agent_type, tier, provider, model_name, prompt_template_id, prompt_version,
               prompt_hash, input_hash, output_hash, latency_ms, entity_type, request_id, price_version,
               model_version, tokens_in, tokens_out, tokens_cache_read, tokens_cache_write, cost_usd, first_token_ms,
               cache_hit, fallback_from, entity_id, interview_id, metadata
          from compliance.model_lineage where interview_id = $1 order by occurred_at, id
        """,
        interview_id,
    )
    return [LineageRecord(**row) for row in rows]


async def record_many(connection: Connection, calls: Sequence[LineageRecord]) -> None:
    """Keep several calls of the transaction's tenant; those kept before are left as they are."""
    await connection.executemany(_KEEP, [msgspec.structs.astuple(call) for call in calls])


async def spent_on(connection: Connection, interview_id: UUID) -> Decimal:
    """What every call for an interview cost together, USD."""
    total = await connection.fetchval(
        "select coalesce(sum(cost_usd), 0) from compliance.model_lineage where interview_id = $1", interview_id
    )
    return Decimal(total)


async def spent_since(connection: Connection, since: datetime) -> Decimal:
    """What every call of the tenant since an instant cost together, USD."""
    total = await connection.fetchval(
        "select coalesce(sum(cost_usd), 0) from compliance.model_lineage where occurred_at >= $1", since
    )
    return Decimal(total)

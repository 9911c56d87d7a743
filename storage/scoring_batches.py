"""Calls of a scorer that a provider answers together, later: what was sent, and how far it has come.

A batch is claimed before it is sent, so that no two processes send it; what the provider calls it is kept as soon as
the provider has said so. One that was claimed and has no such name was on its way when its sender died.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from storage.database import Connection
from storage.errors import NotFound
from storage.ids import uuid7

BatchStatus: TypeAlias = Literal["prepared", "sending", "sent", "read", "failed"]


class Batch(msgspec.Struct, frozen=True):
    """`requests` is how many calls it holds; `provider_batch_id` the provider's name for it."""

    id: UUID
    provider: str
    model: str
    status: BatchStatus
    requests: int
    provider_batch_id: str | None
    claimed_at: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None


async def prepare(connection: Connection, provider: str, model: str, requests: int) -> UUID:
    """A batch to be sent. Returns its id."""
    batch_id = uuid7()
    await connection.execute(
        "insert into interview.scoring_batches (id, tenant_id, provider, model, requests)"
        " values ($1, current_setting('app.tenant')::uuid, $2, $3, $4)",
        batch_id,
        provider,
        model,
        requests,
    )
    return batch_id


async def batch(connection: Connection, batch_id: UUID) -> Batch:
    """One batch. Raises NotFound."""
    row = await connection.fetchrow(
        """
        select id, provider, model, status, requests, provider_batch_id, claimed_at, sent_at, ended_at
          from interview.scoring_batches where id = $1
        """,
        batch_id,
    )
    if row is None:
        raise NotFound("scoring batch", batch_id)
    return Batch(*row)


async def claim(connection: Connection, batch_id: UUID, at: datetime, *, stale_after: timedelta) -> bool:
    """Whether the batch is ours to send: nobody claimed it, or whoever did was silent for that long."""
    claimed: UUID | None = await connection.fetchval(
        """
        update interview.scoring_batches set status = 'sending', claimed_at = $2::timestamptz
         where id = $1
           and (status = 'prepared' or (status = 'sending' and claimed_at <= $2::timestamptz - $3::interval))
        returning id
        """,
        batch_id,
        at,
        stale_after,
    )
    return claimed is not None


async def sent(connection: Connection, batch_id: UUID, provider_batch_id: str, at: datetime) -> None:
    """The provider has it, under that name."""
    await connection.execute(
        "update interview.scoring_batches set status = 'sent', provider_batch_id = $2, sent_at = $3 where id = $1",
        batch_id,
        provider_batch_id,
        at,
    )


async def unclaim(connection: Connection, batch_id: UUID) -> None:
    """The provider refused it, and so does not have it: it may be sent again."""
    await connection.execute(
        "update interview.scoring_batches set status = 'prepared', claimed_at = null"
        " where id = $1 and status = 'sending'",
        batch_id,
    )


async def end(connection: Connection, batch_id: UUID, status: Literal["read", "failed"], at: datetime) -> bool:
    """Nothing more will come of it. Returns whether it was we who ended it: of several readers one goes on."""
    ended: UUID | None = await connection.fetchval(
        """
        update interview.scoring_batches set status = $2, ended_at = $3
         where id = $1 and status not in ('read', 'failed') returning id
        """,
        batch_id,
        status,
        at,
    )
    return ended is not None


async def known_names(connection: Connection, provider: str) -> set[str]:
    """What the provider calls the tenant's batches."""
    rows = await connection.fetch(
        "select provider_batch_id from interview.scoring_batches"
        " where tenant_id = current_setting('app.tenant')::uuid and provider = $1 and provider_batch_id is not null",
        provider,
    )
    return {row["provider_batch_id"] for row in rows}

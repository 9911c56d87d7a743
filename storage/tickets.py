"""Tickets: each opens one connection to one interview, once."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from storage.database import Connection, Database
from storage.errors import TicketExpired, TicketUnknown, TicketUsed
from storage.ids import uuid7

TicketRole: TypeAlias = Literal["candidate", "observer", "operator"]


class Ticket(msgspec.Struct, frozen=True):
    """A ticket that was redeemed: what it opens, and for whom."""

    id: UUID
    tenant_id: UUID
    interview_id: UUID
    role: TicketRole
    user_id: UUID | None = None


async def issue_ticket(
    connection: Connection,
    interview_id: UUID,
    role: TicketRole,
    token_hash: bytes,
    expires_at: datetime,
    *,
    ip_address: str | None = None,
    user_id: UUID | None = None,
) -> UUID:
    """Keep a new ticket by the SHA-256 of its secret, which itself is kept nowhere. Returns the ticket's id."""
    ticket_id = uuid7()
    await connection.execute(
        "insert into interview.tickets (id, tenant_id, interview_id, role, token_hash, expires_at, ip_address, user_id)"
        " values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7)",
        ticket_id,
        interview_id,
        role,
        token_hash,
        expires_at,
        ip_address,
        user_id,
    )
    return ticket_id


async def redeem_ticket(database: Database, token_hash: bytes, now: datetime) -> Ticket:
    """Use a ticket; of any number of attempts at once, one succeeds.

    Raises TicketUnknown, TicketExpired or TicketUsed.
    """
    async with database.untenanted() as connection:
        found = await connection.fetchrow("select * from interview.ticket_by_hash($1)", token_hash)
    if found is None:
        raise TicketUnknown
    async with database.tenant(found["tenant_id"]) as connection:
        redeemed = await connection.fetchrow(
            "update interview.tickets set used_at = $2 where id = $1 and used_at is null and expires_at > $2"
            " returning role, user_id",
            found["ticket_id"],
            now,
        )
        if redeemed is None:
            used = await connection.fetchval(
                "select used_at is not null from interview.tickets where id = $1", found["ticket_id"]
            )
            raise TicketUsed if used else TicketExpired
    return Ticket(found["ticket_id"], found["tenant_id"], found["interview_id"], *redeemed)

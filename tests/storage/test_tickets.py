from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

import pytest

from storage.database import Database
from storage.errors import TicketExpired, TicketRefused, TicketUnknown, TicketUsed
from storage.tickets import Ticket, issue_ticket, redeem_ticket
from tests.conftest import Person
from tests.storage.conftest import NOON, MakeInterview

LATER = NOON + timedelta(seconds=60)


@pytest.fixture
async def interview_id(tenant: Person, make_interview: MakeInterview) -> UUID:
    return await make_interview(tenant)


async def issue(database: Database, tenant: Person, interview_id: UUID) -> bytes:
    token_hash = hashlib.sha256(interview_id.bytes).digest()
    async with database.tenant(tenant.tenant_id) as connection:
        await issue_ticket(connection, interview_id, "candidate", token_hash, LATER, ip_address="127.0.0.1")
    return token_hash


async def test_a_ticket_opens_its_interview_before_the_tenant_is_known(
    database: Database, tenant: Person, interview_id: UUID
) -> None:
    ticket = await redeem_ticket(database, await issue(database, tenant, interview_id), NOON)
    assert (ticket.tenant_id, ticket.interview_id, ticket.role) == (
        tenant.tenant_id,
        interview_id,
        "candidate",
    )


async def test_a_ticket_opens_once_however_many_try_at_once(
    database: Database, tenant: Person, interview_id: UUID
) -> None:
    token_hash = await issue(database, tenant, interview_id)

    async def try_it() -> Ticket | TicketRefused:
        try:
            return await redeem_ticket(database, token_hash, NOON)
        except TicketRefused as refused:
            return refused

    outcomes = await asyncio.gather(*(try_it() for _ in range(10)))
    assert sum(isinstance(outcome, Ticket) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, TicketUsed) for outcome in outcomes) == 9


async def test_a_ticket_that_is_too_old_opens_nothing(database: Database, tenant: Person, interview_id: UUID) -> None:
    token_hash = await issue(database, tenant, interview_id)
    with pytest.raises(TicketExpired):
        await redeem_ticket(database, token_hash, LATER)
    assert (await redeem_ticket(database, token_hash, NOON)).interview_id == interview_id


async def test_a_ticket_nobody_gave_out_is_unknown(database: Database) -> None:
    with pytest.raises(TicketUnknown):
        await redeem_ticket(database, hashlib.sha256(b"guess").digest(), NOON)

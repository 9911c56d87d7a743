"""A batch is sent by one, found again by whoever goes on, and ends once."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from storage import scoring_batches
from storage.database import Database
from storage.errors import NotFound
from storage.scoring_batches import batch, claim, end, known_names, prepare, sent, unclaim
from tests.conftest import Person, new_person
from tests.storage.conftest import NOON

STALE = timedelta(minutes=5)


async def status(database: Database, person: Person, batch_id: UUID) -> str:
    async with database.tenant(person.tenant_id) as connection:
        return (await batch(connection, batch_id)).status


@pytest.fixture
async def prepared(database: Database, tenant: Person) -> UUID:
    async with database.tenant(tenant.tenant_id) as connection:
        return await prepare(connection, "anthropic", "claude-sonnet-5-5", 12)


async def test_one_sender_claims_a_batch(database: Database, tenant: Person, prepared: UUID) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        assert await claim(connection, prepared, NOON, stale_after=STALE)
        assert not await claim(connection, prepared, NOON + timedelta(minutes=4), stale_after=STALE)
        assert await claim(connection, prepared, NOON + timedelta(minutes=5), stale_after=STALE)
        assert not await claim(connection, prepared, NOON + timedelta(minutes=6), stale_after=STALE)


async def test_what_the_provider_refused_may_be_sent_at_once(
    database: Database, tenant: Person, prepared: UUID
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        await claim(connection, prepared, NOON, stale_after=STALE)
        await unclaim(connection, prepared)
        assert await claim(connection, prepared, NOON, stale_after=STALE)


async def test_a_sent_batch_keeps_its_name_and_is_claimed_no_more(
    database: Database, tenant: Person, prepared: UUID
) -> None:
    name = f"msgbatch_{prepared}"
    async with database.tenant(tenant.tenant_id) as connection:
        await claim(connection, prepared, NOON, stale_after=STALE)
        await sent(connection, prepared, name, NOON)
        assert not await claim(connection, prepared, NOON + timedelta(days=1), stale_after=STALE)
        await unclaim(connection, prepared)
        found = await batch(connection, prepared)
        assert (found.status, found.provider_batch_id, found.requests, found.sent_at) == ("sent", name, 12, NOON)
        assert await known_names(connection, "anthropic") == {name}
        assert await known_names(connection, "openai") == set()
        await end(connection, prepared, "read", NOON)
    assert await status(database, tenant, prepared) == "read"


async def test_no_two_batches_have_one_name(database: Database, tenant: Person, prepared: UUID) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        await sent(connection, prepared, f"msgbatch_{prepared}", NOON)
        another = await prepare(connection, "anthropic", "claude-sonnet-5-5", 1)
        with pytest.raises(asyncpg.UniqueViolationError):
            await sent(connection, another, f"msgbatch_{prepared}", NOON)


async def test_a_batch_of_somebody_else_is_not_there(database: Database, tenant: Person, prepared: UUID) -> None:
    other = await new_person(database)
    async with database.tenant(other.tenant_id) as connection:
        with pytest.raises(NotFound):
            await scoring_batches.batch(connection, prepared)
        assert not await claim(connection, prepared, NOON, stale_after=STALE)

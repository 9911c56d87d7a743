from __future__ import annotations

import asyncio

from storage.database import Database
from storage.identity import ensure_local_owner, memberships_of, tenant_ids
from storage.ids import SHARED_TENANT
from tests.conftest import Person


async def test_the_local_owner_is_made_once_however_many_start(database: Database) -> None:
    owners = await asyncio.gather(*(ensure_local_owner(database) for _ in range(5)))
    assert len({(owner.user_id, owner.tenant_id) for owner in owners}) == 1
    (membership,) = await memberships_of(database, owners[0].user_id)
    assert (membership.tenant_id, membership.role, membership.is_default) == (
        owners[0].tenant_id,
        "admin",
        True,
    )


async def test_sweeps_are_told_every_tenant_and_nothing_else(database: Database, tenant: Person) -> None:
    ids = await tenant_ids(database)
    assert {SHARED_TENANT, tenant.tenant_id} <= set(ids)
    assert ids == sorted(set(ids))


async def test_a_membership_that_ended_is_none(database: Database, tenant: Person) -> None:
    assert [m.tenant_id for m in await memberships_of(database, tenant.user_id)] == [tenant.tenant_id]
    async with database.tenant(tenant.tenant_id) as connection:
        await connection.execute("update identity.memberships set status = 'left'")
    assert await memberships_of(database, tenant.user_id) == []

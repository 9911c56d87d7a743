from __future__ import annotations

import asyncio

from storage.database import Database
from storage.identity import ensure_local_owner, memberships_of, names_of, tenant_ids
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


async def test_a_person_is_known_by_every_name_that_the_tenant_knows(database: Database, tenant: Person) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        await connection.execute(
            "update identity.users set first_name = 'Ana', last_name = ' ' where id = $1", tenant.user_id
        )
        assert await names_of(connection, tenant.user_id) == ("Ana", "Test Person")
        assert await names_of(connection, None) == ()


async def test_the_local_owner_has_no_name_of_their_own(database: Database) -> None:
    owner = await ensure_local_owner(database)
    async with database.tenant(owner.tenant_id) as connection:
        assert await names_of(connection, owner.user_id) == ()

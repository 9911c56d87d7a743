"""Who there is: tenants, users, memberships."""

from __future__ import annotations

from uuid import UUID

import msgspec

from storage.database import Connection, Database

LOCAL_TENANT = UUID("00000000-0000-7000-8000-000000000002")
LOCAL_OWNER = UUID("00000000-0000-7000-8000-000000000003")
_LOCAL_MEMBERSHIP = UUID("00000000-0000-7000-8000-000000000004")


class LocalOwner(msgspec.Struct, frozen=True):
    """The person of an installation without sign-in, and their personal tenant."""

    user_id: UUID
    tenant_id: UUID


class Membership(msgspec.Struct, frozen=True):
    """What a user may be in a tenant."""

    tenant_id: UUID
    membership_id: UUID
    role: str
    is_default: bool


async def ensure_local_owner(database: Database) -> LocalOwner:
    """Make the local owner on the first start; afterwards, and from several processes at once, find them."""
    async with database.tenant(LOCAL_TENANT) as connection:
        await connection.execute(
            "insert into identity.tenants (id, kind, name, slug) values ($1, 'personal', 'Local', 'local')"
            " on conflict do nothing",
            LOCAL_TENANT,
        )
        await connection.execute(
            "insert into identity.users (id, tenant_id, first_name, last_name)"
            " values ($1, $2, 'Local', 'owner') on conflict do nothing",
            LOCAL_OWNER,
            LOCAL_TENANT,
        )
        await connection.execute(
            "insert into identity.memberships (id, tenant_id, user_id, role, is_default, display_name, joined_at)"
            " values ($1, $2, $3, 'admin', true, 'Local owner', now()) on conflict do nothing",
            _LOCAL_MEMBERSHIP,
            LOCAL_TENANT,
            LOCAL_OWNER,
        )
    return LocalOwner(LOCAL_OWNER, LOCAL_TENANT)


async def tenant_ids(database: Database) -> list[UUID]:
    """Every tenant, the shared one included: for sweeps, which then open one transaction a tenant."""
    async with database.untenanted() as connection:
        rows = await connection.fetch("select * from identity.tenant_ids() as id")
    return [row["id"] for row in rows]


async def memberships_of(database: Database, user_id: UUID) -> list[Membership]:
    """The active memberships of a user in active tenants, the default first."""
    async with database.untenanted() as connection:
        rows = await connection.fetch("select * from identity.memberships_of($1)", user_id)
    return [Membership(**row) for row in rows]


async def names_of(connection: Connection, user_id: UUID | None) -> tuple[str, ...]:
    """What a person is called, as far as the connection's tenant knows: never to be shown to whoever scores.

    Nothing for the owner of an installation without sign-in, who is called by no name of their own.
    """
    if user_id is None or user_id == LOCAL_OWNER:
        return ()
    rows = await connection.fetch(
        """
        select first_name as name from identity.users where id = $1
        union select last_name from identity.users where id = $1
        union select display_name from identity.memberships where user_id = $1
        """,
        user_id,
    )
    return tuple(sorted(name for row in rows if (name := (row["name"] or "").strip())))

"""The three database roles: who owns, who serves, who maintains."""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from storage.database import Connection
from storage.errors import MigrationError

OWNER = "viva_owner"
APPLICATION = "viva_app"
MAINTENANCE = "viva_maintenance"

_LOCK = 0x56495641_524F4C45  # "VIVAROLE"

_ATTRIBUTES = {
    OWNER: "nologin nosuperuser nobypassrls",
    APPLICATION: "login nosuperuser nobypassrls",
    MAINTENANCE: "login nosuperuser bypassrls",
}

_OWNER_RIGHTS = """
do $$ begin
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant viva_owner to %I', current_user);
  end if;
  execute format('grant create on database %I to viva_owner', current_database());
end $$
"""


async def ensure_roles(connection: Connection, passwords: Mapping[str, str] | None = None) -> None:
    """Make the roles that are missing, and set the passwords given by role name.

    For a connection that may create roles (the installation's administrator). Calling it again, or from
    several processes at once, changes nothing further. Raises MigrationError when a role of ours has rights
    it must not.
    """
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        for role, attributes in _ATTRIBUTES.items():
            await _ensure(connection, role, attributes)
        await _refuse_excess(connection)
        # A generic plan is made for the big tenant, and then used for the small one.
        if not await _has_custom_plans(connection):
            await connection.execute(f"alter role {APPLICATION} set plan_cache_mode = force_custom_plan")
        # viva_owner hands the functions that look across tenants to viva_maintenance.
        await connection.execute(f"grant {MAINTENANCE} to {OWNER}")
        await connection.execute(_OWNER_RIGHTS)
        await connection.execute(f"grant usage, create on schema public to {OWNER}")
        for role, password in (passwords or {}).items():
            statement = await connection.fetchval(
                "select format('alter role %I password %L', $1::text, $2::text)", role, password
            )
            await connection.execute(statement)


async def _ensure(connection: Connection, role: str, attributes: str) -> None:
    if await connection.fetchval("select exists (select from pg_roles where rolname = $1)", role):
        return
    try:
        async with connection.transaction():
            await connection.execute(f"create role {role} {attributes}")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        # Made meanwhile for another database of the same server, which our lock does not cover.
        return


async def _refuse_excess(connection: Connection) -> None:
    excess = await connection.fetch(
        "select rolname from pg_roles where rolname = any($1) and (rolsuper or rolbypassrls)",
        [OWNER, APPLICATION],
    )
    if excess:
        names = " and ".join(row["rolname"] for row in excess)
        raise MigrationError(
            f"Row security does not bind {names}, so tenants would see each other. "
            f"Take the right away: alter role {excess[0]['rolname']} nosuperuser nobypassrls."
        )


async def _has_custom_plans(connection: Connection) -> bool:
    found = await connection.fetchval(
        "select exists (select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole"
        " where r.rolname = $1 and s.setdatabase = 0"
        " and 'plan_cache_mode=force_custom_plan' = any(s.setconfig))",
        APPLICATION,
    )
    return bool(found)

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec
import pytest

from storage import plans
from storage.database import Connection, Database, connect
from storage.errors import DatabaseUnavailable
from storage.ids import SHARED_TENANT, uuid7
from tests.conftest import DatabaseUrls, Person, new_person
from tests.lines import through_a_line
from tests.storage.conftest import MakeInterview

TENANT_TABLES = """
select format('%I.%I', n.nspname, c.relname) as name, c.relispartition, c.relrowsecurity, c.relforcerowsecurity,
       (select count(*) from pg_policy p where p.polrelid = c.oid) as policies,
       has_table_privilege('viva_app', c.oid, 'select, insert, update, delete') as is_granted
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname in ('identity', 'interview', 'hiring', 'compliance', 'integration') and c.relkind in ('r', 'p')
   and (c.relname = 'tenants' or exists (
         select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'))
 order by 1
"""
SHARED_TABLES = {"interview.rubrics", "interview.plans", "interview.plan_versions"}


async def count(connection: Connection, table: str) -> int:
    """How many rows of a table of ours this connection sees."""
    number: int = await connection.fetchval(f"select count(*) from {table}")  # noqa: S608
    return number


@pytest.fixture
async def admin(database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(database_urls.admin)
    yield connection
    await connection.close()


async def test_every_tenant_table_and_partition_is_under_forced_row_security(
    admin: asyncpg.Connection[asyncpg.Record], database: Database
) -> None:
    tables = await admin.fetch(TENANT_TABLES)
    assert {row["name"] for row in tables} >= {
        "identity.users",
        "interview.events",
        "interview.events_default",
        "compliance.model_lineage_default",
        "integration.task_attempts",
    }
    for row in tables:
        assert row["relrowsecurity"], row["name"]
        assert row["relforcerowsecurity"], row["name"]
        assert row["policies"] == (2 if row["name"] in SHARED_TABLES else 1), row["name"]
        assert row["is_granted"] != row["relispartition"], row["name"]


async def test_without_a_tenant_no_tenants_row_is_seen(
    admin: asyncpg.Connection[asyncpg.Record],
    database: Database,
    tenant: Person,
    make_interview: MakeInterview,
) -> None:
    await make_interview(tenant)
    tables = await admin.fetch(TENANT_TABLES)
    async with database.untenanted() as connection:
        for row in tables:
            if not row["relispartition"] and row["name"] not in SHARED_TABLES:
                assert await count(connection, row["name"]) == 0, row["name"]
        kept = await connection.fetch("select distinct tenant_id from interview.plan_versions")
    assert {row["tenant_id"] for row in kept} <= {SHARED_TENANT}


async def test_a_tenant_neither_sees_nor_writes_anothers_rows(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    other = await new_person(database)
    theirs = await make_interview(other)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await connection.fetchval("select count(*) from interview.interviews where id = $1", theirs) == 0
        for statement in (
            "update interview.interviews set language = 'es' where id = $1",
            "delete from interview.interviews where id = $1",
        ):
            assert (await connection.execute(statement, theirs)).endswith(" 0")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant.tenant_id) as connection:
            await connection.execute(
                "insert into identity.users (id, tenant_id, first_name, last_name) values ($1, $2, 'A', 'B')",
                uuid7(),
                other.tenant_id,
            )


async def test_no_row_can_name_another_tenants(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    theirs = await make_interview(await new_person(database))
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with database.tenant(tenant.tenant_id) as connection:
            await connection.execute(
                "insert into interview.tickets (id, tenant_id, interview_id, role, token_hash, expires_at)"
                " values ($1, $2, $3, 'candidate', $4, now())",
                uuid7(),
                tenant.tenant_id,
                theirs,
                uuid7().bytes,
            )


async def test_an_interview_may_be_held_by_the_shared_tenants_plan(
    database: Database, tenant: Person, make_interview: MakeInterview, plan_version_id: UUID
) -> None:
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        pinned = await connection.fetchval(
            "select plan_version_id from interview.interviews where id = $1", interview_id
        )
        owner = await connection.fetchval(
            "select tenant_id from interview.plan_versions where id = $1", plan_version_id
        )
    assert (pinned, owner) == (plan_version_id, SHARED_TENANT)


async def test_shared_rows_are_read_by_all_and_written_by_none(
    database: Database, tenant: Person, plan_version_id: UUID
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        version = await plans.plan_version(connection, plan_version_id)
        assert version.slug == "test-plan"
        changed = await connection.execute("update interview.plans set title = 'mine' where id = $1", version.plan_id)
        assert changed == "UPDATE 0"
        deleted = await connection.execute("delete from interview.plans where id = $1", version.plan_id)
        assert deleted == "DELETE 0"


@pytest.mark.parametrize("partition", ["interview.events_default", "compliance.model_lineage_default"])
async def test_a_partition_cannot_be_read_directly(database: Database, tenant: Person, partition: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant.tenant_id) as connection:
            await count(connection, partition)


async def test_the_owner_of_the_tables_is_bound_too(
    admin: asyncpg.Connection[asyncpg.Record],
    database: Database,
    tenant: Person,
    make_interview: MakeInterview,
) -> None:
    await make_interview(tenant)
    async with admin.transaction():
        await admin.execute("set local role viva_owner")
        for table in ("interview.interviews", "interview.events", "interview.events_default", "identity.users"):
            assert await count(admin, table) == 0, table


async def test_the_tenant_is_forgotten_with_its_transaction(database_urls: DatabaseUrls) -> None:
    database = Database(await connect(database_urls.app, max_size=1))
    try:
        person = await new_person(database)
        async with database.untenanted() as connection:
            assert await connection.fetchval("select count(*) from identity.users") == 0
            assert (await connection.fetchval("select current_setting('app.tenant', true)")) in ("", None)
        async with database.tenant(person.tenant_id) as connection:
            assert await connection.fetchval("select count(*) from identity.users") == 1
    finally:
        await database.close()


async def test_the_application_plans_anew_for_each_tenant(database: Database) -> None:
    async with database.untenanted() as connection:
        assert await connection.fetchval("show plan_cache_mode") == "force_custom_plan"


async def test_a_block_that_raises_keeps_nothing(database: Database, tenant: Person) -> None:
    async def fail_after_renaming() -> None:
        async with database.tenant(tenant.tenant_id) as connection:
            await connection.execute("update identity.users set first_name = 'Changed'")
            raise OSError("the caller's own")

    with pytest.raises(OSError, match="the caller's own"):
        await fail_after_renaming()
    async with database.tenant(tenant.tenant_id) as connection:
        assert await connection.fetchval("select first_name from identity.users") == "Test"


class Document(msgspec.Struct):
    text: str
    numbers: list[float]


async def test_documents_go_in_as_structs_raw_or_dicts_and_come_back_whole(database: Database) -> None:
    document = {"text": 'ñandú \u2028 \\ "', "numbers": [1.5, -2.0]}
    async with database.untenanted() as connection:
        for given in (document, Document(**document), msgspec.Raw(msgspec.json.encode(document))):  # type: ignore[arg-type]
            assert await connection.fetchval("select $1::jsonb", given) == document
            assert await connection.fetchval("select $1::json", given) == document
        assert await connection.fetchval("select $1::jsonb", None) is None
        assert await connection.fetchval("select $1::jsonb = 'null'::jsonb", msgspec.Raw(b"null")) is True
        assert await connection.fetchval("select $1::jsonb[]", [document, {}]) == [document, {}]


async def test_documents_can_be_copied_in(database: Database) -> None:
    documents = [(number, {"n": number, "text": "x" * number}) for number in range(50)]
    async with database.maintenance() as connection:
        await connection.execute("create temporary table copied (n int, body jsonb) on commit drop")
        await connection.copy_records_to_table("copied", records=documents)
        rows = await connection.fetch("select n, body from copied order by n")
    assert [(row["n"], row["body"]) for row in rows] == documents


async def test_a_database_that_does_not_answer_says_what_to_check() -> None:
    with pytest.raises(DatabaseUnavailable, match="DATABASE_URL"):
        await connect("postgresql://viva_app:none@127.0.0.1:9/viva")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("viva_app:", "viva_app:wrong", "refuses the role or its password"),
        ("/viva_storage?", "/nowhere?", "no database of that name"),
        ("postgresql:", "mysql:", "the address is not one"),
    ],
)
async def test_an_address_the_server_refuses_is_said_without_its_password(
    database_urls: DatabaseUrls, old: str, new: str, reason: str
) -> None:
    with pytest.raises(DatabaseUnavailable, match=reason) as refused:
        await connect(database_urls.app.replace(old, new))
    assert "viva_app:" not in str(refused.value)


async def test_a_connection_cut_under_a_statement_is_the_database_unavailable_and_the_next_works(
    database: Database, database_urls: DatabaseUrls, admin: asyncpg.Connection[asyncpg.Record]
) -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def sleep_in_the_database() -> None:
        async with database.untenanted() as connection:
            started.set_result(await connection.fetchval("select pg_backend_pid()"))
            await connection.execute("select pg_sleep(60)")

    sleeping = asyncio.create_task(sleep_in_the_database())
    await admin.execute("select pg_terminate_backend($1)", await started)
    with pytest.raises(DatabaseUnavailable):
        await sleeping
    await database.ping()


async def test_a_server_that_swallows_everything_is_unavailable_within_three_seconds_and_the_next_works(
    database_urls: DatabaseUrls,
) -> None:
    async with through_a_line(database_urls.app) as (line, url):
        behind = await Database.open(url, min_size=1)
        await behind.ping()
        line.stall()
        # On the connection there is; the others try to make new ones, and wait in vain.
        for asked in (1, 12):
            began = time.monotonic()
            told = await asyncio.gather(*(behind.ping() for _ in range(asked)), return_exceptions=True)
            assert [type(error) for error in told] == [DatabaseUnavailable] * asked
            assert time.monotonic() - began < 3
        line.cut()
        line.release()
        async with asyncio.timeout(10):
            while await is_away(behind):
                pass
        await behind.close()


async def is_away(database: Database) -> bool:
    try:
        await database.ping()
    except DatabaseUnavailable:
        return True
    return False


async def test_maintenance_is_outside_row_security_and_needs_its_own_address(
    database: Database, database_urls: DatabaseUrls, tenant: Person
) -> None:
    async with database.maintenance() as connection:
        found = await connection.fetchval("select count(*) from identity.users where id = $1", tenant.user_id)
        assert found == 1
    without = Database(await connect(database_urls.app))
    with pytest.raises(DatabaseUnavailable, match="VIVA_MAINTENANCE_DATABASE_URL"):
        async with without.maintenance():
            pass
    await without.close()

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from storage.audit import Actor, AuditEntry, ChainBreak, append, hash_of, verify
from storage.database import Database
from storage.ids import uuid7
from tests.conftest import DatabaseUrls, Person, new_person
from tests.storage.conftest import NOON

WRITERS, EACH = 8, 5


def did(action: str = "plan.published", n: int = 0) -> AuditEntry:
    return AuditEntry(
        occurred_at=NOON + timedelta(seconds=n),
        actor=Actor("admin"),
        action=action,
        entity_type="plan",
        entity_id=uuid7(NOON),
        request_id=f"r-{n}",
        old_values={"status": "draft", "n": [1, 2.5, None]},
        new_values={"status": "año 🎙"},
        reason="asked for",
        ip_address="192.0.2.7",
        user_agent="",
    )


async def keep(database: Database, person: Person, count: int) -> None:
    for n in range(count):
        async with database.tenant(person.tenant_id) as connection:
            await append(connection, did(n=n))


async def breaks(database: Database, person: Person) -> list[ChainBreak]:
    async with database.tenant(person.tenant_id) as connection:
        return await verify(connection)


async def tamper(urls: DatabaseUrls, statement: str, *args: object) -> None:
    """As the server's administrator, who can do what no role of ours can: write past triggers and row security."""
    connection = await asyncpg.connect(urls.admin)
    try:
        await connection.execute("set session_replication_role = replica")
        assert not (await connection.execute(statement, *args)).endswith(" 0")
    finally:
        await connection.close()


async def test_eight_writers_at_once_make_one_chain_without_gaps(database: Database, tenant: Person) -> None:
    async def write(n: int) -> None:
        for _ in range(EACH):
            async with database.tenant(tenant.tenant_id) as connection:
                await append(connection, did(n=n))

    await asyncio.gather(*(write(n) for n in range(WRITERS)))
    async with database.tenant(tenant.tenant_id) as connection:
        rows = await connection.fetch("select seq, prev_hash, hash from compliance.audit_logs order by seq")
        assert [row["seq"] for row in rows] == list(range(1, WRITERS * EACH + 1))
        assert [row["prev_hash"] for row in rows] == ["0" * 64, *(row["hash"] for row in rows[:-1])]
        assert await verify(connection) == []


async def test_an_entry_that_is_rolled_back_leaves_no_gap(database: Database, tenant: Person) -> None:
    await keep(database, tenant, 1)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - what is tried is both, in one transaction
        async with database.tenant(tenant.tenant_id) as connection:
            await append(connection, did())
            _ = 1 / 0
    await keep(database, tenant, 1)
    assert await breaks(database, tenant) == []


async def test_each_tenant_has_a_chain_of_its_own_and_sees_no_other(database: Database, tenant: Person) -> None:
    other = await new_person(database)
    await keep(database, tenant, 2)
    await keep(database, other, 1)
    async with database.tenant(other.tenant_id) as connection:
        assert await connection.fetchval("select array_agg(seq) from compliance.audit_logs") == [1]
        assert await connection.fetchval("select count(*) from compliance.audit_chains") == 1
    with pytest.raises(asyncpg.InvalidParameterValueError, match="opened for its tenant"):
        async with database.untenanted() as connection:
            await append(connection, did())


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("update compliance.audit_logs set reason = 'no reason' where tenant_id = $1 and seq = 2", [(2, "changed")]),
        ("update compliance.audit_logs set user_agent = null where tenant_id = $1 and seq = 2", [(2, "changed")]),
        (
            "update compliance.audit_logs set occurred_at = occurred_at + '1 us' where tenant_id = $1 and seq = 2",
            [(2, "changed")],
        ),
        ("delete from compliance.audit_logs where tenant_id = $1 and seq = 2", [(2, "missing")]),
        ("delete from compliance.audit_logs where tenant_id = $1 and seq = 1", [(1, "missing")]),
        ("delete from compliance.audit_logs where tenant_id = $1 and seq > 2", [(4, "cut_off")]),
        ("delete from compliance.audit_logs where tenant_id = $1", [(4, "cut_off")]),
        ("delete from compliance.audit_chains where tenant_id = $1", [(4, "unlinked")]),
        ("update compliance.audit_chains set seq = 9 where tenant_id = $1", [(9, "cut_off")]),
    ],
)
async def test_what_was_tampered_with_shows(
    database: Database, database_urls: DatabaseUrls, tenant: Person, statement: str, found: list[tuple[int, str]]
) -> None:
    await keep(database, tenant, 4)
    assert await breaks(database, tenant) == []
    await tamper(database_urls, statement, tenant.tenant_id)
    assert [msgspec.structs.astuple(wrong) for wrong in await breaks(database, tenant)] == found


async def test_an_entry_written_anew_with_its_hash_does_not_fit_the_next(
    database: Database, database_urls: DatabaseUrls, tenant: Person
) -> None:
    await keep(database, tenant, 3)
    for statement in (
        "reason = 'other'",
        "hash = encode(sha256(convert_to(compliance.audit_text(a), 'UTF8')), 'hex')",
    ):
        await tamper(
            database_urls,
            f"update compliance.audit_logs a set {statement} where tenant_id = $1 and seq = 2",  # noqa: S608
            tenant.tenant_id,
        )
    assert await breaks(database, tenant) == [ChainBreak(3, "unlinked")]


@pytest.mark.parametrize("role", ["viva_app", "viva_maintenance", "viva_owner"])
@pytest.mark.parametrize("lifts", ["", "purge"])
@pytest.mark.parametrize(
    "statement",
    [
        "update compliance.audit_logs set reason = 'none'",
        "delete from compliance.audit_logs",
    ],
)
async def test_no_role_changes_an_entry(
    database: Database, database_urls: DatabaseUrls, tenant: Person, role: str, lifts: str, statement: str
) -> None:
    await keep(database, tenant, 1)
    connection = await asyncpg.connect(database_urls.admin)
    try:
        await connection.execute(f"set role {role}")
        await connection.execute("select set_config('viva.lifts', $1, false)", lifts)
        await connection.execute("select set_config('app.tenant', $1, false)", str(tenant.tenant_id))
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError)):
            await connection.execute(statement)
    finally:
        await connection.close()
    assert await breaks(database, tenant) == []


async def test_nobody_writes_an_entry_past_the_chain(database: Database, tenant: Person) -> None:
    statement = (
        "insert into compliance.audit_logs (id, tenant_id, occurred_at, seq, actor_type, action, entity_type,"
        " request_id, prev_hash, hash) values ($1, $2, now(), 1, 'user', 'a', 'b', 'c', '', '')"
    )
    for opened in (database.tenant(tenant.tenant_id), database.maintenance()):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with opened as connection:
                await connection.execute(statement, uuid7(), tenant.tenant_id)


def test_no_two_entries_have_one_text() -> None:
    assert hash_of(["a", "b"]) != hash_of(["a,1:b"])
    assert hash_of([None, ""]) != hash_of(["", None])
    assert hash_of(["-"]) != hash_of([None])
    assert hash_of(["é"]) == hash_of(["\u00e9"]) != hash_of(["e\u0301"])

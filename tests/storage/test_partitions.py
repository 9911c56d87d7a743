from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID

import asyncpg
import pytest

from storage import audit, catalogue, migrations
from storage.audit import Actor, AuditEntry
from storage.database import Database
from storage.events import append, append_side_fact, events_after
from storage.ids import uuid7
from storage.interviews import take_over
from storage.lineage import lineage_of, record
from storage.partitions import Settled, ensure_partitions, settle, stray_months, strays, tables_with_strays
from tests.conftest import DatabaseUrls, Person, new_person
from tests.storage.conftest import MakeInterview
from tests.storage.purgeable import call_for
from tests.storage.test_events import said

FAR = datetime(2041, 5, 31, 23, tzinfo=UTC)
MISSED = datetime(2043, 5, 31, 23, tzinfo=UTC)


async def test_months_are_made_ahead_once(database: Database) -> None:
    async with database.maintenance() as connection:
        made = await ensure_partitions(connection, FAR, months_ahead=1)
        assert made == [
            "interview.events_2041_05",
            "interview.events_2041_06",
            "compliance.model_lineage_2041_05",
            "compliance.model_lineage_2041_06",
            "compliance.audit_logs_2041_05",
            "compliance.audit_logs_2041_06",
        ]
        assert await ensure_partitions(connection, FAR, months_ahead=1) == []


async def test_an_event_of_a_month_nobody_made_is_kept_and_found_and_the_other_months_are_still_made(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await make_interview(tenant, MISSED)
    async with database.tenant(tenant.tenant_id) as connection:
        epoch = await take_over(connection, interview_id, "here", MISSED)
        assert epoch is not None
        assert await append(connection, interview_id, epoch, [said("kept all the same")]) == [1]
    async with database.maintenance() as connection:
        assert "interview.events" in await tables_with_strays(connection)
        made = await ensure_partitions(connection, MISSED, months_ahead=1)
    assert "interview.events_2043_05" not in made
    assert "interview.events_2043_06" in made


async def month_in(database: Database, table: str, month: date) -> Settled | None:
    async with database.maintenance() as connection:
        found = [stray for stray in await stray_months(connection) if (stray.table, stray.month) == (table, month)]
    return found[0] if found else None


async def rows_of(database: Database, table: str) -> int:
    async with database.untenanted() as connection:
        return (await strays(connection))[table]


async def test_events_that_found_no_month_are_counted_and_moved_into_their_own(
    database: Database, database_urls: DatabaseUrls, tenant: Person, make_interview: MakeInterview
) -> None:
    at, table = datetime(2031, 3, 1, tzinfo=UTC), "interview.events"
    neighbour = await new_person(database)
    held = [(person, await make_interview(person, at)) for person in (tenant, neighbour)]
    before = await rows_of(database, table)
    for person, interview_id in held:
        async with database.tenant(person.tenant_id) as connection:
            for n in range(3):
                await append_side_fact(connection, interview_id, said(f"fact {n}"))
    assert await rows_of(database, table) == before + 6
    async with database.maintenance() as connection:
        assert table in await tables_with_strays(connection)

    found = await month_in(database, table, date(2031, 3, 1))
    assert found is not None
    assert found.rows == 6
    assert (await settle(database, found)).moved == 6

    assert await month_in(database, table, date(2031, 3, 1)) is None
    assert await rows_of(database, table) == before
    for person, interview_id in held:
        async with database.tenant(person.tenant_id) as connection:
            assert [event.seq for event in await events_after(connection, interview_id)] == [1, 2, 3]
            assert await append_side_fact(connection, interview_id, said("and on")) == 4
            assert await connection.fetchval("select count(*) from interview.events") == 4
            where = "select distinct tableoid::regclass::text from interview.events"
            assert await connection.fetchval(where) == "interview.events_2031_03"
    async with database.tenant(tenant.tenant_id) as connection:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(
                "insert into interview.events (interview_id, seq, tenant_id, id, at, at_ms, type, actor, payload)"
                " select interview_id, seq, tenant_id, id, at, at_ms, type, actor, payload from interview.events"
            )
    admin = await asyncpg.connect(database_urls.admin)
    try:
        assert await catalogue.open_partitions(admin) == []
        assert await admin.fetchval(
            "select array_agg(tgname order by tgname) from pg_trigger"
            " where tgrelid = 'interview.events_2031_03'::regclass and not tgisinternal"
        ) == ["refuse_change"]
        assert await admin.fetchval(
            "select relforcerowsecurity from pg_class where oid = 'interview.events_default'::regclass"
        )
    finally:
        await admin.close()
    assert (await migrations.status(database_urls.admin)).drift == []
    async with database.maintenance() as connection:
        assert "interview.events_2031_03" not in await ensure_partitions(connection, at, months_ahead=0)


async def test_lineage_and_audit_of_a_month_nobody_made_are_moved_too(database: Database, tenant: Person) -> None:
    at, month = datetime(2032, 7, 31, 23, 59, 59, 999_999, tzinfo=UTC), date(2032, 7, 1)
    interview_id = uuid7()
    entry = AuditEntry(occurred_at=at, actor=Actor(), action="a", entity_type="b", request_id="r")
    async with database.tenant(tenant.tenant_id) as connection:
        await record(connection, call_for(interview_id, at))
        await audit.append(connection, entry)
        await audit.append(connection, entry)
    for table, rows in (("compliance.model_lineage", 1), ("compliance.audit_logs", 2)):
        found = await month_in(database, table, month)
        assert found == Settled(table, month, rows, None)
        assert (await settle(database, found)).moved == rows
        assert await month_in(database, table, month) is None
    async with database.tenant(tenant.tenant_id) as connection:
        assert await audit.verify(connection) == []
        assert len(await lineage_of(connection, interview_id)) == 1
        await audit.append(connection, entry)
        assert await audit.verify(connection) == []
    for statement in ("update {} set request_id = 'x'", "delete from {}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.maintenance() as connection:
                await connection.execute(statement.format("compliance.audit_logs_2032_07"))


async def test_a_month_that_is_large_or_whose_tables_are_busy_is_left(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    at, month = datetime(2033, 1, 15, tzinfo=UTC), date(2033, 1, 1)
    interview_id = await make_interview(tenant, at)
    async with database.tenant(tenant.tenant_id) as connection:
        await append_side_fact(connection, interview_id, said("kept all the same"))
    found = await month_in(database, "interview.events", month)
    assert found is not None
    assert (await settle(database, found, most=0)).moved is None
    async with database.tenant(tenant.tenant_id) as writer:
        # One who writes comes first, and is kept waiting for half a second at most.
        await append_side_fact(writer, interview_id, said("being written"))
        assert (await settle(database, found)).moved is None
        await append_side_fact(writer, interview_id, said("and more"))
    assert (await settle(database, found)).moved == 3


async def test_writers_to_a_month_that_is_being_moved_lose_nothing(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    at, month = datetime(2034, 1, 15, tzinfo=UTC), date(2034, 1, 1)
    ids = [await make_interview(tenant, at) for _ in range(3)]

    async def write(interview_id: UUID) -> None:
        for n in range(30):
            async with database.tenant(tenant.tenant_id) as connection:
                await append_side_fact(connection, interview_id, said(f"fact {n}"))

    async def move() -> int:
        for _ in range(100):
            found = await month_in(database, "interview.events", month)
            if found is not None and (moved := (await settle(database, found)).moved) is not None:
                return moved
        raise AssertionError("never moved")

    moved, *_ = await asyncio.gather(move(), *(write(interview_id) for interview_id in ids))
    assert moved is not None
    assert 0 < moved <= 90
    async with database.tenant(tenant.tenant_id) as connection:
        for interview_id in ids:
            assert [event.seq for event in await events_after(connection, interview_id)] == list(range(1, 31))
        where = "select array_agg(distinct tableoid::regclass::text) from interview.events"
        assert await connection.fetchval(where) == ["interview.events_2034_01"]


async def test_identifiers_of_no_month_stay_where_they_are_and_in_the_figures(
    database: Database, tenant: Person
) -> None:
    old = datetime(1999, 12, 31, tzinfo=UTC)
    before = await rows_of(database, "compliance.model_lineage")
    async with database.tenant(tenant.tenant_id) as connection:
        await record(connection, call_for(uuid7(), old))
    assert await month_in(database, "compliance.model_lineage", date(1999, 12, 1)) is None
    assert await rows_of(database, "compliance.model_lineage") == before + 1


async def test_only_a_partitioned_tables_own_months_can_be_settled(database: Database, tenant: Person) -> None:
    for table, month in (("interview.interviews", date(2031, 1, 1)), ("interview.events", date(2031, 1, 2))):
        with pytest.raises(asyncpg.InvalidParameterValueError, match="is no month"):
            await settle(database, Settled(table, month, 1, None))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant.tenant_id) as connection:
            await connection.execute("select public.settle_month('interview.events', '2031-01-01')")

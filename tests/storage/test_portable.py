"""Rows of one interview, out of the database and in again, digit by digit."""

from datetime import datetime, timedelta, timezone
from uuid import UUID

import msgspec
import pytest

from storage import events, portable
from storage.database import Database
from storage.errors import NotFound
from storage.ids import uuid7
from storage.portable import INTERVIEW, PARTS, RowsRefused, kept_interview, sorted_json
from tests.conftest import Person, new_person
from tests.storage.conftest import NOON, MakeInterview


async def held(database: Database, person: Person, make_interview: MakeInterview) -> UUID:
    """An interview with facts that are hard to carry."""
    interview_id = await make_interview(person, NOON + timedelta(microseconds=7))
    payload = {"z": 1, "a": [1.5, 1e-7, 0.1 + 0.2, 2**53 + 1], "ñ": '¿«é»? \n\t"\\ 🙂\u2028', "é": None, "A": {}}
    at = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    facts = [
        events.NewEvent(id=uuid7(), type="t", at=at, at_ms=2**40, actor="candidate", payload=payload, client_id="c")
        for payload in (payload, {})
    ]
    facts[1] = msgspec.structs.replace(facts[1], client_id=None)
    async with database.tenant(person.tenant_id) as connection:
        await events.append(connection, interview_id, 0, facts)
    return interview_id


async def remove(database: Database, interview_id: UUID) -> None:
    async with database.maintenance() as connection:
        await connection.fetch(
            "select interview.purge_interview(i.tenant_id, i.id, 'a test', now(), 'system', null, null, $2, $3)"
            " from interview.interviews i where id = $1",
            interview_id,
            uuid7(),
            uuid7(),
        )


async def test_rows_come_out_as_they_went_in(database: Database, tenant: Person, make_interview: MakeInterview) -> None:
    interview_id = await held(database, tenant, make_interview)
    async with database.tenant(tenant.tenant_id) as connection:
        kept = await kept_interview(connection, interview_id)
    first, second = kept.parts["events"]
    assert b'"at":"2026-11-20T17:00:00.123456+00:00"' in first
    assert b'"payload":{"A":{},"a":[1.5,1E-7,0.30000000000000004,9007199254740993],"z":1' in first
    assert b'"payload":{}' in second
    assert b'"client_id":null' in second
    await remove(database, interview_id)
    other = await new_person(database)
    async with database.tenant(other.tenant_id) as connection:
        await connection.execute("set local timezone = 'Asia/Kathmandu'; set local extra_float_digits = -5")
        await portable.insert_interview(connection, kept, other.user_id)
    async with database.tenant(other.tenant_id) as connection:
        assert await kept_interview(connection, interview_id) == kept


async def test_what_belongs_to_the_house_stays_behind(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await held(database, tenant, make_interview)
    async with database.tenant(tenant.tenant_id) as connection:
        kept = await kept_interview(connection, interview_id)
    row = msgspec.json.decode(kept.interview)
    assert not {"tenant_id", *INTERVIEW.left_behind} & set(row)
    assert all("tenant_id" not in fact for fact in kept.rows("events"))
    assert str(tenant.tenant_id) not in repr(kept)
    assert str(tenant.user_id) not in repr(kept)


async def test_every_table_of_an_interview_is_carried_but_its_tickets(database: Database) -> None:
    async with database.maintenance() as connection:
        found = await connection.fetch(
            "select distinct t.table_schema || '.' || t.table_name as name"
            "  from information_schema.columns c join information_schema.tables t using (table_schema, table_name)"
            " where column_name = 'interview_id' and t.table_schema in ('interview', 'compliance', 'integration')"
            "   and t.table_name !~ '_(default|[0-9]{4}_[0-9]{2})$'"
        )
    assert {row["name"] for row in found} - {part.table for part in PARTS} == {"interview.tickets"}


async def test_anothers_interview_is_not_found(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await held(database, tenant, make_interview)
    other = await new_person(database)
    async with database.tenant(other.tenant_id) as connection:
        assert not await portable.which_are_here(connection, [interview_id])
        with pytest.raises(NotFound):
            await kept_interview(connection, interview_id)


async def test_pages_of_ids_hold_each_interview_once(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    made = [await make_interview(tenant, NOON + timedelta(seconds=n)) for n in range(5)]
    async with database.tenant(tenant.tenant_id) as connection:
        first = await portable.interview_ids(connection, limit=3)
        rest = await portable.interview_ids(connection, first[-1], limit=3)
        assert await portable.interview_ids(connection, rest[-1]) == []
    assert first + rest == made


async def test_a_refused_row_leaves_nothing(database: Database, tenant: Person, make_interview: MakeInterview) -> None:
    interview_id = await held(database, tenant, make_interview)
    async with database.tenant(tenant.tenant_id) as connection:
        kept = await kept_interview(connection, interview_id)
    await remove(database, interview_id)
    other = await new_person(database)
    fact = msgspec.json.decode(kept.parts["events"][0])
    for wrong in (
        {"at": "yesterday"},
        {"at": "never"},
        {"seq": 0},
        {"actor": None},
        {"interview_id": str(uuid7())},
        {"new": 1},
    ):
        bad = msgspec.structs.replace(kept, parts={**kept.parts, "events": [msgspec.json.encode(fact | wrong)]})
        with pytest.raises(RowsRefused):
            async with database.tenant(other.tenant_id) as connection:
                await portable.insert_interview(connection, bad, other.user_id)
        async with database.tenant(other.tenant_id) as connection:
            assert not await portable.which_are_here(connection, [interview_id])


async def test_many_rows_are_inserted_in_order(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await held(database, tenant, make_interview)
    many = portable.ROWS_AT_ONCE + 3
    facts = [
        events.NewEvent(id=uuid7(), type="t", at=NOON, at_ms=n, actor="director", payload={"n": n}) for n in range(many)
    ]
    async with database.tenant(tenant.tenant_id) as connection:
        await events.append(connection, interview_id, 0, facts)
        kept = await kept_interview(connection, interview_id)
    await remove(database, interview_id)
    async with database.tenant(tenant.tenant_id) as connection:
        await portable.insert_interview(connection, kept, tenant.user_id)
        assert await kept_interview(connection, interview_id) == kept
    assert len(kept.parts["events"]) == many + 2


def test_a_document_has_one_form() -> None:
    assert sorted_json(' {"b" : 1.50, "a":[ {"d":1,"c":"\\u00e9"} ]} ') == '{"a":[{"c":"é","d":1}],"b":1.50}'.encode()

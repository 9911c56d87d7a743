from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import msgspec
import pytest

from storage.database import Database
from storage.ids import uuid7
from storage.lineage import LineageRecord, lineage_of, record, record_many, spent_on, spent_since
from tests.conftest import Person, new_person
from tests.storage.conftest import NOON


async def test_a_models_call_is_kept_once_and_never_changed(database: Database, tenant: Person) -> None:
    interview_id = uuid7()
    call = LineageRecord(
        id=uuid7(NOON),
        occurred_at=NOON,
        agent_type="interviewer",
        tier="fast",
        provider="rehearsal",
        model_name="rehearsal",
        prompt_template_id="interviewer",
        prompt_version="1",
        prompt_hash="a" * 64,
        input_hash="b" * 64,
        output_hash="c" * 64,
        latency_ms=1.25,
        entity_type="reply",
        request_id="r-1",
        price_version="2026-11",
        tokens_in=12,
        cost_usd=Decimal("0.000123"),
        interview_id=interview_id,
        metadata={"draft": "hit"},
    )
    async with database.tenant(tenant.tenant_id) as connection:
        await record(connection, call)
        await record(connection, call)
        assert await lineage_of(connection, interview_id) == [call]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.tenant(tenant.tenant_id) as connection:
            await connection.execute("update compliance.model_lineage set cost_usd = 0")


def _costing(usd: str, interview_id: UUID | None = None, *, days_ago: int = 0) -> LineageRecord:
    at = NOON - timedelta(days=days_ago)
    return LineageRecord(
        id=uuid7(at),
        occurred_at=at,
        agent_type="interviewer",
        tier="fast",
        provider="anthropic",
        model_name="claude-haiku-5-5",
        prompt_template_id="reply",
        prompt_version="1",
        prompt_hash="a" * 64,
        input_hash="b" * 64,
        output_hash="c" * 64,
        latency_ms=1.0,
        entity_type="reply",
        request_id="reply/1",
        price_version="2026-11-20",
        cost_usd=Decimal(usd),
        interview_id=interview_id,
    )


async def test_several_calls_are_kept_at_once_and_each_of_them_once(database: Database, tenant: Person) -> None:
    interview_id = uuid7()
    calls = [_costing("0.01", interview_id) for _ in range(3)]
    async with database.tenant(tenant.tenant_id) as connection:
        await record_many(connection, calls[:2])
        await record_many(connection, calls)
        await record_many(connection, [])
        assert await lineage_of(connection, interview_id) == calls


async def test_one_refused_row_keeps_none_of_its_batch(database: Database, tenant: Person) -> None:
    interview_id = uuid7()
    bad = msgspec.structs.replace(_costing("0.01", interview_id), cost_usd=Decimal(10_000_000))
    with pytest.raises(asyncpg.NumericValueOutOfRangeError):
        async with database.tenant(tenant.tenant_id) as connection:
            await record_many(connection, [_costing("0.01", interview_id), bad])
    async with database.tenant(tenant.tenant_id) as connection:
        assert await lineage_of(connection, interview_id) == []


async def test_what_was_spent_is_summed_for_an_interview_and_since_an_instant(
    database: Database, tenant: Person
) -> None:
    interview_id, other = uuid7(), await new_person(database)
    calls = [
        _costing("0.10", interview_id),
        _costing("0.02", interview_id, days_ago=40),
        _costing("1.00", uuid7()),
        _costing("0.50"),
    ]
    async with database.tenant(tenant.tenant_id) as connection:
        assert await spent_since(connection, NOON) == 0
        await record_many(connection, calls)
        assert await spent_on(connection, interview_id) == Decimal("0.12")
        assert await spent_since(connection, NOON) == Decimal("1.60")
        assert await spent_since(connection, NOON - timedelta(days=41)) == Decimal("1.62")
        assert await spent_since(connection, NOON + timedelta(seconds=1)) == 0
    async with database.tenant(other.tenant_id) as connection:
        assert await spent_on(connection, interview_id) == 0
        assert await spent_since(connection, NOON) == 0

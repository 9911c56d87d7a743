from __future__ import annotations

from decimal import Decimal

import asyncpg
import pytest

from storage.database import Database
from storage.ids import uuid7
from storage.lineage import LineageRecord, lineage_of, record
from tests.conftest import Person
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

"""The ledger's writer: behind everybody's back, but none is lost while there is room and a database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from structlog.testing import capture_logs

from agents.ledger import Ledger
from agents.pricing import load_prices
from storage.database import Database
from storage.errors import DatabaseUnavailable
from storage.ids import uuid7
from storage.lineage import LineageRecord, lineage_of
from tests.conftest import Person, new_person

PRICES = load_prices()


def _now() -> datetime:
    return datetime.now(UTC)


def a_row(interview_id: UUID, **changes: Any) -> LineageRecord:
    """A call's row."""
    at = _now()
    row = LineageRecord(
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
        cost_usd=Decimal("0.001000"),
        interview_id=interview_id,
    )
    return msgspec.structs.replace(row, **changes)


async def _rows(database: Database, person: Person, interview_id: UUID) -> list[LineageRecord]:
    async with database.tenant(person.tenant_id) as connection:
        return await lineage_of(connection, interview_id)


class Away(Database):
    """The real database, behind a line that can be cut."""

    def __init__(self, database: Database) -> None:
        self._pool = database._pool
        self._maintenance = None
        self.is_away = False
        self.refused = 0

    def tenant(self, tenant_id: UUID) -> Any:
        if self.is_away:
            self.refused += 1
            raise DatabaseUnavailable("cut by the test")
        return super().tenant(tenant_id)


async def test_rows_of_several_tenants_are_written_in_the_background(database: Database, tenant: Person) -> None:
    other, mine, theirs = await new_person(database), uuid7(), uuid7()
    ledger = Ledger(database, PRICES, now=_now)
    rows = [a_row(mine), a_row(theirs), a_row(mine)]
    for person, row in zip((tenant, other, tenant), rows, strict=True):
        ledger.keep(person.tenant_id, row)
    await ledger.close()
    assert await _rows(database, tenant, mine) == [rows[0], rows[2]]
    assert await _rows(database, other, theirs) == [rows[1]]
    assert ledger.dropped == 0


async def test_while_the_database_is_away_rows_wait_for_it(database: Database, tenant: Person) -> None:
    line, interview_id, pauses = Away(database), uuid7(), list[float]()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            line.is_away = False
        await asyncio.sleep(0)

    line.is_away = True
    ledger = Ledger(line, PRICES, now=_now, sleep=sleep)
    row = a_row(interview_id)
    ledger.keep(tenant.tenant_id, row)
    await ledger.flush()
    assert pauses == [0.2, 0.5, 1.0]
    assert await _rows(database, tenant, interview_id) == [row]
    await ledger.close()


async def test_rows_that_find_no_room_are_counted_and_named_in_the_log(database: Database, tenant: Person) -> None:
    line = Away(database)
    line.is_away = True
    ledger = Ledger(line, PRICES, now=_now, most_waiting=2)
    with capture_logs() as logged:
        for _ in range(5):
            ledger.keep(tenant.tenant_id, a_row(uuid7()))
        assert ledger.dropped == 3
        await ledger.close(grace_s=0.05)
    assert ledger.dropped == 5
    lost = [entry for entry in logged if entry["event"] == "ledger.rows_lost"]
    assert [entry["lost_so_far"] for entry in lost] == [1, 2, 3, 5]


async def test_a_row_that_the_database_refuses_keeps_no_other_out(database: Database, tenant: Person) -> None:
    interview_id = uuid7()
    ledger = Ledger(database, PRICES, now=_now)
    good, bad = a_row(interview_id), a_row(interview_id, cost_usd=Decimal(10_000_000))
    for row in (bad, good, a_row(interview_id, tokens_in=2**40)):
        ledger.keep(tenant.tenant_id, row)
    await ledger.close()
    assert await _rows(database, tenant, interview_id) == [good]
    assert ledger.dropped == 2


async def test_what_is_heard_and_spoken_is_in_the_ledger_with_its_price(database: Database, tenant: Person) -> None:
    interview_id = uuid7()
    ledger = Ledger(database, PRICES, now=_now)
    for service, provider, model, amount, unit in (
        ("stt", "deepgram", "nova-3", 60.0, "seconds"),
        ("tts", "elevenlabs", "eleven_flash_v2_5", 2000, "characters"),
        ("tts", "openai", "a-model-of-ones-own", 2000, "characters"),
    ):
        ledger.speech(
            service=service,  # type: ignore[arg-type]
            provider=provider,
            model=model,
            amount=amount,
            unit=unit,  # type: ignore[arg-type]
            tenant_id=tenant.tenant_id,
            interview_id=interview_id,
            request_id="speech/1",
        )
    await ledger.close()
    heard, spoken, unpriced = await _rows(database, tenant, interview_id)
    assert (heard.agent_type, heard.cost_usd) == ("hearing", Decimal("0.0077"))
    assert heard.metadata == {"outcome": "ok", "amount": 60.0, "unit": "seconds"}
    assert (spoken.agent_type, spoken.cost_usd) == ("voice", Decimal("0.1"))
    assert unpriced.cost_usd == 0
    assert unpriced.metadata["price"] == "unknown"
    assert {row.price_version for row in (heard, spoken, unpriced)} == {PRICES.version}


@pytest.mark.parametrize("rows", [1, 450])
async def test_closing_writes_all_that_waits(database: Database, tenant: Person, rows: int) -> None:
    interview_id = uuid7()
    ledger = Ledger(database, PRICES, now=_now)
    for _ in range(rows):
        ledger.keep(tenant.tenant_id, a_row(interview_id))
    await ledger.close()
    assert len(await _rows(database, tenant, interview_id)) == rows

"""How a budget stands, by the shared ledger and by what this process spends meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from agents.ledger import Ledger
from agents.spending import Budget, Spending, Standing, standing
from storage.database import Database
from storage.ids import uuid7
from storage.lineage import record
from tests.agents.test_ledger import PRICES, Away, a_row
from tests.conftest import Person


class Clock:
    """Seconds and instants that go on when they are told to."""

    def __init__(self) -> None:
        self.s = 100.0
        self.at = datetime.now(UTC)

    def monotonic(self) -> float:
        return self.s

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def _spend(database: Database, person: Person, interview_id: UUID, usd: str, at: datetime) -> None:
    async with database.tenant(person.tenant_id) as connection:
        await record(connection, a_row(interview_id, cost_usd=Decimal(usd), occurred_at=at))


@pytest.mark.parametrize(
    ("interview", "month", "expected"),
    [
        ("0", "0", "within"),
        ("0.79", "0", "within"),
        ("0.80", "0", "nearly_spent"),
        ("0", "8", "nearly_spent"),
        ("1", "0", "spent"),
        ("0.1", "10.01", "spent"),
    ],
)
def test_the_tighter_budget_decides(interview: str, month: str, expected: Standing) -> None:
    budget = Budget(interview_usd=Decimal(1), month_usd=Decimal(10))
    assert standing(budget, Decimal(interview), Decimal(month)) == expected


def test_no_budget_is_no_limit_and_a_budget_of_nothing_is_spent() -> None:
    assert standing(Budget(), Decimal(10**6), Decimal(10**6)) == "within"
    assert standing(Budget(month_usd=Decimal(0)), Decimal(0), Decimal(0)) == "spent"


async def test_what_other_processes_spent_counts(database: Database, tenant: Person, clock: Clock) -> None:
    interview_id = uuid7()
    spending = Spending(Budget(interview_usd=Decimal(1)), database, monotonic=clock.monotonic, now=clock.now)
    await _spend(database, tenant, interview_id, "0.85", clock.at)
    await _spend(database, tenant, uuid7(), "5", clock.at)
    assert await spending.standing(tenant.tenant_id, interview_id) == "nearly_spent"
    assert await spending.standing(tenant.tenant_id, uuid7()) == "within"
    await spending.close()


async def test_a_month_ends_with_its_last_day(database: Database, tenant: Person, clock: Clock) -> None:
    clock.at = clock.at.replace(day=15)
    spending = Spending(Budget(month_usd=Decimal(1)), database, monotonic=clock.monotonic, now=clock.now)
    await _spend(database, tenant, uuid7(), "2", clock.at.replace(day=1) - timedelta(days=1))
    assert await spending.standing(tenant.tenant_id, None) == "within"
    await _spend(database, tenant, uuid7(), "2", clock.at)
    clock.s += 31
    assert await _standing_once_read(spending, tenant, None) == "spent"
    clock.at += timedelta(days=31)
    assert await spending.standing(tenant.tenant_id, None) == "within"
    await spending.close()


async def test_what_this_process_spends_counts_at_once_and_once_only(
    database: Database, tenant: Person, clock: Clock
) -> None:
    interview_id = uuid7()
    spending = Spending(Budget(interview_usd=Decimal(1)), database, monotonic=clock.monotonic, now=clock.now)
    ledger = Ledger(database, PRICES, now=clock.now, spending=spending)
    assert await spending.standing(tenant.tenant_id, interview_id) == "within"
    ledger.keep(tenant.tenant_id, a_row(interview_id, cost_usd=Decimal("0.45")))
    ledger.keep(tenant.tenant_id, a_row(interview_id, cost_usd=Decimal("0.34")))
    assert await spending.standing(tenant.tenant_id, interview_id) == "within"
    await ledger.flush()
    assert await spending.standing(tenant.tenant_id, interview_id) == "within"
    # Read again, the rows are in the database's figure and no longer on top of it.
    clock.s += 31
    assert await _standing_once_read(spending, tenant, interview_id) == "within"
    ledger.keep(tenant.tenant_id, a_row(interview_id, cost_usd=Decimal("0.01")))
    assert await spending.standing(tenant.tenant_id, interview_id) == "nearly_spent"
    ledger.keep(tenant.tenant_id, a_row(interview_id, cost_usd=Decimal("0.20")))
    assert await spending.standing(tenant.tenant_id, interview_id) == "spent"
    await ledger.close()
    await spending.close()


async def test_without_a_database_what_this_process_spends_still_counts(
    database: Database, tenant: Person, clock: Clock
) -> None:
    line, interview_id = Away(database), uuid7()
    line.is_away = True
    spending = Spending(Budget(interview_usd=Decimal(1)), line, monotonic=clock.monotonic, now=clock.now)
    assert await spending.standing(tenant.tenant_id, interview_id) == "within"
    spending.add(tenant.tenant_id, interview_id, uuid7(), Decimal(1))
    assert await spending.standing(tenant.tenant_id, interview_id) == "spent"
    assert line.refused == 1
    await spending.close()


async def _standing_once_read(spending: Spending, person: Person, interview_id: UUID | None) -> Standing:
    """How it stands after a reading that was begun in the background."""
    await spending.standing(person.tenant_id, interview_id)
    for purse in spending._purses.values():
        if purse.reading is not None:
            await purse.reading
    return await spending.standing(person.tenant_id, interview_id)

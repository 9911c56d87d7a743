"""What may be spent on an interview and in a month, and how much of it is gone.

The ledger in the database is the truth, shared by every process; it is read at most twice a minute, and what this
process spends meanwhile is counted on top.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec
from structlog.stdlib import get_logger

from agents.providers.accounts import Tier
from storage.database import Database
from storage.errors import StorageError
from storage.lineage import spent_on, spent_since

log = get_logger(__name__)

Standing = Literal["within", "nearly_spent", "spent"]

NEARLY = Decimal("0.8")
"""The share of a budget from which cheaper models serve."""
REREAD_S = 30.0
FIRST_READ_WITHIN_S = 0.25
"""How long a turn may wait for the first figure of its interview; after it, nothing counts as spent yet."""
_MOST_PURSES = 10_000

CHEAPER: dict[Tier, Tier] = {"powerful": "balanced", "balanced": "fast", "fast": "fast"}


class Budget(msgspec.Struct, frozen=True):
    """USD; None is no limit."""

    interview_usd: Decimal | None = None
    month_usd: Decimal | None = None
    """For each tenant, by the calendar month in UTC."""


def standing(budget: Budget, interview_usd: Decimal, month_usd: Decimal) -> Standing:
    """How the tighter of the two budgets stands."""
    shares = [
        spent / limit if limit > 0 else Decimal(1)
        for spent, limit in ((interview_usd, budget.interview_usd), (month_usd, budget.month_usd))
        if limit is not None
    ]
    share = max(shares, default=Decimal(0))
    if share >= 1:
        return "spent"
    return "nearly_spent" if share >= NEARLY else "within"


_Key: TypeAlias = "tuple[UUID, UUID | datetime]"
"""A tenant's interview, or its month by the month's first instant."""


class _Purse:
    """What was spent on one thing: as last read, and by this process since."""

    def __init__(self) -> None:
        self.read_usd = Decimal(0)
        self.read_at: float | None = None
        self.settled_usd = Decimal(0)
        """Written to the database since it was last read."""
        self.owed: dict[UUID, Decimal] = {}
        """Spent and not yet in the database, by the row's id."""
        self.reading: asyncio.Task[None] | None = None

    @property
    def spent_usd(self) -> Decimal:
        return self.read_usd + self.settled_usd + sum(self.owed.values(), Decimal(0))


class Spending:
    """One for a process. Says how a budget stands; whoever asks decides what to do about it."""

    def __init__(
        self,
        budget: Budget,
        database: Database,
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._budget = budget
        self._database = database
        self._monotonic = monotonic
        self._now = now
        self._purses: dict[_Key, _Purse] = {}
        self.in_step = asyncio.Lock()
        """Held while this process's rows are written and settled: a reading in between would count them twice."""

    async def standing(self, tenant_id: UUID, interview_id: UUID | None) -> Standing:
        """How the budgets of a call stand. Waits for the database only at an interview's first call, and briefly."""
        keys = self._keys(tenant_id, interview_id)
        purses = [(key, self._purse(key)) for key in keys]
        first = []
        for key, purse in purses:
            reading = self._refresh(key, purse)
            if reading is not None and purse.read_at is None:
                first.append(reading)
        if first:
            await asyncio.wait(first, timeout=FIRST_READ_WITHIN_S)
        interview_usd = sum((each.spent_usd for key, each in purses if isinstance(key[1], UUID)), Decimal(0))
        month_usd = sum((each.spent_usd for key, each in purses if isinstance(key[1], datetime)), Decimal(0))
        return standing(self._budget, interview_usd, month_usd)

    def add(self, tenant_id: UUID, interview_id: UUID | None, row_id: UUID, cost_usd: Decimal) -> None:
        """Something was spent, and will be in the database under that id."""
        if cost_usd:
            for key in self._keys(tenant_id, interview_id):
                self._purse(key).owed[row_id] = cost_usd

    def settle(self, row_ids: Iterable[UUID]) -> None:
        """These rows are in the database now, or will never be."""
        settled = set(row_ids)
        for purse in self._purses.values():
            for row_id in settled & purse.owed.keys():
                purse.settled_usd += purse.owed.pop(row_id)

    async def close(self) -> None:
        """Stop reading."""
        tasks = [purse.reading for purse in self._purses.values() if purse.reading is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _keys(self, tenant_id: UUID, interview_id: UUID | None) -> list[_Key]:
        """What is to be counted: only what has a limit."""
        keys: list[_Key] = []
        if self._budget.interview_usd is not None and interview_id is not None:
            keys.append((tenant_id, interview_id))
        if self._budget.month_usd is not None:
            month = self._now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            keys.append((tenant_id, month))
        return keys

    def _purse(self, key: _Key) -> _Purse:
        purse = self._purses.pop(key, None) or _Purse()
        # The last one asked for stands last, so that those of long ago are forgotten first.
        self._purses[key] = purse
        if len(self._purses) > _MOST_PURSES:
            del self._purses[next(iter(self._purses))]
        return purse

    def _refresh(self, key: _Key, purse: _Purse) -> asyncio.Task[None] | None:
        """The reading under way, or a new one where the last is old."""
        if purse.reading is None or purse.reading.done():
            if purse.read_at is not None and self._monotonic() - purse.read_at < REREAD_S:
                return None
            purse.reading = asyncio.get_running_loop().create_task(self._read(key, purse), name="spending")
        return purse.reading

    async def _read(self, key: _Key, purse: _Purse) -> None:
        tenant_id, what = key
        try:
            async with self.in_step, self._database.tenant(tenant_id) as connection:
                if isinstance(what, datetime):
                    purse.read_usd = await spent_since(connection, what)
                else:
                    purse.read_usd = await spent_on(connection, what)
                purse.settled_usd = Decimal(0)
        except StorageError as error:
            # Counted by what this process spends, until the database is back.
            log.warning("spending.not_read", error=type(error).__name__)
        purse.read_at = self._monotonic()

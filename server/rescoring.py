"""Scoring once more, as it is asked for by a command or over the API: with what account, at what price, within what."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from agents.pricing import Prices
from agents.providers.accounts import ModelAccount
from agents.rescoring.again import RESCORE_TASK, Estimate, Work, cost_of, readable, start_run, work_of
from agents.rescoring.batches import model_of, start_in_batches
from agents.scoring import ScoringError
from server.accounts import accounts_of
from server.settings import Settings
from storage import lineage, queue, scores
from storage.database import Connection, Database


class RescoringError(Exception):
    """Nothing was begun. The message is a sentence for the person.

    RescoringError
    ├── NoBatches        no account that takes batches is configured
    └── OverBudget       it might cost more than is left of the month's budget
    """

    safe: ClassVar[bool] = True


class NoBatches(RescoringError):
    def __init__(self) -> None:
        super().__init__(
            "Scoring once more by a model goes through Anthropic's batches, and no key for Anthropic is set. "
            "Set ANTHROPIC_API_KEY, or score with the rehearsal scorer."
        )


class OverBudget(RescoringError):
    def __init__(self, at_most: Decimal, left: Decimal) -> None:
        super().__init__(
            f"This might cost up to {at_most:.2f} USD, and {max(left, Decimal(0)):.2f} USD are left of the month's "
            "budget. Score fewer interviews, or raise VIVA_MONTH_BUDGET_USD."
        )


def batch_account(settings: Settings) -> ModelAccount:
    """The account whose batches are used. Raises `NoBatches`."""
    for account in accounts_of(settings).models:
        if account.provider == "anthropic":
            return account
    raise NoBatches


async def work_on(
    database: Database, tenant_id: UUID, interview_ids: Sequence[UUID], account: ModelAccount
) -> list[Work]:
    """What a model would be asked about these interviews; nothing about one that cannot be read."""
    found = []
    for interview_id in interview_ids:
        try:
            async with database.tenant(tenant_id) as connection:
                held = await readable(connection, interview_id)
            found.append(await work_of(held, tenant_id, model_of(account)))
        except ScoringError:
            found.append(Work(interview_id, 0, 0, 0, 0))
    return found


def estimate_of(work: Sequence[Work], account: ModelAccount, prices: Prices) -> Estimate:
    return cost_of(work, model_of(account), prices)


async def refuse_over_budget(
    connection: Connection, estimate: Estimate, settings: Settings, now: Callable[[], datetime]
) -> None:
    """Raises `OverBudget` where the tenant's month does not allow so much."""
    month = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    left = Decimal(str(settings.month_budget_usd)) - await lineage.spent_since(connection, month)
    if estimate.usd_at_most is not None and estimate.usd_at_most > left:
        raise OverBudget(estimate.usd_at_most, left)


async def begin_by_model(
    database: Database,
    tenant_id: UUID,
    work: Sequence[Work],
    account: ModelAccount,
    rescoring_id: UUID,
    now: Callable[[], datetime],
) -> list[UUID]:
    """Begin the runs and put their batches on the queue. Returns the runs' ids."""
    async with database.tenant(tenant_id) as connection:
        return await start_in_batches(connection, tenant_id, work, account, rescoring_id, now())


async def begin_by_rules(
    database: Database, tenant_id: UUID, interview_id: UUID, rescoring_id: UUID, now: Callable[[], datetime]
) -> scores.ScoringRun:
    """Begin a run of the rehearsal scorer and put it on the queue. Raises `NotFound`."""
    async with database.tenant(tenant_id) as connection:
        run_id = await start_run(connection, interview_id, "rehearsal", rescoring_id, now())
        await queue.enqueue(connection, RESCORE_TASK, queue.Job(tenant_id, run_id))
        return await scores.run(connection, run_id)

"""The worker's part in scoring once more: runs of the rehearsal scorer, and batches of a model's."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from agents.pricing import load_prices
from agents.providers.batches import AnthropicBatches
from agents.providers.trouble import LASTING
from agents.providers.writing import Failure
from agents.rescoring.again import score_by_rules
from agents.rescoring.batches import BATCH_TASK, LOOK_AGAIN, BatchScoring
from server.rescoring import NoBatches, batch_account
from server.settings import Settings
from storage import queue
from storage.database import Database
from storage.errors import NotFound

log = structlog.get_logger(__name__)

SOMEBODY_LOOKS = timedelta(minutes=10)
"""How long a batch waits where a person has to set a key or pay a bill first."""


class Rescorings:
    """One for a worker. Safe to run any number of times: each step leaves in the database how far it came."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        now: Callable[[], datetime],
        *,
        look_again: timedelta = LOOK_AGAIN,
    ) -> None:
        """`look_again` is how long a batch is left alone between two looks at it."""
        self._look_again = look_again
        self._database = database
        self._settings = settings
        self._now = now
        self._batches: AnthropicBatches | None = None
        self._opening = asyncio.Lock()

    async def score(self, job: queue.Job) -> None:
        """Does a run of the rehearsal scorer; one that is gone with its interview is done."""
        try:
            await score_by_rules(self._database, job.tenant_id, job.entity_id, self._now)
        except NotFound:
            log.info("rescoring.gone", run_id=str(job.entity_id))

    async def carry_on(self, job: queue.Job) -> None:
        """Does what can be done about a batch by now, and comes back to it while something is to come.

        A provider that does not serve is waited for, however long: a batch that was paid for is not given up.
        """
        wait = self._look_again
        try:
            if not await (await self._scoring()).carry_on(job.tenant_id, job.entity_id):
                return
        except NoBatches:
            log.warning("rescoring.waits", batch_id=str(job.entity_id), reason="no key for Anthropic is set")
            wait = SOMEBODY_LOOKS
        except Failure as failure:
            log.warning("rescoring.waits", batch_id=str(job.entity_id), cause=failure.cause, status=failure.status)
            wait = SOMEBODY_LOOKS if failure.cause in LASTING else self._look_again
        async with self._database.tenant(job.tenant_id) as connection:
            await queue.enqueue(connection, BATCH_TASK, job, delay=wait)

    async def close(self) -> None:
        """Close every connection to the provider."""
        if self._batches is not None:
            await self._batches.close()

    async def _scoring(self) -> BatchScoring:
        account = batch_account(self._settings)
        async with self._opening:
            if self._batches is None:
                # Loads the vendor's SDK, which takes a second.
                self._batches = await asyncio.to_thread(AnthropicBatches, account)
        prices = load_prices(self._settings.prices_file)
        return BatchScoring(self._database, account, self._batches, prices, now=self._now)

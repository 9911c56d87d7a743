"""Scoring once more by a real worker, on the queue of the test's database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest

from agents.rehearsal.scorer import RehearsalScorer
from agents.rescoring.batches import BATCH_TASK
from server.rescoring import batch_account, begin_by_model, begin_by_rules, work_on
from server.settings import Settings
from server.tasks.rescoring import SOMEBODY_LOOKS, Rescorings
from server.tasks.worker import Worker
from storage import queue, scores
from storage.database import Database
from storage.ids import uuid7
from storage.scores import ScoringRun
from tests.agents.providers.batching import Vendor, vendor
from tests.conftest import DatabaseUrls, Person
from tests.emulators.faults import Fault
from tests.server.carrying.held import Desk

WITHIN_S = 60.0


class Works:
    """A person's interviews, a worker, and the vendor that it asks."""

    def __init__(self, desk: Desk, urls: DatabaseUrls, held: Vendor) -> None:
        self.desk = desk
        self.urls = urls
        self.vendor = held
        self.settings = Settings(anthropic_key="emulated", anthropic_url=held.url)

    @property
    def tenant_id(self) -> UUID:
        return self.desk.person.tenant_id

    def rescorings(self, settings: Settings | None = None) -> Rescorings:
        look_again = timedelta(0)
        return Rescorings(self.desk.database, settings or self.settings, self.desk.clock, look_again=look_again)

    @asynccontextmanager
    async def works(self) -> AsyncIterator[None]:
        """A worker that runs meanwhile."""
        stop = asyncio.Event()
        scorer, rescorings = RehearsalScorer(), self.rescorings()
        worker = Worker(
            database=self.desk.database,
            cache=None,
            scorers=lambda _tenant, _version: scorer,
            settings=self.settings,
            maintenance_url=self.urls.maintenance,
            rescorings=rescorings,
            now=self.desk.clock,
        )
        running = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            async with asyncio.timeout(WITHIN_S):
                await running
            await rescorings.close()

    async def begins(self, interview_id: UUID) -> UUID:
        account = batch_account(self.settings)
        work = await work_on(self.desk.database, self.tenant_id, [interview_id], account)
        (run_id,) = await begin_by_model(self.desk.database, self.tenant_id, work, account, uuid7(), self.desk.clock)
        return run_id

    async def run(self, run_id: UUID) -> ScoringRun:
        async with self.desk.database.tenant(self.tenant_id) as connection:
            return await scores.run(connection, run_id)

    async def ended(self, run_id: UUID) -> ScoringRun:
        async with asyncio.timeout(WITHIN_S):
            while True:
                run = await self.run(run_id)
                if run.status != "running":
                    return run
                await asyncio.sleep(0.05)

    async def waits(self, run_id: UUID) -> list[timedelta]:
        """After how long each waiting task of the run's batch comes up again."""
        batch_id = (await self.run(run_id)).batch_id
        async with self.desk.database.maintenance() as connection:
            rows = await connection.fetch(
                "select execute_after - created as wait from pgqueuer"
                " where entrypoint = $1 and position($2 in convert_from(payload, 'UTF8')) > 0 order by id",
                BATCH_TASK,
                str(batch_id),
            )
        return [row["wait"] for row in rows]


@pytest.fixture
async def works(database: Database, tenant: Person, database_urls: DatabaseUrls) -> AsyncIterator[Works]:
    async with vendor() as held:
        yield Works(Desk(database, tenant, database_urls.admin), database_urls, held)


async def test_a_run_by_rules_is_done_by_the_worker(works: Works) -> None:
    interview_id = await works.desk.holds()
    async with works.works():
        begun = await begin_by_rules(works.desk.database, works.tenant_id, interview_id, uuid7(), works.desk.clock)
        assert (await works.ended(begun.id)).status == "completed"


async def test_a_batch_is_sent_looked_at_and_read_by_the_worker_and_asked_once_more(works: Works) -> None:
    interview_id = await works.desk.holds()
    works.vendor.batches.ends = ["expired"]
    works.vendor.faults.plan("anthropic", Fault(kind="refuse", status=529))
    run_id = await works.begins(interview_id)
    async with works.works():
        run = await works.ended(run_id)
    assert (run.status, run.attempt) == ("completed", 2)
    assert len(works.vendor.batches.made) == 2


async def test_a_batch_waits_for_a_key_and_for_a_vendor_that_refuses_it(works: Works) -> None:
    run_id = await works.begins(await works.desk.holds())
    batch_id = (await works.run(run_id)).batch_id
    assert batch_id is not None
    job = queue.Job(works.tenant_id, batch_id)
    without, wrong = (
        works.rescorings(Settings()),
        works.rescorings(Settings(anthropic_key="stolen", anthropic_url=works.vendor.url)),
    )
    for each in (without, wrong):
        await each.carry_on(job)
        await each.close()
    assert await works.waits(run_id) == [timedelta(0), SOMEBODY_LOOKS, SOMEBODY_LOOKS]
    assert (await works.run(run_id)).status == "running"


async def test_a_run_that_went_with_its_interview_is_done(works: Works) -> None:
    await works.rescorings().score(queue.Job(works.tenant_id, uuid7()))

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest
from pgqueuer import PgQueuer
from pgqueuer.models import Job as QueuedJob

from storage import queue
from storage.database import Database
from storage.ids import uuid7
from storage.queue import Job, count_attempt, enqueue, forget_attempts, note_failure, park, waiting
from tests.conftest import DatabaseUrls, Person
from tests.storage.conftest import NOON


@pytest.fixture
def task() -> str:
    return f"task-{uuid7()}"


async def test_a_task_is_put_with_its_transaction(database: Database, tenant: Person, task: str) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        assert await enqueue(connection, task, Job(tenant.tenant_id, uuid7())) is not None
    async with database.tenant(tenant.tenant_id) as connection:
        assert (await waiting(connection))[task] == 1


async def test_a_transaction_that_rolls_back_leaves_no_task(database: Database, tenant: Person, task: str) -> None:
    async def change_ones_mind() -> None:
        async with database.tenant(tenant.tenant_id) as connection:
            await enqueue(connection, task, Job(tenant.tenant_id, uuid7()))
            raise LookupError

    with pytest.raises(LookupError):
        await change_ones_mind()
    async with database.tenant(tenant.tenant_id) as connection:
        assert task not in await waiting(connection)


async def test_a_task_that_already_waits_is_not_put_again(database: Database, tenant: Person, task: str) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        job = Job(tenant.tenant_id, uuid7())
        first = await enqueue(connection, task, job, dedupe_key=task)
        assert await enqueue(connection, task, job, dedupe_key=task, delay=timedelta(minutes=1)) is None
        assert first is not None
        assert (await waiting(connection))[task] == 1


async def test_a_worker_of_maintenance_runs_what_the_application_put(
    database: Database, database_urls: DatabaseUrls, tenant: Person, task: str
) -> None:
    put = Job(tenant.tenant_id, uuid7())
    ran: asyncio.Future[Job] = asyncio.get_running_loop().create_future()
    pool = await queue.connect_consumer(database_urls.maintenance)
    worker = PgQueuer.from_asyncpg_pool(pool)

    @worker.entrypoint(task)
    async def run(job: QueuedJob) -> None:
        assert job.payload is not None
        assert job.headers in (None, {})
        ran.set_result(msgspec.json.decode(job.payload, type=Job))

    async with database.tenant(tenant.tenant_id) as connection:
        await enqueue(connection, task, put)
    running = asyncio.create_task(worker.run(dequeue_timeout=timedelta(seconds=1)))
    try:
        async with asyncio.timeout(15):
            assert await ran == put
    finally:
        worker.shutdown.set()
        async with asyncio.timeout(15):
            await running
        await pool.close()


async def test_attempts_outlive_the_worker_that_made_them(database: Database, tenant: Person, task: str) -> None:
    job = Job(tenant.tenant_id, uuid7())
    for expected in (1, 2, 3):
        async with database.tenant(tenant.tenant_id) as connection:
            begun = await count_attempt(connection, task, job)
        assert (begun.attempts, begun.parked_at) == (expected, None)
    async with database.tenant(tenant.tenant_id) as connection:
        await note_failure(connection, task, job, "TimeoutError")
        await park(connection, task, job, NOON, "TimeoutError")
    async with database.tenant(tenant.tenant_id) as connection:
        assert (await count_attempt(connection, task, job)).parked_at == NOON
        await forget_attempts(connection, task, job)
        assert (await count_attempt(connection, task, job)).attempts == 1

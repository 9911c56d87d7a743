"""What the queue removes by the clock, on real interviews with their answers, scores and reports."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from obstore.store import ObjectStore

from agents.assessment import score_answers, write_report
from agents.library import load_library
from agents.log import REPORT_TASK, SCORE_TASK
from agents.opening import Wish, open_interview
from agents.rehearsal.scorer import RehearsalScorer
from server.services import import_library
from server.settings import Settings
from server.tasks.retention import BATCH, Retention
from server.tasks.worker import Worker
from storage import audit, interviews, objects, purging, queue
from storage.cache import Cache, connect
from storage.database import Database
from tests.agents.kept import keep
from tests.agents.sitting import PLAN
from tests.conftest import DatabaseUrls, Person, new_person
from tests.server.serving import Clock
from tests.server.tasks.test_worker import answered
from tests.storage.purgeable import folder_store, object_keys, tables_naming

WITHIN_S = 60.0
MONTH = timedelta(days=30)


class House:
    """One person's interviews, the store, the clock, and the task that removes."""

    def __init__(self, database: Database, cache: Cache, store: ObjectStore, person: Person) -> None:
        self.database = database
        self.store = store
        self.person = person
        self.clock = Clock()
        self.retention = Retention(database=database, store=store, cache=cache, now=self.clock)

    async def holds(self, person: Person | None = None) -> UUID:
        """An interview that was answered, scored, reported and stopped."""
        whose = person or self.person
        interview_id = await keep(self.database, whose, answered("q1", ends=True), self.clock)
        await score_answers(self.database, whose.tenant_id, interview_id, _rehearsal, self.clock)
        assert await write_report(self.database, whose.tenant_id, interview_id, self.clock) is not None
        await objects.put(self.store, object_keys(whose, interview_id)[0], b"a recording")
        return interview_id

    async def opens(self) -> UUID:
        """An interview that was only made."""
        wish = Wish(plan=PLAN.slug, language="en", kind="practice")
        opened = await open_interview(
            self.database,
            self.person.tenant_id,
            self.person.user_id,
            wish,
            now=self.clock(),
            ticket_life=timedelta(minutes=1),
        )
        return opened.interview_id

    async def deletes(self, interview_id: UUID, ago: timedelta = timedelta()) -> None:
        async with self.database.tenant(self.person.tenant_id) as connection:
            assert await interviews.delete_softly(connection, interview_id, self.clock() - ago)

    async def erasure(self, interview_id: UUID) -> purging.Erasure | None:
        async with self.database.maintenance() as connection:
            return await purging.erasure(connection, interview_id)

    async def is_there(self, interview_id: UUID) -> bool:
        async with self.database.maintenance() as connection:
            return bool(
                await connection.fetchval("select count(*) from interview.interviews where id = $1", interview_id)
            )


def _rehearsal(_tenant: UUID, _version: str) -> RehearsalScorer:
    return RehearsalScorer()


@pytest.fixture
async def house(database: Database, redis_cache: Cache, tmp_path: Path, tenant: Person) -> House:
    await import_library(database, load_library())
    return House(database, redis_cache, folder_store(tmp_path), tenant)


@asynccontextmanager
async def administrator(urls: DatabaseUrls) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(urls.admin)
    yield connection
    await connection.close()


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await holds():  # noqa: ASYNC110 - a database has no event to wait for
            await asyncio.sleep(0.02)


async def test_a_deleted_interview_is_purged_after_thirty_days_and_nothing_of_it_is_left(
    house: House, database_urls: DatabaseUrls
) -> None:
    deleted, kept = await house.holds(), await house.holds()
    await house.deletes(deleted)
    house.clock.forward(MONTH - timedelta(seconds=1))
    await house.retention.run()
    assert await house.is_there(deleted)

    house.clock.forward(timedelta(seconds=1))
    assert await house.retention.run() >= 1
    async with administrator(database_urls) as admin:
        left = await tables_naming(admin, deleted)
        assert left.keys() - {"pgqueuer_log"} == {"compliance.erasures", "compliance.audit_logs"}
    assert await objects.get(house.store, object_keys(house.person, deleted)[0]) is None
    assert await house.is_there(kept)
    assert await objects.get(house.store, object_keys(house.person, kept)[0]) is not None

    house.clock.forward(purging.SETTLES_AFTER)
    await house.retention.run()
    done = await house.erasure(deleted)
    assert done is not None
    assert done.purged_at == house.clock()
    async with house.database.tenant(house.person.tenant_id) as connection:
        assert await audit.verify(connection) == []


async def test_a_tenants_policy_is_kept_and_binds_no_other_tenant(house: House) -> None:
    neighbour = await new_person(house.database)
    mine, theirs = await house.holds(), await house.holds(neighbour)
    async with house.database.tenant(house.person.tenant_id) as connection:
        await connection.execute(
            "insert into compliance.retention_policies (tenant_id, data_kind, delete_after_days)"
            " values ($1, 'interviews', 90)",
            house.person.tenant_id,
        )
    house.clock.forward(timedelta(days=89))
    await house.retention.run()
    assert await house.is_there(mine)
    house.clock.forward(timedelta(days=1))
    await house.retention.run()
    assert not await house.is_there(mine)
    assert await house.is_there(theirs)


async def test_more_than_a_batch_is_purged_in_one_run_and_a_live_one_waits(house: House) -> None:
    mine = [await house.opens() for _ in range(BATCH + 2)]
    for interview_id in mine:
        await house.deletes(interview_id)
    house.clock.forward(MONTH)
    live, others = mine[0], mine[1:]
    async with house.database.maintenance() as connection:
        await connection.execute(
            "update interview.interviews set status = 'in_progress', holder = 'here', held_until = $2 where id = $1",
            live,
            house.clock() + timedelta(minutes=2),
        )
    assert await house.retention.run() >= len(others)
    assert [await house.is_there(other) for other in others] == [False] * len(others)
    assert await house.is_there(live)
    house.clock.forward(timedelta(minutes=2))
    await house.retention.run()
    assert not await house.is_there(live)


async def test_without_redis_the_rows_go_and_the_rest_when_it_is_back(house: House) -> None:
    deleted = await house.holds()
    await house.deletes(deleted)
    house.clock.forward(MONTH)
    nowhere = connect("redis://127.0.0.1:9/0")
    away = Retention(database=house.database, store=house.store, cache=nowhere, now=house.clock)
    await away.run()
    await away.run()
    assert not await house.is_there(deleted)
    await nowhere.close()
    begun = await house.erasure(deleted)
    assert begun is not None
    assert begun.objects_removed_at is None
    await house.retention.run()
    done = await house.erasure(deleted)
    assert done is not None
    assert done.objects_removed_at == house.clock()


async def test_the_worker_purges_and_watches_by_its_schedule(
    house: House, database_urls: DatabaseUrls, redis_cache: Cache
) -> None:
    worker = Worker(
        database=house.database,
        cache=redis_cache,
        scorers=_rehearsal,
        settings=Settings(),
        maintenance_url=database_urls.maintenance,
        now=house.clock,
        objects=house.store,
    )
    deleted = await house.holds()
    await house.deletes(deleted, ago=MONTH)
    stop = asyncio.Event()
    async with administrator(database_urls) as admin:
        await admin.execute("delete from pgqueuer_schedules")
        running = asyncio.create_task(worker.run(stop))

        async def are_scheduled() -> bool:
            rows = await admin.fetch("select entrypoint from pgqueuer_schedules")
            return {row["entrypoint"] for row in rows} >= {"retention", "partitions", "watch_defaults", "sweep"}

        async def is_purged() -> bool:
            return not await house.is_there(deleted)

        try:
            await until(are_scheduled)
            # As if its ten minutes were over.
            await admin.execute("update pgqueuer_schedules set next_run = now() where entrypoint = 'retention'")
            await until(is_purged)
        finally:
            stop.set()
            async with asyncio.timeout(WITHIN_S):
                await running


async def test_a_task_for_an_interview_that_was_purged_is_done_and_leaves_no_attempt(
    house: House, database_urls: DatabaseUrls, redis_cache: Cache
) -> None:
    worker = Worker(
        database=house.database,
        cache=redis_cache,
        scorers=_rehearsal,
        settings=Settings(),
        maintenance_url=database_urls.maintenance,
        now=house.clock,
    )
    gone = await house.holds()
    await purging.purge(house.database, house.store, gone, reason="asked for", at=house.clock() + timedelta(hours=1))
    job = queue.Job(house.person.tenant_id, gone)
    stop = asyncio.Event()
    async with administrator(database_urls) as admin:
        await admin.execute("delete from pgqueuer")
        async with house.database.tenant(house.person.tenant_id) as connection:
            for task in (SCORE_TASK, REPORT_TASK):
                await queue.enqueue(connection, task, job)
        running = asyncio.create_task(worker.run(stop))

        async def is_done() -> bool:
            return not await admin.fetchval("select count(*) from pgqueuer")

        try:
            await until(is_done)
        finally:
            stop.set()
            async with asyncio.timeout(WITHIN_S):
                await running
        assert await admin.fetchval("select count(*) from integration.task_attempts where entity_id = $1", gone) == 0

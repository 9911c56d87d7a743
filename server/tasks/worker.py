"""The worker: takes tasks from the queue, runs each in its tenant, and gives up on one that never succeeds."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from obstore.store import ObjectStore
from pgqueuer import PgQueuer
from pgqueuer.errors import FailingListenerError, RetryRequested
from pgqueuer.models import Job as QueueJob
from pgqueuer.models import Schedule

from agents.assessment import Scorers, score_answers, write_report
from agents.coaching.desk import Coaches, CoachingDesk, Outcome, no_coach
from agents.log import REPORT_TASK, SCORE_TASK
from agents.rescoring.again import RESCORE_TASK
from agents.rescoring.batches import BATCH_TASK
from agents.sweeping import sweep
from server.settings import Settings
from server.tasks import clocks
from server.tasks.months import keep_months, watch_defaults
from server.tasks.rescoring import Rescorings
from server.tasks.retention import Retention
from server.tracing import Traces
from storage import queue
from storage.cache import LOOK, Cache
from storage.database import Database, unavailable_when_lost
from storage.errors import AlreadyKept, CacheUnavailable, DatabaseUnavailable, NotFound

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 20
"""Runs of a task for one interview, begun without a success between, before it is parked for a person."""
TASK_WITHIN_S = 60.0
SCORES_WITHIN = timedelta(seconds=90)
"""How long a report waits for the last score; then it says that none came."""
AWAY_S = 1.0
"""How long the worker waits before it looks again for a database that went away."""
LOOK_AGAIN = timedelta(seconds=2)
DEQUEUE = timedelta(seconds=1)
HEARTBEAT = timedelta(seconds=5)

Handler = Callable[[queue.Job], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Worker:
    """`maintenance_url` is for the queue alone; everything about a tenant goes through `database`.

    Without `objects` nothing is purged, without `rescorings` nothing is scored once more.
    """

    database: Database
    cache: Cache | None
    scorers: Scorers
    coaches: Coaches = no_coach
    settings: Settings
    maintenance_url: str
    now: Callable[[], datetime]
    traces: Traces = field(default_factory=Traces)
    objects: ObjectStore | None = None
    rescorings: Rescorings | None = None
    _coaching: CoachingDesk = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_coaching", CoachingDesk(self.coaches, self.now))

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then finishes what is under way. Raises `DatabaseUnavailable`."""
        await keep_months(self.database, self.now)
        while not stop.is_set():
            try:
                with unavailable_when_lost():
                    await self._work(stop)
            except FailingListenerError:
                # It asks every ten seconds to be told of itself; a busy machine may be late with that.
                log.warning("worker.begins_anew", reason="the database's notices do not come")
            except DatabaseUnavailable as away:
                log.warning("worker.waits", reason=str(away))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), AWAY_S)

    async def _work(self, stop: asyncio.Event) -> None:
        pool = await queue.connect_consumer(self.maintenance_url)
        try:
            queuer = PgQueuer.from_asyncpg_pool(pool)
            self._register(queuer)
            stopping = asyncio.create_task(_pass_on(stop, queuer.shutdown))
            log.info("worker.ready")
            try:
                await queuer.run(
                    dequeue_timeout=DEQUEUE,
                    heartbeat_timeout=HEARTBEAT,
                    max_concurrent_tasks=self.settings.workers_concurrency * 2,
                    batch_size=self.settings.workers_concurrency,
                    shutdown_on_listener_failure=True,
                )
            finally:
                stopping.cancel()
        finally:
            await pool.close()

    def _register(self, queuer: PgQueuer) -> None:
        for task, handler in ((SCORE_TASK, self._score), (REPORT_TASK, self._report)):
            queuer.entrypoint(task)(self._runner(task, handler))
        if self.rescorings is not None:
            queuer.entrypoint(RESCORE_TASK)(self._runner(RESCORE_TASK, self.rescorings.score))
            queuer.entrypoint(BATCH_TASK)(self._runner(BATCH_TASK, self.rescorings.carry_on))

        @queuer.schedule("sweep", "* * * * *")
        async def _sweep(_schedule: Schedule) -> None:
            if not await clocks.agrees(self.database, self.now):
                return
            closed = await sweep(
                self.database,
                self.now,
                timedelta(minutes=self.settings.abandon_after_minutes),
                timedelta(hours=self.settings.expire_after_hours),
            )
            for interview_id in closed:
                await self._tell(interview_id, LOOK)

        @queuer.schedule("partitions", "17 3 * * *")
        async def _partitions(_schedule: Schedule) -> None:
            await keep_months(self.database, self.now)

        @queuer.schedule("watch_defaults", "47 * * * *")
        async def _watch(_schedule: Schedule) -> None:
            await watch_defaults(self.database)

        if self.objects is not None:
            retention = Retention(database=self.database, store=self.objects, cache=self.cache, now=self.now)

            @queuer.schedule("retention", "*/10 * * * *")
            async def _retention(_schedule: Schedule) -> None:
                if await clocks.agrees(self.database, self.now):
                    await retention.run()

    def _runner(self, task: str, handler: Handler) -> Callable[[QueueJob], Awaitable[None]]:
        async def run(job: QueueJob) -> None:
            await self._attempt(task, handler, msgspec.json.decode(job.payload or b"", type=queue.Job))

        return run

    async def _attempt(self, task: str, handler: Handler, job: queue.Job) -> None:
        """Runs a task within its time; a failure is tried again later, and after many the task is parked."""
        attempts = 0
        try:
            async with self.database.tenant(job.tenant_id) as connection:
                begun = await queue.count_attempt(connection, task, job)
                attempts = begun.attempts
                if begun.parked_at is not None:
                    return
                if attempts > MOST_ATTEMPTS:
                    await queue.park(connection, task, job, self.now(), "too many attempts")
                    log.error("task.parked", task=task, entity_id=str(job.entity_id))
                    return
            async with asyncio.timeout(TASK_WITHIN_S):
                await handler(job)
            async with self.database.tenant(job.tenant_id) as connection:
                await queue.forget_attempts(connection, task, job)
        except AlreadyKept as earlier:
            # Another run of the same task was quicker; the next look finds its work done.
            raise RetryRequested(LOOK_AGAIN, type(earlier).__name__) from earlier
        except Exception as failure:
            if isinstance(failure, NotFound) and failure.what == "interview":
                # Purged while the task was under way: there is nothing to do, and nothing of it is to stay.
                async with self.database.tenant(job.tenant_id) as connection:
                    await queue.forget_attempts(connection, task, job)
                return
            log.exception("task.failed", task=task, entity_id=str(job.entity_id), attempt=attempts)
            await self._note(task, job, failure)
            again = timedelta(seconds=min(60, 0.5 * 2 ** min(attempts, 7)))
            raise RetryRequested(again, type(failure).__name__) from failure

    async def _note(self, task: str, job: queue.Job, failure: Exception) -> None:
        with suppress(DatabaseUnavailable):
            async with self.database.tenant(job.tenant_id) as connection:
                await queue.note_failure(connection, task, job, type(failure).__name__)

    async def _score(self, job: queue.Job) -> None:
        with self.traces.task("score", job.entity_id):
            seq = await score_answers(self.database, job.tenant_id, job.entity_id, self.scorers, self.now)
        await self._tell(job.entity_id, seq)
        if await self._coach(job) != "busy":
            await self._tell(job.entity_id, await write_report(self.database, job.tenant_id, job.entity_id, self.now))

    async def _coach(self, job: queue.Job) -> Outcome:
        """What a model tells whoever practised comes before the report that shows it."""
        with self.traces.task("coach", job.entity_id):
            return await self._coaching.write(self.database, job.tenant_id, job.entity_id)

    async def _report(self, job: queue.Job) -> None:
        written = None
        if await self._coach(job) != "busy":
            written = await write_report(
                self.database, job.tenant_id, job.entity_id, self.now, give_up_after=SCORES_WITHIN
            )
        if written is None:
            async with self.database.tenant(job.tenant_id) as connection:
                await queue.enqueue(connection, REPORT_TASK, job, delay=LOOK_AGAIN)
        else:
            await self._tell(job.entity_id, written)

    async def _tell(self, interview_id: UUID, seq: int | None) -> None:
        """Lets live views know that the log has grown. They find it later by themselves where Redis is away."""
        if self.cache is None or seq is None:
            return
        try:
            await self.cache.tell(interview_id, seq)
        except CacheUnavailable:
            log.warning("worker.could_not_tell")


async def _pass_on(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()

"""Work for later: a thin layer over PgQueuer, and our own count of attempts.

The queue's tables stand outside row security and carry ids only; a handler opens the tenant's transaction
itself. A task is run at least once, so a handler must be idempotent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from storage.database import Connection, Pool, returned, unavailable_when_lost
from storage.ids import uuid7


class Job(msgspec.Struct, frozen=True):
    """The payload of every task: whose it is and what it is about. Never more: the queue is outside row security."""

    tenant_id: UUID
    entity_id: UUID


class Attempts(msgspec.Struct, frozen=True):
    """How often a task was begun for one entity, and when it was given up."""

    attempts: int
    parked_at: datetime | None


async def enqueue(
    connection: Connection,
    task: str,
    job: Job,
    *,
    dedupe_key: str | None = None,
    delay: timedelta | None = None,
    priority: int = 0,
) -> int | None:
    """Put a task on the queue within the connection's own transaction: if that rolls back, nothing was put.

    Returns its number, or None when a task with this `dedupe_key` already waits or runs.
    """
    queries = Queries(_InTransaction(connection))  # type: ignore[arg-type]
    numbers = await queries.enqueue(
        task,
        msgspec.json.encode(job),
        priority=priority,
        execute_after=delay,
        dedupe_key=dedupe_key,
        on_conflict="skip",
    )
    return numbers[0]


async def connect_consumer(maintenance_url: str, *, max_size: int = 4) -> Pool:
    """A pool for PgQueuer's own worker loop, as viva_maintenance and without our codecs, which it does not
    expect.

    LISTEN needs a direct connection, not one through a pooler. Raises DatabaseUnavailable.
    """
    with unavailable_when_lost():
        return await asyncpg.create_pool(
            maintenance_url,
            min_size=1,
            max_size=max_size,
            server_settings={"application_name": "viva-queue"},
        )


async def waiting(connection: Connection) -> dict[str, int]:
    """How many tasks of each name wait or run, for the metrics."""
    rows = await connection.fetch("select entrypoint, count(*) from pgqueuer group by entrypoint")
    return {row["entrypoint"]: row["count"] for row in rows}


async def count_attempt(connection: Connection, task: str, job: Job) -> Attempts:
    """Count the beginning of a run, in a transaction of its own that commits before the work starts.

    PgQueuer does not count a job picked again after its worker crashed, so one that kills its worker would
    come back for ever; this count outlives the crash.
    """
    row = await connection.fetchrow(
        "insert into integration.task_attempts (id, tenant_id, task, entity_id, attempts)"
        " values ($1, $2, $3, $4, 1)"
        " on conflict (task, entity_id) do update set attempts = integration.task_attempts.attempts + 1"
        " returning attempts, parked_at",
        uuid7(),
        job.tenant_id,
        task,
        job.entity_id,
    )
    return Attempts(**returned(row))


async def note_failure(connection: Connection, task: str, job: Job, error: str) -> None:
    """Keep why the last run failed. `error` is an error's kind, never its text: that may hold what somebody said."""
    await connection.execute(
        "update integration.task_attempts set last_error = $3 where task = $1 and entity_id = $2",
        task,
        job.entity_id,
        error,
    )


async def park(connection: Connection, task: str, job: Job, at: datetime, error: str) -> None:
    """Give the task up until a person puts it back."""
    await connection.execute(
        "update integration.task_attempts set parked_at = $3, last_error = $4 where task = $1 and entity_id = $2",
        task,
        job.entity_id,
        at,
        error,
    )


async def forget_attempts(connection: Connection, task: str, job: Job) -> None:
    """The task succeeded: its attempts count no more."""
    await connection.execute(
        "delete from integration.task_attempts where task = $1 and entity_id = $2", task, job.entity_id
    )


async def install(connection: Connection) -> None:
    """Make or bring up to date the queue's own schema, in `public`, and grant what each role needs.

    For viva_owner, under the migrations' lock.
    """
    queries = Queries(AsyncpgDriver(connection))  # type: ignore[arg-type]
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()
    await connection.execute(
        "grant select, insert on public.pgqueuer to viva_app;"
        " grant insert on public.pgqueuer_log to viva_app;"
        " grant usage on sequence public.pgqueuer_id_seq to viva_app;"
        " grant select, insert, update, delete, truncate on public.pgqueuer, public.pgqueuer_log,"
        " public.pgqueuer_schedules, public.pgqueuer_statistics to viva_maintenance;"
        " grant usage, select on sequence public.pgqueuer_id_seq, public.pgqueuer_schedules_id_seq,"
        " public.pgqueuer_statistics_id_seq to viva_maintenance"
    )


class _InTransaction(AsyncpgDriver):
    """PgQueuer on a connection of ours, whose jsonb codec takes documents where PgQueuer sends their text."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return await super().fetch(query.replace("::jsonb[]", "::text[]::jsonb[]"), *args)

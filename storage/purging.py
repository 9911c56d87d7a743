"""Erasure of an interview: its rows in one transaction, then its objects and cached answers, and a record that it was.

The record (compliance.erasures) holds how far it has come, so that whoever comes after a crash goes on from there:
rows removed, objects removed, and at last, after a look for what was still on its way, purged.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
from obstore.store import ObjectStore

from storage import objects
from storage.answers_cache import forget_answers
from storage.audit import Actor
from storage.cache import Cache
from storage.database import Connection, Database, returned
from storage.errors import CacheUnavailable, InterviewIsLive, NotFound, ObjectsUnavailable
from storage.ids import uuid7

SETTLES_AFTER = timedelta(minutes=15)
"""How long after its rows a purge looks for what was on its way: a call of a model, a task, a cost to be written."""
_FINAL = ("completed", "abandoned", "expired", "cancelled")


class Erasure(msgspec.Struct, frozen=True):
    """A purge under way: what was removed of which table, and the objects that its rows named."""

    id: UUID
    tenant_id: UUID
    interview_id: UUID
    rows_removed_at: datetime
    counts: dict[str, int]
    object_keys: list[str]
    objects_removed_at: datetime | None
    purged_at: datetime | None


class Due(msgspec.Struct, frozen=True):
    """An interview whose time is over, and why."""

    tenant_id: UUID
    interview_id: UUID
    reason: str


_COLUMNS = """
select id, tenant_id, subject_id, rows_removed_at, counts, object_keys, objects_removed_at, purged_at
  from compliance.erasures
"""
_DUE = """
select tenant_id, id, reason from (
  select tenant_id, id, 'deleted by its owner, and the time to bring it back is over' as reason
    from interview.interviews where purge_after <= $1
  union all
  select i.tenant_id, i.id, 'the tenant''s retention policy'
    from compliance.retention_policies p
    join interview.interviews i on i.tenant_id = p.tenant_id and i.deleted_at is null
     and i.status = any ($4)
     -- What was made later cannot have ended before: so only old rows are looked at.
     and i.id < interview.uuid7_floor($1 - make_interval(days => p.delete_after_days) + interval '1 second')
     and coalesce(i.completed_at, i.last_event_at, i.created_at) <= $1 - make_interval(days => p.delete_after_days)
   where p.data_kind = 'interviews') as due
 where $2::uuid is null or id > $2
 order by id limit $3
"""


async def due(connection: Connection, at: datetime, *, after: UUID | None = None, limit: int = 20) -> list[Due]:
    """Interviews to be purged at that instant, of every tenant, by id: deleted thirty days ago, or past the policy.

    `after` is the last id of the batch before. For viva_maintenance.
    """
    rows = await connection.fetch(_DUE, at, after, limit, list(_FINAL))
    return [Due(*row) for row in rows]


async def purge(
    database: Database,
    store: ObjectStore,
    interview_id: UUID,
    *,
    reason: str,
    at: datetime,
    actor: Actor | None = None,
    cache: Cache | None = None,
) -> Erasure:
    """Remove an interview, for ever. `reason` is one line, up to 200 characters, that names nobody.

    When it returns, every row is gone. Objects or cached answers that could not be reached are left to
    `go_on`, and `objects_removed_at` is None. Raises NotFound, InterviewIsLive, DatabaseUnavailable; then
    nothing was removed.
    """
    async with database.maintenance() as connection:
        tenant_id = await connection.fetchval("select tenant_id from interview.interviews where id = $1", interview_id)
        if tenant_id is None:
            raise NotFound("interview", interview_id)
        erasure = await _remove_rows(connection, tenant_id, interview_id, reason, at, actor or Actor())
    try:
        return await go_on(database, store, erasure, at=at, cache=cache)
    except (ObjectsUnavailable, CacheUnavailable):
        return erasure


async def under_way(connection: Connection, limit: int = 100) -> list[Erasure]:
    """Purges that are not complete, the oldest first. For viva_maintenance."""
    rows = await connection.fetch(_COLUMNS + " where purged_at is null order by rows_removed_at, id limit $1", limit)
    return [Erasure(*row) for row in rows]


async def erasure(connection: Connection, interview_id: UUID) -> Erasure | None:
    """The last erasure of an interview; None where it was never purged."""
    row = await connection.fetchrow(
        _COLUMNS + " where subject_id = $1 order by rows_removed_at desc, id desc limit 1", interview_id
    )
    return Erasure(*row) if row is not None else None


async def go_on(
    database: Database, store: ObjectStore, begun: Erasure, *, at: datetime, cache: Cache | None = None
) -> Erasure:
    """Do what is left of a purge and can be done by now; doing it again does no more.

    Raises ObjectsUnavailable, CacheUnavailable, DatabaseUnavailable.
    """
    settled = at - begun.rows_removed_at >= SETTLES_AFTER
    if begun.purged_at is not None or (begun.objects_removed_at is not None and not settled):
        return begun
    # Also those that have come since the last time: a recording's last part, a score's answer.
    counts = await _remove_objects(database, store, begun, cache)
    async with database.maintenance() as connection:
        await connection.execute(
            "update compliance.erasures set objects_removed_at = coalesce(objects_removed_at, $2), counts = $3"
            " where id = $1 and purged_at is null",
            begun.id,
            at,
            counts,
        )
        if settled:
            await connection.execute(
                "select interview.finish_purge($1, $2, $3, $4)", begun.tenant_id, begun.id, at, uuid7(at)
            )
        return Erasure(*returned(await connection.fetchrow(_COLUMNS + " where id = $1", begun.id)))


def prefixes(tenant_id: UUID, interview_id: UUID) -> tuple[str, ...]:
    """Where an interview's objects lie."""
    return (f"recordings/{tenant_id}/{interview_id}/", f"interviews/{interview_id}/")


async def _remove_rows(
    connection: Connection, tenant_id: UUID, interview_id: UUID, reason: str, at: datetime, actor: Actor
) -> Erasure:
    erasure_id = uuid7(at)
    try:
        row = await connection.fetchrow(
            "select counts, object_keys from interview.purge_interview($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            tenant_id,
            interview_id,
            reason,
            at,
            actor.type,
            actor.user_id,
            actor.api_key_id,
            erasure_id,
            uuid7(at),
        )
    except asyncpg.ObjectInUseError as live:
        raise InterviewIsLive(interview_id) from live
    except asyncpg.NoDataFoundError as gone:
        raise NotFound("interview", interview_id) from gone
    counts, keys = returned(row)
    return Erasure(erasure_id, tenant_id, interview_id, at, counts, list(keys), None, None)


async def _remove_objects(
    database: Database, store: ObjectStore, begun: Erasure, cache: Cache | None
) -> dict[str, int]:
    """The counts, with those of objects and cached answers added."""
    keys = list(begun.object_keys) if begun.objects_removed_at is None else []
    async with database.maintenance() as connection:
        is_back = await connection.fetchval(
            "select exists (select from interview.interviews where id = $1)", begun.interview_id
        )
    # What an interview that was brought back from a copy keeps under its prefixes is its own.
    if not is_back:
        for prefix in prefixes(begun.tenant_id, begun.interview_id):
            keys += await objects.keys(store, prefix)
    for key in keys:
        await objects.delete(store, key)
    answers = await forget_answers(cache, begun.interview_id) if cache is not None else 0
    return begun.counts | {
        "objects": begun.counts.get("objects", 0) + len(keys),
        "cached_answers": begun.counts.get("cached_answers", 0) + answers,
    }

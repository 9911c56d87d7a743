from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from obstore.store import ObjectStore

from storage import audit, objects, purging, queue
from storage.answers_cache import keep_answer, kept_answer
from storage.audit import Actor
from storage.cache import Cache, connect
from storage.database import Database
from storage.errors import InterviewIsLive, NotFound, ObjectsUnavailable, StaleEpoch
from storage.events import append, append_side_fact
from storage.ids import uuid7
from storage.interviews import delete_softly, set_status, take_over
from storage.lineage import record, spent_since
from storage.purging import SETTLES_AFTER, go_on, purge
from tests.conftest import DatabaseUrls, Person, new_person
from tests.storage.conftest import NOON, MakeInterview
from tests.storage.purgeable import WORDS, call_for, fill, folder_store, object_keys, tables_naming
from tests.storage.test_events import said

WHY = "asked for by the person"
LATER = NOON + SETTLES_AFTER
REMAIN = {"compliance.erasures", "compliance.audit_logs"}


class Brake:
    """A store that is there for `good` removals, and then away until `mend`: as it is for a process that dies."""

    def __init__(self, store: ObjectStore, good: int) -> None:
        self._store = store
        self.good = good

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def delete_async(self, path: str) -> None:
        if self.good <= 0:
            raise OSError("away")
        self.good -= 1
        await self._store.delete_async(path)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return folder_store(tmp_path)


@pytest.fixture
async def admin(database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """The server's administrator, who sees every row."""
    connection = await asyncpg.connect(database_urls.admin)
    yield connection
    await connection.close()


@pytest.fixture
async def filled(
    database: Database, store: ObjectStore, redis_cache: Cache, tenant: Person, make_interview: MakeInterview
) -> UUID:
    interview_id = await make_interview(tenant)
    await fill(database, store, redis_cache, tenant, interview_id)
    return interview_id


async def left_of(store: ObjectStore, person: Person, interview_id: UUID) -> list[str]:
    return [key for key in object_keys(person, interview_id) if await objects.get(store, key) is not None]


async def test_nothing_of_a_purged_interview_is_left_anywhere(
    database: Database,
    store: ObjectStore,
    redis_cache: Cache,
    tenant: Person,
    filled: UUID,
    admin: asyncpg.Connection[asyncpg.Record],
) -> None:
    linked = await admin.fetch(
        "select format('%I.%I', table_schema, table_name) as name from information_schema.columns"
        " join pg_class c on c.oid = format('%I.%I', table_schema, table_name)::regclass"
        " where column_name = 'interview_id' and not c.relispartition and c.relkind in ('r', 'p')"
    )
    before = await tables_naming(admin, filled)
    # A table that is added later and holds something of an interview must be filled here, and purged there.
    assert {row["name"] for row in linked} <= before.keys()
    assert {"interview.interviews", "integration.task_attempts", "pgqueuer"} <= before.keys()
    tables_before = before.keys() - {"pgqueuer_log"}

    done = await purge(
        database, store, filled, reason=WHY, at=NOON, actor=Actor("user", tenant.user_id), cache=redis_cache
    )

    after = await tables_naming(admin, filled)
    assert after.keys() - {"pgqueuer_log"} == REMAIN
    assert {name.removeprefix("public.") for name, count in done.counts.items() if count} == tables_before | {
        "objects",
        "cached_answers",
    }
    assert done.counts["interview.events"] == 3
    assert done.counts["compliance.model_lineage"] == 2
    assert done.counts["objects"] == 5
    assert await left_of(store, tenant, filled) == []
    assert await kept_answer(redis_cache, f"asked-{filled}") is None
    assert (done.objects_removed_at, done.purged_at) == (NOON, None)


async def test_what_a_model_cost_stays_and_leads_to_nobody(
    database: Database, store: ObjectStore, tenant: Person, filled: UUID
) -> None:
    await purge(database, store, filled, reason=WHY, at=NOON)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await spent_since(connection, NOON) == Decimal("0.50")
        rows = await connection.fetch("select * from compliance.model_lineage")
    for row in rows:
        assert (row["interview_id"], row["entity_id"], row["request_id"], row["metadata"]) == (None, None, "purged", {})
        assert (row["input_hash"], row["output_hash"]) == ("0" * 64, "0" * 64)
        assert (row["model_name"], row["latency_ms"]) == ("claude-sonnet-5-5", 812.5)


async def test_other_interviews_and_tenants_keep_everything(
    database: Database,
    store: ObjectStore,
    redis_cache: Cache,
    tenant: Person,
    filled: UUID,
    make_interview: MakeInterview,
    admin: asyncpg.Connection[asyncpg.Record],
) -> None:
    neighbour = await new_person(database)
    others = [(tenant, await make_interview(tenant)), (neighbour, await make_interview(neighbour))]
    for person, other in others:
        await fill(database, store, redis_cache, person, other)
    before = [await tables_naming(admin, other) for _, other in others]
    await purge(database, store, filled, reason=WHY, at=NOON, cache=redis_cache)
    assert [await tables_naming(admin, other) for _, other in others] == before
    for person, other in others:
        assert await left_of(store, person, other) == object_keys(person, other)
        assert await kept_answer(redis_cache, f"asked-{other}") == WORDS


async def test_the_purge_stands_in_the_audit_chain_and_in_the_erasures_with_counts_and_no_words(
    database: Database, store: ObjectStore, tenant: Person, filled: UUID
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        await delete_softly(connection, filled, NOON - timedelta(days=30))
    await purge(database, store, filled, reason=WHY, at=NOON, actor=Actor("user", tenant.user_id))
    async with database.tenant(tenant.tenant_id) as connection:
        assert await audit.verify(connection) == []
        (entry,) = await connection.fetch("select * from compliance.audit_logs")
        (erasure,) = await connection.fetch("select * from compliance.erasures")
    assert (entry["action"], entry["entity_id"], entry["reason"]) == ("interview.purged", filled, WHY)
    assert (entry["actor_type"], entry["user_id"], entry["compliance_flag"]) == ("user", tenant.user_id, True)
    assert entry["metadata"]["counts"]["interview.questions"] == 2
    assert entry["hash"] == erasure["hash"]
    assert (erasure["subject_kind"], erasure["subject_id"]) == ("interview", filled)
    assert (erasure["soft_deleted_at"], erasure["purge_after"]) == (NOON - timedelta(days=30), NOON)
    assert "pager" not in str(entry) + str(erasure)


async def test_a_live_interview_is_refused_and_keeps_everything_until_it_was_ended(
    database: Database,
    store: ObjectStore,
    tenant: Person,
    filled: UUID,
    admin: asyncpg.Connection[asyncpg.Record],
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        epoch = await take_over(connection, filled, "here", NOON + timedelta(minutes=2))
        assert epoch is not None
        await set_status(connection, filled, "in_progress", NOON)
    before = await tables_naming(admin, filled)
    with pytest.raises(InterviewIsLive, match=r"is live\. End it"):
        await purge(database, store, filled, reason=WHY, at=NOON)
    assert await tables_naming(admin, filled) == before
    assert len(await left_of(store, tenant, filled)) == 5

    async with database.tenant(tenant.tenant_id) as connection:
        await set_status(connection, filled, "completed", NOON)
    await purge(database, store, filled, reason=WHY, at=NOON)
    with pytest.raises(StaleEpoch):
        async with database.tenant(tenant.tenant_id) as connection:
            await append(connection, filled, epoch, [said("too late")])


async def test_one_whose_holder_died_is_purged_once_the_lease_is_over(
    database: Database, store: ObjectStore, tenant: Person, filled: UUID
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        await take_over(connection, filled, "here", NOON + timedelta(minutes=2))
        await set_status(connection, filled, "in_progress", NOON)
    done = await purge(database, store, filled, reason=WHY, at=NOON + timedelta(minutes=2))
    assert done.counts["interview.interviews"] == 1


async def test_what_is_not_there_or_was_purged_before_is_not_found(
    database: Database, store: ObjectStore, filled: UUID
) -> None:
    with pytest.raises(NotFound):
        await purge(database, store, uuid7(), reason=WHY, at=NOON)
    outcomes = await asyncio.gather(
        *(purge(database, store, filled, reason=WHY, at=NOON) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Erasure", "NotFound", "NotFound"]


@pytest.mark.parametrize("good", [0, 2])
async def test_a_purge_broken_off_between_rows_and_objects_is_gone_on_with(
    database: Database,
    store: ObjectStore,
    redis_cache: Cache,
    tenant: Person,
    filled: UUID,
    good: int,
    admin: asyncpg.Connection[asyncpg.Record],
) -> None:
    brake = Brake(store, good)
    broken: ObjectStore = brake  # type: ignore[assignment]
    done = await purge(database, broken, filled, reason=WHY, at=NOON, cache=redis_cache)
    assert done.objects_removed_at is None
    assert (await tables_naming(admin, filled)).keys() - {"pgqueuer_log"} == REMAIN
    assert len(await left_of(store, tenant, filled)) == 5 - good
    begun = await of(database, filled)
    with pytest.raises(ObjectsUnavailable):
        await go_on(database, broken, begun, at=NOON + timedelta(minutes=1))

    finished = await go_on(database, store, begun, at=NOON + timedelta(minutes=2), cache=redis_cache)
    assert finished.objects_removed_at == NOON + timedelta(minutes=2)
    assert await left_of(store, tenant, filled) == []
    assert await kept_answer(redis_cache, f"asked-{filled}") is None
    assert await go_on(database, broken, finished, at=NOON + timedelta(minutes=3)) == finished


async def of(database: Database, interview_id: UUID) -> purging.Erasure:
    async with database.maintenance() as connection:
        found = await purging.erasure(connection, interview_id)
        assert found in await purging.under_way(connection, limit=1000)
    assert found is not None
    return found


async def test_without_redis_the_purge_waits_for_it(
    database: Database, store: ObjectStore, tenant: Person, filled: UUID
) -> None:
    absent = connect("redis://127.0.0.1:9/0")
    done = await purge(database, store, filled, reason=WHY, at=NOON, cache=absent)
    await absent.close()
    assert done.objects_removed_at is None
    assert (await of(database, filled)).objects_removed_at is None


async def test_what_comes_late_is_removed_by_the_last_look_and_then_the_purge_is_complete(
    database: Database,
    store: ObjectStore,
    redis_cache: Cache,
    tenant: Person,
    filled: UUID,
    admin: asyncpg.Connection[asyncpg.Record],
) -> None:
    begun = await purge(database, store, filled, reason=WHY, at=NOON, cache=redis_cache)
    late = f"{purging.prefixes(tenant.tenant_id, filled)[0]}3.ogg"
    async with database.tenant(tenant.tenant_id) as connection:
        await record(connection, call_for(filled, NOON))
        await queue.count_attempt(connection, "report", queue.Job(tenant.tenant_id, filled))
    await objects.put(store, late, b"the last part")
    await keep_answer(redis_cache, f"late-{filled}", WORDS, seconds=3600, interview_id=filled)

    assert await go_on(database, store, begun, at=LATER - timedelta(seconds=1), cache=redis_cache) == begun
    done = await go_on(database, store, begun, at=LATER, cache=redis_cache)

    assert done.purged_at == LATER
    assert (await tables_naming(admin, filled)).keys() - {"pgqueuer_log"} == REMAIN
    assert await objects.get(store, late) is None
    assert await kept_answer(redis_cache, f"late-{filled}") is None
    assert (done.counts["objects"], done.counts["cached_answers"]) == (6, 2)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await audit.verify(connection) == []
        actions = await connection.fetch("select action, metadata, hash from compliance.audit_logs order by seq")
        assert await connection.fetchval("select hash from compliance.erasures") == actions[-1]["hash"]
    assert [row["action"] for row in actions] == ["interview.purged", "interview.purge_finished"]
    assert actions[1]["metadata"]["late"]["compliance.model_lineage"] == 1
    assert await go_on(database, store, done, at=LATER + timedelta(days=1)) == done


async def test_an_interview_brought_back_from_a_copy_keeps_what_is_its_own(
    database: Database, store: ObjectStore, tenant: Person, filled: UUID, admin: asyncpg.Connection[asyncpg.Record]
) -> None:
    version = await admin.fetchval("select plan_version_id from interview.interviews where id = $1", filled)
    begun = await purge(database, store, filled, reason=WHY, at=NOON)
    async with database.tenant(tenant.tenant_id) as connection:
        await connection.execute(
            "insert into interview.interviews (id, tenant_id, kind, channel, plan_version_id, interview_type, language,"
            " difficulty_level, target_duration_minutes, scorer)"
            " values ($1, $2, 'practice', 'text', $3, 'behavioral', 'en', 'medium', 10, 'rehearsal')",
            filled,
            tenant.tenant_id,
            version,
        )
    await fill(database, store, None, tenant, filled)
    before = await tables_naming(admin, filled)
    done = await go_on(database, store, begun, at=LATER)
    assert done.purged_at == LATER
    after = await tables_naming(admin, filled)
    assert {name: n for name, n in after.items() if name not in REMAIN} == {
        name: n for name, n in before.items() if name not in REMAIN
    }
    assert len(await left_of(store, tenant, filled)) == 5


@pytest.mark.parametrize("role", ["viva_app", "viva_maintenance", "viva_owner"])
@pytest.mark.parametrize(
    "statement",
    [
        "update interview.events set payload = '{}' where interview_id = $1",
        "delete from interview.events where interview_id = $1",
        "update compliance.model_lineage set interview_id = null where interview_id = $1",
        "delete from compliance.model_lineage where interview_id = $1",
    ],
)
async def test_the_setting_that_lets_the_purge_through_opens_nothing_to_whoever_signs_in(
    database_urls: DatabaseUrls, tenant: Person, filled: UUID, role: str, statement: str
) -> None:
    connection = await asyncpg.connect(database_urls.admin)
    try:
        await connection.execute(f"set role {role}")
        # viva_owner, as whom nobody signs in, is let through by the setting and by nothing else.
        for lifts in ("purge", "month") if role != "viva_owner" else ("",):
            await connection.execute("select set_config('viva.lifts', $1, false)", lifts)
            await connection.execute("select set_config('app.tenant', $1, false)", str(tenant.tenant_id))
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError)):
                await connection.execute(statement, filled)
    finally:
        await connection.close()


async def test_the_application_cannot_purge(database: Database, tenant: Person, filled: UUID) -> None:
    for call in (
        "interview.purge_interview($1, $2, 'why', now(), 'user', null, null, $2, $2)",
        "interview.finish_purge($1, $2, now(), $2)",
        "interview.remove_loose_rows($1, $2)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.tenant(tenant.tenant_id) as connection:
                await connection.execute(f"select {call}", tenant.tenant_id, filled)
    # Nor does maintenance past the audit.
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.maintenance() as connection:
            await connection.execute("select interview.remove_loose_rows($1, $2)", tenant.tenant_id, filled)


async def test_a_tenant_that_is_not_the_interviews_reaches_nothing(
    database: Database, tenant: Person, filled: UUID
) -> None:
    other = await new_person(database)
    with pytest.raises(asyncpg.NoDataFoundError):
        async with database.maintenance() as connection:
            await connection.execute(
                "select interview.purge_interview($1, $2, 'why', now(), 'system', null, null, $3, $3)",
                other.tenant_id,
                filled,
                uuid7(),
            )
    async with database.tenant(tenant.tenant_id) as connection:
        assert await append_side_fact(connection, filled, said("still here")) == 4


async def due_of(database: Database, person: Person, at: datetime) -> dict[UUID, str]:
    async with database.maintenance() as connection:
        found = await purging.due(connection, at, limit=10_000)
    return {due.interview_id: due.reason for due in found if due.tenant_id == person.tenant_id}


async def test_an_interview_is_due_thirty_days_after_it_was_deleted(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    deleted, _kept = await make_interview(tenant), await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        await delete_softly(connection, deleted, NOON)
    assert await due_of(database, tenant, NOON + timedelta(days=30, seconds=-1)) == {}
    due = await due_of(database, tenant, NOON + timedelta(days=30))
    assert due == {deleted: "deleted by its owner, and the time to bring it back is over"}
    assert await due_of(database, tenant, NOON + timedelta(days=4000)) == due


async def test_a_tenants_policy_makes_what_ended_long_enough_ago_due(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    ended, still_open = await make_interview(tenant), await make_interview(tenant)
    deleted = await make_interview(tenant)
    neighbour = await new_person(database)
    theirs = await make_interview(neighbour)
    for person, interview_id in ((tenant, ended), (tenant, deleted), (neighbour, theirs)):
        async with database.tenant(person.tenant_id) as connection:
            await set_status(connection, interview_id, "completed", NOON + timedelta(days=1))
    async with database.tenant(tenant.tenant_id) as connection:
        await delete_softly(connection, deleted, NOON)
        await connection.execute(
            "insert into compliance.retention_policies (tenant_id, data_kind, delete_after_days)"
            " values ($1, 'interviews', 10)",
            tenant.tenant_id,
        )
    assert await due_of(database, tenant, NOON + timedelta(days=11, seconds=-1)) == {}
    due = await due_of(database, tenant, NOON + timedelta(days=11))
    assert due == {ended: "the tenant's retention policy"}
    assert still_open not in await due_of(database, tenant, NOON + timedelta(days=400))
    assert await due_of(database, neighbour, NOON + timedelta(days=400)) == {}


async def test_what_is_due_comes_in_batches(database: Database, tenant: Person, make_interview: MakeInterview) -> None:
    mine = [await make_interview(tenant) for _ in range(3)]
    async with database.tenant(tenant.tenant_id) as connection:
        for interview_id in mine:
            await delete_softly(connection, interview_id, NOON)
    found: list[UUID] = []
    async with database.maintenance() as connection:
        while batch := await purging.due(
            connection, NOON + timedelta(days=30), after=found[-1] if found else None, limit=2
        ):
            found += [due.interview_id for due in batch]
    assert [interview_id for interview_id in found if interview_id in mine] == mine

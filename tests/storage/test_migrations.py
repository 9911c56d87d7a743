from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from storage import migrations
from storage.errors import EditedMigration, FailedMigration, MalformedMigration, MigrationError, MigrationsBusy
from storage.ids import uuid7
from storage.migration_files import FOLDER, read_folder
from tests.conftest import DatabaseUrls

ALL = [file.name for file in read_folder()]
PROCESS = "import asyncio, sys; from storage import migrations; print(asyncio.run(migrations.up(sys.argv[1])))"


@pytest.fixture
async def empty(database_urls: DatabaseUrls) -> AsyncIterator[str]:
    """The administrator's address of a database with nothing in it."""
    name = f"scratch_{uuid7().hex}"
    connection = await asyncpg.connect(database_urls.admin)
    await connection.execute(f"create database {name}")
    yield urlunsplit(urlsplit(database_urls.admin)._replace(path=f"/{name}"))
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the migrations that may be spoilt."""
    return Path(shutil.copytree(FOLDER, tmp_path / "migrations"))


async def run(url: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def test_up_applies_each_once_and_says_which(empty: str) -> None:
    assert await migrations.up(empty) == ALL
    assert await migrations.up(empty) == []
    stands = await migrations.status(empty)
    assert stands.is_current
    assert [migration.name for migration in stands.migrations] == ALL


async def test_five_processes_that_start_at_once_apply_each_once(empty: str) -> None:
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, empty, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        for _ in range(5)
    ]
    outputs = await asyncio.gather(*(process.communicate() for process in started))
    assert [process.returncode for process in started] == [0] * 5, outputs
    said = sorted(out.decode().strip() for out, _ in outputs)
    assert said == sorted(["[]"] * 4 + [str(ALL)])
    assert (await migrations.status(empty)).is_current


async def test_down_undoes_everything_and_up_makes_it_again(empty: str) -> None:
    await migrations.up(empty)
    assert await migrations.down(empty, 1) == ALL[-1:]
    assert [m.state for m in (await migrations.status(empty)).migrations][-2:] == ["applied", "pending"]
    assert await migrations.down(empty, 99) == ALL[-2::-1]
    left = await run(empty, "select nspname from pg_namespace where nspname in ('identity', 'interview', 'compliance')")
    assert left == []
    assert await migrations.up(empty) == ALL
    assert (await migrations.status(empty)).is_current


async def test_status_of_an_empty_database_changes_nothing(empty: str) -> None:
    stands = await migrations.status(empty)
    assert {migration.state for migration in stands.migrations} == {"pending"}
    assert not stands.is_current
    assert await run(empty, "select 1 from pg_class where relname like 'schema@_%' escape '@'") == []
    assert await migrations.down(empty) == []


async def test_the_application_can_ask_what_is_pending(empty: str, folder: Path) -> None:
    await migrations.up(empty)
    connection = await asyncpg.connect(empty)
    await connection.execute("set role viva_app")
    assert await migrations.pending(connection) == []
    (folder / "29990101000000_later.sql").write_text("-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n")
    assert await migrations.pending(connection, folder=folder) == ["29990101000000_later.sql"]
    await connection.close()


async def test_an_edited_migration_is_refused_with_the_mend(empty: str, folder: Path) -> None:
    await migrations.up(empty, folder=folder)
    edited = folder / ALL[1]
    edited.write_text(edited.read_text() + "\n-- one more thought\n")
    for act in (migrations.up, migrations.down):
        with pytest.raises(EditedMigration, match=rf"{ALL[1]} was edited .* new migration"):
            await act(empty, folder=folder)
    stands = await migrations.status(empty, folder=folder)
    assert [m.name for m in stands.migrations if m.state == "edited"] == [ALL[1]]


async def test_an_applied_migration_whose_file_is_gone_is_refused(empty: str, folder: Path) -> None:
    await migrations.up(empty, folder=folder)
    (folder / ALL[-1]).unlink()
    with pytest.raises(EditedMigration, match=f"{ALL[-1]} was removed"):
        await migrations.up(empty, folder=folder)
    assert (await migrations.status(empty, folder=folder)).migrations[-1].state == "missing"


async def test_a_statement_the_database_refuses_is_named_by_file_and_line_and_leaves_nothing(
    empty: str, folder: Path
) -> None:
    wrong = folder / "29990101000000_wrong.sql"
    wrong.write_text(
        "-- migrate:up\ncreate table public.half (id int);\n\nselect nothing_of_the_kind;\n-- migrate:down\n"
    )
    with pytest.raises(FailedMigration, match=rf"{wrong.name}, line 4: .*nothing_of_the_kind"):
        await migrations.up(empty, folder=folder)
    assert await run(empty, "select 1 from pg_class where relname = 'half'") == []
    wrong.unlink()
    assert await migrations.up(empty, folder=folder) == []


async def test_a_malformed_file_stops_before_the_database_is_touched(empty: str, folder: Path) -> None:
    (folder / "29990101000000_wrong.sql").write_text("create table a ();\n")
    with pytest.raises(MalformedMigration, match="line 1"):
        await migrations.up(empty, folder=folder)
    assert await run(empty, "select 1 from pg_class where relname like 'schema@_%' escape '@'") == []


async def test_an_index_can_be_built_concurrently(empty: str, folder: Path) -> None:
    (folder / "29990101000000_index.sql").write_text(
        "-- migrate:up transaction:false\n"
        "create index concurrently users_by_locale on identity.users (locale);\n"
        "-- migrate:down transaction:false\n"
        "drop index concurrently identity.users_by_locale;\n"
    )
    await migrations.up(empty, folder=folder)
    assert (await migrations.status(empty, folder=folder)).is_current
    assert await migrations.down(empty, folder=folder) == ["29990101000000_index.sql"]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("alter table identity.users add column shoe_size int", "column identity.users.shoe_size was made"),
        ("alter table identity.users drop column locale", "column identity.users.locale is gone"),
        ("alter table identity.users alter column locale type varchar(9)", "column identity.users.locale was changed"),
        ("drop index interview.interviews_of_a_user", "index interview.interviews.interviews_of_a_user is gone"),
        ("drop policy tenant_rows on interview.tickets", "policy interview.tickets.tenant_rows is gone"),
        ("alter table interview.tickets no force row level security", "table interview.tickets was changed"),
        ("grant update on interview.events to viva_app", "table interview.events was changed"),
        ("create table public.notes (id int)", "table public.notes was made"),
        ("drop trigger refuse_change on interview.events", "trigger interview.events.refuse_change is gone"),
        (
            "create or replace function public.set_updated_at() returns trigger language plpgsql as 'begin end'",
            "function set_updated_at() was changed",
        ),
        (
            "alter table interview.interviews drop constraint interviews_scorer_check",
            "constraint interview.interviews.interviews_scorer_check is gone",
        ),
        ("drop policy tenant_rows on interview.events_default", "partition interview.events_default is not under"),
        ("grant select on interview.events_default to viva_app", "partition interview.events_default is not under"),
    ],
)
async def test_what_was_changed_by_hand_is_named(empty: str, statement: str, sentence: str) -> None:
    await migrations.up(empty)
    await run(empty, statement)
    drift = (await migrations.status(empty)).drift
    assert any(found.startswith(sentence) for found in drift), drift
    # A later start must not take the change for the schema that should be.
    assert await migrations.up(empty) == []
    assert (await migrations.status(empty)).drift == drift


async def test_months_made_ahead_are_no_drift_and_are_made_once(empty: str) -> None:
    await migrations.up(empty)
    ahead = "select * from interview.ensure_event_partitions(2, '2031-11-20T12:00Z')"
    assert [row[0] for row in await run(empty, ahead)] == [
        "interview.events_2031_11",
        "interview.events_2031_12",
        "interview.events_2032_01",
    ]
    assert await run(empty, ahead) == []
    lineage = await run(empty, "select * from compliance.ensure_lineage_partitions(0, '2031-11-20T12:00Z')")
    assert [row[0] for row in lineage] == ["compliance.model_lineage_2031_11"]
    assert (await migrations.status(empty)).drift == []


async def test_what_dbmates_own_binary_applied_is_taken_over(empty: str) -> None:
    await migrations.up(empty)
    await run(empty, "drop table public.schema_migration_checksums")
    await run(empty, "alter table public.schema_migrations owner to current_user")
    known = (await migrations.status(empty)).migrations
    assert {(migration.state, migration.applied_at) for migration in known} == {("applied", None)}
    assert await migrations.up(empty) == []
    stands = await migrations.status(empty)
    assert stands.is_current
    assert all(migration.applied_at is not None for migration in stands.migrations)


async def test_a_lock_held_for_too_long_is_said(empty: str) -> None:
    holder = await asyncpg.connect(empty)
    await holder.execute("select pg_advisory_lock($1)", migrations._LOCK)
    with pytest.raises(MigrationsBusy, match="Another process"):
        await migrations.up(empty, wait_seconds=0.2)
    await holder.close()


async def test_everything_belongs_to_the_owner_but_what_looks_across_tenants(empty: str) -> None:
    await migrations.up(empty)
    owners = await run(
        empty,
        "select distinct relowner::regrole::text as owner from pg_class c join pg_namespace n"
        " on n.oid = c.relnamespace where nspname in ('identity', 'interview', 'compliance', 'public')",
    )
    assert [row["owner"] for row in owners] == ["viva_owner"]
    definers = await run(
        empty,
        "select p.oid::regprocedure::text as name, proowner::regrole::text as owner, proconfig::text as config"
        " from pg_proc p where prosecdef order by 1",
    )
    assert {row["name"]: row["owner"] for row in definers} == {
        "compliance.append_audit(uuid,timestamp with time zone,text,uuid,uuid,text,text,uuid,jsonb,jsonb,jsonb,text,"
        "boolean,inet,text,text)": "viva_owner",
        "compliance.default_partition_rows()": "viva_maintenance",
        "compliance.ensure_audit_partitions(integer,timestamp with time zone)": "viva_owner",
        "compliance.ensure_lineage_partitions(integer,timestamp with time zone)": "viva_owner",
        "identity.memberships_of(uuid)": "viva_maintenance",
        "identity.tenant_ids()": "viva_maintenance",
        "interview.ensure_event_partitions(integer,timestamp with time zone)": "viva_owner",
        "interview.finish_purge(uuid,uuid,timestamp with time zone,uuid)": "viva_owner",
        "interview.purge_interview(uuid,uuid,text,timestamp with time zone,text,uuid,uuid,uuid,uuid)": "viva_owner",
        "interview.ticket_by_hash(bytea)": "viva_maintenance",
        "settle_month(regclass,date)": "viva_owner",
    }
    assert all("search_path=pg_catalog, pg_temp" in row["config"] for row in definers)


async def test_a_role_that_row_security_does_not_bind_stops_the_start(empty: str) -> None:
    await migrations.up(empty)
    await run(empty, "alter role viva_app bypassrls")
    try:
        with pytest.raises(MigrationError, match="viva_app nosuperuser nobypassrls"):
            await migrations.up(empty)
    finally:
        await run(empty, "alter role viva_app nobypassrls")


async def test_a_database_that_is_not_there_is_said(database_urls: DatabaseUrls) -> None:
    nowhere = urlunsplit(urlsplit(database_urls.admin)._replace(path="/nowhere"))
    with pytest.raises(MigrationError, match="Create it"):
        await migrations.up(nowhere)

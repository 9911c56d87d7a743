"""Bring a database to the schema of this release, and back; say where it stands and how it has drifted.

The files are dbmate's, and so is the table of applied versions, so that its binary works on the same
database. Beside it stand a checksum of each applied file and the fingerprint of what they made.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

import asyncpg
import msgspec

from storage import catalogue, queue
from storage.database import Connection, unavailable_when_lost
from storage.errors import EditedMigration, FailedMigration, MigrationError, MigrationsBusy
from storage.migration_files import FOLDER, Block, MigrationFile, read_folder
from storage.roles import OWNER, ensure_roles

_LOCK = 0x56495641_4D494752  # "VIVAMIGR"

_TABLES = """
create table if not exists public.schema_migrations (version varchar primary key);
create table if not exists public.schema_migration_checksums (
  version varchar primary key,
  name text not null,
  checksum char(64) not null,
  applied_at timestamptz not null default now()
);
create table if not exists public.schema_catalogue (object text primary key, hash char(64) not null);
grant select on public.schema_migrations to viva_app, viva_maintenance;
"""

State: TypeAlias = Literal["applied", "pending", "edited", "missing"]


class MigrationState(msgspec.Struct, frozen=True):
    """One migration as the database knows it. `missing`: applied, but its file is not there."""

    version: str
    name: str
    state: State
    applied_at: datetime | None = None


class SchemaStatus(msgspec.Struct, frozen=True):
    """Every migration in order, and a sentence for each object that is not as they left it."""

    migrations: list[MigrationState]
    drift: list[str]

    @property
    def is_current(self) -> bool:
        """Every migration is applied as it stands, and nothing has drifted."""
        return not self.drift and all(migration.state == "applied" for migration in self.migrations)


async def up(
    admin_url: str,
    *,
    passwords: Mapping[str, str] | None = None,
    folder: Path = FOLDER,
    wait_seconds: float = 60.0,
) -> list[str]:
    """Make the roles, apply what is pending, install the queue's own schema. Returns the names applied.

    For an administrator's address; the migrations themselves run as viva_owner. Any number of processes may
    call it at once: one works, the others wait up to `wait_seconds`. Raises MigrationError,
    DatabaseUnavailable.
    """
    files = read_folder(folder)
    async with _locked(admin_url, wait_seconds) as connection:
        await ensure_roles(connection, passwords)
        await _hand_over(connection)
        async with _as_owner(connection):
            await connection.execute(_TABLES)
            applied = await _checksums(connection)
            await _refuse_edits(connection, files, applied)
            pending = [file for file in files if file.version not in applied]
            for file in pending:
                await _apply(connection, file)
            expected = await catalogue.kept(connection)
            found = await catalogue.fingerprint(connection)
            if pending or catalogue.from_another_server(expected, found):
                await catalogue.keep(connection)
            await queue.install(connection)
    return [file.name for file in pending]


async def down(admin_url: str, steps: int = 1, *, folder: Path = FOLDER, wait_seconds: float = 60.0) -> list[str]:
    """Undo the last `steps` migrations. Returns their names. Raises MigrationError, DatabaseUnavailable."""
    files = {file.version: file for file in read_folder(folder)}
    undone = []
    async with _locked(admin_url, wait_seconds) as connection:
        if not await _exists(connection, "public.schema_migrations"):
            return []
        await _hand_over(connection)
        async with _as_owner(connection):
            await connection.execute(_TABLES)
            applied = await _checksums(connection)
            await _refuse_edits(connection, list(files.values()), applied)
            for version in sorted(applied, reverse=True)[:steps]:
                await _undo(connection, files[version])
                undone.append(files[version].name)
            if undone:
                await catalogue.keep(connection)
    return undone


async def status(admin_url: str, *, folder: Path = FOLDER) -> SchemaStatus:
    """Where the database stands. Changes nothing. Raises MalformedMigration, DatabaseUnavailable."""
    files = {file.version: file for file in read_folder(folder)}
    connection = await _connect(admin_url)
    try:
        applied = await _checksums(connection)
        states = [_state(version, files.get(version), applied.get(version)) for version in sorted(files | applied)]
        expected = await catalogue.kept(connection)
        drift = catalogue.differences(expected, await catalogue.fingerprint(connection))
        if expected:
            drift += await catalogue.open_partitions(connection)
        return SchemaStatus(states, drift)
    finally:
        await connection.close()


async def pending(connection: Connection, *, folder: Path = FOLDER) -> list[str]:
    """The names of the migrations this database lacks; any role may ask, so readiness can."""
    if not await _exists(connection, "public.schema_migrations"):
        return [file.name for file in read_folder(folder)]
    rows = await connection.fetch("select version from public.schema_migrations")
    versions = {row["version"] for row in rows}
    return [file.name for file in read_folder(folder) if file.version not in versions]


class _Applied(msgspec.Struct, frozen=True):
    # Name, checksum and time are unknown for what dbmate's binary applied.
    name: str | None
    checksum: str | None
    applied_at: datetime | None


def _state(version: str, file: MigrationFile | None, applied: _Applied | None) -> MigrationState:
    if applied is None:
        return MigrationState(version, file.name if file else version, "pending")
    if file is None:
        return MigrationState(version, applied.name or version, "missing", applied.applied_at)
    state: State = "applied" if applied.checksum in (None, file.checksum) else "edited"
    return MigrationState(version, file.name, state, applied.applied_at)


async def _checksums(connection: Connection) -> dict[str, _Applied]:
    if not await _exists(connection, "public.schema_migrations"):
        return {}
    if not await _exists(connection, "public.schema_migration_checksums"):
        rows = await connection.fetch("select version from public.schema_migrations")
        return {row["version"]: _Applied(None, None, None) for row in rows}
    rows = await connection.fetch(
        "select m.version, c.name, c.checksum, c.applied_at from public.schema_migrations m"
        " left join public.schema_migration_checksums c using (version)"
    )
    return {row["version"]: _Applied(row["name"], row["checksum"], row["applied_at"]) for row in rows}


async def _exists(connection: Connection, table: str) -> bool:
    return await connection.fetchval("select to_regclass($1)", table) is not None


async def _hand_over(connection: Connection) -> None:
    """Make dbmate's table viva_owner's, where its binary made it as the administrator."""
    await connection.execute(f"alter table if exists public.schema_migrations owner to {OWNER}")


async def _refuse_edits(
    connection: Connection, files: Sequence[MigrationFile], applied: Mapping[str, _Applied]
) -> None:
    by_version = {file.version: file for file in files}
    for version, known in sorted(applied.items()):
        file = by_version.get(version)
        if file is None:
            raise EditedMigration(known.name or version, "was removed")
        if known.checksum is None:
            await _keep_checksum(connection, file)
        elif known.checksum != file.checksum:
            raise EditedMigration(file.name, "was edited")


async def _keep_checksum(connection: Connection, file: MigrationFile) -> None:
    await connection.execute(
        "insert into public.schema_migration_checksums (version, name, checksum) values ($1, $2, $3)",
        file.version,
        file.name,
        file.checksum,
    )


async def _apply(connection: Connection, file: MigrationFile) -> None:
    async with _perhaps_in_transaction(connection, file.up):
        await _run(connection, file.name, file.up)
        await connection.execute("insert into public.schema_migrations (version) values ($1)", file.version)
        await _keep_checksum(connection, file)


async def _undo(connection: Connection, file: MigrationFile) -> None:
    async with _perhaps_in_transaction(connection, file.down):
        await _run(connection, file.name, file.down)
        await connection.execute("delete from public.schema_migrations where version = $1", file.version)
        await connection.execute("delete from public.schema_migration_checksums where version = $1", file.version)


async def _run(connection: Connection, name: str, block: Block) -> None:
    try:
        await connection.execute(block.sql)
    except asyncpg.PostgresError as refused:
        position = int(refused.position) if refused.position else None
        line = block.line_of(position) if position is not None else None
        raise FailedMigration(name, line, str(refused)) from refused


@asynccontextmanager
async def _perhaps_in_transaction(connection: Connection, block: Block) -> AsyncIterator[None]:
    if block.in_transaction:
        async with connection.transaction():
            yield
    else:
        yield


@asynccontextmanager
async def _as_owner(connection: Connection) -> AsyncIterator[None]:
    await connection.execute(f"set role {OWNER}")
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("reset role")


@asynccontextmanager
async def _locked(admin_url: str, wait_seconds: float) -> AsyncIterator[Connection]:
    """A connection that alone migrates. Polled: one that blocks for the lock would deadlock with an index
    built concurrently, which waits for every other transaction."""
    connection = await _connect(admin_url)
    try:
        deadline = asyncio.get_running_loop().time() + wait_seconds
        while not await connection.fetchval("select pg_try_advisory_lock($1)", _LOCK):
            if asyncio.get_running_loop().time() >= deadline:
                raise MigrationsBusy(wait_seconds)
            await asyncio.sleep(0.1)
        yield connection
    finally:
        # Closing the session gives the lock back.
        await connection.close()


async def _connect(admin_url: str) -> asyncpg.Connection[asyncpg.Record]:
    with unavailable_when_lost():
        try:
            return await asyncpg.connect(admin_url, server_settings={"application_name": "viva-migrate"})
        except asyncpg.InvalidCatalogNameError as missing:
            raise MigrationError(
                "There is no such database on this server. Create it, then migrate again."
            ) from missing

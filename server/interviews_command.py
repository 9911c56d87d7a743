"""`viva interviews`: hold interviews against their logs, carry one to another installation, remove one for ever."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn, TypeVar
from uuid import UUID

import msgspec
import typer

from agents.verifying import Difference
from server.carrying.archive import MOST_BYTES, ArchiveTooLarge, CarryingError
from server.carrying.carrier import Imported, export_interview, import_interview
from server.carrying.verification import owners_of, verify
from server.services import ServicesError
from server.settings import Settings
from storage import cache, identity, objects
from storage.audit import Actor
from storage.database import Database
from storage.errors import DatabaseUnavailable, NotFound, StorageError
from storage.purging import Erasure, purge
from storage.roles import APPLICATION, MAINTENANCE

MISCONFIGURED = 78
"""Exit status for what a person must set first (EX_CONFIG)."""

Result = TypeVar("Result")


class Summary(msgspec.Struct, frozen=True):
    """What verifying came to."""

    interviews: int
    differing: int
    differences: int

    @property
    def sentence(self) -> str:
        if not self.differences:
            return f"Interviews verified: {self.interviews}. Each is what its log says."
        return f"Interviews verified: {self.interviews}. Differing: {self.differing}. Differences: {self.differences}."


def verify_interviews(held: Settings, interview_ids: list[UUID] | None, *, as_json: bool) -> int:
    """Print every difference as a line, then what it came to. Returns 1 where there is any."""

    async def run(database: Database) -> Summary:
        interviews = differing = differences = 0
        async for verified in verify(database, interview_ids):
            interviews += 1
            differing += bool(verified.differences)
            differences += len(verified.differences)
            for difference in verified.differences:
                typer.echo(_line(difference, as_json=as_json))
        return Summary(interviews, differing, differences)

    summary = run_on(held, run)
    typer.echo(msgspec.json.encode(summary) if as_json else summary.sentence)
    return 1 if summary.differences else 0


def export_to(held: Settings, interview_id: UUID, output: Path | None) -> Path:
    """Write an interview's file, whole or not at all; without `output` beside us, named after it. Returns where."""

    async def run(database: Database) -> bytes:
        whose = await owners_of(database, [interview_id])
        if interview_id not in whose:
            raise NotFound("interview", interview_id)
        return await export_interview(database, whose[interview_id], interview_id)

    path = output or Path(f"interview-{interview_id}.zip")
    data = run_on(held, run)
    try:
        _write(path, data)
    except OSError as wrong:
        _fail(f"The file {path} cannot be written ({wrong.strerror}). Name another with --output.", 1)
    return path


def import_from(held: Settings, path: Path, tenant_id: UUID | None, user_id: UUID | None) -> Imported:
    """Keep the interview of a file: as this person's, in this tenant; else as the local owner's."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as wrong:
        _fail(f"The file {path} cannot be read ({wrong.strerror}). Name one that is there.", 1)

    async def run(database: Database) -> Imported:
        if len(data) > MOST_BYTES:
            raise ArchiveTooLarge
        if tenant_id is not None and user_id is not None:
            return await import_interview(database, tenant_id, user_id, data)
        owner = await identity.ensure_local_owner(database)
        return await import_interview(database, owner.tenant_id, owner.user_id, data)

    return run_on(held, run)


def purge_for_ever(held: Settings, interview_id: UUID, reason: str) -> Erasure:
    """Remove an interview with its objects, whatever retention says, and write that down. Returns what was removed."""

    async def run(database: Database) -> Erasure:
        store = objects.connect(held.objects_url, held.home / "objects")
        remembered = cache.connect(held.redis_url) if held.redis_url else None
        try:
            return await purge(
                database,
                store,
                interview_id,
                reason=reason,
                at=datetime.now(UTC),
                actor=Actor("admin"),
                cache=remembered,
            )
        finally:
            if remembered is not None:
                await remembered.close()

    return run_on(held, run)


def _write(path: Path, data: bytes) -> None:
    # What an interview holds is nobody else's to read.
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600, exist_ok=False)
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _line(difference: Difference, *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(difference).decode()
    return (
        f"{difference.interview}  {difference.view}  {difference.field}  "
        f"kept {difference.kept}, folded {difference.folded}"
    )


def run_on(held: Settings, work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Runs on the database that the settings name; ends with a sentence where it cannot be done."""

    async def run() -> Result:
        async with _open(held) as database:
            return await work(database)

    try:
        return asyncio.run(run())
    except ServicesError as error:
        _fail(str(error), MISCONFIGURED)
    except (StorageError, CarryingError) as error:
        _fail(str(error), 1)


@asynccontextmanager
async def _open(held: Settings) -> AsyncIterator[Database]:
    database = await _connected(held)
    try:
        yield database
    finally:
        await database.close()


async def _connected(held: Settings) -> Database:
    if held.database_url is not None:
        return await Database.open(held.database_url, held.maintenance_database_url, min_size=1, max_size=2)
    if not (held.home / "postgres" / "data").exists():
        raise ServicesError(
            f"There is no database: DATABASE_URL is not set, and {held.home.absolute()} holds none. "
            "Set DATABASE_URL, or VIVA_HOME to the folder that `viva run` keeps its data in."
        )
    from server.embedded.postgres import EmbeddedPostgres

    own = EmbeddedPostgres(held.home.absolute())
    try:
        return await Database.open(own.url(APPLICATION), own.url(MAINTENANCE), min_size=1, max_size=2)
    except DatabaseUnavailable as away:
        raise ServicesError(
            f"The database in {held.home.absolute()} does not run. Start Viva with `viva run`, then try again."
        ) from away


def _fail(sentence: str, status: int) -> NoReturn:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201
    raise typer.Exit(status)

"""What the serving process stands on, opened once and handed to everything that needs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from obstore.store import ObjectStore
from starlette.routing import BaseRoute

from agents import opening
from agents.calls import Door
from agents.library import Library, load_library
from agents.library.keeping import records_of
from server.accounts import versions_of
from server.settings import Settings
from storage import cache, identity, migrations, objects, plans
from storage.cache import Cache
from storage.database import Connection, Database
from storage.identity import LocalOwner
from storage.ids import SHARED_TENANT


class ServicesError(Exception):
    """The server cannot start as things are; the sentence says what to do."""

    safe: ClassVar[bool] = True


class LiveHost(Protocol):
    """What holds the live interviews of this process."""

    @property
    def live_count(self) -> int:
        """Interviews with a candidate connected."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """The WebSocket routes."""
        ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """`now` is the wall's clock, aware and in UTC."""

    settings: Settings
    database: Database
    cache: Cache | None
    objects: ObjectStore
    library: Library
    local_owner: LocalOwner
    now: Callable[[], datetime]
    versions: Mapping[str, str] = field(default_factory=lambda: opening.VERSIONS)
    """Who holds and scores the interviews that are begun here."""
    live: LiveHost | None = None
    door: Door | None = None
    """The way to a language model, where one is configured."""

    async def close(self) -> None:
        """Close what was opened; the live host stops with the application."""
        if self.cache is not None:
            await self.cache.close()
        await self.database.close()


async def open_services(settings: Settings) -> Services:
    """Connect to everything, import the library and make the local owner.

    Raises ServicesError, LibraryError, DatabaseUnavailable or ObjectsUnavailable. A cache that does not answer is no
    reason not to start.
    """
    if settings.database_url is None:
        raise ServicesError(
            "There is no database to serve from. Set DATABASE_URL, or start with `viva run`, which brings one."
        )
    library = load_library()
    store = objects.connect(settings.objects_url, settings.home / "objects")
    database = await Database.open(settings.database_url, settings.maintenance_database_url)
    try:
        await _refuse_old_schema(database)
        await import_library(database, library)
        owner = await identity.ensure_local_owner(database)
    except BaseException:
        await database.close()
        raise
    return Services(
        settings=settings,
        database=database,
        cache=cache.connect(settings.redis_url) if settings.redis_url else None,
        objects=store,
        library=library,
        local_owner=owner,
        now=lambda: datetime.now(UTC),
        versions=versions_of(settings),
    )


async def import_library(database: Database, library: Library) -> None:
    """Offer the library's plans to every tenant; those already there word for word are left alone."""
    async with database.tenant(SHARED_TENANT) as connection:
        for slug in sorted(library.plans):
            await _import_plan(connection, library, slug)


async def _import_plan(connection: Connection, library: Library, slug: str) -> None:
    plan = library.plans[slug]
    await plans.keep_plan(connection, *records_of(plan, library.rubrics[plan.rubric], "library"))


async def _refuse_old_schema(database: Database) -> None:
    async with database.untenanted() as connection:
        waiting = await migrations.pending(connection)
    if waiting:
        raise ServicesError(
            f"The database lacks {len(waiting)} migrations, the first of them {waiting[0]}. Run `viva migrate up`."
        )

"""What the serving process stands on, opened once and handed to everything that needs it."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from obstore.store import ObjectStore
from starlette.routing import BaseRoute

from agents import opening
from agents.library import Library, load_library
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
    rubric = library.rubrics[plan.rubric]
    first, *_ = plan.languages
    rubric_id = await plans.import_rubric(
        connection,
        slug=rubric.slug,
        title=rubric.title[first],
        languages=rubric.languages,
        body=rubric,
        content_hash=library.rubric_hashes[rubric.slug],
    )
    # A version is a plan with its rubric: other anchors make another version, though no question changed.
    pair = f"{library.plan_hashes[slug]} {library.rubric_hashes[rubric.slug]}"
    new = plans.NewPlan(
        slug=slug,
        title=plan.title[first],
        interview_type=plan.interview_type,
        difficulty_level=plan.difficulty_level,
        target_duration_minutes=plan.target_duration_minutes,
        hard_limit_minutes=plan.hard_limit_minutes,
        languages=plan.languages,
        body=plan,
        content_hash=hashlib.sha256(pair.encode()).hexdigest(),
        role_level=plan.role_level,
    )
    await plans.import_plan(connection, new, rubric_id)


async def _refuse_old_schema(database: Database) -> None:
    async with database.untenanted() as connection:
        waiting = await migrations.pending(connection)
    if waiting:
        raise ServicesError(
            f"The database lacks {len(waiting)} migrations, the first of them {waiting[0]}. Run `viva migrate up`."
        )

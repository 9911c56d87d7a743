"""Real services for the tests: PostgreSQL and Valkey as children, one pair a test process.

Tests share the database and stand apart by tenant, so that nothing has to be emptied between them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import msgspec
import pytest
import structlog

from server.embedded import EmbeddedServices
from storage import cache, migrations
from storage.cache import Cache
from storage.database import Database
from storage.ids import uuid7
from storage.roles import APPLICATION, MAINTENANCE

# The vendors' clients would send even this machine's own address through a proxy of the environment's.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

# Where a test sets up no log of its own, structlog would draw every exception with all that its frames hold: half a
# minute for one that passed through the library's plans.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback


class DatabaseUrls(msgspec.Struct, frozen=True):
    """Addresses of one migrated database, by role."""

    admin: str
    app: str
    maintenance: str


class Person(msgspec.Struct, frozen=True):
    """A user and the personal tenant that is theirs."""

    tenant_id: UUID
    user_id: UUID


# Synchronous, each with a loop of its own: what they start outlives the loops of the tests.
@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServices]:
    """PostgreSQL and Valkey, started once a test process."""
    running = EmbeddedServices(tmp_path_factory.mktemp("services"))
    asyncio.run(running.start())
    yield running
    asyncio.run(running.stop())


@pytest.fixture(scope="session")
def database_urls(services: EmbeddedServices) -> DatabaseUrls:
    """The migrated database."""
    assert services.postgres is not None
    postgres = services.postgres
    passwords = {role: postgres.password(role) for role in (APPLICATION, MAINTENANCE)}
    asyncio.run(migrations.up(postgres.admin_url, passwords=passwords))
    return DatabaseUrls(postgres.admin_url, postgres.url(APPLICATION), postgres.url(MAINTENANCE))


@pytest.fixture
async def database(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The application's and maintenance's pools, on the test's own loop."""
    opened = await Database.open(database_urls.app, database_urls.maintenance, min_size=1)
    yield opened
    await opened.close()


@pytest.fixture
async def tenant(database: Database) -> Person:
    """A person who is new to the database, in a tenant of their own."""
    return await new_person(database)


async def new_person(database: Database) -> Person:
    """Make a user, their personal tenant and their membership in it."""
    person = Person(tenant_id=uuid7(), user_id=uuid7())
    async with database.tenant(person.tenant_id) as connection:
        await connection.execute(
            "insert into identity.tenants (id, kind, name, slug) values ($1, 'personal', 'Test', $2)",
            person.tenant_id,
            str(person.tenant_id),
        )
        await connection.execute(
            "insert into identity.users (id, tenant_id, first_name, last_name) values ($1, $2, 'Test', 'Person')",
            person.user_id,
            person.tenant_id,
        )
        await connection.execute(
            "insert into identity.memberships (id, tenant_id, user_id, role, is_default, display_name)"
            " values ($1, $2, $3, 'admin', true, 'Test Person')",
            uuid7(),
            person.tenant_id,
            person.user_id,
        )
    return person


@pytest.fixture(scope="session")
def redis_url(services: EmbeddedServices) -> str:
    """The address of Valkey."""
    assert services.valkey is not None
    return services.valkey.url


@pytest.fixture
async def redis_cache(redis_url: str) -> AsyncIterator[Cache]:
    """A cache on the test's own loop."""
    opened = cache.connect(redis_url)
    yield opened
    await opened.close()


_LANES = 3
"""How many at a time `make test` runs; each begins with a third of the list and then takes from the others' ends."""
_SEEN = ("tests/browser/",)
_HEARD = ("tests/server/live/", "tests/agents/test_spoken_conversation.py", "tests/test_benchmarks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits for real sound, one such test at a time in each of two lanes.

    In the order of the folders all of it would stand in one lane, and go on alone when everything else has passed.
    """
    seen = [item for item in items if item.nodeid.startswith(_SEEN)]
    heard = [item for item in items if item.nodeid.startswith(_HEARD)]
    others = [item for item in items if not item.nodeid.startswith(_SEEN + _HEARD)]
    lane = -(-len(items) // _LANES)
    beside_seen, beside_heard = max(0, lane - len(seen)), max(0, lane - len(heard))
    items[:] = [
        *seen,
        *others[:beside_seen],
        *heard,
        *others[beside_seen : beside_seen + beside_heard],
        *others[beside_seen + beside_heard :],
    ]

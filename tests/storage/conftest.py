"""A plan in the shared tenant, and interviews held by it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest

from server.embedded import EmbeddedServices
from storage import migrations, plans
from storage.database import Database
from storage.ids import SHARED_TENANT, uuid7
from storage.interviews import NewInterview, create_interview
from storage.plans import NewPlan, import_plan, import_rubric
from storage.roles import APPLICATION, MAINTENANCE
from tests.conftest import DatabaseUrls, Person

DATABASE = "viva_storage"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

MakeInterview: TypeAlias = Callable[..., Awaitable[UUID]]

RUBRIC = {"competencies": [{"id": "ownership", "anchors": ["one", "two", "three", "four", "five"]}]}


def new_plan(slug: str, body: dict[str, object]) -> NewPlan:
    """A plan of ten minutes with that document."""
    return NewPlan(
        slug=slug,
        title="A test plan",
        interview_type="behavioral",
        difficulty_level="medium",
        target_duration_minutes=10,
        hard_limit_minutes=15,
        languages=["en", "es"],
        body=body,
        content_hash=plans.content_hash(body),
    )


@pytest.fixture(scope="session")
def database_urls(services: EmbeddedServices) -> DatabaseUrls:
    """A database of storage's own: its plans in the shared tenant are documents that no other layer could read."""
    assert services.postgres is not None
    postgres = services.postgres
    asyncio.run(_make_database(postgres.admin_url))
    admin = urlunsplit(urlsplit(postgres.admin_url)._replace(path=f"/{DATABASE}"))
    asyncio.run(migrations.up(admin, passwords={role: postgres.password(role) for role in (APPLICATION, MAINTENANCE)}))
    return DatabaseUrls(admin, postgres.url(APPLICATION, DATABASE), postgres.url(MAINTENANCE, DATABASE))


async def _make_database(admin_url: str) -> None:
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute(f"create database {DATABASE}")
    finally:
        await connection.close()


@pytest.fixture
async def plan_version_id(database: Database) -> UUID:
    """A version of a plan that belongs to the shared tenant."""
    async with database.tenant(SHARED_TENANT) as connection:
        rubric_id = await import_rubric(
            connection,
            slug="test-rubric",
            title="A test rubric",
            languages=["en", "es"],
            body=RUBRIC,
            content_hash=plans.content_hash(RUBRIC),
        )
        return await import_plan(connection, new_plan("test-plan", {"questions": ["q1", "q2"]}), rubric_id)


@pytest.fixture
def make_interview(database: Database, plan_version_id: UUID) -> MakeInterview:
    """Make a typed practice of that plan for a person, at an instant."""

    async def make(person: Person, at: datetime = NOON) -> UUID:
        new = NewInterview(
            id=uuid7(at),
            kind="practice",
            channel="text",
            user_id=person.user_id,
            plan_version_id=plan_version_id,
            versions={"director": "1"},
            interview_type="behavioral",
            language="en",
            difficulty_level="medium",
            target_duration_minutes=10,
            scorer="rehearsal",
        )
        async with database.tenant(person.tenant_id) as connection:
            await create_interview(connection, new, at)
        return new.id

    return make

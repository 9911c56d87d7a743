from __future__ import annotations

import asyncio
from uuid import UUID

import asyncpg
import msgspec
import pytest

from storage import plans
from storage.database import Database
from storage.errors import NotFound
from storage.ids import SHARED_TENANT, uuid7
from storage.plans import import_plan, import_rubric, list_plans, plan_by_slug, plan_version
from tests.conftest import DatabaseUrls, Person
from tests.storage.conftest import RUBRIC, new_plan


@pytest.fixture
def slug() -> str:
    return f"plan-{uuid7()}"


async def import_into(database: Database, tenant_id: UUID, slug: str, body: dict[str, object]) -> UUID:
    async with database.tenant(tenant_id) as connection:
        rubric_id = await import_rubric(
            connection,
            slug=slug,
            title="A rubric",
            languages=["en"],
            body=RUBRIC,
            content_hash=plans.content_hash(RUBRIC),
        )
        return await import_plan(connection, new_plan(slug, body), rubric_id)


async def test_the_same_text_is_imported_once(database: Database, slug: str) -> None:
    first = await import_into(database, SHARED_TENANT, slug, {"questions": [1]})
    assert await import_into(database, SHARED_TENANT, slug, {"questions": [1]}) == first


async def test_five_starts_at_once_import_one_version(database: Database, slug: str) -> None:
    versions = await asyncio.gather(*(import_into(database, SHARED_TENANT, slug, {"questions": [1]}) for _ in range(5)))
    assert len(set(versions)) == 1
    async with database.tenant(SHARED_TENANT) as connection:
        assert (await plan_by_slug(connection, slug)).number == 1


async def test_another_text_is_another_version_and_the_old_one_stays_as_it_was(
    database: Database, tenant: Person, slug: str
) -> None:
    old = await import_into(database, SHARED_TENANT, slug, {"questions": [1]})
    new = await import_into(database, SHARED_TENANT, slug, {"questions": [1, 2]})
    async with database.tenant(tenant.tenant_id) as connection:
        current = await plan_by_slug(connection, slug)
        assert (current.id, current.number, current.body) == (new, 2, {"questions": [1, 2]})
        pinned = await plan_version(connection, old)
        assert (pinned.number, pinned.body, pinned.rubric_body) == (1, {"questions": [1]}, RUBRIC)
    assert await import_into(database, SHARED_TENANT, slug, {"questions": [1]}) == old
    async with database.tenant(tenant.tenant_id) as connection:
        assert (await plan_by_slug(connection, slug)).id == old


async def test_a_tenants_own_plan_hides_the_shared_one_from_it_alone(
    database: Database, tenant: Person, slug: str
) -> None:
    shared = await import_into(database, SHARED_TENANT, slug, {"questions": [1]})
    own = await import_into(database, tenant.tenant_id, slug, {"questions": [9]})
    async with database.tenant(tenant.tenant_id) as connection:
        assert [plan.id for plan in await list_plans(connection) if plan.slug == slug] == [own]
        assert (await plan_by_slug(connection, slug)).id == own
    async with database.tenant(uuid7()) as connection:
        assert [plan.id for plan in await list_plans(connection) if plan.slug == slug] == [shared]


async def test_a_plan_nobody_imported_is_not_found(database: Database, tenant: Person) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        with pytest.raises(NotFound, match="no plan nothing-like-it"):
            await plan_by_slug(connection, "nothing-like-it")
        with pytest.raises(NotFound):
            await plan_version(connection, uuid7())


@pytest.mark.parametrize("table", ["plan_versions", "rubrics"])
async def test_a_version_is_never_changed_even_in_its_own_tenant(
    database: Database, plan_version_id: UUID, table: str
) -> None:
    statements = (
        f"update interview.{table} set body = '{{}}'",  # noqa: S608
        f"delete from interview.{table}",  # noqa: S608
    )
    for statement in statements:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.tenant(SHARED_TENANT) as connection:
                await connection.execute(statement)


async def test_a_change_by_the_owner_of_the_tables_is_refused_with_a_sentence(
    database_urls: DatabaseUrls, plan_version_id: UUID
) -> None:
    connection = await asyncpg.connect(database_urls.admin)
    try:
        await connection.execute("set role viva_owner")
        await connection.execute("select set_config('app.tenant', $1, false)", str(SHARED_TENANT))
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed; add a new one"):
            await connection.execute("update interview.plan_versions set body = '{}'")
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await connection.execute("delete from interview.rubrics")
    finally:
        await connection.close()


class Struct(msgspec.Struct):
    b: int
    a: list[str]


def test_a_document_hashes_alike_whatever_holds_it_and_in_whatever_order() -> None:
    expected = plans.content_hash({"a": ["x"], "b": 1})
    assert plans.content_hash({"b": 1, "a": ["x"]}) == expected
    assert plans.content_hash(Struct(b=1, a=["x"])) == expected
    assert plans.content_hash({"a": ["y"], "b": 1}) != expected
    assert len(expected) == 64

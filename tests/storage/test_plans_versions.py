"""The history of a plan: every save is a version, nobody overwrites anybody, and what was held by stays."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec
import pytest

from storage import plans
from storage.database import Database
from storage.errors import NotFound
from storage.ids import SHARED_TENANT, uuid7
from storage.plans import (
    NewRubric,
    PlanMovedOn,
    PlanVersion,
    archive_plan,
    keep_plan,
    list_plans,
    plan_by_slug,
    plan_version,
    save_version,
    version_by_number,
    versions_of,
)
from tests.conftest import Person, new_person
from tests.storage.conftest import new_plan

BODY = {"title": {"en": "A rubric"}, "languages": ["en"], "competencies": []}


def rubric(slug: str, **changes: object) -> NewRubric:
    body = BODY | changes
    return NewRubric(
        slug=slug,
        title="A rubric",
        languages=["en"],
        body=body,
        content_hash=plans.content_hash(body),
        source="workshop",
    )


@pytest.fixture
def slug() -> str:
    return f"plan-{uuid7()}"


async def save(
    database: Database, person: Person, slug: str, body: dict[str, object], base: int | None, **changes: object
) -> tuple[PlanVersion, bool]:
    plan = msgspec.structs.replace(new_plan(slug, body), source="workshop")
    async with database.tenant(person.tenant_id) as connection:
        return await save_version(connection, plan, rubric(slug, **changes), base=base, created_by=person.user_id)


async def share(database: Database, slug: str, body: dict[str, object]) -> UUID:
    async with database.tenant(SHARED_TENANT) as connection:
        return await keep_plan(connection, new_plan(slug, body), rubric(slug))


async def numbers(database: Database, person: Person, slug: str) -> list[tuple[int, str, bool]]:
    async with database.tenant(person.tenant_id) as connection:
        return [(each.number, each.source, each.is_current) for each in await versions_of(connection, slug)]


async def test_each_save_is_a_version_with_its_time_and_its_author(
    database: Database, tenant: Person, slug: str
) -> None:
    first, is_new = await save(database, tenant, slug, {"q": 1}, None)
    second, _ = await save(database, tenant, slug, {"q": 2}, 1)
    assert (first.number, second.number, is_new) == (1, 2, True)
    assert first.is_own
    assert await numbers(database, tenant, slug) == [(2, "workshop", True), (1, "workshop", False)]
    async with database.tenant(tenant.tenant_id) as connection:
        latest, earliest = await versions_of(connection, slug)
        assert latest.created_by == earliest.created_by == tenant.user_id
        assert latest.created_at > earliest.created_at
        assert (await version_by_number(connection, slug, 1)).body == {"q": 1}
        assert (await plan_version(connection, first.id)).body == {"q": 1}


async def test_the_first_save_of_a_shared_plan_keeps_its_text_as_ones_own_first_version(
    database: Database, tenant: Person, slug: str
) -> None:
    shared = await share(database, slug, {"q": "shared"})
    saved, _ = await save(database, tenant, slug, {"q": "own"}, 1)
    assert saved.number == 2
    assert await numbers(database, tenant, slug) == [(2, "workshop", True), (1, "library", False)]
    async with database.tenant(tenant.tenant_id) as connection:
        first = await version_by_number(connection, slug, 1)
        assert (first.body, first.is_own) == ({"q": "shared"}, True)
        assert first.id != shared
    other = await new_person(database)
    assert await numbers(database, other, slug) == [(1, "library", True)]


async def test_what_was_made_from_an_older_version_is_refused_and_nothing_is_kept(
    database: Database, tenant: Person, slug: str
) -> None:
    await save(database, tenant, slug, {"q": 1}, None)
    await save(database, tenant, slug, {"q": 2}, 1)
    for base in (1, None, 7):
        with pytest.raises(PlanMovedOn) as refused:
            await save(database, tenant, slug, {"q": 3}, base)
        assert (refused.value.base, refused.value.current) == (base, 2)
    assert len(await numbers(database, tenant, slug)) == 2
    with pytest.raises(PlanMovedOn) as gone:
        await save(database, tenant, f"{slug}-other", {"q": 1}, 1)
    assert gone.value.current is None


async def test_of_six_who_save_at_once_from_one_version_just_one_wins(
    database: Database, tenant: Person, slug: str
) -> None:
    await save(database, tenant, slug, {"q": 0}, None)
    done = await asyncio.gather(
        *(save(database, tenant, slug, {"q": n}, 1) for n in range(1, 7)), return_exceptions=True
    )
    assert sum(isinstance(each, tuple) for each in done) == 1
    assert sum(isinstance(each, PlanMovedOn) for each in done) == 5
    assert [number for number, _, _ in await numbers(database, tenant, slug)] == [2, 1]


async def test_an_earlier_text_is_that_version_again(database: Database, tenant: Person, slug: str) -> None:
    first, _ = await save(database, tenant, slug, {"q": 1}, None)
    await save(database, tenant, slug, {"q": 2}, 1)
    again, is_new = await save(database, tenant, slug, {"q": 1}, 2)
    assert (again.id, is_new) == (first.id, False)
    assert await numbers(database, tenant, slug) == [(2, "workshop", False), (1, "workshop", True)]
    third, is_new = await save(database, tenant, slug, {"q": 3}, 1)
    assert (third.number, is_new) == (3, True)


async def test_a_plan_that_is_put_away_gives_the_shared_one_back_and_keeps_its_versions(
    database: Database, tenant: Person, slug: str
) -> None:
    shared = await share(database, slug, {"q": "shared"})
    own, _ = await save(database, tenant, slug, {"q": "own"}, 1)
    async with database.tenant(tenant.tenant_id) as connection:
        await archive_plan(connection, slug)
        assert (await plan_by_slug(connection, slug)).id == shared
        assert [each.id for each in await list_plans(connection) if each.slug == slug] == [shared]
        assert (await plan_version(connection, own.id)).body == {"q": "own"}
        with pytest.raises(NotFound):
            await archive_plan(connection, slug)
    back, _ = await save(database, tenant, slug, {"q": "again"}, 1)
    assert back.number == 3


async def test_a_shared_plan_is_put_away_by_nobody(database: Database, tenant: Person, slug: str) -> None:
    await share(database, slug, {"q": "shared"})
    async with database.tenant(tenant.tenant_id) as connection:
        with pytest.raises(NotFound):
            await archive_plan(connection, slug)
    assert await numbers(database, tenant, slug) == [(1, "library", True)]


async def test_a_plan_of_ones_own_is_nobody_elses(database: Database, tenant: Person, slug: str) -> None:
    saved, _ = await save(database, tenant, slug, {"q": 1}, None)
    other = await new_person(database)
    async with database.tenant(other.tenant_id) as connection:
        for missing in (versions_of(connection, slug), version_by_number(connection, slug, 1)):
            with pytest.raises(NotFound):
                await missing
        with pytest.raises(NotFound):
            await plan_version(connection, saved.id)
    theirs, _ = await save(database, other, slug, {"q": "theirs"}, None)
    assert theirs.number == 1


async def test_the_number_of_judges_is_kept_with_the_version(database: Database, tenant: Person, slug: str) -> None:
    plan = msgspec.structs.replace(new_plan(slug, {"judges": 3}), judges=3)
    async with database.tenant(tenant.tenant_id) as connection:
        saved, _ = await save_version(connection, plan, rubric(slug), base=None, created_by=None)
        assert saved.judges == 3
        assert (await versions_of(connection, slug))[0].created_by is None

"""What an interview's scores rest on is read at one moment, its own and nobody else's."""

from pathlib import Path

import pytest

from storage.database import Database
from storage.errors import NotFound
from storage.ids import uuid7
from storage.interviews import delete_softly, set_status
from storage.score_grounds import grounds_of, interviews_kept, which_are_kept
from tests.conftest import Person, new_person
from tests.storage.conftest import NOON, RUBRIC, MakeInterview
from tests.storage.purgeable import fill, folder_store


async def test_every_part_is_there_with_the_pinned_plan(
    database: Database, tenant: Person, make_interview: MakeInterview, tmp_path: Path
) -> None:
    interview_id = await make_interview(tenant)
    await fill(database, folder_store(tmp_path), None, tenant, interview_id)
    async with database.tenant(tenant.tenant_id) as connection:
        found = await grounds_of(connection, interview_id)
    assert found.interview["id"] == str(interview_id)
    assert (found.plan, found.rubric) == ({"questions": ["q1", "q2"]}, RUBRIC)
    counts = {name: len(rows) for name, rows in found.parts.items()}
    assert counts == {
        "events": 0,
        "questions": 2,
        "responses": 1,
        "scoring_runs": 1,
        "scores": 1,
        "lineage": 2,
        "transcript": 1,
    }


async def test_deleted_ones_are_there_until_they_are_purged(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    ids = [await make_interview(tenant) for _ in range(3)]
    async with database.tenant(tenant.tenant_id) as connection:
        await set_status(connection, ids[1], "completed", NOON)
        assert await delete_softly(connection, ids[1], NOON)
        assert await interviews_kept(connection) == sorted(ids)
        assert await interviews_kept(connection, min(ids), limit=1) == sorted(ids)[1:2]
        assert await which_are_kept(connection, [ids[1], uuid7()]) == [ids[1]]
        assert (await grounds_of(connection, ids[1])).interview["id"] == str(ids[1])


async def test_nobody_elses_are_there(database: Database, tenant: Person, make_interview: MakeInterview) -> None:
    interview_id = await make_interview(tenant)
    other = await new_person(database)
    async with database.tenant(other.tenant_id) as connection:
        assert await interviews_kept(connection) == []
        assert await which_are_kept(connection, [interview_id]) == []
        with pytest.raises(NotFound):
            await grounds_of(connection, interview_id)

from __future__ import annotations

from datetime import UTC, datetime

from storage.database import Database
from storage.events import append
from storage.interviews import take_over
from storage.partitions import ensure_partitions, tables_with_strays
from tests.conftest import Person
from tests.storage.conftest import MakeInterview
from tests.storage.test_events import said

FAR = datetime(2041, 5, 31, 23, tzinfo=UTC)
MISSED = datetime(2043, 5, 31, 23, tzinfo=UTC)


async def test_months_are_made_ahead_once(database: Database) -> None:
    async with database.maintenance() as connection:
        made = await ensure_partitions(connection, FAR, months_ahead=1)
        assert made == [
            "interview.events_2041_05",
            "interview.events_2041_06",
            "compliance.model_lineage_2041_05",
            "compliance.model_lineage_2041_06",
        ]
        assert await ensure_partitions(connection, FAR, months_ahead=1) == []


async def test_an_event_of_a_month_nobody_made_is_kept_and_found_and_the_other_months_are_still_made(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await make_interview(tenant, MISSED)
    async with database.tenant(tenant.tenant_id) as connection:
        epoch = await take_over(connection, interview_id, "here", MISSED)
        assert epoch is not None
        assert await append(connection, interview_id, epoch, [said("kept all the same")]) == [1]
    async with database.maintenance() as connection:
        assert "interview.events" in await tables_with_strays(connection)
        made = await ensure_partitions(connection, MISSED, months_ahead=1)
    assert "interview.events_2043_05" not in made
    assert "interview.events_2043_06" in made

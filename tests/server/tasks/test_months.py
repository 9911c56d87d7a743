"""The months kept by the worker, and the alarm over what found none."""

from datetime import UTC, datetime

from structlog.testing import capture_logs

from server import metrics
from server.tasks.months import keep_months, observe_defaults
from storage.database import Database
from storage.ids import uuid7
from storage.lineage import lineage_of, record
from storage.partitions import MOST_MOVED
from tests.conftest import Person
from tests.storage.purgeable import call_for

TABLE = "compliance.model_lineage"
HELD_BACK = datetime(1999, 5, 1, tzinfo=UTC)
"""Of no month that would be made."""


def published() -> float:
    value = metrics.REGISTRY.get_sample_value("viva_default_partition_rows", {"table": TABLE})
    assert value is not None
    return value


async def test_the_months_ahead_are_made_and_strays_go_into_theirs(database: Database, tenant: Person) -> None:
    at = datetime(2035, 2, 14, tzinfo=UTC)
    interview_id = uuid7()
    async with database.tenant(tenant.tenant_id) as connection:
        await record(connection, call_for(interview_id, at))
    with capture_logs() as logs:
        await keep_months(database, lambda: datetime(2036, 11, 20, tzinfo=UTC))
    made = {line["partition"] for line in logs if line["event"] == "partition.made"}
    for months in ("2036_11", "2036_12", "2037_01", "2037_02"):
        assert {f"interview.events_{months}", f"{TABLE}_{months}", f"compliance.audit_logs_{months}"} <= made
    settled = [(line["table"], line["month"], line["rows"]) for line in logs if line["event"] == "partition.settled"]
    assert (TABLE, "2035-02-01", 1) in settled
    async with database.tenant(tenant.tenant_id) as connection:
        assert len(await lineage_of(connection, interview_id)) == 1
        where = "select tableoid::regclass::text from compliance.model_lineage"
        assert await connection.fetchval(where) == f"{TABLE}_2035_02"


async def test_rows_that_stay_in_a_default_partition_are_warned_of_and_published(
    database: Database, tenant: Person
) -> None:
    await observe_defaults(database)
    before = published()
    async with database.tenant(tenant.tenant_id) as connection:
        await record(connection, call_for(uuid7(), HELD_BACK))
    with capture_logs() as logs:
        await keep_months(database, lambda: datetime.now(UTC))
    assert published() == before + 1
    warned = [line for line in logs if line["event"] == "partition.strays" and line["table"] == TABLE]
    assert [(line["log_level"], line["rows"]) for line in warned] == [("warning", before + 1)]
    assert before + 1 < MOST_MOVED

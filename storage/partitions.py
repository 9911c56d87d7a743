"""The months of the partitioned tables: made ahead of time, and what lies outside of them found and put there."""

from __future__ import annotations

from datetime import date, datetime

import asyncpg
import msgspec

from storage.database import Connection, Database

MOST_MOVED = 50_000
"""Rows of one month that are moved by themselves: about a second, for which writers to that month wait."""
MOVED_WITHIN_S = 10.0
_LOCK = 0x56495641_4D4F4E54  # "VIVAMONT"


class Settled(msgspec.Struct, frozen=True):
    """A month that lay in a table's default partition. `moved` is None where it was left for a quieter moment."""

    table: str
    month: date
    rows: int
    moved: int | None


# Only what can have been meant: an identifier that is no UUIDv7, or of another century, has no month to go to.
_STRAY_MONTHS = """
select 'interview.events' as parent, month, count(*) as rows
  from (select date_trunc('month', to_timestamp(
                 ('x' || translate(left(interview_id::text, 13), '-', ''))::bit(48)::bigint / 1000.0)
                 at time zone 'UTC')::date as month
          from interview.events_default
         where substr(interview_id::text, 15, 1) = '7'
           and interview_id >= interview.uuid7_floor('2000-01-01Z')
           and interview_id < interview.uuid7_floor('2200-01-01Z')) e group by month
union all
select 'compliance.model_lineage', date_trunc('month', occurred_at at time zone 'UTC')::date, count(*)
  from compliance.model_lineage_default where occurred_at >= '2000-01-01Z' and occurred_at < '2200-01-01Z' group by 2
union all
select 'compliance.audit_logs', date_trunc('month', occurred_at at time zone 'UTC')::date, count(*)
  from compliance.audit_logs_default where occurred_at >= '2000-01-01Z' and occurred_at < '2200-01-01Z' group by 2
order by 1, 2
"""


async def ensure_partitions(connection: Connection, present: datetime, months_ahead: int = 3) -> list[str]:
    """Make the present month's partitions and those of the months after it. Returns the names of those made.

    For viva_maintenance. Of several who make them at once, one does and the others wait.
    """
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    rows = await connection.fetch(
        "select * from interview.ensure_event_partitions($1, $2)"
        " union all select * from compliance.ensure_lineage_partitions($1, $2)"
        " union all select * from compliance.ensure_audit_partitions($1, $2)",
        months_ahead,
        present,
    )
    return [row[0] for row in rows]


async def strays(connection: Connection) -> dict[str, int]:
    """For each partitioned table, how many rows found no month and lie in its default partition; 100,001 for more.

    Any role may ask, so that whoever publishes figures can.
    """
    rows = await connection.fetch("select parent, strays from compliance.default_partition_rows()")
    return {row["parent"]: row["strays"] for row in rows}


async def tables_with_strays(connection: Connection) -> list[str]:
    """The tables of which some rows lie in the default partition: a cause for alarm."""
    return [table for table, rows in (await strays(connection)).items() if rows]


async def stray_months(connection: Connection) -> list[Settled]:
    """The months whose rows lie in a default partition; nothing is moved. For viva_maintenance."""
    return [Settled(row["parent"], row["month"], row["rows"], None) for row in await connection.fetch(_STRAY_MONTHS)]


async def settle(database: Database, found: Settled, most: int = MOST_MOVED) -> Settled:
    """Make that month's partition, with its rows in it, all or nothing.

    A month of more than `most` rows is left, and so is one whose tables are busy: whoever writes comes first.
    Raises DatabaseUnavailable.
    """
    if found.rows > most:
        return found
    try:
        # A transaction of its own: its locks end with the month.
        async with database.maintenance() as connection:
            if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
                return found
            moved = await connection.fetchval(
                "select public.settle_month($1::text::regclass, $2)", found.table, found.month, timeout=MOVED_WITHIN_S
            )
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, TimeoutError):
        return found
    return msgspec.structs.replace(found, moved=moved)

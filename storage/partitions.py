"""The months of the partitioned tables, made ahead of time. For viva_maintenance."""

from __future__ import annotations

from datetime import datetime

from storage.database import Connection

_DEFAULTS = """
select 'interview.events' as parent where exists (select from interview.events_default)
union all
select 'compliance.model_lineage' where exists (select from compliance.model_lineage_default)
"""


async def ensure_partitions(connection: Connection, present: datetime, months_ahead: int = 3) -> list[str]:
    """Make the present month's partitions and those of the months after it. Returns the names of those made."""
    rows = await connection.fetch(
        "select * from interview.ensure_event_partitions($1, $2)"
        " union all select * from compliance.ensure_lineage_partitions($1, $2)",
        months_ahead,
        present,
    )
    return [row[0] for row in rows]


async def tables_with_strays(connection: Connection) -> list[str]:
    """The tables of which some rows found no month and lie in the default partition: a cause for alarm."""
    return [row["parent"] for row in await connection.fetch(_DEFAULTS)]

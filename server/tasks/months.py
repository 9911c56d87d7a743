"""The months of the partitioned tables: made ahead; what found none is put into its own, or warned of."""

from collections.abc import Callable
from datetime import datetime

import structlog
from prometheus_client import Gauge

from server import metrics
from storage import partitions
from storage.database import Database

log = structlog.get_logger(__name__)

DEFAULT_PARTITION_ROWS = Gauge(
    "viva_default_partition_rows",
    "Rows that found no month's partition; anything but 0 for a day wants a look. 100,001 stands for more.",
    ("table",),
    registry=metrics.REGISTRY,
    multiprocess_mode="livemax",
)


async def keep_months(database: Database, now: Callable[[], datetime]) -> None:
    """Makes the months ahead and settles rows that found none. Raises DatabaseUnavailable."""
    async with database.maintenance() as connection:
        made = await partitions.ensure_partitions(connection, now())
        found = await partitions.stray_months(connection)
    for name in made:
        log.info("partition.made", partition=name)
    for stray in found:
        settled = await partitions.settle(database, stray)
        if settled.moved is None:
            log.warning("partition.not_settled", table=stray.table, month=str(stray.month), rows=stray.rows)
        else:
            log.info("partition.settled", table=stray.table, month=str(stray.month), rows=settled.moved)
    await watch_defaults(database)


async def watch_defaults(database: Database) -> None:
    """Publishes how many rows lie in each default partition, and warns of any. Raises DatabaseUnavailable."""
    for table, rows in (await observe_defaults(database)).items():
        if rows:
            log.warning("partition.strays", table=table, rows=rows)


async def observe_defaults(database: Database) -> dict[str, int]:
    """Publishes how many rows lie in each default partition: for whoever answers `/metrics`, as viva_app.

    Raises DatabaseUnavailable.
    """
    async with database.untenanted() as connection:
        strays = await partitions.strays(connection)
    for table, rows in strays.items():
        DEFAULT_PARTITION_ROWS.labels(table=table).set(rows)
    return strays

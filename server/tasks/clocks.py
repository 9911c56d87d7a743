"""Whether this machine's clock can be trusted with what only time decides: closing the quiet, purging the old."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from storage.database import Database, clock

log = structlog.get_logger(__name__)

MOST_APART = timedelta(minutes=5)


async def agrees(database: Database, now: Callable[[], datetime]) -> bool:
    """Whether it goes with the database's, within five minutes. Otherwise it says so, and nothing is to be ended by it.

    Raises DatabaseUnavailable.
    """
    async with database.untenanted() as connection:
        ahead = now() - await clock(connection)
    if abs(ahead) <= MOST_APART:
        return True
    log.error("worker.clock_is_wrong", ahead_seconds=round(ahead.total_seconds()))
    return False

"""Interviews that nobody comes back to are closed: begun ones as abandoned, never begun ones as expired."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
import structlog

from agents.director import Close, decide
from agents.log import InterviewLog
from agents.plans import Plan
from agents.state import fold
from storage import interviews, plans
from storage.database import Database
from storage.errors import StaleEpoch
from storage.identity import tenant_ids

log = structlog.get_logger(__name__)

HOLDER = "sweep"


async def sweep(
    database: Database, now: Callable[[], datetime], abandon_after: timedelta, expire_after: timedelta
) -> int:
    """Closes what has been quiet for too long in every tenant; returns how many interviews."""
    closed = 0
    for tenant_id in await tenant_ids(database):
        async with database.tenant(tenant_id) as connection:
            begun = await interviews.idle_interviews(connection, ("in_progress", "paused"), now() - abandon_after)
            waiting = await interviews.idle_interviews(connection, ("created",), now() - expire_after)
        for idle in begun:
            closed += await _close(database, tenant_id, idle.id, "abandoned", now)
        for idle in waiting:
            closed += await _close(database, tenant_id, idle.id, "expired", now)
    return closed


async def _close(
    database: Database,
    tenant_id: UUID,
    interview_id: UUID,
    reason: Literal["abandoned", "expired"],
    now: Callable[[], datetime],
) -> bool:
    """Takes the interview over, so that a holder that is still there falls silent, and ends it."""
    journal = InterviewLog(database, tenant_id, interview_id, now)
    epoch = await journal.take_over(HOLDER)
    if epoch is None:
        return False
    async with database.tenant(tenant_id) as connection:
        row = await interviews.interview(connection, interview_id)
        version = await plans.plan_version(connection, row.plan_version_id)
    state = fold(await journal.read())
    if state.phase == "ended":
        return False
    facts = decide(msgspec.convert(version.body, Plan), state, Close(reason), state.at_ms)
    try:
        await journal.append(epoch, state.at_ms, facts)
    except StaleEpoch:
        return False  # Somebody came back in this very moment.
    log.info("interview.swept", interview_id=str(interview_id), reason=reason)
    return True

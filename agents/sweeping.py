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
from storage.errors import DatabaseUnavailable, StaleEpoch
from storage.identity import tenant_ids
from storage.interviews import IdleInterview

log = structlog.get_logger(__name__)

HOLDER = "sweep"

Reason = Literal["abandoned", "expired", "operator"]


async def sweep(
    database: Database, now: Callable[[], datetime], abandon_after: timedelta, expire_after: timedelta
) -> list[UUID]:
    """Closes what has been quiet for too long in every tenant; returns which interviews."""
    closed: list[UUID] = []
    for tenant_id in await tenant_ids(database):
        async with database.tenant(tenant_id) as connection:
            begun = await interviews.idle_interviews(connection, ("in_progress", "paused"), now() - abandon_after)
            waiting = await interviews.idle_interviews(connection, ("created",), now() - expire_after)
        # The writer's clock may have been behind: then the database's knows better.
        quiet: list[tuple[IdleInterview, Reason]] = [
            (idle, "abandoned") for idle in begun if idle.touched_at < now() - abandon_after
        ]
        quiet += [(idle, "expired") for idle in waiting if idle.touched_at < now() - expire_after]
        for idle, reason in quiet:
            if await _try_to_close(database, tenant_id, idle, reason, now):
                closed.append(idle.id)
    return closed


async def _try_to_close(
    database: Database, tenant_id: UUID, idle: IdleInterview, reason: Reason, now: Callable[[], datetime]
) -> bool:
    """One interview that cannot be closed does not keep the others open."""
    try:
        return await _close(database, tenant_id, idle, reason, now)
    except DatabaseUnavailable:
        raise
    except Exception:
        log.exception("interview.not_swept", interview_id=str(idle.id), reason=reason)
        return False


async def _close(
    database: Database, tenant_id: UUID, idle: IdleInterview, reason: Reason, now: Callable[[], datetime]
) -> bool:
    async with database.tenant(tenant_id) as connection:
        row = await interviews.interview(connection, idle.id)
    if (row.last_event_at or row.created_at) != idle.quiet_since:
        return False  # Somebody came back while others were being closed.
    return await close_interview(database, tenant_id, idle.id, reason, now)


async def close_interview(
    database: Database, tenant_id: UUID, interview_id: UUID, reason: Reason, now: Callable[[], datetime]
) -> bool:
    """Takes the interview over, so that a holder that is still there falls silent, and ends it."""
    async with database.tenant(tenant_id) as connection:
        row = await interviews.interview(connection, interview_id)
        version = await plans.plan_version(connection, row.plan_version_id)
    journal = InterviewLog(database, tenant_id, interview_id, now)
    epoch = await journal.take_over(HOLDER)
    if epoch is None:
        return False
    state = fold(await journal.read())
    if state.phase == "ended":
        return False
    facts = decide(msgspec.convert(version.body, Plan), state, Close(reason), state.at_ms)
    try:
        await journal.append(epoch, state.at_ms, facts)
    except StaleEpoch:
        return False  # Somebody came back in this very moment.
    log.info("interview.closed", interview_id=str(interview_id), reason=reason)
    return True

"""The scores of a whole database held against what they rest on, one interview at a time."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from agents.rescoring.auditing import Fault, Found, audit
from storage import identity, score_grounds
from storage.database import Database
from storage.errors import NotFound


async def audit_scores(database: Database, interview_ids: Sequence[UUID] | None) -> AsyncIterator[Found]:
    """Audit these interviews, whoever's they are, or every one where None, deleted ones included. Only reads.

    One that is nowhere is a fault too. Raises DatabaseUnavailable.
    """
    left = None if interview_ids is None else dict.fromkeys(interview_ids)
    for tenant_id in await identity.tenant_ids(database):
        if left is not None and not left:
            return
        async for interview_id in _ids_of(database, tenant_id, None if left is None else tuple(left)):
            if left is not None:
                del left[interview_id]
            yield await _audited(database, tenant_id, interview_id)
    for missing in left or ():
        yield Found(0, 0, (Fault(missing, "interview", "no_such_interview", "it is nowhere"),))


async def _ids_of(database: Database, tenant_id: UUID, only: Sequence[UUID] | None) -> AsyncIterator[UUID]:
    if only is not None:
        async with database.tenant(tenant_id) as connection:
            here = await score_grounds.which_are_kept(connection, only)
        for interview_id in here:
            yield interview_id
        return
    after: UUID | None = None
    while True:
        async with database.tenant(tenant_id) as connection:
            page = await score_grounds.interviews_kept(connection, after)
        for interview_id in page:
            yield interview_id
        if not page:
            return
        after = page[-1]


async def _audited(database: Database, tenant_id: UUID, interview_id: UUID) -> Found:
    try:
        async with database.tenant(tenant_id) as connection:
            kept = await score_grounds.grounds_of(connection, interview_id)
    except NotFound:
        # Purged since its id was read.
        return Found(0, 0, ())
    return audit(interview_id, kept.plan, kept.rubric, kept.parts)

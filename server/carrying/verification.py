"""Interviews held against their logs, one at a time: memory does not grow with their number."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import msgspec

from agents.verifying import Difference, Rows, differences
from storage import identity, portable
from storage.database import Database
from storage.errors import NotFound
from storage.portable import PARTS, KeptInterview


class Verified(msgspec.Struct, frozen=True):
    """One interview, and what is wrong with it: nothing, where `differences` is empty."""

    interview_id: UUID
    differences: tuple[Difference, ...]


async def verify(database: Database, interview_ids: Sequence[UUID] | None) -> AsyncIterator[Verified]:
    """Verify these interviews, whoever's they are, or every one where None. Only reads.

    One that is nowhere is a difference too. Raises DatabaseUnavailable.
    """
    if interview_ids is None:
        for tenant_id in await identity.tenant_ids(database):
            async for interview_id in _ids_of(database, tenant_id):
                yield await _verified(database, tenant_id, interview_id)
        return
    whose = await owners_of(database, interview_ids)
    for interview_id in interview_ids:
        if interview_id in whose:
            yield await _verified(database, whose[interview_id], interview_id)
        else:
            yield Verified(interview_id, (Difference(interview_id, "interviews", "row", "none", "a row"),))


async def owners_of(database: Database, interview_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The tenant of each interview, found by entering one after another; without those that are nowhere, or deleted."""
    whose: dict[UUID, UUID] = {}
    for tenant_id in await identity.tenant_ids(database):
        if len(whose) == len(set(interview_ids)):
            break
        async with database.tenant(tenant_id) as connection:
            here = await portable.which_are_here(connection, interview_ids)
        whose |= dict.fromkeys(here, tenant_id)
    return whose


async def _ids_of(database: Database, tenant_id: UUID) -> AsyncIterator[UUID]:
    after: UUID | None = None
    while True:
        async with database.tenant(tenant_id) as connection:
            page = await portable.interview_ids(connection, after)
        for interview_id in page:
            yield interview_id
        if not page:
            return
        after = page[-1]


async def _verified(database: Database, tenant_id: UUID, interview_id: UUID) -> Verified:
    try:
        async with database.tenant(tenant_id) as connection:
            kept = await portable.kept_interview(connection, interview_id)
    except NotFound:
        # Deleted since its id was read.
        return Verified(interview_id, ())
    return Verified(interview_id, tuple(differences(_rows(kept))))


def _rows(kept: KeptInterview) -> Rows:
    decode = msgspec.json.decode
    parts = {part.name: kept.rows(part.name) for part in PARTS}
    return Rows(decode(kept.interview), decode(kept.plan), decode(kept.rubric), parts)

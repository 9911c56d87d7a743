"""Out of the database into a file, and back: an interview whole, or nothing of it."""

from importlib.metadata import version
from uuid import UUID

import msgspec

from agents.log import REPORT_TASK, SCORE_TASK
from agents.verifying import log_faults
from server.carrying.archive import LogBroken, Manifest, MemberDamaged, NotOver, pack, unpack
from storage import portable, queue
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.interviews import OPEN
from storage.portable import InterviewIsHere, KeptInterview


class Imported(msgspec.Struct, frozen=True):
    """`is_new` is False where this very interview was here already."""

    interview_id: UUID
    events: int
    is_new: bool


async def export_interview(database: Database, tenant_id: UUID, interview_id: UUID) -> bytes:
    """The file of an interview that has ended. Raises NotFound, NotOver, DatabaseUnavailable."""
    async with database.tenant(tenant_id) as connection:
        kept = await portable.kept_interview(connection, interview_id)
    if _row(kept)["status"] in OPEN:
        raise NotOver(interview_id)
    return pack(interview_id, kept, version("viva"))


async def import_interview(database: Database, tenant_id: UUID, user_id: UUID, data: bytes) -> Imported:
    """Keep the interview of a file in a tenant, as this person's. All of it, or nothing.

    Raises CarryingError for the file, NotPortable where it does not fit what is here, NotFound for a person who does
    not belong to the tenant, DatabaseUnavailable.
    """
    manifest, kept = unpack(data)
    _check(manifest, kept)
    imported = Imported(manifest.interview_id, len(kept.parts["events"]), is_new=True)
    async with database.tenant(tenant_id) as connection:
        if not await portable.is_member(connection, user_id):
            raise NotFound("member of this tenant", user_id)
        if await portable.which_are_here(connection, [manifest.interview_id]):
            if await portable.kept_interview(connection, manifest.interview_id) == kept:
                return msgspec.structs.replace(imported, is_new=False)
            raise InterviewIsHere(manifest.interview_id, "with other content")
        await portable.insert_interview(connection, kept, user_id)
        await _go_on(connection, tenant_id, manifest.interview_id, kept)
    return imported


def _check(manifest: Manifest, kept: KeptInterview) -> None:
    """The parts belong together: one interview, one whole log, nothing that could go on."""
    row, log = _row(kept), kept.rows("events")
    if row.get("id") != str(manifest.interview_id):
        raise MemberDamaged("interview.json", "is another interview's than the manifest says")
    fault = next(log_faults(manifest.interview_id, log), None)
    if fault is not None:
        raise LogBroken(fault.field)
    if row.get("last_seq") != len(log):
        raise LogBroken("last_seq")
    if row.get("status") in OPEN:
        raise NotOver(manifest.interview_id)


async def _go_on(connection: Connection, tenant_id: UUID, interview_id: UUID, kept: KeptInterview) -> None:
    """What the worker had not done where the interview comes from, it does here."""
    if not kept.parts["report"]:
        job = queue.Job(tenant_id=tenant_id, entity_id=interview_id)
        for task in (SCORE_TASK, REPORT_TASK):
            await queue.enqueue(connection, task, job)


def _row(kept: KeptInterview) -> portable.JsonRow:
    row: portable.JsonRow = msgspec.json.decode(kept.interview)
    return row

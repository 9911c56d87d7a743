"""An interview that was held, scored and reported, and what carries it about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg

from agents.assessment import score_answers, write_report
from agents.library import load_library
from agents.rehearsal.scorer import RehearsalScorer
from agents.verifying import Difference
from server.carrying.verification import verify
from server.services import import_library
from storage import migrations, objects, purging
from storage.database import Database
from storage.ids import uuid7
from tests.agents.kept import keep
from tests.agents.rehearsal.answers import GOOD
from tests.agents.sitting import PLAN, Sitting
from tests.conftest import DatabaseUrls, Person
from tests.server.serving import Clock


def answered(*question_ids: str) -> Sitting:
    """A sitting in which these first questions of the plan were answered well, the next was skipped, and that ended."""
    sitting = Sitting()
    sitting.reaches("q1")
    for question_id in question_ids:
        sitting.says(GOOD[PLAN.slug, question_id, "en"])
        sitting.replies("next")
    sitting.presses("skip")
    sitting.presses("end")
    sitting.replies()
    assert sitting.ended() == "stopped"
    return sitting


class Desk:
    """One person's interviews in one database."""

    def __init__(self, database: Database, person: Person, admin_url: str) -> None:
        self.database = database
        self._admin_url = admin_url
        self.person = person
        self.clock = Clock()

    async def holds(self, sitting: Sitting | None = None, *, report: bool = True) -> UUID:
        """An interview in which q1 and q2 were answered, or this one; scored, and reported where that is wanted."""
        await import_library(self.database, load_library())
        sitting = sitting or answered("q1", "q2")
        interview_id = await keep(self.database, self.person, sitting, self.clock)
        if report:
            await self.works(interview_id)
        return interview_id

    async def works(self, interview_id: UUID) -> None:
        """What the worker does of an interview."""
        tenant_id = self.person.tenant_id
        scorer = RehearsalScorer()
        await score_answers(self.database, tenant_id, interview_id, lambda _tenant, _version: scorer, self.clock)
        await write_report(self.database, tenant_id, interview_id, self.clock)

    async def verified(self, interview_id: UUID) -> list[Difference]:
        found = [verified async for verified in verify(self.database, [interview_id])]
        assert [verified.interview_id for verified in found] == [interview_id]
        return list(found[0].differences)

    async def damages(self, statement: str, interview_id: UUID) -> None:
        """Runs a statement past every guard, as a fault of the disk or a hand of an administrator would."""
        connection = await asyncpg.connect(self._admin_url)
        try:
            await connection.execute("set session_replication_role = replica")
            done = await connection.execute(statement, interview_id)
        finally:
            await connection.close()
        assert not done.endswith(" 0"), "the statement changed nothing"

    async def purges(self, interview_id: UUID, folder: Path) -> None:
        store = objects.connect(None, folder)
        await purging.purge(self.database, store, interview_id, reason="a test", at=self.clock())


@asynccontextmanager
async def another_database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    """A migrated database with nothing in it but the library of plans."""
    name = f"elsewhere_{uuid7().hex}"
    admin = await asyncpg.connect(urls.admin)
    await admin.execute(f"create database {name}")
    try:
        await migrations.up(_at(urls.admin, name))
        database = await Database.open(_at(urls.app, name), _at(urls.maintenance, name), min_size=1)
        try:
            await import_library(database, load_library())
            yield database
        finally:
            await database.close()
    finally:
        await admin.execute(f"drop database {name} with (force)")
        await admin.close()


def _at(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

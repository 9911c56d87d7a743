"""Interviews in the database that the Director alone has held: no voice, no socket."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from agents.events import Event
from agents.log import InterviewLog
from agents.opening import Wish, open_interview
from storage.database import Database
from tests.agents.sitting import Sitting
from tests.conftest import Person


async def keep(database: Database, person: Person, sitting: Sitting, now: Callable[[], datetime]) -> UUID:
    """Keeps a sitting's log as a new interview of this person's, with the tasks that follow from its facts."""
    state = sitting.state
    wish = Wish(plan=state.plan, language=state.language, kind=state.kind)
    opened = await open_interview(
        database, person.tenant_id, person.user_id, wish, now=now(), ticket_life=timedelta(minutes=1)
    )
    journal = InterviewLog(database, person.tenant_id, opened.interview_id, now)
    epoch = await journal.take_over("test")
    assert epoch is not None
    for at_ms, events in groupby(sitting.log[1:], key=lambda event: event.at_ms):
        await journal.append(epoch, at_ms, [event.payload for event in events])
    return opened.interview_id


async def log_of(database: Database, person: Person, interview_id: UUID) -> list[Event]:
    return await InterviewLog(database, person.tenant_id, interview_id).read()

"""Coaching as the worker sees to it: once for each set of scores, before the report, and never in its way."""

import asyncio
import re
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from agents.assessment import score_answers, write_report
from agents.calls import BudgetSpent, Call, Completion, Door, Unavailable
from agents.coaching.coach import Coach
from agents.coaching.desk import WITHIN_S, CoachingDesk
from agents.events import CoachingWritten, Kind, ReportReady
from agents.library import load_library
from agents.rehearsal.scorer import RehearsalScorer
from agents.report import Report
from server.services import import_library
from storage import reports
from storage.database import Database
from tests.agents.doors import Said, ScriptedDoor
from tests.agents.kept import keep, log_of
from tests.agents.sitting import Sitting
from tests.agents.test_report import sat
from tests.conftest import Person
from tests.server.serving import Clock

WHY = "It says who was there and what was at stake."


@pytest.fixture(autouse=True)
async def library(database: Database) -> None:
    await import_library(database, load_library())


def written(call: Call) -> Said:
    """A moment of the first answer, to the letter, whatever its number in the log."""
    found = re.search(r'<turn seq="(\d+)">((?:\S+ ){5}\S+)', call.messages[0].text)
    assert found
    yield msgspec.json.encode(
        {
            "moment_question": "q1",
            "moment_quote": {"seq": int(found[1]), "text": found[2]},
            "moment_why": WHY,
            "change_question": None,
            "change": None,
            "better": [],
        }
    ).decode()


class House:
    """One person's interviews, scored by rehearsal, coached through a door."""

    def __init__(self, database: Database, person: Person, door: Door | None, within_s: float = WITHIN_S) -> None:
        self.database = database
        self.person = person
        self.clock = Clock()
        self.asked_for: list[str] = []
        self.door = door
        self.desk = CoachingDesk(self._coach, self.clock, within_s)

    def _coach(self, tenant_id: UUID, scorer: str) -> Coach | None:
        self.asked_for.append(scorer)
        return None if self.door is None else Coach(self.door, tenant_id=tenant_id)

    async def keeps(self, sitting: Sitting, *, scored: bool = True) -> UUID:
        interview_id = await keep(self.database, self.person, sitting, self.clock)
        if scored:
            await self.scores(interview_id)
        return interview_id

    async def scores(self, interview_id: UUID) -> None:
        scorer = RehearsalScorer()
        await score_answers(self.database, self.person.tenant_id, interview_id, lambda _t, _v: scorer, self.clock)

    async def coaches(self, interview_id: UUID) -> str:
        return await self.desk.write(self.database, self.person.tenant_id, interview_id)

    async def reports(self, interview_id: UUID) -> Report:
        await write_report(self.database, self.person.tenant_id, interview_id, self.clock)
        async with self.database.tenant(self.person.tenant_id) as connection:
            kept = await reports.report(connection, interview_id)
        assert kept is not None
        return msgspec.convert(kept.body, Report)

    async def facts(self, interview_id: UUID) -> list[str]:
        log = await log_of(self.database, self.person, interview_id)
        return [event.type for event in log if isinstance(event.payload, CoachingWritten | ReportReady)]


async def test_what_a_model_wrote_is_kept_once_and_the_report_shows_it(database: Database, tenant: Person) -> None:
    door = ScriptedDoor(written)
    house = House(database, tenant, door)
    interview_id = await house.keeps(sat())
    assert await house.coaches(interview_id) == "written"
    assert await house.coaches(interview_id) == "none"
    made = await house.reports(interview_id)
    assert made.coaching is not None
    assert made.coaching.moment is not None
    assert (made.coaching.moment.why, made.coaching.moment.by) == (WHY, "model")
    assert made.coaching.better is not None
    assert made.coaching.better.by == "arithmetic"
    assert await house.facts(interview_id) == ["coaching.written", "report.ready"]
    assert await house.coaches(interview_id) == "none"
    assert {call.interview_id for call in door.calls} == {interview_id}
    assert (await house.reports(interview_id)).coaching == made.coaching


@pytest.mark.parametrize("kind", ["practice", "screening"])
async def test_nobody_is_asked_before_the_end_before_the_scores_or_in_a_screening(
    database: Database, tenant: Person, kind: Kind
) -> None:
    door = ScriptedDoor(written)
    house = House(database, tenant, door)
    going_on = await house.keeps(sat(kind=kind, ends=False))
    unscored = await house.keeps(sat(kind=kind), scored=False)
    assert [await house.coaches(each) for each in (going_on, unscored)] == ["none", "none"]
    assert door.calls == []
    over = await house.keeps(sat(kind=kind))
    assert await house.coaches(over) == ("written" if kind == "practice" else "none")
    assert bool(door.calls) == (kind == "practice")


async def test_without_a_model_arithmetic_says_it_and_no_fact_is_needed(database: Database, tenant: Person) -> None:
    house = House(database, tenant, None)
    interview_id = await house.keeps(sat())
    assert await house.coaches(interview_id) == "none"
    made = await house.reports(interview_id)
    assert made.coaching is not None
    assert made.coaching.moment is not None
    assert made.coaching.moment.by == "arithmetic"
    assert await house.facts(interview_id) == ["report.ready"]


@pytest.mark.parametrize("failure", [Unavailable("none"), BudgetSpent("spent")])
async def test_a_model_that_fails_is_in_nobodys_way_and_is_not_asked_after_the_report(
    database: Database, tenant: Person, failure: Exception
) -> None:
    door = ScriptedDoor(lambda _call: [failure])
    house = House(database, tenant, door)
    interview_id = await house.keeps(sat())
    assert await house.coaches(interview_id) == "none"
    assert (await house.reports(interview_id)).coaching is not None
    asked = len(door.calls)
    assert await house.coaches(interview_id) == "none"
    assert len(door.calls) == asked


class HeldDoor:
    """Says nothing until it is let."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.let = asyncio.Event()
        self.begun = 0

    async def stream(self, call: Call) -> AsyncGenerator[str, None]:
        yield (await self.complete(call)).text

    async def complete(self, call: Call) -> Completion:
        self.begun += len(call.messages) == 1
        self.asked.set()
        await self.let.wait()
        return Completion("".join(map(str, written(call))), "held", UUID(int=3))


async def test_two_tasks_at_once_ask_once(database: Database, tenant: Person) -> None:
    door = HeldDoor()
    house = House(database, tenant, door)
    interview_id = await house.keeps(sat())
    first = asyncio.create_task(house.coaches(interview_id))
    async with asyncio.timeout(30):
        await door.asked.wait()
        assert await house.coaches(interview_id) == "busy"
        door.let.set()
        assert await first == "written"
    assert door.begun == 1


async def test_a_model_that_is_late_is_not_waited_for(database: Database, tenant: Person) -> None:
    house = House(database, tenant, HeldDoor(), within_s=0.05)
    interview_id = await house.keeps(sat())
    assert await house.coaches(interview_id) == "none"
    assert await house.facts(interview_id) == []


async def test_where_no_score_ever_came_nobody_is_asked(database: Database, tenant: Person) -> None:
    door = ScriptedDoor(written)
    house = House(database, tenant, door)
    interview_id = await house.keeps(sat(), scored=False)
    give_up = timedelta(0)
    await write_report(database, tenant.tenant_id, interview_id, house.clock, give_up_after=give_up)
    assert await house.facts(interview_id) == ["report.ready"]
    assert await house.coaches(interview_id) == "none"
    assert door.calls == []

"""Interviews that nobody comes back to."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from agents import director
from agents.assessment import score_answers, write_report
from agents.events import AnswerClosed, InterviewEnded, ScoreGiven
from agents.library import load_library
from agents.rehearsal.scorer import RehearsalScorer
from agents.sweeping import sweep
from server.services import import_library
from storage import interviews, plans
from storage.database import Database
from storage.ids import uuid7
from tests.agents.kept import keep, log_of
from tests.agents.rehearsal.answers import GOOD
from tests.agents.sitting import PLAN, Sitting
from tests.conftest import Person
from tests.server.live.house import ANSWER, HeldWriter, open_house
from tests.server.serving import Clock, make_services

ABANDON_AFTER = timedelta(minutes=120)
EXPIRE_AFTER = timedelta(hours=72)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
async def library(database: Database) -> None:
    await import_library(database, load_library())


async def swept(database: Database, clock: Clock) -> None:
    await sweep(database, clock, ABANDON_AFTER, EXPIRE_AFTER)


async def row(database: Database, person: Person, interview_id: UUID) -> interviews.Interview:
    async with database.tenant(person.tenant_id) as connection:
        return await interviews.interview(connection, interview_id)


def in_mid_answer() -> Sitting:
    sitting = Sitting()
    sitting.reaches("q1")
    sitting.says(GOOD[PLAN.slug, "q1", "en"])
    return sitting


async def test_a_begun_interview_that_is_quiet_for_long_is_abandoned(
    database: Database, tenant: Person, clock: Clock
) -> None:
    sitting = in_mid_answer()
    sitting.does(director.Leave("connection lost"))
    interview_id = await keep(database, tenant, sitting, clock)
    clock.forward(ABANDON_AFTER)
    await swept(database, clock)
    assert (await row(database, tenant, interview_id)).status == "in_progress"
    clock.forward(MOMENT)
    await swept(database, clock)
    log = await log_of(database, tenant, interview_id)
    assert [event.payload for event in log[-2:]] == [
        AnswerClosed(question_id="q1", version=1),
        InterviewEnded(reason="abandoned"),
    ]
    kept = await row(database, tenant, interview_id)
    assert (kept.status, kept.completed_at) == ("abandoned", clock())
    await swept(database, clock)
    assert await log_of(database, tenant, interview_id) == log


async def test_what_was_said_before_it_was_abandoned_is_scored_and_reported(
    database: Database, tenant: Person, clock: Clock
) -> None:
    interview_id = await keep(database, tenant, in_mid_answer(), clock)
    clock.forward(ABANDON_AFTER + MOMENT)
    await swept(database, clock)
    await score_answers(database, tenant.tenant_id, interview_id, lambda _t, _v: RehearsalScorer(), clock)
    assert await write_report(database, tenant.tenant_id, interview_id, clock)
    (given,) = [e.payload for e in await log_of(database, tenant, interview_id) if isinstance(e.payload, ScoreGiven)]
    assert given.question_id == "q1"
    assert given.level is not None


async def test_a_paused_interview_is_abandoned_as_well(database: Database, tenant: Person, clock: Clock) -> None:
    sitting = in_mid_answer()
    sitting.presses("pause")
    interview_id = await keep(database, tenant, sitting, clock)
    assert (await row(database, tenant, interview_id)).status == "paused"
    clock.forward(ABANDON_AFTER + MOMENT)
    await swept(database, clock)
    assert (await row(database, tenant, interview_id)).status == "abandoned"


async def test_an_interview_that_was_never_begun_expires_later(
    database: Database, tenant: Person, clock: Clock
) -> None:
    interview_id = await keep(database, tenant, Sitting(), clock)
    clock.forward(EXPIRE_AFTER)
    await swept(database, clock)
    assert (await row(database, tenant, interview_id)).status == "created"
    clock.forward(MOMENT)
    await swept(database, clock)
    assert (await row(database, tenant, interview_id)).status == "expired"
    log = await log_of(database, tenant, interview_id)
    assert [event.payload for event in log[1:]] == [InterviewEnded(reason="expired")]


async def test_an_interview_that_ended_is_left_alone(database: Database, tenant: Person, clock: Clock) -> None:
    sitting = in_mid_answer()
    sitting.presses("end")
    sitting.replies()
    assert sitting.ended() == "stopped"
    interview_id = await keep(database, tenant, sitting, clock)
    before = await log_of(database, tenant, interview_id)
    clock.forward(EXPIRE_AFTER + MOMENT)
    await swept(database, clock)
    assert await log_of(database, tenant, interview_id) == before
    assert (await row(database, tenant, interview_id)).status == "completed"


async def test_one_interview_that_cannot_be_closed_does_not_keep_the_others_open(
    database: Database, tenant: Person, clock: Clock
) -> None:
    body = {"slug": f"unreadable-{uuid7()}"}
    async with database.tenant(tenant.tenant_id) as connection:
        rubric_id = await plans.import_rubric(
            connection, slug=body["slug"], title="", languages=["en"], body={}, content_hash=plans.content_hash(body)
        )
        new = plans.NewPlan(
            slug=body["slug"],
            title="A plan of a later release",
            interview_type="behavioral",
            difficulty_level="medium",
            target_duration_minutes=10,
            hard_limit_minutes=15,
            languages=["en"],
            body=body,
            content_hash=plans.content_hash(body),
        )
        version_id = await plans.import_plan(connection, new, rubric_id)
    unreadable = await keep(database, tenant, in_mid_answer(), clock)
    async with database.tenant(tenant.tenant_id) as connection:
        await connection.execute(
            "update interview.interviews set plan_version_id = $2 where id = $1", unreadable, version_id
        )
    clock.forward(MOMENT)
    readable = await keep(database, tenant, in_mid_answer(), clock)
    clock.forward(ABANDON_AFTER + MOMENT)
    await swept(database, clock)
    assert (await row(database, tenant, unreadable)).status == "in_progress"
    assert (await row(database, tenant, readable)).status == "abandoned"


async def test_a_holder_that_is_still_there_falls_silent(
    database: Database, tenant: Person, clock: Clock, tmp_path: Path
) -> None:
    services = await make_services(database, tenant, tmp_path, now=clock)
    async with open_house(services, clock, HeldWriter()) as house:
        interview_id, candidate = await house.begins()
        clock.forward(ABANDON_AFTER + MOMENT)
        await swept(database, clock)
        swept_log = await house.log(interview_id)
        assert swept_log[-1].payload == InterviewEnded(reason="abandoned")
        await candidate.say(ANSWER)
        assert await candidate.closed() == 4409
        assert await house.log(interview_id) == swept_log

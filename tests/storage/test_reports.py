from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from storage.database import Database
from storage.ids import uuid7
from storage.interviews import delete_softly, set_status
from storage.reports import (
    Feedback,
    Transcript,
    Turn,
    feedback_of,
    judged_practices,
    report,
    save_feedback,
    save_report,
    save_transcript,
    save_turn,
    transcript_of,
    turns_of,
)
from tests.conftest import Person
from tests.storage.conftest import NOON, MakeInterview


@pytest.fixture
async def interview_id(tenant: Person, make_interview: MakeInterview) -> UUID:
    return await make_interview(tenant)


async def test_feedback_is_replaced_as_a_whole(database: Database, tenant: Person, interview_id: UUID) -> None:
    resource = Feedback(feedback_type="resource", content="Read on.", priority=2, resource_url="https://example.org")
    async with database.tenant(tenant.tenant_id) as connection:
        await save_feedback(connection, interview_id, [Feedback(feedback_type="strength", content="Old.")])
        summary = Feedback(feedback_type="summary", content="Clear.", evidence=[{"seq": 4}])
        await save_feedback(connection, interview_id, [resource, summary])
        assert await feedback_of(connection, interview_id) == [summary, resource]


async def test_a_report_made_from_less_of_the_log_does_not_replace_one_made_from_more(
    database: Database, tenant: Person, interview_id: UUID
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        assert await report(connection, interview_id) is None
        await save_report(connection, interview_id, {"overall": 1}, 10, NOON)
        await save_report(connection, interview_id, {"overall": 2}, 20, NOON + timedelta(minutes=1))
        await save_report(connection, interview_id, {"overall": 0}, 15, NOON + timedelta(minutes=2))
        kept = await report(connection, interview_id)
    assert kept is not None
    assert (kept.body, kept.last_seq, kept.generated_at) == ({"overall": 2}, 20, NOON + timedelta(minutes=1))


async def test_the_practices_that_were_judged_come_with_their_competencies_the_latest_first(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    earlier, later, deleted, unfinished, unjudged = [
        await make_interview(tenant, NOON + timedelta(hours=n)) for n in range(5)
    ]
    body = {"scorer": "rehearsal-scorer/1", "competencies": [{"id": "ownership", "level": 3.5}], "transcript": []}
    async with database.tenant(tenant.tenant_id) as connection:
        for interview_id in (earlier, later, deleted, unfinished):
            await save_report(connection, interview_id, body, 10, NOON)
        for interview_id in (earlier, later, deleted, unjudged):
            await set_status(connection, interview_id, "in_progress", NOON + timedelta(hours=9))
            await set_status(connection, interview_id, "completed", NOON + timedelta(hours=10))
        await delete_softly(connection, deleted, NOON)
        found = await judged_practices(connection, tenant.user_id)
        assert [each.interview_id for each in found] == [later, earlier]
        assert found[0].competencies == body["competencies"]
        assert (found[0].plan_slug, found[0].rubric_slug, found[0].scorer) == (
            "test-plan",
            "test-rubric",
            "rehearsal-scorer/1",
        )
        assert found[0].at == NOON + timedelta(hours=9)
        assert [each.interview_id for each in await judged_practices(connection, tenant.user_id, limit=1)] == [later]
        assert await judged_practices(connection, tenant.user_id, plan="another") == []
        assert await judged_practices(connection, uuid7()) == []


async def test_a_transcript_is_kept_whole(database: Database, tenant: Person, interview_id: UUID) -> None:
    written = Transcript(interview_id, [{"speaker": "candidate", "text": "Sí."}], "es", 1, 12)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await transcript_of(connection, interview_id) is None
        await save_transcript(connection, written)
        assert await transcript_of(connection, interview_id) == written


async def test_a_turns_measures_are_kept_by_its_number(database: Database, tenant: Person, interview_id: UUID) -> None:
    turn = Turn(
        interview_id=interview_id,
        turn_number=1,
        draft="hit",
        reply_id=uuid7(),
        total_ms=21.5,
        served={"llm": "rehearsal"},
    )
    async with database.tenant(tenant.tenant_id) as connection:
        await save_turn(connection, turn)
        await save_turn(connection, turn)
        assert await turns_of(connection, interview_id) == [turn]

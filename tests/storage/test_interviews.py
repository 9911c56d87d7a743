from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from storage.answers import Question, Response, upsert_question, upsert_response
from storage.database import Database
from storage.errors import NotFound
from storage.events import NewEvent, append
from storage.ids import uuid7
from storage.interviews import (
    delete_softly,
    idle_interviews,
    interview,
    interviews_of,
    release,
    renew,
    save_result,
    set_language,
    set_status,
    take_over,
)
from tests.conftest import Person, new_person
from tests.storage.conftest import NOON, MakeInterview

HOUR = timedelta(hours=1)


async def test_an_interview_is_made_with_its_plan_and_nothing_yet_said(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        made = await interview(connection, interview_id)
    assert (made.plan_slug, made.plan_title, made.versions) == ("test-plan", "A test plan", {"director": "1"})
    assert (made.status, made.last_seq, made.epoch, made.created_at) == ("created", 0, 0, NOON)
    assert (made.tenant_id, made.user_id) == (tenant.tenant_id, tenant.user_id)


async def test_whoever_takes_over_gets_the_next_epoch_and_the_one_before_cannot_hold_on(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await take_over(connection, interview_id, "one", NOON) == 1
        assert await renew(connection, interview_id, 1, NOON + HOUR)
        assert await take_over(connection, interview_id, "two", NOON) == 2
        assert not await renew(connection, interview_id, 1, NOON + HOUR)
        assert not await release(connection, interview_id, 1)
        assert (await interview(connection, interview_id)).holder == "two"
        assert await release(connection, interview_id, 2)
        assert (await interview(connection, interview_id)).holder is None
        assert await take_over(connection, uuid7(), "three", NOON) is None


async def test_a_status_that_is_final_never_changes(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await set_status(connection, interview_id, "in_progress", NOON)
        assert await set_status(connection, interview_id, "paused", NOON + HOUR)
        assert await set_status(connection, interview_id, "in_progress", NOON + 2 * HOUR)
        assert (await interview(connection, interview_id)).started_at == NOON
        assert await set_status(connection, interview_id, "completed", NOON + 3 * HOUR, duration_seconds=600)
        assert not await set_status(connection, interview_id, "abandoned", NOON + 4 * HOUR)
        ended = await interview(connection, interview_id)
        assert (ended.status, ended.completed_at, ended.actual_duration_seconds) == (
            "completed",
            NOON + 3 * HOUR,
            600,
        )
        assert await take_over(connection, interview_id, "late", NOON) is None
        assert not await set_status(connection, uuid7(), "completed", NOON)


async def test_what_the_scores_come_to_stands_on_the_row(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        await save_result(connection, interview_id, overall_score=62.5, content_score=75, needs_review=True)
        await set_language(connection, interview_id, "es")
        kept = await interview(connection, interview_id)
    assert (kept.overall_score, kept.content_score, kept.structure_score) == (62.5, 75.0, None)
    assert (kept.needs_review, kept.language) == (True, "es")


async def test_a_persons_interviews_come_a_page_at_a_time_the_latest_first(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    made = [await make_interview(tenant, NOON + number * HOUR) for number in range(5)]
    async with database.tenant(tenant.tenant_id) as connection:
        await set_status(connection, made[3], "in_progress", NOON)
        await delete_softly(connection, made[1], NOON)
        first = await interviews_of(connection, tenant.user_id, limit=2)
        assert [one.id for one in first] == [made[4], made[3]]
        second = await interviews_of(connection, tenant.user_id, before=first[-1].id, limit=2)
        assert [one.id for one in second] == [made[2], made[0]]
        started = await interviews_of(connection, tenant.user_id, statuses=["in_progress"], kind="practice")
        assert [one.id for one in started] == [made[3]]
        assert await interviews_of(connection, tenant.user_id, kind="screening") == []


async def test_a_search_narrows_by_language_plan_and_words_and_pages_within_what_it_found(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    made = [await make_interview(tenant, NOON + number * timedelta(days=1)) for number in range(4)]
    async with database.tenant(tenant.tenant_id) as connection:
        await set_language(connection, made[2], "es")

        async def found(**wish: Any) -> list[UUID]:
            return [one.id for one in await interviews_of(connection, tenant.user_id, **wish)]

        assert await found(language="es") == [made[2]]
        assert await found(plan="test-plan", language="en") == [made[3], made[1], made[0]]
        assert await found(plan="another") == []
        assert await found(text="TÉST  plan") == made[::-1]
        assert await found(text="2026-11-21") == [made[1]]
        assert await found(text="plan 2026-11-22") == [made[2]]
        assert await found(text="plan nowhere") == []
        assert await found(text="  ") == made[::-1]
        assert await found(text="%") == []
        assert await found(text="te_t") == []
        assert await found(text="\\") == []
        assert await found(text="a\0b" * 400) == []
        page = await interviews_of(connection, tenant.user_id, text="plan", language="en", limit=1, before=made[3])
        assert [one.id for one in page] == [made[1]]


async def test_a_search_finds_what_the_person_answered_whatever_its_accents(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await make_interview(tenant)
    await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        question_id = await upsert_question(
            connection,
            Question(
                interview_id=interview_id,
                sequence_number=1,
                question_key="q1",
                question_text="Why?",
                question_type="behavioral",
                category="ownership",
                difficulty_level="medium",
            ),
        )
        response = Response(
            interview_id=interview_id,
            question_id=question_id,
            version=1,
            language="es",
            response_text="Diseñé el plan de FACTURACIÓN",
            response_duration_seconds=3,
            word_count=5,
            closed_seq=4,
        )
        await upsert_response(connection, response)
        for words in ("facturacion", "DISENE plan", "disen\u0303e\u0301"):
            found = await interviews_of(connection, tenant.user_id, text=words)
            assert [one.id for one in found] == [interview_id], words


async def test_a_deleted_interview_is_not_found_and_waits_thirty_days_for_its_purge(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await delete_softly(connection, interview_id, NOON)
        assert not await delete_softly(connection, interview_id, NOON)
        with pytest.raises(NotFound):
            await interview(connection, interview_id)
        purge = await connection.fetchval("select purge_after from interview.interviews where id = $1", interview_id)
    assert purge == NOON + timedelta(days=30)


async def test_the_sweep_finds_what_has_been_quiet_since_its_last_event(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    quiet, lively, ended = [await make_interview(tenant, NOON) for _ in range(3)]
    await make_interview(await new_person(database), NOON)
    async with database.tenant(tenant.tenant_id) as connection:
        for interview_id in (quiet, lively, ended):
            await set_status(connection, interview_id, "in_progress", NOON)
        epoch = await take_over(connection, lively, "here", NOON)
        assert epoch is not None
        later = NOON + 2 * HOUR
        spoken = NewEvent(id=uuid7(), type="turn.closed", at=later, at_ms=0, actor="candidate", payload={})
        await append(connection, lively, epoch, [spoken])
        await set_status(connection, ended, "completed", NOON)
        found = await idle_interviews(connection, ["in_progress", "paused"], NOON + HOUR)
        assert [(one.id, one.status, one.quiet_since) for one in found] == [(quiet, "in_progress", NOON)]
        assert await idle_interviews(connection, ["created"], NOON + HOUR) == []
        assert len(await idle_interviews(connection, ["in_progress"], NOON + 3 * HOUR)) == 2

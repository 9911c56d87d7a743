from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from storage.answers import upsert_question, upsert_response
from storage.database import Database
from storage.errors import NotFound
from storage.ids import uuid7
from storage.interviews import delete_softly, set_status
from storage.scores import (
    NewScore,
    answers_so_far,
    finish_run,
    keep_answers,
    last_rescoring,
    live_run,
    put_in_batch,
    rescorable,
    run,
    runs_in_batch,
    runs_of,
    runs_of_rescoring,
    save_scores,
    scores_of,
    start_rescoring,
)
from tests.conftest import Person, new_person
from tests.storage.conftest import NOON, MakeInterview
from tests.storage.test_answers import Asked, answer, question

QUOTE = {"text": "I decided", "seq": 3, "start": 0, "end": 9}


def level(value: int | None, competency: str = "ownership") -> NewScore:
    return NewScore(
        competency=competency,
        level=value,
        null_reason=None if value is not None else "too_little",
        judge="rehearsal",
        evidence=[QUOTE] if value else [],
        key_points_covered=["the result"],
    )


@pytest.fixture
async def asked(database: Database, tenant: Person, make_interview: MakeInterview) -> Asked:
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        return Asked(interview_id, await upsert_question(connection, question(interview_id)))


async def score(
    database: Database, tenant: Person, asked: Asked, version: int, run_id: UUID, *scores: NewScore
) -> list[UUID]:
    async with database.tenant(tenant.tenant_id) as connection:
        response_id = await upsert_response(connection, answer(asked, version, "I decided."))
        return await save_scores(
            connection,
            run_id=run_id,
            interview_id=asked.interview_id,
            response_id=response_id,
            question_id=asked.question_id,
            scores=scores,
        )


async def test_answers_scored_at_once_share_one_live_run(database: Database, tenant: Person, asked: Asked) -> None:
    async def begin() -> UUID:
        async with database.tenant(tenant.tenant_id) as connection:
            return await live_run(connection, asked.interview_id, "rehearsal-1", NOON)

    assert len(set(await asyncio.gather(*(begin() for _ in range(5))))) == 1
    async with database.tenant(tenant.tenant_id) as connection:
        (run,) = await runs_of(connection, asked.interview_id)
    assert (run.is_current, run.status, run.scorer_version) == (True, "running", "rehearsal-1")


async def test_a_task_run_twice_leaves_one_score(database: Database, tenant: Person, asked: Asked) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        run_id = await live_run(connection, asked.interview_id, "rehearsal-1", NOON)
    first = await score(database, tenant, asked, 1, run_id, level(3), level(None, "clarity"))
    assert await score(database, tenant, asked, 1, run_id, level(4), level(None, "clarity")) == first
    async with database.tenant(tenant.tenant_id) as connection:
        clarity, ownership = await scores_of(connection, asked.interview_id)
    assert (clarity.level, clarity.null_reason) == (None, "too_little")
    assert (ownership.level, ownership.evidence, ownership.id) == (4, [QUOTE], first[0])


async def test_a_reopened_answers_old_score_no_longer_counts(database: Database, tenant: Person, asked: Asked) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        run_id = await live_run(connection, asked.interview_id, "rehearsal-1", NOON)
    await score(database, tenant, asked, 1, run_id, level(2))
    await score(database, tenant, asked, 2, run_id, level(5))
    async with database.tenant(tenant.tenant_id) as connection:
        assert [kept.level for kept in await scores_of(connection, asked.interview_id)] == [5]


async def test_a_later_pass_stands_beside_the_live_one_and_never_takes_its_place(
    database: Database, tenant: Person, asked: Asked
) -> None:
    asking = uuid7()
    async with database.tenant(tenant.tenant_id) as connection:
        live = await live_run(connection, asked.interview_id, "rehearsal-1", NOON)
        again = await start_rescoring(
            connection, asked.interview_id, "model-2", NOON, model="m", prompt_version="2", rescoring_id=asking
        )
    await score(database, tenant, asked, 1, live, level(2))
    await score(database, tenant, asked, 1, again, level(4))
    missing = [{"question_id": "q2", "version": 1, "why": "expired"}]
    async with database.tenant(tenant.tenant_id) as connection:
        await finish_run(connection, again, "failed", NOON + timedelta(minutes=1), missing)
        assert [kept.level for kept in await scores_of(connection, asked.interview_id)] == [2]
        assert [kept.level for kept in await scores_of(connection, asked.interview_id, run_id=again)] == [4]
        later, first = await runs_of(connection, asked.interview_id)
        assert (later.id, later.is_current, later.status, later.unscored) == (again, False, "failed", missing)
        assert (later.rescoring_id, later.model, later.prompt_version) == (asking, "m", "2")
        assert (first.id, first.is_current, first.unscored) == (live, True, [])
        assert await last_rescoring(connection) == asking
        assert [each.id for each in await runs_of_rescoring(connection, asking)] == [again]


async def test_a_run_remembers_what_was_answered_until_it_ends(
    database: Database, tenant: Person, asked: Asked
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        again = await start_rescoring(connection, asked.interview_id, "model-2", NOON)
        await put_in_batch(connection, [again], batch := uuid7(), 1)
        await keep_answers(connection, again, {"a": {"text": "I decided."}})
        assert await answers_so_far(connection, again) == {"a": {"text": "I decided."}}
        assert [each.id for each in await runs_in_batch(connection, batch)] == [again]
        await put_in_batch(connection, [again], another := uuid7(), 2)
        assert await runs_in_batch(connection, batch) == []
        assert (await run(connection, again)).attempt == 2
        await finish_run(connection, again, "completed", NOON)
        await keep_answers(connection, again, {"late": 1})
        assert await answers_so_far(connection, again) == {}
        assert await runs_in_batch(connection, another) == []


async def test_what_is_over_and_was_scored_can_be_scored_once_more(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    ids = [await make_interview(tenant) for _ in range(4)]
    async with database.tenant(tenant.tenant_id) as connection:
        for interview_id in ids[:3]:
            await live_run(connection, interview_id, "rehearsal-1", NOON)
        for interview_id in ids[1:]:
            await set_status(connection, interview_id, "completed", NOON)
        await delete_softly(connection, ids[2], NOON)
        assert await rescorable(connection) == [ids[1]]
        assert await rescorable(connection, only=[ids[0], ids[3]]) == []
        assert await rescorable(connection, plan="test-plan") == [ids[1]]
        assert await rescorable(connection, plan="another") == []


async def test_a_run_of_somebody_else_is_not_there(database: Database, tenant: Person, asked: Asked) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        live = await live_run(connection, asked.interview_id, "rehearsal-1", NOON)
    other = await new_person(database)
    async with database.tenant(other.tenant_id) as connection:
        with pytest.raises(NotFound):
            await run(connection, live)
        assert await last_rescoring(connection) is None


async def test_a_level_is_given_or_the_reason_why_not(database: Database, tenant: Person, asked: Asked) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        run_id = await live_run(connection, asked.interview_id, "rehearsal-1", NOON)
    with pytest.raises(asyncpg.CheckViolationError):
        await score(database, tenant, asked, 1, run_id, NewScore(competency="x", level=None, judge="j"))

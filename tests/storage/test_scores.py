from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from storage.answers import upsert_question, upsert_response
from storage.database import Database
from storage.scores import NewScore, finish_run, live_run, runs_of, save_scores, scores_of, start_rescoring
from tests.conftest import Person
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


async def test_another_pass_counts_when_it_is_finished_and_the_first_stays(
    database: Database, tenant: Person, asked: Asked
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        live = await live_run(connection, asked.interview_id, "rehearsal-1", NOON)
        again = await start_rescoring(connection, asked.interview_id, "model-2", NOON, model="m")
    await score(database, tenant, asked, 1, live, level(2))
    await score(database, tenant, asked, 1, again, level(4))
    async with database.tenant(tenant.tenant_id) as connection:
        assert [kept.level for kept in await scores_of(connection, asked.interview_id)] == [2]
        await finish_run(connection, again, "completed", NOON + timedelta(minutes=1))
        assert [kept.level for kept in await scores_of(connection, asked.interview_id)] == [4]
        assert [kept.level for kept in await scores_of(connection, asked.interview_id, run_id=live)] == [2]
        assert [(run.id, run.is_current) for run in await runs_of(connection, asked.interview_id)] == [
            (again, True),
            (live, False),
        ]


async def test_a_level_is_given_or_the_reason_why_not(database: Database, tenant: Person, asked: Asked) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        run_id = await live_run(connection, asked.interview_id, "rehearsal-1", NOON)
    with pytest.raises(asyncpg.CheckViolationError):
        await score(database, tenant, asked, 1, run_id, NewScore(competency="x", level=None, judge="j"))

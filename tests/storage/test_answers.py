from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from storage.answers import (
    Question,
    Response,
    questions_of,
    responses_of,
    set_response_score,
    upsert_question,
    upsert_response,
)
from storage.database import Database
from tests.conftest import Person
from tests.storage.conftest import MakeInterview


@dataclass(frozen=True)
class Asked:
    interview_id: UUID
    question_id: UUID


def question(interview_id: UUID, number: int = 1, asked_seq: int | None = None) -> Question:
    return Question(
        interview_id=interview_id,
        sequence_number=number,
        question_key=f"q{number}",
        question_text="Tell me of a hard decision.",
        question_type="behavioral",
        category="ownership",
        difficulty_level="medium",
        expected_answer_points=["the result"],
        asked_seq=asked_seq,
    )


def answer(asked: Asked, version: int, text: str) -> Response:
    return Response(
        interview_id=asked.interview_id,
        question_id=asked.question_id,
        version=version,
        response_text=text,
        language="en",
        word_count=len(text.split()),
        response_duration_seconds=12.5,
        closed_seq=10 + version,
        spans=[{"seq": 3, "start": 0, "end": len(text)}],
    )


@pytest.fixture
async def asked(database: Database, tenant: Person, make_interview: MakeInterview) -> Asked:
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        return Asked(interview_id, await upsert_question(connection, question(interview_id)))


async def test_a_question_kept_again_is_the_same_row_with_what_is_new(
    database: Database, tenant: Person, asked: Asked
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        again = await upsert_question(connection, question(asked.interview_id, asked_seq=7))
        assert again == asked.question_id
        await upsert_question(connection, question(asked.interview_id, number=2))
        first, second = await questions_of(connection, asked.interview_id)
    assert (first.id, first.asked_seq, first.expected_answer_points) == (again, 7, ["the result"])
    assert second.question_key == "q2"


async def test_a_reopened_answer_is_another_version_and_the_current_one(
    database: Database, tenant: Person, asked: Asked
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        first = await upsert_response(connection, answer(asked, 1, "I decided."))
        second = await upsert_response(connection, answer(asked, 2, "I decided. It worked."))
        assert await upsert_response(connection, answer(asked, 1, "I decided.")) == first
        current = await responses_of(connection, asked.interview_id)
        assert [(kept.id, kept.version) for kept in current] == [(second, 2)]
        both = await responses_of(connection, asked.interview_id, current_only=False)
        assert [(kept.version, kept.is_current) for kept in both] == [(1, False), (2, True)]


async def test_a_score_stays_when_the_answer_is_written_again(database: Database, tenant: Person, asked: Asked) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        response_id = await upsert_response(connection, answer(asked, 1, "I decided."))
        await set_response_score(connection, response_id, 75)
        await upsert_response(connection, answer(asked, 1, "I decided."))
        (kept,) = await responses_of(connection, asked.interview_id)
    assert (kept.score, kept.response_duration_seconds) == (75.0, 12.5)
    assert kept.spans == [{"seq": 3, "start": 0, "end": 10}]


async def test_a_value_outside_the_enumeration_is_refused(database: Database, tenant: Person, asked: Asked) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.tenant(tenant.tenant_id) as connection:
            await connection.execute("update interview.questions set question_type = 'riddle'")

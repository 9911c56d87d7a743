"""What was asked and what was answered: views of the log that can be written again from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from storage.database import Connection
from storage.ids import uuid7


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question of an interview. `question_key` is its id in the plan; `category` its competency."""

    interview_id: UUID
    sequence_number: int
    question_key: str | None
    question_text: str
    question_type: str
    category: str
    difficulty_level: str
    expected_answer_points: Any = ()
    follow_up_to: UUID | None = None
    is_core: bool = True
    asked_seq: int | None = None
    closed_seq: int | None = None


class KeptQuestion(Question, frozen=True, kw_only=True):
    """A question with the id of its row."""

    id: UUID


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """All that was said to one question, its probes included. A reopened answer is another version.

    `spans` says which words came from which events; times in ms of interview time.
    """

    interview_id: UUID
    question_id: UUID
    version: int
    response_text: str
    language: str
    word_count: int
    response_duration_seconds: float
    closed_seq: int
    spans: Any = ()
    probes_used: int = 0
    audio_from_ms: int | None = None
    audio_to_ms: int | None = None
    stt_confidence: float | None = None
    score: float | None = None


class KeptResponse(Response, frozen=True, kw_only=True):
    """A response with the id of its row; `is_current` unless a later version exists."""

    id: UUID
    is_current: bool


async def upsert_question(connection: Connection, question: Question) -> UUID:
    """Keep a question by its number in the interview. Returns its id, the same each time."""
    question_id: UUID = await connection.fetchval(
        """
        insert into interview.questions
          (id, tenant_id, interview_id, sequence_number, question_key, question_text, question_type, category,
           difficulty_level, expected_answer_points, follow_up_to, is_core, asked_seq, closed_seq)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (interview_id, sequence_number) do update
           set question_key = excluded.question_key, question_text = excluded.question_text,
               question_type = excluded.question_type, category = excluded.category,
               difficulty_level = excluded.difficulty_level,
               expected_answer_points = excluded.expected_answer_points, follow_up_to = excluded.follow_up_to,
               is_core = excluded.is_core, asked_seq = excluded.asked_seq, closed_seq = excluded.closed_seq
        returning id
        """,
        uuid7(),
        question.interview_id,
        question.sequence_number,
        question.question_key,
        question.question_text,
        question.question_type,
        question.category,
        question.difficulty_level,
        question.expected_answer_points,
        question.follow_up_to,
        question.is_core,
        question.asked_seq,
        question.closed_seq,
    )
    return question_id


async def questions_of(connection: Connection, interview_id: UUID) -> list[KeptQuestion]:
    """The questions of an interview, in order."""
    rows = await connection.fetch(
        """
        select id, interview_id, sequence_number, question_key, question_text, question_type, category,
               difficulty_level, expected_answer_points, follow_up_to, is_core, asked_seq, closed_seq
          from interview.questions where interview_id = $1 order by sequence_number
        """,
        interview_id,
    )
    return [KeptQuestion(**row) for row in rows]


async def upsert_response(connection: Connection, response: Response) -> UUID:
    """Keep an answer by its question and version. Returns its id, the same each time.

    The highest version is the current one, in whatever order they are written.
    """
    await connection.execute(
        "update interview.responses set is_current = false where question_id = $1 and version < $2 and is_current",
        response.question_id,
        response.version,
    )
    response_id: UUID = await connection.fetchval(
        """
        insert into interview.responses
          (id, tenant_id, interview_id, question_id, version, response_text, language, word_count,
           response_duration_seconds, closed_seq, spans, probes_used, audio_from_ms, audio_to_ms, stt_confidence,
           score, is_current)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                $15::float8,
                not exists (select from interview.responses where question_id = $3 and version > $4))
        on conflict (question_id, version) do update
           set response_text = excluded.response_text, language = excluded.language,
               word_count = excluded.word_count,
               response_duration_seconds = excluded.response_duration_seconds,
               closed_seq = excluded.closed_seq, spans = excluded.spans, probes_used = excluded.probes_used,
               audio_from_ms = excluded.audio_from_ms, audio_to_ms = excluded.audio_to_ms,
               stt_confidence = excluded.stt_confidence,
               score = coalesce(excluded.score, interview.responses.score)
        returning id
        """,
        uuid7(),
        response.interview_id,
        response.question_id,
        response.version,
        response.response_text,
        response.language,
        response.word_count,
        response.response_duration_seconds,
        response.closed_seq,
        response.spans,
        response.probes_used,
        response.audio_from_ms,
        response.audio_to_ms,
        response.stt_confidence,
        response.score,
    )
    return response_id


async def set_response_score(connection: Connection, response_id: UUID, score: float | None) -> None:
    """What the answer's levels come to, 0–100; None where none could be given."""
    await connection.execute("update interview.responses set score = $2::float8 where id = $1", response_id, score)


async def responses_of(
    connection: Connection, interview_id: UUID, *, current_only: bool = True
) -> Sequence[KeptResponse]:
    """The answers of an interview in the order they closed; every version where `current_only` is False."""
    rows = await connection.fetch(
        """
        select id, interview_id, question_id, version, response_text, language, word_count,
               response_duration_seconds, closed_seq, spans, probes_used, audio_from_ms, audio_to_ms,
               stt_confidence, score::float8, is_current
          from interview.responses where interview_id = $1 and (is_current or not $2) order by closed_seq
        """,
        interview_id,
        current_only,
    )
    return [KeptResponse(**row) for row in rows]

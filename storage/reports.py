"""What is read when an interview is over: its transcript, feedback and report, and the measures of its turns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from storage.database import Connection
from storage.errors import NotFound
from storage.ids import uuid7


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell the candidate. The lowest `priority` comes first."""

    feedback_type: Literal["summary", "strength", "improvement", "action_item", "resource"]
    content: str
    priority: int = 0
    question_id: UUID | None = None
    category: str | None = None
    evidence: Any = None
    resource_url: str | None = None
    resource_type: str | None = None


class Report(msgspec.Struct, frozen=True):
    """An interview's report: a JSON document, and the last event it was made from."""

    interview_id: UUID
    body: Any
    last_seq: int
    generated_at: datetime
    pdf_key: str | None


class KeptReport(msgspec.Struct, frozen=True):
    """A report as it was written, None until it is made, and where its interview stands."""

    status: str
    started_at: datetime | None
    body: bytes | None
    """The document, JSON in UTF-8."""
    last_seq: int | None
    generated_at: datetime | None


class JudgedPractice(msgspec.Struct, frozen=True):
    """A practice that has a report. `competencies` is that part of the report's document, as it was written."""

    interview_id: UUID
    at: datetime
    """When it was begun."""
    plan_slug: str
    rubric_slug: str
    scorer: str
    competencies: Any


class Transcript(msgspec.Struct, frozen=True):
    """Everything said, utterance by utterance, and the last event it was made from."""

    interview_id: UUID
    segments: Any
    language: str
    word_count: int
    last_seq: int


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """How long one turn took, each step in ms, and who served it."""

    interview_id: UUID
    turn_number: int
    draft: Literal["hit", "miss", "none"]
    question_id: UUID | None = None
    reply_id: UUID | None = None
    endpointing_ms: float | None = None
    transcription_ms: float | None = None
    first_token_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    interrupted: bool = False
    interrupted_at_ms: int | None = None
    served: Any = msgspec.field(default_factory=dict)


async def save_feedback(connection: Connection, interview_id: UUID, feedback: Sequence[Feedback]) -> None:
    """Replace the interview's feedback."""
    await connection.execute("delete from interview.feedback where interview_id = $1", interview_id)
    await connection.executemany(
        """
        insert into interview.feedback
          (id, tenant_id, interview_id, question_id, feedback_type, content, priority, category, evidence,
           resource_url, resource_type)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        [
            (
                uuid7(),
                interview_id,
                item.question_id,
                item.feedback_type,
                item.content,
                item.priority,
                item.category,
                item.evidence,
                item.resource_url,
                item.resource_type,
            )
            for item in feedback
        ],
    )


async def feedback_of(connection: Connection, interview_id: UUID) -> list[Feedback]:
    """The interview's feedback, by priority."""
    rows = await connection.fetch(
        """
        select feedback_type, content, priority, question_id, category, evidence, resource_url, resource_type
          from interview.feedback where interview_id = $1 order by priority, id
        """,
        interview_id,
    )
    return [Feedback(**row) for row in rows]


async def save_report(
    connection: Connection, interview_id: UUID, body: Any, last_seq: int, generated_at: datetime
) -> None:
    """Keep the report; one made from more of the log stays."""
    await connection.execute(
        """
        insert into interview.reports (interview_id, tenant_id, body, last_seq, generated_at)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4)
        on conflict (interview_id) do update
           set body = excluded.body, last_seq = excluded.last_seq, generated_at = excluded.generated_at
         where interview.reports.last_seq <= excluded.last_seq
        """,
        interview_id,
        body,
        last_seq,
        generated_at,
    )


async def report(connection: Connection, interview_id: UUID) -> Report | None:
    """The interview's report, None until it is made."""
    row = await connection.fetchrow(
        "select interview_id, body, last_seq, generated_at, pdf_key from interview.reports where interview_id = $1",
        interview_id,
    )
    return Report(*row) if row is not None else None


async def kept_report(connection: Connection, interview_id: UUID) -> KeptReport:
    """The interview's report for whoever passes it on unread. Raises NotFound without the interview."""
    row = await connection.fetchrow(
        """
        select i.status, i.started_at, convert_to(r.body::text, 'UTF8'), r.last_seq, r.generated_at
          from interview.interviews i left join interview.reports r on r.interview_id = i.id
         where i.id = $1 and i.deleted_at is null
        """,
        interview_id,
    )
    if row is None:
        raise NotFound("interview", interview_id)
    return KeptReport(*row)


async def judged_practices(
    connection: Connection, user_id: UUID, *, plan: str | None = None, limit: int = 200
) -> list[JudgedPractice]:
    """A person's latest practices that were judged, of one plan (by slug) or of all; the latest first."""
    rows = await connection.fetch(
        """
        select i.id, coalesce(i.started_at, i.created_at), p.slug, b.slug, r.body ->> 'scorer',
               r.body -> 'competencies'
          from interview.interviews i
          join interview.reports r on r.interview_id = i.id
          join interview.plan_versions v on v.id = i.plan_version_id
          join interview.plans p on p.id = v.plan_id
          join interview.rubrics b on b.id = v.rubric_id
         where i.tenant_id = current_setting('app.tenant')::uuid and i.user_id = $1 and i.deleted_at is null
           and i.kind = 'practice' and i.status in ('completed', 'abandoned') and ($2::text is null or p.slug = $2)
         order by i.id desc limit $3
        """,
        user_id,
        plan,
        limit,
    )
    return [JudgedPractice(*row) for row in rows]


async def save_transcript(connection: Connection, transcript: Transcript) -> None:
    """Keep the transcript; one made from more of the log stays."""
    await connection.execute(
        """
        insert into interview.transcripts (interview_id, tenant_id, segments, language, word_count, last_seq)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5)
        on conflict (interview_id) do update
           set segments = excluded.segments, language = excluded.language, word_count = excluded.word_count,
               last_seq = excluded.last_seq
         where interview.transcripts.last_seq <= excluded.last_seq
        """,
        transcript.interview_id,
        transcript.segments,
        transcript.language,
        transcript.word_count,
        transcript.last_seq,
    )


async def transcript_of(connection: Connection, interview_id: UUID) -> Transcript | None:
    """The interview's transcript, None until it is made."""
    row = await connection.fetchrow(
        "select interview_id, segments, language, word_count, last_seq from interview.transcripts"
        " where interview_id = $1",
        interview_id,
    )
    return Transcript(*row) if row is not None else None


async def save_turn(connection: Connection, turn: Turn) -> None:
    """Keep the measures of a turn by its number; saving again overwrites."""
    await connection.execute(
        """
        insert into interview.turns
          (id, tenant_id, interview_id, turn_number, question_id, reply_id, draft, endpointing_ms, transcription_ms,
           first_token_ms, first_byte_ms, total_ms, interrupted, interrupted_at_ms, served)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict (interview_id, turn_number) do update
           set question_id = excluded.question_id, reply_id = excluded.reply_id, draft = excluded.draft,
               endpointing_ms = excluded.endpointing_ms, transcription_ms = excluded.transcription_ms,
               first_token_ms = excluded.first_token_ms, first_byte_ms = excluded.first_byte_ms,
               total_ms = excluded.total_ms, interrupted = excluded.interrupted,
               interrupted_at_ms = excluded.interrupted_at_ms, served = excluded.served
        """,
        uuid7(),
        turn.interview_id,
        turn.turn_number,
        turn.question_id,
        turn.reply_id,
        turn.draft,
        turn.endpointing_ms,
        turn.transcription_ms,
        turn.first_token_ms,
        turn.first_byte_ms,
        turn.total_ms,
        turn.interrupted,
        turn.interrupted_at_ms,
        turn.served,
    )


async def turns_of(connection: Connection, interview_id: UUID) -> list[Turn]:
    """The measures of an interview's turns, in order."""
    rows = await connection.fetch(
        """
        select interview_id, turn_number, draft, question_id, reply_id, endpointing_ms, transcription_ms,
               first_token_ms, first_byte_ms, total_ms, interrupted, interrupted_at_ms, served
          from interview.turns where interview_id = $1 order by turn_number
        """,
        interview_id,
    )
    return [Turn(**row) for row in rows]

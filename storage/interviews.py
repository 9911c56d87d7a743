"""One sitting: its row, its lease, and what becomes of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from storage.database import Connection
from storage.errors import NotFound

Status: TypeAlias = Literal["created", "in_progress", "paused", "completed", "abandoned", "expired", "cancelled"]
Kind: TypeAlias = Literal["practice", "screening"]
Channel: TypeAlias = Literal["voice", "phone", "text", "room"]
OPEN: tuple[Status, ...] = ("created", "in_progress", "paused")
"""Those that may still go on; the others are final."""

PURGE_AFTER = timedelta(days=30)


class NewInterview(msgspec.Struct, frozen=True, kw_only=True):
    """What is fixed when an interview is made. `versions` pins rubric, prompts, Director and scorer."""

    id: UUID
    kind: Kind
    channel: Channel
    user_id: UUID | None
    plan_version_id: UUID
    versions: dict[str, Any]
    interview_type: str
    language: str
    difficulty_level: str
    target_duration_minutes: int
    scorer: Literal["rehearsal", "model"]
    role_level: str | None = None
    industry: str | None = None
    screening_id: UUID | None = None


class Interview(msgspec.Struct, frozen=True):
    """An interview's row, with the slug and title of its plan. Scores are 0–100."""

    id: UUID
    tenant_id: UUID
    kind: Kind
    channel: Channel
    user_id: UUID | None
    screening_id: UUID | None
    plan_version_id: UUID
    plan_slug: str
    plan_title: str
    versions: dict[str, Any]
    interview_type: str
    industry: str | None
    role_level: str | None
    language: str
    difficulty_level: str
    target_duration_minutes: int
    status: Status
    started_at: datetime | None
    completed_at: datetime | None
    actual_duration_seconds: int | None
    last_seq: int
    last_event_at: datetime | None
    epoch: int
    holder: str | None
    held_until: datetime | None
    scorer: str
    overall_score: float | None
    communication_score: float | None
    content_score: float | None
    structure_score: float | None
    needs_review: bool
    created_at: datetime


class IdleInterview(msgspec.Struct, frozen=True):
    """An interview in which nothing has happened for a while. `quiet_since` is its last event, or its making.

    `touched_at` is when the row was last written, by the database's clock: later where the writer's clock was behind.
    """

    id: UUID
    status: Status
    quiet_since: datetime
    touched_at: datetime


_COLUMNS = """
select i.id, i.tenant_id, i.kind, i.channel, i.user_id, i.screening_id, i.plan_version_id, p.slug, p.title,
       i.versions, i.interview_type, i.industry, i.role_level, i.language, i.difficulty_level,
       i.target_duration_minutes, i.status, i.started_at, i.completed_at, i.actual_duration_seconds, i.last_seq,
       i.last_event_at, i.epoch, i.holder, i.held_until, i.scorer, i.overall_score::float8,
       i.communication_score::float8, i.content_score::float8, i.structure_score::float8, i.needs_review,
       i.created_at
  from interview.interviews i
  join interview.plan_versions v on v.id = i.plan_version_id
  join interview.plans p on p.id = v.plan_id
"""
_ONE = _COLUMNS + " where i.id = $1 and i.deleted_at is null"
_A_USERS = """
 where i.tenant_id = current_setting('app.tenant')::uuid and i.user_id = $1 and i.deleted_at is null
   and ($2::uuid is null or i.id < $2) and ($3::text[] is null or i.status = any($3))
   and ($4::text is null or i.kind = $4) and ($5::text is null or i.language = $5)
   and ($6::text is null or p.slug = $6)
"""
_SEARCHED = """
   and translate(lower(concat_ws(' ', p.slug, p.title,
         (select string_agg(value, ' ') from jsonb_each_text(v.body -> 'title')),
         to_char(coalesce(i.started_at, i.created_at) at time zone 'UTC', 'YYYY-MM-DD'),
         (select string_agg(r.response_text, ' ') from interview.responses r
           where r.interview_id = i.id and r.is_current))), $9, $10) like all ($8)
"""
_LATEST_FIRST = " order by i.id desc limit $7"
# Apart, because each call is planned anew, and planning the search takes longer than the whole list without it.
_OF_A_USER = _COLUMNS + _A_USERS + _LATEST_FIRST
_OF_A_USER_SEARCHED = _COLUMNS + _A_USERS + _SEARCHED + _LATEST_FIRST
# What both sides of a search are folded by: the database has no `unaccent`, and under some locales its `lower` leaves
# letters with accents as they are.
_ACCENTED = "áàâäãåéèêëíìîïóòôöõúùûüñçÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÑÇ"
_PLAIN = "aaaaaaeeeeiiiiooooouuuunc" * 2
_LONGEST_SEARCH = 200
_MARK, _ESCAPED = re.compile(r"[\\%_]"), r"\\\g<0>"
"""What LIKE reads as a sign, and the same as a letter."""


async def create_interview(connection: Connection, new: NewInterview, at: datetime) -> None:
    """Make the row. Its first event is the caller's, in the same transaction."""
    await connection.execute(
        """
        insert into interview.interviews
          (id, tenant_id, kind, channel, user_id, screening_id, plan_version_id, versions, interview_type, industry,
           role_level, language, difficulty_level, target_duration_minutes, scorer, created_at)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        new.id,
        new.kind,
        new.channel,
        new.user_id,
        new.screening_id,
        new.plan_version_id,
        new.versions,
        new.interview_type,
        new.industry,
        new.role_level,
        new.language,
        new.difficulty_level,
        new.target_duration_minutes,
        new.scorer,
        at,
    )


async def interview(connection: Connection, interview_id: UUID) -> Interview:
    """One interview. Raises NotFound."""
    row = await connection.fetchrow(_ONE, interview_id)
    if row is None:
        raise NotFound("interview", interview_id)
    return Interview(*row)


async def interviews_of(
    connection: Connection,
    user_id: UUID,
    *,
    before: UUID | None = None,
    limit: int = 20,
    statuses: Sequence[str] | None = None,
    kind: str | None = None,
    language: str | None = None,
    plan: str | None = None,
    text: str | None = None,
) -> list[Interview]:
    """A person's interviews, the latest first; `before` is the last id of the page before.

    `plan` is a slug. `text` is searched, each of its words, in the plan's titles, the date (2026-11-20, UTC) and what
    the person answered; case and accents make no difference.
    """
    patterns = _patterns(text) if text else None
    rows = await connection.fetch(
        _OF_A_USER_SEARCHED if patterns else _OF_A_USER,
        user_id,
        before,
        list(statuses) if statuses is not None else None,
        kind,
        language,
        plan,
        limit,
        *((patterns, _ACCENTED, _PLAIN) if patterns else ()),
    )
    return [Interview(*row) for row in rows]


def _patterns(text: str) -> list[str] | None:
    """Each word of a search as a pattern of LIKE; None where there is none."""
    # A word with its accents as marks of their own is the same word. PostgreSQL's text holds no NUL.
    composed = unicodedata.normalize("NFC", text).replace("\0", " ")[:_LONGEST_SEARCH]
    folded = composed.lower().translate(str.maketrans(_ACCENTED, _PLAIN))
    return [f"%{_MARK.sub(_ESCAPED, word)}%" for word in folded.split()] or None


async def take_over(connection: Connection, interview_id: UUID, holder: str, held_until: datetime) -> int | None:
    """Take the lease, whoever has it: the next epoch, or None when the interview is unknown or final."""
    epoch: int | None = await connection.fetchval(
        "update interview.interviews set epoch = epoch + 1, holder = $2, held_until = $3"
        " where id = $1 and deleted_at is null and status = any($4) returning epoch",
        interview_id,
        holder,
        held_until,
        list(OPEN),
    )
    return epoch


async def renew(connection: Connection, interview_id: UUID, epoch: int, held_until: datetime) -> bool:
    """Hold the lease for longer. False when another process has taken over."""
    done = await connection.execute(
        "update interview.interviews set held_until = $3 where id = $1 and epoch = $2",
        interview_id,
        epoch,
        held_until,
    )
    return done == "UPDATE 1"


async def release(connection: Connection, interview_id: UUID, epoch: int) -> bool:
    """Give the lease back; the epoch stays, so what is still under way can be appended. False when it was lost."""
    done = await connection.execute(
        "update interview.interviews set holder = null, held_until = null where id = $1 and epoch = $2",
        interview_id,
        epoch,
    )
    return done == "UPDATE 1"


async def set_status(
    connection: Connection,
    interview_id: UUID,
    status: Status,
    at: datetime,
    *,
    duration_seconds: int | None = None,
) -> bool:
    """Keep the row true to the log, in the transaction of the event that says so.

    The first time in progress sets started_at, a final status completed_at. A final status never changes:
    then, and for an unknown interview, False.
    """
    done = await connection.execute(
        """
        update interview.interviews
           set status = $2,
               started_at = case when $2 = 'in_progress' then coalesce(started_at, $3) else started_at end,
               completed_at = case when $2 = any($5) then null else $3 end,
               actual_duration_seconds = coalesce($4, actual_duration_seconds)
         where id = $1 and deleted_at is null and status = any($5)
        """,
        interview_id,
        status,
        at,
        duration_seconds,
        list(OPEN),
    )
    return done == "UPDATE 1"


async def set_language(connection: Connection, interview_id: UUID, language: str) -> None:
    """The interview goes on in another language."""
    await connection.execute("update interview.interviews set language = $2 where id = $1", interview_id, language)


async def save_result(
    connection: Connection,
    interview_id: UUID,
    *,
    overall_score: float | None,
    content_score: float | None = None,
    structure_score: float | None = None,
    communication_score: float | None = None,
    needs_review: bool = False,
) -> None:
    """What the scores come to, each 0–100, None where there is too little to judge."""
    await connection.execute(
        """
        update interview.interviews
           set overall_score = $2::float8, content_score = $3::float8, structure_score = $4::float8,
               communication_score = $5::float8, needs_review = $6
         where id = $1
        """,
        interview_id,
        overall_score,
        content_score,
        structure_score,
        communication_score,
        needs_review,
    )


async def idle_interviews(
    connection: Connection, statuses: Sequence[Status], quiet_since: datetime, limit: int = 500
) -> list[IdleInterview]:
    """Interviews of these statuses in which nothing has happened since then, the longest quiet first.

    For the sweep, a tenant at a time: what was begun becomes abandoned, what never was expires.
    """
    rows = await connection.fetch(
        """
        select id, status, coalesce(last_event_at, created_at) as quiet_since, updated_at from interview.interviews
         where tenant_id = current_setting('app.tenant')::uuid and deleted_at is null and status = any($1)
           and coalesce(last_event_at, created_at) < $2
         order by quiet_since limit $3
        """,
        list(statuses),
        quiet_since,
        limit,
    )
    return [IdleInterview(*row) for row in rows]


async def delete_softly(connection: Connection, interview_id: UUID, at: datetime) -> bool:
    """Hide the interview; its rows and objects are purged 30 days later. False when it is not there."""
    done = await connection.execute(
        "update interview.interviews set deleted_at = $2, purge_after = $3 where id = $1 and deleted_at is null",
        interview_id,
        at,
        at + PURGE_AFTER,
    )
    return done == "UPDATE 1"

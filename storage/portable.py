"""All that is kept of one interview, as JSON rows that can be put into another database and come out the same.

PostgreSQL writes the rows and reads them, so that times (µs) and numbers keep every digit. What belongs to the
house and not to the interview stays behind: tenant, people, plan row, lease, the screening and the objects' places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from storage.database import Connection
from storage.errors import NotFound, StorageError
from storage.ids import uuid7
from storage.lineage import REFUSED
from storage.plans import import_rubric

ROWS_AT_ONCE = 500

JsonRow = dict[str, Any]
_read = msgspec.json.Decoder(float_hook=Decimal).decode
_write = msgspec.json.Encoder(decimal_format="number", order="sorted").encode
_plainly = msgspec.json.Decoder().decode


class NotPortable(StorageError):
    """An interview cannot be put into this database as it is."""


class InterviewIsHere(NotPortable):
    """There is an interview with this id, and it is not this one."""

    def __init__(self, interview_id: UUID, which: str) -> None:
        super().__init__(
            f"An interview {interview_id} is here already: {which}. Nothing was imported. "
            "Purge the one that is here first, or leave it."
        )


class PlanDiffers(NotPortable):
    """The plan that the interview was held by is here under the same hash, with another content."""

    def __init__(self, slug: str) -> None:
        super().__init__(
            f"The version of plan {slug!r} that this interview was held by is here with other content under the "
            "same hash. Nothing was imported. One of the two was changed by hand: find out which."
        )


class RowsRefused(NotPortable):
    """The database does not take the rows of one part."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(
            f"The {part} in this file cannot be kept here ({reason}). Nothing was imported. Export the interview "
            "again, with the release of Viva that runs here."
        )


class _Rubric(msgspec.Struct, frozen=True):
    slug: str
    content_hash: str
    languages: list[str]
    body: JsonRow


class _Plan(msgspec.Struct, frozen=True):
    slug: str
    content_hash: str
    languages: list[str]
    body: JsonRow
    turn_taking: JsonRow
    judges: int


class _Facts(msgspec.Struct, frozen=True):
    """What an interview's own row says of its plan."""

    id: UUID
    interview_type: str
    difficulty_level: str
    target_duration_minutes: int
    industry: str | None = None
    role_level: str | None = None


class Part(msgspec.Struct, frozen=True):
    """One table of an interview. `order` names columns that every server sorts alike: no texts."""

    name: str
    table: str
    order: str
    left_behind: tuple[str, ...] = ()
    refers: Mapping[str, str] = {}
    """Columns that must name a row of another part of the same interview."""


INTERVIEW = Part(
    "interview",
    "interview.interviews",
    "id",
    (
        *("user_id", "candidate_id", "application_id", "invitation_id", "job_id", "cv_id", "screening_id"),
        *("plan_version_id", "holder", "held_until", "deleted_at", "purge_after"),
    ),
)
PARTS: tuple[Part, ...] = (
    Part("events", "interview.events", "seq"),
    Part("questions", "interview.questions", "sequence_number", refers={"follow_up_to": "questions"}),
    Part("responses", "interview.responses", "closed_seq, id", refers={"question_id": "questions"}),
    Part("turns", "interview.turns", "turn_number", refers={"question_id": "questions"}),
    Part("scoring_runs", "interview.scoring_runs", "id"),
    Part(
        "scores",
        "interview.scores",
        "id",
        refers={"run_id": "scoring_runs", "response_id": "responses", "question_id": "questions"},
    ),
    Part("feedback", "interview.feedback", "id", refers={"question_id": "questions"}),
    Part("transcript", "interview.transcripts", "interview_id"),
    Part("report", "interview.reports", "interview_id", ("pdf_key",)),
    Part("lineage", "compliance.model_lineage", "occurred_at, id"),
)
"""In the order in which they can be inserted."""


class KeptInterview(msgspec.Struct, frozen=True):
    """An interview as JSON texts, one a row, keys sorted. `plan` and `rubric` hold content and no ids."""

    interview: bytes
    plan: bytes
    rubric: bytes
    parts: Mapping[str, Sequence[bytes]]
    """By the names in `PARTS`."""

    def rows(self, part: str) -> list[JsonRow]:
        """The rows of a part, with ordinary numbers."""
        return [_plainly(row) for row in self.parts[part]]


# The rows are read by one statement, so that they are of one moment however the interview goes on meanwhile.
_PART = "select '{name}', row_number() over (order by {order}), (to_jsonb(t) - '{{{dropped}}}'::text[])::text"
_OF = " from {table} t where {key} = $1"
_PLAN = """
select '{name}', 1, ({document})::text from interview.interviews i
  join interview.plan_versions v on v.id = i.plan_version_id
  join interview.plans p on p.id = v.plan_id
  join interview.rubrics r on r.id = v.rubric_id
 where i.id = $1 and i.deleted_at is null
"""
_PLAN_DOCUMENT = """
jsonb_build_object('slug', p.slug, 'content_hash', v.content_hash, 'languages', v.languages, 'body', v.body,
                   'turn_taking', v.turn_taking, 'judges', v.judges)
"""
_RUBRIC_DOCUMENT = """
jsonb_build_object('slug', r.slug, 'content_hash', r.content_hash, 'languages', r.languages, 'body', r.body)
"""


def _select(part: Part, key: str = "interview_id", also: str = "") -> str:
    dropped = ",".join(("tenant_id", *part.left_behind))
    return (
        _PART.format(name=part.name, order=part.order, dropped=dropped) + _OF.format(table=part.table, key=key) + also
    )


_SELECT = (
    "select part, row from ("  # noqa: S608 - of our own constants
    + "\nunion all\n".join(
        (
            _select(INTERVIEW, "id", " and deleted_at is null"),
            _PLAN.format(name="plan_version", document=_PLAN_DOCUMENT),
            _PLAN.format(name="rubric", document=_RUBRIC_DOCUMENT),
            *(_select(part) for part in PARTS),
        )
    )
    + ") as kept(part, n, row) order by part, n"
)
_SAME_FORM = "select set_config('timezone', 'UTC', true), set_config('extra_float_digits', '1', true)"


def sorted_json(document: bytes | str) -> bytes:
    """The same JSON document with its keys sorted and nothing between; numbers keep every digit."""
    return _write(_read(document))


async def kept_interview(connection: Connection, interview_id: UUID) -> KeptInterview:
    """Everything of one interview of the connection's tenant, at one moment. Raises NotFound."""
    await connection.execute(_SAME_FORM)
    found: dict[str, list[bytes]] = {name: [] for name in ("interview", "plan_version", "rubric")}
    found |= {part.name: [] for part in PARTS}
    for part, row in await connection.fetch(_SELECT, interview_id):
        found[part].append(sorted_json(row))
    if not found["interview"]:
        raise NotFound("interview", interview_id)
    (interview,), (plan,), (rubric,) = found.pop("interview"), found.pop("plan_version"), found.pop("rubric")
    return KeptInterview(interview, plan, rubric, found)


async def interview_ids(connection: Connection, after: UUID | None = None, limit: int = 200) -> list[UUID]:
    """The tenant's interviews, the oldest first, a page at a time: `after` is the last id of the page before."""
    rows = await connection.fetch(
        """
        select id from interview.interviews
         where tenant_id = current_setting('app.tenant')::uuid and deleted_at is null
           and ($1::uuid is null or id > $1)
         order by id limit $2
        """,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def which_are_here(connection: Connection, interview_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these interviews that the tenant has, and has not deleted."""
    rows = await connection.fetch(
        "select id from interview.interviews where id = any($1) and deleted_at is null", interview_ids
    )
    return [row["id"] for row in rows]


async def is_member(connection: Connection, user_id: UUID) -> bool:
    """Whether this person belongs to the connection's tenant."""
    found: bool = await connection.fetchval(
        "select exists (select from identity.memberships where user_id = $1 and status = 'active')", user_id
    )
    return found


async def insert_interview(connection: Connection, kept: KeptInterview, user_id: UUID) -> None:
    """Put an interview into the connection's tenant as this person's, in the caller's transaction.

    The plan is found by its content, or kept as one that is not offered. Raises NotPortable: InterviewIsHere,
    PlanDiffers, RowsRefused; let it leave the transaction.
    """
    await connection.execute(_SAME_FORM)
    try:
        facts = msgspec.convert(_read(kept.interview), _Facts)
        plan = msgspec.convert(_read(kept.plan), _Plan)
        rubric = msgspec.convert(_read(kept.rubric), _Rubric)
        version_id = await _plan_version(connection, plan, rubric, facts)
    except (msgspec.ValidationError, *REFUSED) as wrong:
        raise RowsRefused("plan, rubric or interview", type(wrong).__name__) from wrong
    row = _read(kept.interview) | {"user_id": str(user_id), "plan_version_id": str(version_id)}
    try:
        await _insert(connection, INTERVIEW, [_write(row)])
    except asyncpg.UniqueViolationError as twice:
        raise InterviewIsHere(facts.id, "deleted and not yet purged, or another tenant's") from twice
    for part in PARTS:
        _hold_together(part, kept, facts.id)
        try:
            await _insert(connection, part, kept.parts[part.name])
        except asyncpg.UniqueViolationError as twice:
            raise RowsRefused(part.name, "some of them are here already, or are there twice") from twice
    await _compare(connection, kept, facts.id)


async def _compare(connection: Connection, kept: KeptInterview, interview_id: UUID) -> None:
    """What is here now would come out again as it went in. PostgreSQL reads more than it writes: `today`, 1e0."""
    here = await kept_interview(connection, interview_id)
    wanted = {"interview": [kept.interview], "plan": [kept.plan], "rubric": [kept.rubric], **kept.parts}
    found = {"interview": [here.interview], "plan": [here.plan], "rubric": [here.rubric], **here.parts}
    for part, rows in wanted.items():
        if len(rows) != len(found[part]) or not all(map(_has_come_through, rows, found[part])):
            raise RowsRefused(part, "they would not come out again as they are")


def _has_come_through(given: bytes, kept: bytes) -> bool:
    """Whether a row is kept with every field of the file; a file of an earlier release may lack some of ours."""
    if given == kept:
        return True
    row = _read(kept)
    return _write({field: row.get(field) for field in _read(given)}) == given


def _hold_together(part: Part, kept: KeptInterview, interview_id: UUID) -> None:
    """No row may belong to, or refer to, another interview of the tenant."""
    rows = kept.rows(part.name)
    if any(row.get("interview_id") != str(interview_id) for row in rows):
        raise RowsRefused(part.name, "some belong to another interview")
    for column, other in part.refers.items():
        known = {row.get("id") for row in kept.rows(other)}
        if any(row.get(column) is not None and row[column] not in known for row in rows):
            raise RowsRefused(part.name, f"some refer to {other} that are not in the file")


async def _insert(connection: Connection, part: Part, rows: Sequence[bytes]) -> None:
    """Insert rows with the columns that they have. Raises RowsRefused, and UniqueViolationError."""
    if not rows:
        return
    columns = await _columns(connection, part, rows)
    names = ", ".join(f'"{column}"' for column in columns)
    statement = (
        f"insert into {part.table} (tenant_id, {names})"  # noqa: S608 - the catalogue's own names
        f" select current_setting('app.tenant')::uuid, {names} from jsonb_populate_recordset(null::{part.table}, $1)"
    )
    try:
        for first in range(0, len(rows), ROWS_AT_ONCE):
            together = b"[" + b",".join(rows[first : first + ROWS_AT_ONCE]) + b"]"
            await connection.execute(statement, msgspec.Raw(together))
    except asyncpg.UniqueViolationError:
        raise
    except REFUSED as wrong:
        raise RowsRefused(part.name, type(wrong).__name__) from wrong


async def _columns(connection: Connection, part: Part, rows: Sequence[bytes]) -> list[str]:
    """The columns of the rows, the same in each, all of them the table's. Those that are missing have defaults."""
    known = await connection.fetch(
        "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped"
        " and attgenerated = ''",
        part.table,
    )
    ours = {row["attname"] for row in known} - {"tenant_id"}
    columns = set(_plainly(rows[0]))
    if not columns <= ours:
        raise RowsRefused(part.name, "it has fields that this release does not know")
    if any(set(_plainly(row)) != columns for row in rows):
        raise RowsRefused(part.name, "their fields are not the same in each")
    return sorted(columns)


async def _plan_version(connection: Connection, plan: _Plan, rubric: _Rubric, facts: _Facts) -> UUID:
    """The version with this content that the tenant may read, or a new one of its own."""
    found = await connection.fetchrow(
        """
        select v.id, v.body = $3 and v.turn_taking = $4 and v.languages = $5 and v.judges = $6
                     and r.slug = $7 and r.content_hash = $8 and r.body = $9 and r.languages = $10 as is_same
          from interview.plan_versions v
          join interview.plans p on p.id = v.plan_id
          join interview.rubrics r on r.id = v.rubric_id
         where p.slug = $1 and v.content_hash = $2
         order by is_same desc, v.tenant_id = current_setting('app.tenant')::uuid desc, v.id limit 1
        """,
        plan.slug,
        plan.content_hash,
        _raw(plan.body),
        _raw(plan.turn_taking),
        plan.languages,
        plan.judges,
        rubric.slug,
        rubric.content_hash,
        _raw(rubric.body),
        rubric.languages,
    )
    if found is None:
        return await _keep_plan(connection, plan, rubric, facts)
    if not found["is_same"]:
        raise PlanDiffers(plan.slug)
    version_id: UUID = found["id"]
    return version_id


async def _keep_plan(connection: Connection, plan: _Plan, rubric: _Rubric, facts: _Facts) -> UUID:
    """Keep a plan from elsewhere in the tenant, archived: to read the interview by, never to be offered."""
    rubric_id = await import_rubric(
        connection,
        slug=rubric.slug,
        title=_title(rubric),
        languages=rubric.languages,
        body=_raw(rubric.body),
        content_hash=rubric.content_hash,
    )
    same = await connection.fetchval(
        "select body = $2 from interview.rubrics where id = $1", rubric_id, _raw(rubric.body)
    )
    if not same:
        raise PlanDiffers(plan.slug)
    minutes = facts.target_duration_minutes
    limit = plan.body.get("hard_limit_minutes")
    plan_id: UUID = await connection.fetchval(
        """
        with made as (
          insert into interview.plans
            (id, tenant_id, slug, title, interview_type, industry, role_level, difficulty_level,
             target_duration_minutes, hard_limit_minutes, source, status)
          values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7, $8, $9, 'library', 'archived')
          on conflict (tenant_id, slug) do nothing returning id)
        select id from made
        union all
        select id from interview.plans where tenant_id = current_setting('app.tenant')::uuid and slug = $2
        """,
        uuid7(),
        plan.slug,
        _title(plan),
        facts.interview_type,
        facts.industry,
        facts.role_level,
        facts.difficulty_level,
        minutes,
        max(minutes, limit) if isinstance(limit, int) else minutes,
    )
    version_id = uuid7()
    await connection.execute(
        """
        insert into interview.plan_versions
          (id, tenant_id, plan_id, number, content_hash, languages, body, rubric_id, turn_taking, judges)
        select $1, current_setting('app.tenant')::uuid, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8
          from interview.plan_versions where plan_id = $2
        """,
        version_id,
        plan_id,
        plan.content_hash,
        plan.languages,
        _raw(plan.body),
        rubric_id,
        _raw(plan.turn_taking),
        plan.judges,
    )
    return version_id


def _title(document: _Plan | _Rubric) -> str:
    """A title in the document's first language, else its slug."""
    titles = document.body.get("title")
    first = next(iter(document.languages), "")
    title = titles.get(first) if isinstance(titles, dict) else None
    return title if isinstance(title, str) else document.slug


def _raw(document: Any) -> msgspec.Raw:
    return msgspec.Raw(_write(document))

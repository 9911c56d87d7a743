"""Plans and rubrics. What an interview was held by is never changed: another text is another version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from storage.database import Connection
from storage.errors import NotFound
from storage.ids import SHARED_TENANT, uuid7

Source: TypeAlias = Literal["library", "workshop", "generated"]

# Taken while importing, so that two processes that start together count versions one after the other.
_LOCK = 0x56495641_504C414E  # "VIVAPLAN"


class NewPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan to import. `body` is its document, `content_hash` that of `content_hash(body)`; durations in minutes."""

    slug: str
    title: str
    interview_type: str
    difficulty_level: str
    target_duration_minutes: int
    hard_limit_minutes: int
    languages: Sequence[str]
    body: Any
    content_hash: str
    role_level: str | None = None
    industry: str | None = None
    source: Source = "library"
    turn_taking: Mapping[str, Any] = {}


class PlanVersion(msgspec.Struct, frozen=True):
    """One version of a plan, with its plan's facts and its rubric. Bodies are JSON documents."""

    id: UUID
    plan_id: UUID
    slug: str
    title: str
    interview_type: str
    industry: str | None
    role_level: str | None
    difficulty_level: str
    target_duration_minutes: int
    hard_limit_minutes: int
    number: int
    content_hash: str
    languages: list[str]
    body: dict[str, Any]
    turn_taking: dict[str, Any]
    rubric_id: UUID
    rubric_slug: str
    rubric_hash: str
    rubric_body: dict[str, Any]


_VERSIONS = """
select v.id, v.plan_id, p.slug, p.title, p.interview_type, p.industry, p.role_level, p.difficulty_level,
       p.target_duration_minutes, p.hard_limit_minutes, v.number, v.content_hash, v.languages, v.body,
       v.turn_taking, r.id, r.slug, r.content_hash, r.body
  from interview.plan_versions v
  join interview.plans p on p.id = v.plan_id
  join interview.rubrics r on r.id = v.rubric_id
"""
# One's own plan stands before a shared one of the same slug, and hides it.
_CURRENT = (
    _VERSIONS
    + """
 where v.id = p.current_version_id and p.status = 'active' and ($2::text is null or p.slug = $2)
 order by p.slug, p.tenant_id = $1
"""
)
_ONE_VERSION = _VERSIONS + " where v.id = $1"


def content_hash(body: Any) -> str:
    """SHA-256, in hex, of a document's canonical JSON: keys sorted, nothing between. Structs and dicts hash alike."""
    document = msgspec.json.encode(msgspec.to_builtins(body), order="sorted")
    return hashlib.sha256(document).hexdigest()


async def import_rubric(
    connection: Connection,
    *,
    slug: str,
    title: str,
    languages: Sequence[str],
    body: Any,
    content_hash: str,
    source: Source = "library",
) -> UUID:
    """Keep a rubric in the connection's tenant unless this very text is there. Returns its id."""
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    found: UUID | None = await connection.fetchval(
        "select id from interview.rubrics"
        " where tenant_id = current_setting('app.tenant')::uuid and slug = $1 and content_hash = $2",
        slug,
        content_hash,
    )
    if found is not None:
        return found
    rubric_id = uuid7()
    await connection.execute(
        """
        insert into interview.rubrics (id, tenant_id, slug, number, title, languages, body, source, content_hash)
        select $1, current_setting('app.tenant')::uuid, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7
          from interview.rubrics where tenant_id = current_setting('app.tenant')::uuid and slug = $2
        """,
        rubric_id,
        slug,
        title,
        list(languages),
        body,
        source,
        content_hash,
    )
    return rubric_id


async def import_plan(connection: Connection, plan: NewPlan, rubric_id: UUID) -> UUID:
    """Keep a plan in the connection's tenant and make this text its current version. Returns the version's
    id.

    A text that was imported before is found by its hash and made current again; nothing is written twice.
    """
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    plan_id = await _upsert_plan(connection, plan)
    version_id: UUID | None = await connection.fetchval(
        "select id from interview.plan_versions where plan_id = $1 and content_hash = $2",
        plan_id,
        plan.content_hash,
    )
    if version_id is None:
        version_id = uuid7()
        await connection.execute(
            """
            insert into interview.plan_versions
              (id, tenant_id, plan_id, number, content_hash, languages, body, rubric_id, turn_taking)
            select $1, current_setting('app.tenant')::uuid, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7
              from interview.plan_versions where plan_id = $2
            """,
            version_id,
            plan_id,
            plan.content_hash,
            list(plan.languages),
            plan.body,
            rubric_id,
            plan.turn_taking,
        )
    await connection.execute(
        "update interview.plans set current_version_id = $2 where id = $1 and current_version_id is distinct from $2",
        plan_id,
        version_id,
    )
    return version_id


async def list_plans(connection: Connection) -> list[PlanVersion]:
    """The current version of every active plan the tenant may use: its own and the shared ones, by slug."""
    rows = await connection.fetch(_CURRENT, SHARED_TENANT, None)
    offered: dict[str, PlanVersion] = {}
    for row in rows:
        version = PlanVersion(*row)
        offered.setdefault(version.slug, version)
    return list(offered.values())


async def plan_by_slug(connection: Connection, slug: str) -> PlanVersion:
    """The current version of a plan. Raises NotFound."""
    row = await connection.fetchrow(_CURRENT, SHARED_TENANT, slug)
    if row is None:
        raise NotFound("plan", slug)
    return PlanVersion(*row)


async def plan_version(connection: Connection, version_id: UUID) -> PlanVersion:
    """One version, current or not: what an interview pinned. Raises NotFound."""
    row = await connection.fetchrow(_ONE_VERSION, version_id)
    if row is None:
        raise NotFound("plan version", version_id)
    return PlanVersion(*row)


async def _upsert_plan(connection: Connection, plan: NewPlan) -> UUID:
    plan_id: UUID = await connection.fetchval(
        """
        insert into interview.plans
          (id, tenant_id, slug, title, interview_type, industry, role_level, difficulty_level,
           target_duration_minutes, hard_limit_minutes, source)
        values ($1, current_setting('app.tenant')::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (tenant_id, slug) do update
           set title = excluded.title, interview_type = excluded.interview_type, industry = excluded.industry,
               role_level = excluded.role_level, difficulty_level = excluded.difficulty_level,
               target_duration_minutes = excluded.target_duration_minutes,
               hard_limit_minutes = excluded.hard_limit_minutes, status = 'active'
        returning id
        """,
        uuid7(),
        plan.slug,
        plan.title,
        plan.interview_type,
        plan.industry,
        plan.role_level,
        plan.difficulty_level,
        plan.target_duration_minutes,
        plan.hard_limit_minutes,
        plan.source,
    )
    return plan_id

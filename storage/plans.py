"""Plans and rubrics. What an interview was held by is never changed: another text is another version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from storage.database import Connection
from storage.errors import NotFound, StorageError
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
    judges: int = 1


class NewRubric(msgspec.Struct, frozen=True, kw_only=True):
    """A rubric to import. `body` is its document, `content_hash` that of `content_hash(body)`."""

    slug: str
    title: str
    languages: Sequence[str]
    body: Any
    content_hash: str
    source: Source = "library"


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
    is_own: bool
    """The tenant's own, and not one that all share."""
    source: Source
    created_at: datetime
    judges: int


class VersionSummary(msgspec.Struct, frozen=True):
    """One version in the history of a plan. `created_by` is None where it came with the product."""

    id: UUID
    number: int
    source: Source
    created_at: datetime
    created_by: UUID | None
    content_hash: str
    is_current: bool
    is_own: bool


class PlanMovedOn(StorageError):
    """Somebody else has saved the plan meanwhile. `current` is the number it is at; None, there is none (any more)."""

    def __init__(self, slug: str, base: int | None, current: int | None) -> None:
        self.slug = slug
        self.base = base
        self.current = current
        super().__init__(
            f"The plan {slug!r} is at version {current or 'none'}, and what was to be saved was begun from "
            f"{base or 'none'}. Nothing was saved. Load the plan again and carry the changes over."
        )


_VERSIONS = """
select v.id, v.plan_id, p.slug, p.title, p.interview_type, p.industry, p.role_level, p.difficulty_level,
       p.target_duration_minutes, p.hard_limit_minutes, v.number, v.content_hash, v.languages, v.body,
       v.turn_taking, r.id, r.slug, r.content_hash, r.body,
       p.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid, v.source, v.created_at, v.judges
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


async def import_plan(
    connection: Connection, plan: NewPlan, rubric_id: UUID, *, created_by: UUID | None = None
) -> UUID:
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
              (id, tenant_id, plan_id, number, content_hash, languages, body, rubric_id, turn_taking, judges, source,
               created_by)
            select $1, current_setting('app.tenant')::uuid, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8,
                   $9, $10
              from interview.plan_versions where plan_id = $2
            """,
            version_id,
            plan_id,
            plan.content_hash,
            list(plan.languages),
            plan.body,
            rubric_id,
            plan.turn_taking,
            plan.judges,
            plan.source,
            created_by,
        )
    await connection.execute(
        "update interview.plans set current_version_id = $2 where id = $1 and current_version_id is distinct from $2",
        plan_id,
        version_id,
    )
    return version_id


async def keep_plan(
    connection: Connection, plan: NewPlan, rubric: NewRubric, *, created_by: UUID | None = None
) -> UUID:
    """Keep a plan with its rubric in the connection's tenant, and make it current. Returns the version's id."""
    rubric_id = await import_rubric(
        connection,
        slug=rubric.slug,
        title=rubric.title,
        languages=rubric.languages,
        body=rubric.body,
        content_hash=rubric.content_hash,
        source=rubric.source,
    )
    return await import_plan(connection, plan, rubric_id, created_by=created_by)


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


async def save_version(
    connection: Connection, plan: NewPlan, rubric: NewRubric, *, base: int | None, created_by: UUID | None
) -> tuple[PlanVersion, bool]:
    """Keep a plan with its rubric as the tenant's own, and make it current. Returns it, and whether it is new.

    `base` is the number of the version that it was made from, None for a new plan. The first time that a shared plan
    is saved, the shared text becomes one's own before, so that the two can be compared. A text that one's own plan
    had before is that version again. Raises PlanMovedOn where another version is current.
    """
    # Before looking: whoever saves at the same time comes after us and is refused.
    await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
    row = await connection.fetchrow(_CURRENT, SHARED_TENANT, plan.slug)
    current = PlanVersion(*row) if row is not None else None
    if base != (current.number if current else None):
        raise PlanMovedOn(plan.slug, base, current.number if current else None)
    if current is not None and not current.is_own:
        await _copy(connection, current)
    is_known = await connection.fetchval(
        "select exists (select from interview.plan_versions v join interview.plans p on p.id = v.plan_id"
        " where p.tenant_id = current_setting('app.tenant')::uuid and p.slug = $1 and v.content_hash = $2)",
        plan.slug,
        plan.content_hash,
    )
    version_id = await keep_plan(connection, plan, rubric, created_by=created_by)
    return await plan_version(connection, version_id), not is_known


async def archive_plan(connection: Connection, slug: str) -> None:
    """Put the tenant's own plan away: it is offered no more, and a shared one of its slug is again.

    Its versions stay, and saving it again brings it back. Raises NotFound.
    """
    done = await connection.execute(
        "update interview.plans set status = 'archived'"
        " where tenant_id = current_setting('app.tenant')::uuid and slug = $1 and status = 'active'",
        slug,
    )
    if done != "UPDATE 1":
        raise NotFound("plan", slug)


async def versions_of(connection: Connection, slug: str) -> list[VersionSummary]:
    """The versions of the plan that stands under a slug, the latest number first. Raises NotFound."""
    rows = await connection.fetch(
        """
        with plan as (
          select p.id, p.tenant_id, p.current_version_id from interview.plans p
           where p.slug = $2 and p.status = 'active' and p.current_version_id is not null
           order by p.tenant_id = $1 limit 1)
        select v.id, v.number, v.source, v.created_at, v.created_by, v.content_hash, v.id = plan.current_version_id,
               plan.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
          from interview.plan_versions v join plan on plan.id = v.plan_id
         order by v.number desc
        """,
        SHARED_TENANT,
        slug,
    )
    if not rows:
        raise NotFound("plan", slug)
    return [VersionSummary(*row) for row in rows]


async def version_by_number(connection: Connection, slug: str, number: int) -> PlanVersion:
    """One version of the plan that stands under a slug. Raises NotFound."""
    for version in await versions_of(connection, slug):
        if version.number == number:
            return await plan_version(connection, version.id)
    raise NotFound("plan version", f"{slug} {number}")


async def _copy(connection: Connection, shared: PlanVersion) -> None:
    """Make the text of a shared plan a version of the tenant's own plan of that slug."""
    body = shared.rubric_body
    rubric = NewRubric(
        slug=shared.rubric_slug,
        title=body["title"][shared.languages[0]],
        languages=body["languages"],
        body=body,
        content_hash=shared.rubric_hash,
    )
    plan = NewPlan(
        slug=shared.slug,
        title=shared.title,
        interview_type=shared.interview_type,
        industry=shared.industry,
        role_level=shared.role_level,
        difficulty_level=shared.difficulty_level,
        target_duration_minutes=shared.target_duration_minutes,
        hard_limit_minutes=shared.hard_limit_minutes,
        languages=shared.languages,
        body=shared.body,
        content_hash=shared.content_hash,
        turn_taking=shared.turn_taking,
        judges=shared.judges,
    )
    await keep_plan(connection, plan, rubric)


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
               hard_limit_minutes = excluded.hard_limit_minutes, source = excluded.source, status = 'active'
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

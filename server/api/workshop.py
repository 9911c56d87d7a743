"""The rubric workshop: read, check, compare, save and draft plans with their rubrics, whole."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from agents.library.keeping import records_of
from agents.plans import Language, Plan, Rubric
from agents.workshop import Change, DocumentError, Finding, check, difference, document_of, read_document
from agents.workshop.beside import beside
from agents.workshop.drafting import Draft, EmptyJobError, draft
from agents.workshop.laws import JURISDICTIONS
from server.api.endpoint import Answer, Call, Endpoint, Nothing
from server.api.plans import SLUG
from server.errors import (
    EmptyJob,
    NoSuchPlan,
    NoSuchVersion,
    OtherSlug,
    PlanMovedOn,
    PlanRefused,
    SharedPlan,
    UnknownJurisdiction,
    UnreadableDocument,
)
from server.services import Services
from storage import plans as kept
from storage.database import Connection
from storage.errors import NotFound

CURRENT = "current"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_ETAG = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})"')

Jurisdictions = Annotated[
    tuple[str, ...],
    msgspec.Meta(description="Whose laws to hold the questions against; all that are known where none is named."),
]
Base = Annotated[
    int | None,
    msgspec.Meta(description="Number of the version that this was made from; null for a new plan."),
]


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a plan. `created_by` is null where it came with Viva."""

    id: UUID
    number: int
    source: Literal["library", "workshop", "generated"]
    created_at: datetime
    created_by: UUID | None
    is_current: bool


class VersionList(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a plan, the latest number first. `is_own` is false for a plan that comes with Viva."""

    slug: str
    is_own: bool
    current: int
    versions: tuple[VersionView, ...]


class PlanDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a plan with its rubric, whole: also what an answer should say."""

    slug: str
    number: int
    plan_version_id: UUID
    source: Literal["library", "workshop", "generated"]
    created_at: datetime
    is_own: bool
    plan: Plan
    rubric: Rubric


class Difference(msgspec.Struct, frozen=True):
    """What changed from one version to another."""

    slug: str
    before: int
    after: int
    changes: tuple[Change, ...]


class PlanToCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    plan: Plan
    rubric: Rubric
    jurisdictions: Jurisdictions = ()


class PlanToSave(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan with its rubric. `base` may also be sent as `If-Match: "3"` or, with YAML, in the address."""

    plan: Plan
    rubric: Rubric
    base: Base = None
    jurisdictions: Jurisdictions = ()


class Findings(msgspec.Struct, frozen=True):
    """What was found, errors first. A plan with an error is not saved."""

    findings: tuple[Finding, ...]
    errors: int
    warnings: int
    hints: int


class SavedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The version that is current now. `is_new` is false where the plan had this very text before."""

    slug: str
    number: int
    plan_version_id: UUID
    is_new: bool
    findings: tuple[Finding, ...]


class ArchivedPlan(msgspec.Struct, frozen=True):
    """Put away. `is_shared` tells that a plan of that name comes with Viva, and is offered again."""

    slug: str
    is_shared: bool


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to draft a plan for."""

    job: str
    """The description of the job, as text."""
    language: Language = "en"
    minutes: Annotated[int, msgspec.Meta(ge=5, le=120)] = 30


class SaveQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base: Base = None
    jurisdictions: Annotated[str, msgspec.Meta(description="With commas between, for a body in YAML.")] = ""


class CheckQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    jurisdictions: Annotated[str, msgspec.Meta(description="With commas between, for a body in YAML.")] = ""


async def versions(call: Call[Nothing, Nothing]) -> VersionList:
    slug = _slug(call.params)
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        try:
            found = await kept.versions_of(connection, slug)
        except NotFound:
            raise NoSuchPlan from None
    current = next(each for each in found if each.is_current)
    return VersionList(
        slug=slug,
        is_own=current.is_own,
        current=current.number,
        versions=tuple(
            VersionView(
                id=each.id,
                number=each.number,
                source=each.source,
                created_at=each.created_at,
                created_by=each.created_by,
                is_current=each.is_current,
            )
            for each in found
        ),
    )


async def version(call: Call[Nothing, Nothing]) -> Answer:
    slug = _slug(call.params)
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        found = await _version(connection, slug, call.params["number"])
    return Answer(_document(found), {"ETag": f'"{found.number}"'})


async def compared(call: Call[Nothing, Nothing]) -> Difference:
    slug = _slug(call.params)
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        before = await _version(connection, slug, call.params["before"])
        after = await _version(connection, slug, call.params["after"])
    changes = await beside(difference, _both(before), _both(after))
    return Difference(slug, before.number, after.number, changes)


async def save(call: Call[PlanToSave, SaveQuery]) -> Answer:
    body, slug = call.body, _slug(call.params)
    if body.plan.slug != slug:
        raise OtherSlug
    named = _jurisdictions(body.jurisdictions, call.query.jurisdictions)
    findings = await beside(check, body.plan, body.rubric, named)
    if any(finding.severity == "error" for finding in findings):
        raise PlanRefused(findings)
    base = body.base or call.query.base or _if_match(call.headers.get("if-match", ""))
    saved, is_new = await save_plan(call.services, call.principal.tenant_id, call.principal.user_id, body, base)
    answer = SavedPlan(slug=slug, number=saved.number, plan_version_id=saved.id, is_new=is_new, findings=findings)
    return Answer(answer, {"ETag": f'"{saved.number}"', "Location": f"/api/v1/plans/{slug}/versions/{saved.number}"})


async def save_plan(
    services: Services, tenant_id: UUID, user_id: UUID | None, body: PlanToSave, base: int | None
) -> tuple[kept.PlanVersion, bool]:
    """Keep what was checked as the tenant's own and make it current. Returns it, and whether it is a new version.

    Raises `PlanMovedOn`.
    """
    plan, rubric = records_of(body.plan, body.rubric, "workshop")
    async with services.database.tenant(tenant_id) as connection:
        try:
            return await kept.save_version(connection, plan, rubric, base=base, created_by=user_id)
        except kept.PlanMovedOn as moved:
            raise PlanMovedOn(moved.current) from None


async def archive(call: Call[Nothing, Nothing]) -> ArchivedPlan:
    slug = _slug(call.params)
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        try:
            found = await kept.plan_by_slug(connection, slug)
        except NotFound:
            raise NoSuchPlan from None
        if not found.is_own:
            raise SharedPlan
        await kept.archive_plan(connection, slug)
        try:
            await kept.plan_by_slug(connection, slug)
        except NotFound:
            return ArchivedPlan(slug, is_shared=False)
    return ArchivedPlan(slug, is_shared=True)


async def checked(call: Call[PlanToCheck, CheckQuery]) -> Findings:
    body = call.body
    named = _jurisdictions(body.jurisdictions, call.query.jurisdictions)
    findings = await beside(check, body.plan, body.rubric, named)
    return counted(findings)


async def drafted(call: Call[Job, Nothing]) -> Draft:
    services, job = call.services, call.body
    try:
        return await draft(
            job.job,
            job.language,
            job.minutes,
            door=services.door,
            library=services.library,
            tenant_id=call.principal.tenant_id,
        )
    except EmptyJobError:
        raise EmptyJob from None


def counted(findings: tuple[Finding, ...]) -> Findings:
    """Findings with how many there are of each severity."""
    severities = [finding.severity for finding in findings]
    return Findings(findings, severities.count("error"), severities.count("warning"), severities.count("hint"))


def read_yaml(raw: bytes) -> tuple[Plan, Rubric]:
    """A plan and its rubric as they are sent. Raises `UnreadableDocument`."""
    try:
        return read_document(raw)
    except DocumentError as error:
        raise UnreadableDocument(str(error), error.line, error.path) from None


def _document(found: kept.PlanVersion) -> PlanDocument:
    plan, rubric = _both(found)
    return PlanDocument(
        slug=found.slug,
        number=found.number,
        plan_version_id=found.id,
        source=found.source,
        created_at=found.created_at,
        is_own=found.is_own,
        plan=plan,
        rubric=rubric,
    )


def _both(found: kept.PlanVersion) -> tuple[Plan, Rubric]:
    return msgspec.convert(found.body, Plan), msgspec.convert(found.rubric_body, Rubric)


async def _version(connection: Connection, slug: str, number: str) -> kept.PlanVersion:
    try:
        current = await kept.plan_by_slug(connection, slug)
    except NotFound:
        raise NoSuchPlan from None
    if number == CURRENT:
        return current
    if not _NUMBER.fullmatch(number):
        raise NoSuchVersion
    try:
        return await kept.version_by_number(connection, slug, int(number))
    except NotFound:
        raise NoSuchVersion from None


def _slug(params: Mapping[str, str]) -> str:
    slug = params["slug"]
    if not re.fullmatch(SLUG, slug):
        raise NoSuchPlan
    return slug


def _jurisdictions(in_body: tuple[str, ...], in_address: str) -> tuple[str, ...]:
    named = in_body or tuple(name.strip() for name in in_address.split(",") if name.strip())
    if any(name not in JURISDICTIONS for name in named):
        raise UnknownJurisdiction(JURISDICTIONS)
    return named


def _if_match(header: str) -> int | None:
    found = _ETAG.fullmatch(header.strip())
    return int(found[1]) if found else None


def _written(answer: PlanDocument) -> str:
    return document_of(answer.plan, answer.rubric)


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/api/v1/plans/{slug}/versions",
        name="plan_versions",
        summary="The versions of a plan",
        handle=versions,
        answer=VersionList,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchPlan,),
    ),
    Endpoint(
        method="GET",
        path="/api/v1/plans/{slug}/versions/{number}",
        name="plan_version",
        summary="One version of a plan with its rubric, whole; as YAML too",
        handle=version,
        answer=PlanDocument,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchPlan, NoSuchVersion),
        writes_yaml=_written,
    ),
    Endpoint(
        method="GET",
        path="/api/v1/plans/{slug}/versions/{before}/diff/{after}",
        name="plan_difference",
        summary="What changed from one version of a plan to another",
        handle=compared,
        answer=Difference,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchPlan, NoSuchVersion),
    ),
    Endpoint(
        method="PUT",
        path="/api/v1/plans/{slug}",
        name="save_plan",
        summary="Save a plan with its rubric as one's own: a new version, unless it had this very text before",
        handle=save,
        answer=SavedPlan,
        body=PlanToSave,
        query=SaveQuery,
        errors=(NoSuchPlan, PlanMovedOn, PlanRefused, OtherSlug, UnknownJurisdiction, UnreadableDocument),
        reads_yaml=lambda raw: PlanToSave(*read_yaml(raw)),
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/plans/{slug}",
        name="archive_plan",
        summary="Put a plan of one's own away; its versions and the interviews held by it stay",
        handle=archive,
        answer=ArchivedPlan,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchPlan, SharedPlan),
    ),
    Endpoint(
        method="POST",
        path="/api/v1/plans/check",
        name="check_plan",
        summary="What should be mended in a plan and its rubric",
        handle=checked,
        answer=Findings,
        body=PlanToCheck,
        query=CheckQuery,
        errors=(UnknownJurisdiction, UnreadableDocument),
        reads_yaml=lambda raw: PlanToCheck(*read_yaml(raw)),
    ),
    Endpoint(
        method="POST",
        path="/api/v1/plans/draft",
        name="draft_plan",
        summary="A first plan for a job, from its description; nothing is saved",
        handle=drafted,
        answer=Draft,
        body=Job,
        query=Nothing,
        errors=(EmptyJob,),
    ),
)

"""Keeping a plan that was written in the workshop."""

import re

import msgspec
from starlette.requests import Request

from agents.library.keeping import records_of
from agents.plans import Plan, Rubric
from server.api.plans import SLUG
from server.errors import NoSuchPlan
from server.principal import Principal
from server.services import Services
from storage import plans
from storage.errors import NotFound
from storage.plans import PlanVersion, Source


class Standing(msgspec.Struct, frozen=True):
    """A plan as it is kept now."""

    plan: Plan
    rubric: Rubric
    number: int
    is_own: bool


def slug_in(request: Request) -> str:
    """The plan's name in the address. Raises NoSuchPlan where it is none."""
    slug = str(request.path_params["slug"])
    if not re.fullmatch(SLUG, slug):
        raise NoSuchPlan
    return slug


async def standing(services: Services, who: Principal, slug: str) -> Standing:
    """The plan of that name as the tenant has it. Raises NoSuchPlan."""
    async with services.database.tenant(who.tenant_id) as connection:
        try:
            version = await plans.plan_by_slug(connection, slug)
        except NotFound:
            raise NoSuchPlan from None
    return standing_of(version)


def standing_of(version: PlanVersion) -> Standing:
    """A kept version as its documents."""
    plan, rubric = msgspec.convert(version.body, Plan), msgspec.convert(version.rubric_body, Rubric)
    return Standing(plan, rubric, version.number, version.is_own)


async def save(
    services: Services, who: Principal, plan: Plan, rubric: Rubric, *, base: int | None, source: Source = "workshop"
) -> Standing:
    """Keep both as the tenant's own, made from version `base` (None: from none). Raises PlanMovedOn."""
    new_plan, new_rubric = records_of(plan, rubric, source)
    async with services.database.tenant(who.tenant_id) as connection:
        saved, _ = await plans.save_version(connection, new_plan, new_rubric, base=base, created_by=who.user_id)
    return standing_of(saved)


def is_same(kept: Standing, plan: Plan, rubric: Rubric) -> bool:
    """Whether these are the very documents that are kept."""
    return (kept.plan, kept.rubric) == (plan, rubric)

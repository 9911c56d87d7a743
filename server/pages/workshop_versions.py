"""The versions of a plan: their list, what changed between two of them, going back to one, and a file of it."""

from difflib import SequenceMatcher
from http import HTTPStatus
from itertools import groupby
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agents.workshop import Change, difference, document_of
from agents.workshop.beside import beside
from server.errors import NoSuchPlan, NoSuchVersion
from server.pages.language import language_of
from server.pages.rendering import page
from server.pages.room import titled
from server.pages.texts import texts_in
from server.pages.workshop_naming import Place, place_of
from server.pages.workshop_saving import Standing, save, slug_in, standing, standing_of
from server.principal import Principal, principal
from server.services import Services
from storage import plans
from storage.errors import NotFound

LONGEST_COMPARED = 4_000
"""Words of a text that are compared one by one; a longer one is shown whole."""

LEAST_KEPT = 0.3
"""Share of the longer text; with less of it in both they are shown one after the other."""


class Piece(msgspec.Struct, frozen=True):
    """A run of words: in both texts, or in one alone."""

    kind: Literal["same", "before", "after"]
    text: str


class Shown(msgspec.Struct, frozen=True):
    """A change as it is read: where, what kind, and its words in pieces."""

    kind: Literal["added", "removed", "changed", "moved"]
    place: Place
    before: str
    after: str
    pieces: tuple[Piece, ...]
    is_rewritten: bool = False
    """Too little of the text stayed to tell it word by word."""


async def versions(request: Request) -> Response:
    """`GET /workshop/{slug}/versions`. Raises NoSuchPlan."""
    who = await principal(request)
    services: Services = request.app.state.services
    slug = slug_in(request)
    kept = await standing(services, who, slug)
    async with services.database.tenant(who.tenant_id) as connection:
        try:
            found = await plans.versions_of(connection, slug)
        except NotFound:
            raise NoSuchPlan from None
    return page(
        request,
        "workshop/versions.html",
        slug=slug,
        title=titled(kept.plan, language_of(request)),
        is_own=kept.is_own,
        current=kept.number,
        versions=found,
        restored=_number(request.query_params.get("restored", "")),
    )


async def compare(request: Request) -> Response:
    """`GET /workshop/{slug}/compare?before&after`. Raises NoSuchPlan or NoSuchVersion."""
    who = await principal(request)
    slug = slug_in(request)
    before = await _version(request, who, slug, _number(request.query_params.get("before", "")))
    after = await _version(request, who, slug, _number(request.query_params.get("after", "")))
    t = texts_in(language_of(request))
    changes = await beside(difference, (before.plan, before.rubric), (after.plan, after.rubric))
    told = [shown(each, place_of(each.path, (before, after), t)) for each in changes]
    return page(
        request,
        "workshop/compare.html",
        slug=slug,
        title=titled(after.plan, t.language),
        before=before.number,
        after=after.number,
        groups=[(block, list(each)) for block, each in groupby(told, key=lambda each: each.place.block)],
        changes=len(told),
    )


async def restore(request: Request) -> Response:
    """`POST /workshop/{slug}/versions/{number}`: that version is the plan again. Raises NoSuchPlan or NoSuchVersion."""
    who = await principal(request)
    services: Services = request.app.state.services
    slug = slug_in(request)
    now = await standing(services, who, slug)
    kept = await _version(request, who, slug, request.path_params["number"])
    saved = await save(services, who, kept.plan, kept.rubric, base=now.number)
    return RedirectResponse(f"/workshop/{slug}/versions?restored={saved.number}", HTTPStatus.SEE_OTHER)


async def export(request: Request) -> Response:
    """`GET /workshop/{slug}/versions/{number}.yaml`: a file of it. Raises NoSuchPlan or NoSuchVersion."""
    who = await principal(request)
    slug = slug_in(request)
    kept = await _version(request, who, slug, request.path_params["number"])
    headers = {"Content-Disposition": f'attachment; filename="{slug}-{kept.number}.yaml"', "Cache-Control": "no-store"}
    return Response(await beside(document_of, kept.plan, kept.rubric), headers=headers, media_type="application/yaml")


def shown(change: Change, place: Place) -> Shown:
    """A change with its words compared. Pure."""
    pieces = compared(change.before, change.after) if change.kind == "changed" else ()
    kept = sum(len(piece.text) for piece in pieces if piece.kind == "same")
    is_rewritten = change.kind == "changed" and kept < LEAST_KEPT * max(len(change.before), len(change.after))
    return Shown(change.kind, place, change.before, change.after, pieces, is_rewritten)


def compared(before: str, after: str) -> tuple[Piece, ...]:
    """Two texts word by word; all of both where they are very long. Pure."""
    old, new = before.split(), after.split()
    if max(len(old), len(new)) > LONGEST_COMPARED:
        return (Piece("before", before), Piece("after", after))
    pieces: list[Piece] = []
    for kind, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("same", " ".join(old[from_old:to_old])))
            continue
        if to_old > from_old:
            pieces.append(Piece("before", " ".join(old[from_old:to_old])))
        if to_new > from_new:
            pieces.append(Piece("after", " ".join(new[from_new:to_new])))
    return tuple(pieces)


async def _version(request: Request, who: Principal, slug: str, number: int | None) -> Standing:
    services: Services = request.app.state.services
    if number is None:
        raise NoSuchVersion
    await standing(services, who, slug)
    async with services.database.tenant(who.tenant_id) as connection:
        try:
            return standing_of(await plans.version_by_number(connection, slug, number))
        except NotFound:
            raise NoSuchVersion from None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else None

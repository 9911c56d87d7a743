"""My interviews: what was begun, how it went, the way back in, and a search among them."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, TypeAlias, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agents.library import Library
from agents.plans import Language
from server.pages.language import language_of
from server.pages.rendering import page
from server.pages.room import titled
from server.pages.texts import LANGUAGES, texts_in
from server.principal import principal
from server.services import Services
from storage import interviews, plans
from storage.database import Connection
from storage.interviews import Interview, Status

ROWS = 20
LONGEST_SEARCH = 200

Standing: TypeAlias = Literal["open", "completed", "abandoned", "cancelled", "expired"]
"""What is chosen among: everything that can go on counts as open."""
STATUSES: dict[Standing, tuple[Status, ...]] = {
    each: interviews.OPEN if each == "open" else (each,) for each in get_args(Standing)
}


class Search(msgspec.Struct, frozen=True):
    """What is looked for, as it stands in the address. Empty is anything; what is not known is left out."""

    text: str = ""
    plan: str = ""
    status: str = ""
    language: str = ""

    @property
    def is_narrowed(self) -> bool:
        return any(msgspec.structs.astuple(self))

    def address(self, cursor: UUID | None = None) -> str:
        """The address of the page that shows it."""
        asked = {"q": self.text, "plan": self.plan, "status": self.status, "language": self.language}
        query = {name: value for name, value in asked.items() if value}
        if cursor is not None:
            query["cursor"] = str(cursor)
        return f"/interviews?{urlencode(query)}" if query else "/interviews"


class Row(msgspec.Struct, frozen=True):
    """One interview in the table; `score` is 0–100."""

    id: UUID
    title: str
    language: str
    at: datetime
    status: str
    score: int | None
    open: bool
    is_under_way: bool
    """Whether there is something to watch."""


async def history(request: Request) -> Response:
    """`GET /interviews?q&plan&status&language&cursor`: the reader's interviews, the latest first.

    An unknown cursor begins at the latest. A script that asks for what was found gets that part of the page alone.
    """
    who = await principal(request)
    services: Services = request.app.state.services
    language = language_of(request)
    before = _cursor(request)
    async with services.database.tenant(who.tenant_id) as connection:
        titles = await plan_titles(connection, language)
        search = search_of(request, titles)
        found = await interviews.interviews_of(
            connection,
            who.user_id,
            before=before,
            limit=ROWS + 1,
            statuses=next((STATUSES[each] for each in STATUSES if each == search.status), None),
            language=search.language or None,
            plan=search.plan or None,
            text=search.text or None,
        )
    t = texts_in(language)
    any_of = ("", t("list.any"))
    return page(
        request,
        "interviews_found.html" if _only_found(request) else "interviews.html",
        rows=[row(interview, services.library, language) for interview in found[:ROWS]],
        search=search,
        plan_options=[any_of, *titles.items()],
        status_options=[any_of, *((each, t(f"list.status_{each}")) for each in STATUSES)],
        language_options=[any_of, *((each, t(f"language.{each}")) for each in LANGUAGES)],
        newest=search.address(),
        older=search.address(found[ROWS - 1].id) if len(found) > ROWS else None,
        further=before is not None,
    )


async def plan_titles(connection: Connection, language: Language) -> dict[str, str]:
    """The plans that are offered, slug and title, in the order of their titles."""
    offered = {version.slug: version.body.get("title", {}) for version in await plans.list_plans(connection)}
    titles = {slug: title.get(language) or next(iter(title.values()), slug) for slug, title in offered.items()}
    return dict(sorted(titles.items(), key=lambda each: each[1]))


def search_of(request: Request, titles: dict[str, str]) -> Search:
    """What the address asks for."""
    asked = request.query_params

    def known(name: str, values: Collection[str]) -> str:
        value = asked.get(name, "")
        return value if value in values else ""

    return Search(
        text=" ".join(asked.get("q", "").split())[:LONGEST_SEARCH],
        plan=known("plan", titles),
        status=known("status", STATUSES),
        language=known("language", LANGUAGES),
    )


def row(interview: Interview, library: Library, language: Language) -> Row:
    """What the table says of an interview, its plan's title in the reader's language where the library has it."""
    plan = library.plans.get(interview.plan_slug)
    return Row(
        id=interview.id,
        title=titled(plan, language) if plan else interview.plan_title,
        language=interview.language,
        at=interview.started_at or interview.created_at,
        status=interview.status,
        score=None if interview.overall_score is None else round(interview.overall_score),
        open=interview.status in interviews.OPEN,
        is_under_way=interview.status in interviews.OPEN and interview.status != "created",
    )


def _only_found(request: Request) -> bool:
    """Whether htmx asks, for a part of the page. After the browser's way back it needs the whole one."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def _cursor(request: Request) -> UUID | None:
    try:
        return UUID(request.query_params["cursor"])
    except (KeyError, ValueError):
        return None

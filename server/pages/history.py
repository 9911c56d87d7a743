"""My interviews: what was begun, how it went, and the way back in."""

from datetime import datetime
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agents.library import Library
from agents.plans import Language
from server.pages.language import language_of
from server.pages.rendering import page
from server.pages.room import titled
from server.principal import principal
from server.services import Services
from storage import interviews
from storage.interviews import Interview

ROWS = 20


class Row(msgspec.Struct, frozen=True):
    """One interview in the table; `score` is 0–100."""

    id: UUID
    title: str
    language: str
    at: datetime
    status: str
    score: int | None
    open: bool


async def history(request: Request) -> Response:
    """`GET /interviews?cursor`: the reader's interviews, the latest first. An unknown cursor begins at the latest."""
    who = await principal(request)
    services: Services = request.app.state.services
    before = _cursor(request)
    async with services.database.tenant(who.tenant_id) as connection:
        found = await interviews.interviews_of(connection, who.user_id, before=before, limit=ROWS + 1)
    language = language_of(request)
    rows = [row(interview, services.library, language) for interview in found[:ROWS]]
    older = found[ROWS - 1].id if len(found) > ROWS else None
    return page(request, "interviews.html", rows=rows, older=older, further=before is not None)


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
    )


def _cursor(request: Request) -> UUID | None:
    try:
        return UUID(request.query_params["cursor"])
    except (KeyError, ValueError):
        return None

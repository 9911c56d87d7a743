"""The report of an interview, or why there is none yet."""

from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agents.answers import answers_of, scored_versions
from agents.log import from_record
from agents.report import Report
from server.pages.history import row
from server.pages.language import language_of
from server.pages.reading import reading
from server.pages.rendering import page
from server.pages.room import interview_id_of
from server.principal import principal
from server.services import Services
from storage import events, interviews, reports
from storage.database import Connection
from storage.interviews import Interview

Absence = Literal["open", "pending", "nothing", "nothing_declined", "nothing_expired"]


class Progress(msgspec.Struct, frozen=True):
    """How many of the answers have their score, or the reason why there is none."""

    scored: int
    answers: int


async def report(request: Request) -> Response:
    """`GET /interviews/{id}`: the report, or why there is none. Raises NotFound."""
    who = await principal(request)
    services: Services = request.app.state.services
    interview_id = interview_id_of(request)
    async with services.database.tenant(who.tenant_id) as connection:
        interview = await interviews.interview(connection, interview_id)
        kept = await reports.report(connection, interview_id)
        progress = await _progress(connection, interview) if kept is None else Progress(0, 0)
    language = language_of(request)
    title = row(interview, services.library, language).title
    written = None if kept is None else msgspec.convert(kept.body, Report)
    why_not = absence(interview, written)
    if written is None or why_not is not None:
        return page(request, "no_report.html", state=why_not, interview=interview, plan_title=title, progress=progress)
    return page(
        request,
        "report.html",
        plan_title=title,
        status_of=interview.status,
        reading=reading(written, language),
        report=written,
    )


def absence(interview: Interview, written: Report | None) -> Absence | None:
    """Why there is no report to show; None where there is one."""
    if interview.status in interviews.OPEN:
        return "open"
    if interview.status == "cancelled":
        return "nothing_declined"
    if interview.status == "expired":
        return "nothing_expired"
    if written is not None:
        return None
    return "nothing" if interview.started_at is None else "pending"


async def _progress(connection: Connection, interview: Interview) -> Progress:
    log = [from_record(record) for record in await events.events_after(connection, interview.id)]
    answers = answers_of(log)
    scored = scored_versions(log)
    done = sum(scored.get(answer.question_id, 0) >= answer.version for answer in answers)
    return Progress(done, len(answers))

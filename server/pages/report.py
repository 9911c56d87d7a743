"""The report of an interview, as a page and on paper, or why there is none yet."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agents.answers import answers_of, scored_versions
from agents.log import from_record
from agents.plans import Language
from agents.report import Report
from server.pages.cards import card_address
from server.pages.delivery import delivered
from server.pages.history import row
from server.pages.language import language_of
from server.pages.printing import dated, print_to_pdf, zone_of
from server.pages.reading import JudgedCompetency, Reading, reading
from server.pages.rendering import in_utc, page, rendered
from server.pages.room import interview_id_of
from server.pages.texts import texts_in
from server.principal import principal
from server.services import Services
from storage import events, interviews, reports
from storage.database import Connection
from storage.interviews import Interview

Absence = Literal["open", "pending", "nothing", "nothing_declined", "nothing_expired"]


class Scored(msgspec.Struct, frozen=True):
    """How many of the answers have their score."""

    scored: int
    answers: int


class Bar(msgspec.Struct, frozen=True):
    """A competency in the plot of levels. `level` is 1–5, None where there is none; `words` say it."""

    name: str
    level: float | None
    words: str


class Kept(msgspec.Struct, frozen=True):
    """An interview with what was written of it, or with how far that is."""

    interview: Interview
    report: Report | None
    scored: Scored


async def report(request: Request) -> Response:
    """`GET /interviews/{id}`: the report, or why there is none. Raises NotFound."""
    kept = await _kept(request)
    why_not = absence(kept.interview, kept.report)
    if kept.report is None or why_not is not None:
        return page(
            request,
            "no_report.html",
            state=why_not,
            interview=kept.interview,
            plan_title=_title(request, kept.interview),
            progress=kept.scored,
        )
    return page(request, "report.html", **_shown(request, kept.interview, kept.report, in_utc))


async def report_pdf(request: Request) -> Response:
    """`GET /interviews/{id}/report.pdf?zone`: the same page on paper, its times in that zone.

    Where there is no report, to the page that says why. Raises NotFound.
    """
    kept = await _kept(request)
    if kept.report is None or absence(kept.interview, kept.report) is not None:
        return RedirectResponse(f"/interviews/{kept.interview.id}", 303)
    language, zone = language_of(request), zone_of(request.query_params.get("zone"))
    markup = rendered(
        request,
        "report.html",
        on_paper=True,
        **_shown(request, kept.interview, kept.report, lambda at: dated(at, zone, language)),
    )
    held_on = kept.report.started_at.astimezone(zone).date().isoformat()
    name = f"viva-{kept.report.plan}-{held_on}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(await print_to_pdf(markup), media_type="application/pdf", headers=headers)


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


def _shown(request: Request, interview: Interview, written: Report, when: Callable[[datetime], str]) -> dict[str, Any]:
    language = language_of(request)
    read = reading(written, language)
    return {
        "interview_id": interview.id,
        "plan_title": _title(request, interview),
        "scorer_card": card_address(written.scorer),
        "status_of": interview.status,
        "reading": read,
        "bars": bars(read, language),
        "delivered": delivered(written, language),
        "report": written,
        "minutes": max(1, round(written.duration_ms / 60_000)),
        "when": when,
    }


def bars(read: Reading, language: Language) -> tuple[Bar, ...]:
    """The plot's rows, in the rubric's order."""
    t = texts_in(language)

    def words(each: JudgedCompetency) -> str:
        if each.mean is not None:
            return t.n("report.levels_row", each.view.judged, level=each.mean)
        return t("report.not_enough") if each.view.unjudged else t("report.levels_unasked")

    return tuple(Bar(each.view.name, each.view.level, words(each)) for each in read.competencies)


def _title(request: Request, interview: Interview) -> str:
    services: Services = request.app.state.services
    return row(interview, services.library, language_of(request)).title


async def _kept(request: Request) -> Kept:
    who = await principal(request)
    services: Services = request.app.state.services
    interview_id = interview_id_of(request)
    async with services.database.tenant(who.tenant_id) as connection:
        interview = await interviews.interview(connection, interview_id)
        written = await reports.report(connection, interview_id)
        scored = await _scored(connection, interview) if written is None else Scored(0, 0)
    return Kept(interview, None if written is None else msgspec.convert(written.body, Report), scored)


async def _scored(connection: Connection, interview: Interview) -> Scored:
    log = [from_record(record) for record in await events.events_after(connection, interview.id)]
    answers = answers_of(log)
    versions = scored_versions(log)
    done = sum(versions.get(answer.question_id, 0) >= answer.version for answer in answers)
    return Scored(done, len(answers))

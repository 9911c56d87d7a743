"""The addresses of the pages."""

from starlette.routing import BaseRoute, Mount, Route

from server.pages.assets import STATIC, StaticPages
from server.pages.cards import scorer, scorers
from server.pages.checking import check
from server.pages.documents import api, live
from server.pages.failure import render_error
from server.pages.history import history
from server.pages.landing import landing
from server.pages.observing import watch
from server.pages.offline import offline, worker
from server.pages.planning import plan
from server.pages.practising import begin, practise
from server.pages.progressing import progress
from server.pages.report import report, report_pdf
from server.pages.room import room
from server.pages.styleguide import styleguide
from server.pages.workshop import describing, drafted, read, reading, workshop
from server.pages.workshop_editor import blank, change, editor, remark
from server.pages.workshop_versions import compare, export, restore, versions

__all__ = ["render_error", "routes"]


def routes() -> list[BaseRoute]:
    """Every page, and the files they need."""
    return [
        Route("/", landing),
        Route("/practise", practise),
        Route("/interviews", history, methods=["GET"]),
        Route("/interviews", begin, methods=["POST"]),
        Route("/interviews/{interview_id}", report),
        Route("/interviews/{interview_id}/check", check),
        Route("/interviews/{interview_id}/report.pdf", report_pdf),
        Route("/interviews/{interview_id}/room", room),
        Route("/interviews/{interview_id}/watch", watch),
        Route("/plans/{slug}", plan),
        Route("/progress", progress),
        Route("/scorers", scorers),
        Route("/scorers/{name}", scorer),
        Route("/workshop", workshop),
        Route("/workshop/new/blank", blank, methods=["GET"]),
        Route("/workshop/new/blank", change, methods=["POST"]),
        Route("/workshop/new/check", remark, methods=["POST"]),
        Route("/workshop/new/draft", describing, methods=["GET"]),
        Route("/workshop/new/draft", drafted, methods=["POST"]),
        Route("/workshop/new/import", reading, methods=["GET"]),
        Route("/workshop/new/import", read, methods=["POST"]),
        Route("/workshop/{slug}", editor, methods=["GET"]),
        Route("/workshop/{slug}", change, methods=["POST"]),
        Route("/workshop/{slug}/compare", compare),
        Route("/workshop/{slug}/versions", versions),
        Route("/workshop/{slug}/versions/{number:int}", restore, methods=["POST"]),
        Route("/workshop/{slug}/versions/{number:int}.yaml", export),
        Route("/docs/api", api),
        Route("/docs/live", live),
        Route("/offline/{language}", offline),
        Route("/worker.js", worker),
        Route("/styleguide", styleguide),
        Mount("/static", StaticPages(directory=STATIC)),
    ]

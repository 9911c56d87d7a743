"""The addresses of the pages."""

from starlette.routing import BaseRoute, Mount, Route

from server.pages.assets import STATIC, StaticPages
from server.pages.choosing import begin, choose
from server.pages.failure import render_error
from server.pages.history import history
from server.pages.report import report
from server.pages.room import room

__all__ = ["render_error", "routes"]


def routes() -> list[BaseRoute]:
    """Every page, and the files they need."""
    return [
        Route("/", choose),
        Route("/interviews", history, methods=["GET"]),
        Route("/interviews", begin, methods=["POST"]),
        Route("/interviews/{interview_id}", report),
        Route("/interviews/{interview_id}/room", room),
        Mount("/static", StaticPages(directory=STATIC)),
    ]

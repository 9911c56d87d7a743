"""The page that says what went wrong. It is shown also when templates or styles are what went wrong."""

from html import escape
from typing import Any

from jinja2 import TemplateError
from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.pages.assets import PagesNotBuilt
from server.pages.language import language_of
from server.pages.rendering import page
from server.pages.texts import texts_in


def render_error(request: Request, status: int, title: str, detail: str, reference: str) -> HTMLResponse:
    """An error as a page: what it is, what to do, and the reference to quote.

    For what a reader commonly meets the catalogue has words; any other keeps the `title` and `detail` given.
    Never raises.
    """
    t = texts_in(language_of(request))
    known = t.has(f"error.title_{status}")
    values: dict[str, Any] = {
        "figure": status,
        "comes_back": status == 503,
        "known": known,
        "title": t(f"error.title_{status}") if known else title,
        "detail": t(f"error.detail_{status}") if known else detail,
        "reference": reference,
    }
    try:
        return page(request, "error.html", status, **values)
    except (PagesNotBuilt, TemplateError, OSError):
        said = {name: escape(str(value)) for name, value in values.items()}
        # Without the templates the given detail is the better one: it says what the operator has to do.
        return HTMLResponse(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
            f"<h1>{escape(title)}</h1><p>{escape(detail)}</p><p><code>{said['reference']}</code></p></html>",
            status,
        )

"""From a template to an answer, in the reader's language and theme."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from agents.plans import Language
from server.http import content_security_policy
from server.pages.assets import Assets
from server.pages.language import keep_language, language_of
from server.pages.texts import LANGUAGES, texts_in
from server.pages.theme import keep_theme, theme_of

TEMPLATES = Path(__file__).with_name("templates")
SHEET = "styles/index.css"

ASSETS = Assets()


@cache
def environment() -> Environment:
    """The templates. Everything is escaped, and a name that was not given is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = ASSETS.url
    made.globals["imports"] = ASSETS.imports
    made.globals["sheet"] = lambda: ASSETS.sheet(SHEET).text
    made.globals["on_paper"] = False
    made.globals["languages"] = LANGUAGES
    made.filters["in_utc"] = in_utc
    return made


def page(
    request: Request, template: str, status: int = 200, *, spoken: Language | None = None, **values: Any
) -> HTMLResponse:
    """A page from a template, in the reader's language or in the one that is `spoken`. Raises `PagesNotBuilt`.

    Besides the values it gets `t` (the texts), `language`, `theme` (None as the system has it), `path`, and
    `address(name=value, …)`, which is this page's own address with those query parameters changed.
    """
    response = HTMLResponse(rendered(request, template, spoken=spoken, **values), status)
    response.headers["Content-Language"] = spoken or language_of(request)
    response.headers["Content-Security-Policy"] = content_security_policy(ASSETS.sheet(SHEET).source)
    response.headers["Vary"] = "Accept-Language, Cookie"
    response.headers["Cache-Control"] = "no-store"
    keep_language(request, response)
    keep_theme(request, response)
    return response


def rendered(request: Request, template: str, *, spoken: Language | None = None, **values: Any) -> str:
    """The markup of `page`, or of a part of one; with `on_paper=True` without what is for screens alone.

    Raises `PagesNotBuilt`.
    """
    language = spoken or language_of(request)
    return (
        environment()
        .get_template(template)
        .render(
            **values,
            t=texts_in(language),
            language=language,
            theme=theme_of(request),
            path=request.url.path,
            address=_address(request),
        )
    )


def in_utc(at: datetime) -> str:
    """A time as the pages show it before a script puts it in the reader's own zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _address(request: Request) -> Callable[..., str]:
    """This page's address as a query alone, which a browser resolves against the page."""

    def changed(**changes: str) -> str:
        return "?" + urlencode({**request.query_params, **changes})

    return changed

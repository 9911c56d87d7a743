"""From a template to an answer, in the reader's language."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.pages.assets import Assets
from server.pages.language import keep_language, language_of
from server.pages.texts import LANGUAGES, texts_in

TEMPLATES = Path(__file__).with_name("templates")


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
    made.globals["asset"] = Assets().url
    made.globals["languages"] = LANGUAGES
    made.filters["in_utc"] = in_utc
    return made


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page from a template, which also gets `t` (the texts), `language` and `path`. Raises `PagesNotBuilt`."""
    language = language_of(request)
    markup = (
        environment()
        .get_template(template)
        .render(**values, t=texts_in(language), language=language, path=request.url.path)
    )
    response = HTMLResponse(markup, status)
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language, Cookie"
    response.headers["Cache-Control"] = "no-store"
    keep_language(request, response)
    return response


def in_utc(at: datetime) -> str:
    """A time as the pages show it before a script puts it in the reader's own zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")

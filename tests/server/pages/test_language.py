"""The language of a page."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from server.pages.language import keep_language, language_of


def asking(query: str = "", cookie: str = "", accept: str = "") -> Request:
    headers = [(b"cookie", cookie.encode()), (b"accept-language", accept.encode())]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "https",
            "server": ("viva.example", 443),
            "path": "/",
            "query_string": query.encode(),
            "headers": headers,
        }
    )


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("fr, en;q=0.3, es;q=0.7", "es"),
        ("en-GB", "en"),
        ("de,fr", "en"),
        ("es;q=0, en;q=0.1", "en"),
        ("es;q=abc, en", "en"),
        ("", "en"),
    ],
)
def test_the_browsers_wishes_choose_the_language(accept: str, language: str) -> None:
    assert language_of(asking(accept=accept)) == language


def test_the_address_wins_over_the_cookie_and_the_cookie_over_the_browser() -> None:
    assert language_of(asking(cookie="viva_language=es", accept="en")) == "es"
    assert language_of(asking(query="lang=en", cookie="viva_language=es", accept="es")) == "en"


def test_a_language_we_do_not_have_is_passed_over() -> None:
    assert language_of(asking(query="lang=xx", cookie="viva_language=yy", accept="es")) == "es"


def test_a_language_asked_for_in_the_address_is_remembered_and_nothing_else_is() -> None:
    asked, not_asked = Response(), Response()
    keep_language(asking(query="lang=es"), asked)
    keep_language(asking(query="lang=<script>", accept="es"), not_asked)
    cookie = asked.headers["set-cookie"]
    assert cookie.startswith("viva_language=es;")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "set-cookie" not in not_asked.headers

"""Light or dark."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from server.pages.theme import keep_theme, theme_of


def asking(query: str = "", cookie: str = "") -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "https",
            "server": ("viva.example", 443),
            "path": "/",
            "query_string": query.encode(),
            "headers": [(b"cookie", cookie.encode())],
        }
    )


@pytest.mark.parametrize(
    ("query", "cookie", "theme"),
    [
        ("", "", None),
        ("", "viva_theme=dark", "dark"),
        ("theme=light", "viva_theme=dark", "light"),
        ("theme=auto", "viva_theme=dark", None),
        ("theme=pink", "viva_theme=dark", "dark"),
        ("", "viva_theme=<b>", None),
    ],
)
def test_the_address_wins_over_the_cookie_and_the_system_has_the_rest(
    query: str, cookie: str, theme: str | None
) -> None:
    assert theme_of(asking(query, cookie)) == theme


def test_a_theme_that_was_chosen_is_kept_and_the_systems_forgets_it() -> None:
    chosen, forgotten, nothing = Response(), Response(), Response()
    keep_theme(asking("theme=dark"), chosen)
    keep_theme(asking("theme=auto", "viva_theme=dark"), forgotten)
    keep_theme(asking("theme=pink"), nothing)
    assert chosen.headers["set-cookie"].startswith("viva_theme=dark;")
    assert "Max-Age=0" in forgotten.headers["set-cookie"]
    assert "set-cookie" not in nothing.headers

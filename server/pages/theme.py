"""Light or dark: what was asked for in the address, else kept in the cookie, else as the reader's system has it."""

from typing import Literal, get_args

from starlette.requests import Request
from starlette.responses import Response

Theme = Literal["light", "dark"]

COOKIE = "viva_theme"
_AS_THE_SYSTEM = "auto"
_YEAR_S = 365 * 24 * 3600


def theme_of(request: Request) -> Theme | None:
    """The theme that was chosen; None follows the system."""
    asked = request.query_params.get("theme")
    if asked == _AS_THE_SYSTEM:
        return None
    return _known(asked) or _known(request.cookies.get(COOKIE))


def keep_theme(request: Request, response: Response) -> None:
    """Remember a theme that was asked for in the address; asking for the system's forgets it."""
    asked = request.query_params.get("theme")
    if asked == _AS_THE_SYSTEM:
        response.delete_cookie(COOKIE)
    elif theme := _known(asked):
        response.set_cookie(
            COOKIE, theme, max_age=_YEAR_S, httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )


def _known(name: str | None) -> Theme | None:
    return next((theme for theme in get_args(Theme) if theme == name), None)

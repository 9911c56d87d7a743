"""Which language a page speaks: what was asked for in the address, else kept in the cookie, else the browser's."""

from starlette.requests import Request
from starlette.responses import Response

from agents.plans import Language
from server.pages.texts import LANGUAGES

COOKIE = "viva_language"
_YEAR_S = 365 * 24 * 3600


def language_of(request: Request) -> Language:
    """The language of the pages for this request; English where nothing else is known."""
    asked = known_language(request.query_params.get("lang")) or known_language(request.cookies.get(COOKIE))
    return asked or _accepted(request.headers.get("accept-language", "")) or "en"


def keep_language(request: Request, response: Response) -> None:
    """Remember a language that was asked for in the address."""
    if asked := known_language(request.query_params.get("lang")):
        response.set_cookie(
            COOKIE,
            asked,
            max_age=_YEAR_S,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )


def known_language(tag: str | None) -> Language | None:
    """The language of ours that a tag such as `es-CO` means."""
    primary = (tag or "").strip().lower().partition("-")[0]
    return next((language for language in LANGUAGES if language == primary), None)


def _accepted(header: str) -> Language | None:
    """The best of `Accept-Language` that we have; a wish with q=0 is a refusal."""
    wishes: list[tuple[float, int, Language]] = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, quality = part.partition(";")
        language = known_language(tag)
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if language and weight > 0:
            wishes.append((-weight, place, language))
    return min(wishes)[2] if wishes else None

"""What a browser keeps for the time when the server cannot be reached: one page, and the worker that shows it."""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from server.errors import NoSuchAddress
from server.pages.assets import MANIFEST, STATIC, Assets, PagesNotBuilt
from server.pages.language import known_language
from server.pages.rendering import page

_assets = Assets()


async def offline(request: Request) -> Response:
    """`GET /offline/{language}`: the page in that language, whatever the reader's is. Raises NoSuchAddress."""
    language = known_language(request.path_params["language"])
    if language is None:
        raise NoSuchAddress
    return page(request, "offline.html", spoken=language)


async def worker(_request: Request) -> Response:
    """`GET /worker.js`: the service worker, at the root so that it stands before every page. Raises PagesNotBuilt.

    With the files of a new build its first line changes, so that browsers keep the page anew.
    """
    path = STATIC / _assets.url("islands/worker.ts").removeprefix("/static/")
    try:
        build = hashlib.sha256(MANIFEST.read_bytes()).hexdigest()[:16]
        script = path.read_text("utf-8")
    except OSError:
        raise PagesNotBuilt from None
    headers = {"Cache-Control": "no-cache"}
    return Response(f"// {build}\n{script}", headers=headers, media_type="text/javascript")

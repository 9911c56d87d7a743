"""The application: every route, what stands around them, and how a refusal is told."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from server.api.endpoint import json_response
from server.api.endpoints import ENDPOINTS
from server.api.operations import OPEN
from server.draining import Draining, Farewell
from server.errors import (
    BadRequest,
    InternalError,
    MethodNotAllowed,
    NoSuchAddress,
    TooLarge,
    VivaError,
    from_storage,
)
from server.http import DeclaredLength, Failures, RequestLine, SecurityHeaders
from server.services import Services
from server.settings import Settings
from storage.errors import StorageError

ErrorPage = Callable[[Request, int, str, str, str], Response]
"""Renders (request, status, title, sentence, request id) for a person's browser."""

COMPRESSED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/pdf")
"""What is not worth compressing again."""

ONE_PACKET = 1_400
"""Bytes that reach the other side as fast as fewer would. Beyond, level 3 takes half the time of 6 for a tenth more."""

log = structlog.get_logger("server.app")


def create_app(
    settings: Settings,
    *,
    services: Services,
    pages: Sequence[BaseRoute] = (),
    error_page: ErrorPage | None = None,
    draining: Draining | None = None,
) -> Starlette:
    """The whole product as one ASGI application.

    `services` stay the caller's to close; the live host is started and stopped with the application. `pages` are
    the routes for people and `error_page` what they see when one fails; without it they get plain text. `draining`
    is begun by whoever tells the process to stop.
    """
    draining = draining or Draining(settings.capacity)

    def render(request: Request, error: VivaError) -> Response:
        return render_error(request, error, error_page)

    async def refused(request: Request, error: Exception) -> Response:
        return render(request, _told(error, request, settings))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        if services.live is None:
            yield
            return
        await services.live.start()
        try:
            yield
        finally:
            await services.live.stop()

    app = Starlette(
        routes=[
            *(endpoint.route() for endpoint in ENDPOINTS),
            *(route.route() for route in OPEN),
            *(services.live.routes() if services.live else ()),
            *pages,
        ],
        middleware=[
            Middleware(RequestLine),
            Middleware(SecurityHeaders, secure=(settings.public_url or "").startswith("https:")),
            Middleware(GZipMiddleware, minimum_size=ONE_PACKET, compresslevel=3, exclude_content_types=COMPRESSED),
            Middleware(Failures, render=render),
            Middleware(Farewell, draining=draining, render=render),
            Middleware(DeclaredLength, limit=settings.max_body_bytes, render=render),
            Middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_body_bytes),
        ],
        exception_handlers={VivaError: refused, StorageError: refused, HTTPException: refused},
        lifespan=lifespan,
    )
    # A redirect would be built from the Host header, which anyone may write.
    app.router.redirect_slashes = False
    app.state.services = services
    app.state.draining = draining
    return app


def render_error(request: Request, error: VivaError, error_page: ErrorPage | None = None) -> Response:
    """A problem document for programs; for a browser outside /api a page, or plain text."""
    request_id = str(request.scope.get("state", {}).get("request_id", ""))
    if not wants_page(request):
        problem = json_response(error.problem(request_id), error.status, error.headers)
        problem.headers["Content-Type"] = "application/problem+json"
        return problem
    if error_page is None:
        text = f"{error.title}\n\n{error.sentence}\n\n{request_id}\n"
        return Response(text, error.status, error.headers, "text/plain")
    page = error_page(request, error.status, error.title, error.sentence, request_id)
    page.headers.update(error.headers)
    return page


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks for something that is not of the API."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not request.scope["path"].startswith("/api/")


def _told(error: Exception, request: Request, settings: Settings) -> VivaError:
    """The refusal that stands for an exception raised behind a route."""
    match error:
        case VivaError():
            return error
        case StorageError():
            told = from_storage(error)
            if told.status >= 500:
                log.warning("storage failed a request", exc_info=error)
            return told
        case HTTPException(status_code=404):
            return NoSuchAddress()
        case HTTPException(status_code=405):
            return MethodNotAllowed(_allowed(request))
        case HTTPException(status_code=413):
            return TooLarge(settings.max_body_bytes)
        case HTTPException(status_code=status) if 400 <= status < 500:
            return BadRequest("The request cannot be read. Check it against /openapi.json and send it again.")
        case _:
            return InternalError()


def _allowed(request: Request) -> str:
    """The methods this address answers to, over all of its routes."""
    found: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return ", ".join(sorted(found))

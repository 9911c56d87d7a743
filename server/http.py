"""Around every request: its id, its line in the log, its time, the body's limit, and the security headers."""

import re
import time
from collections.abc import Callable, Mapping

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import InternalError, TooLarge, VivaError
from server.metrics import HTTP_REQUEST_SECONDS
from storage.ids import uuid7

Render = Callable[[Request, VivaError], Response]

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def content_security_policy(*styles: str) -> str:
    """What a page may load: our own files alone. `styles` are the hashes of sheets that stand in the page itself."""
    sheets = " ".join(("'self'", *styles))
    return (
        f"default-src 'none'; script-src 'self'; style-src {sheets}; img-src 'self'; "
        # A blob: is what the candidate records in the page itself, to hear it.
        "font-src 'self'; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


SECURITY_HEADERS = {
    "Content-Security-Policy": content_security_policy(),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    # Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger("server.http")


class RequestLine:
    """Gives each request its id, binds it to the log lines written meanwhile, and writes the request's own.

    The line names the route's template and never the address itself, the query or the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["type"] == "http":
                await self._http(scope, receive, send, request_id)
            else:
                await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            seconds = time.perf_counter() - started
            route = route_template(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            HTTP_REQUEST_SECONDS.labels(route, method, str(status)).observe(seconds)
            write = log.warning if status >= 500 else log.info
            write("request", method=method, route=route, status=status, ms=round(seconds * 1e3, 1))


class SecurityHeaders:
    """What browsers are told not to do with our answers. What a route sets itself stays."""

    def __init__(self, app: ASGIApp, secure: bool) -> None:
        self.app = app
        headers = dict(SECURITY_HEADERS)
        if secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        self.headers = _raw(headers)
        self.private = _raw({**headers, "Cache-Control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        added = self.private if scope["path"].startswith("/api/") else self.headers

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.setdefault("headers", [])
                names = {name.lower() for name, _value in given}
                message["headers"] = [*given, *(header for header in added if header[0] not in names)]
            await send(message)

        await self.app(scope, receive, answer)


class Failures:
    """Turns what nobody foresaw into a 500 with the request's id; the log keeps where it came from."""

    def __init__(self, app: ASGIApp, render: Render) -> None:
        self.app = app
        self.render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            return  # The client went away while its body was read: nobody is left to answer.
        except Exception:
            log.exception("a request failed", route=route_template(scope))
            if begun:
                # Half an answer is out: only breaking the connection tells the client so.
                raise
            await self.render(Request(scope), InternalError())(scope, receive, send)


class DeclaredLength:
    """Refuses a body whose declared length is over the limit before a byte of it is read.

    Starlette's own limit, behind this, counts the bytes of a body that declares no length.
    """

    def __init__(self, app: ASGIApp, limit: int, render: Render) -> None:
        self.app = app
        self.limit = limit
        self.render = render

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            declared = Headers(scope=scope).get("content-length", "")
            if declared.isdecimal() and (len(declared) > 18 or int(declared) > self.limit):
                await self.render(Request(scope), TooLarge(self.limit))(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """As they stand in a message; made once, for each answer carries them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def route_template(scope: Scope) -> str:
    """The path of the route that took the request, such as `/api/v1/plans/{slug}`."""
    return str(getattr(scope.get("route"), "path", "unmatched"))


def _request_id(headers: Headers) -> str:
    """The id a proxy before us gave, where it is a sane one, or a new one."""
    given = headers.get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else str(uuid7())

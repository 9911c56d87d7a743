"""For whoever runs the server: is it alive, is it ready, what does it measure, and what does it speak.

Open to whoever can reach the port; none of it says anything about a person or an interview.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server import asyncapi, metrics, openapi
from server.api.endpoint import json_response
from server.api.endpoints import ENDPOINTS
from server.load import Load, load
from server.readiness import Readiness, readiness
from server.tasks.months import observe_defaults
from storage import queue
from storage.errors import StorageError

QUEUE_WITHIN_S = 1.0
"""How long `/metrics` waits to be told of the queue."""


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str
    version: str


@dataclass(frozen=True, slots=True)
class Open:
    """A GET that needs no principal. `answer` is the struct of its JSON; None for other media and for documents."""

    path: str
    name: str
    summary: str
    serve: Callable[[Request], Awaitable[Response]]
    answer: type[msgspec.Struct] | None = None
    media: str = "application/json"
    statuses: tuple[int, ...] = (200,)

    def route(self) -> Route:
        """The route that serves it."""
        return Route(self.path, self.serve, name=self.name)


async def _healthz(_request: Request) -> Response:
    return json_response(Health("ok", version("viva")), headers={"Cache-Control": "no-store"})


async def _readyz(request: Request) -> Response:
    state = await readiness(request.app.state.services, is_draining=request.app.state.draining.has_begun)
    return json_response(state, 200 if state.ready else 503, {"Cache-Control": "no-store"})


async def _load(_request: Request) -> Response:
    return json_response(load(), headers={"Cache-Control": "no-store"})


async def _metrics(request: Request) -> Response:
    waiting: dict[str, int] = {}
    # Without the database everything else is told all the same.
    with suppress(StorageError, TimeoutError):
        async with asyncio.timeout(QUEUE_WITHIN_S):
            async with request.app.state.services.database.untenanted() as connection:
                waiting = await queue.waiting(connection)
            await observe_defaults(request.app.state.services.database)
    return Response(
        metrics.exposition(waiting), headers={"Content-Type": metrics.CONTENT_TYPE, "Cache-Control": "no-store"}
    )


async def _openapi(_request: Request) -> Response:
    return _document(openapi_json())


async def _asyncapi(_request: Request) -> Response:
    return _document(asyncapi_json())


def _document(content: bytes) -> Response:
    return Response(content, headers={"Cache-Control": "public, max-age=300"}, media_type="application/json")


OPEN: tuple[Open, ...] = (
    Open("/healthz", "health", "Whether the process is alive", _healthz, Health),
    Open(
        "/readyz", "readiness", "Whether it can hold interviews, and why not", _readyz, Readiness, statuses=(200, 503)
    ),
    Open("/load", "load", "Live interviews against those it is built for, for autoscaling", _load, Load),
    Open("/metrics", "metrics", "What is measured, in Prometheus' text format", _metrics, media="text/plain"),
    Open("/openapi.json", "openapi", "This document", _openapi),
    Open("/asyncapi.json", "asyncapi", "The live interview's WebSocket, as AsyncAPI 3.0", _asyncapi),
)


@cache
def openapi_json() -> bytes:
    """The OpenAPI document as it is sent, made once."""
    return msgspec.json.encode(openapi.document(ENDPOINTS, OPEN, version("viva")))


@cache
def asyncapi_json() -> bytes:
    """The AsyncAPI document as it is sent, made once."""
    return msgspec.json.encode(asyncapi.document(version("viva")))

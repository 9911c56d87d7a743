"""The application over a test's own database, and a client that holds every answer against the API's document."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from jsonschema import Draft202012Validator
from starlette.applications import Starlette

from agents.library import load_library
from server.api.operations import openapi_json
from server.app import create_app
from server.services import Services, import_library
from server.settings import Settings
from storage import objects
from storage.cache import Cache
from storage.database import Database
from storage.identity import LocalOwner
from tests.conftest import Person

HERE = "http://127.0.0.1:8000"
DOCUMENT: dict[str, Any] = msgspec.json.decode(openapi_json())
_TEMPLATES = {re.compile(re.sub(r"{\w+}", "[^/]+", path) + "$"): path for path in DOCUMENT["paths"]}


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


async def make_services(
    database: Database,
    person: Person,
    home: Path,
    *,
    cache: Cache | None = None,
    settings: Settings | None = None,
    now: Clock | None = None,
) -> Services:
    """Services in which `person` is the local owner."""
    library = load_library()
    await import_library(database, library)
    return Services(
        settings=settings or Settings(home=home),
        database=database,
        cache=cache,
        objects=objects.connect(None, home / "objects"),
        library=library,
        local_owner=LocalOwner(person.user_id, person.tenant_id),
        now=now or Clock(),
    )


@asynccontextmanager
async def client_of(app: Starlette, base_url: str = HERE) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, without a socket between."""
    hooks = {"response": [hold_against_document]}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=base_url, event_hooks=hooks) as client:
        yield client


def application(services: Services) -> Starlette:
    return create_app(services.settings, services=services)


async def hold_against_document(response: httpx.Response) -> None:
    """Fail where an answer of the API is not what `/openapi.json` says of it."""
    template = template_of(response.request.url.path)
    operation = DOCUMENT["paths"].get(template, {}).get(response.request.method.lower())
    if operation is None:
        return
    await response.aread()
    said = operation["responses"].get(str(response.status_code))
    assert said, f"{operation['operationId']} answered {response.status_code}, which is not documented"
    media = response.headers["content-type"].partition(";")[0]
    assert media in said["content"], f"{operation['operationId']} answered {media}"
    if not media.endswith("json"):
        return
    body = response.json()
    Draft202012Validator({**said["content"][media]["schema"], "components": DOCUMENT["components"]}).validate(body)
    if media == "application/problem+json":
        assert f"`{body['code']}`" in said["description"], f"{body['code']} is not documented"
        assert body["status"] == response.status_code
        assert body["request_id"] == response.headers["x-request-id"]
        assert body["detail"].endswith(".")


def template_of(path: str) -> str:
    """The documented path that a path is an instance of; empty where there is none."""
    return next((template for pattern, template in _TEMPLATES.items() if pattern.match(path)), "")

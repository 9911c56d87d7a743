from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from server.app import create_app
from server.pages.assets import MANIFEST
from server.pages.routes import render_error, routes
from server.services import Services
from storage.database import Database
from tests.conftest import Person, new_person
from tests.server.serving import HERE, make_services


@pytest.fixture
async def served(database: Database, tenant: Person, tmp_path: Path) -> Services:
    """Services in which the test's own person is the local owner."""
    return await make_services(database, tenant, tmp_path)


@pytest.fixture
async def other(database: Database, tmp_path: Path) -> Services:
    """The same product, with somebody else as its owner."""
    return await make_services(database, await new_person(database), tmp_path)


@pytest.fixture
async def reader(served: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A person's browser, as far as the server can tell."""
    assert MANIFEST.exists(), "The pages are not built: run `make pages`."
    app = create_app(served.settings, services=served, pages=routes(), error_page=render_error)
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers) as client:
        yield client

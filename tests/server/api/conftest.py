from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from server.services import Services
from storage.database import Database
from tests.conftest import Person
from tests.server.serving import Clock, application, client_of, make_services


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def served(database: Database, tenant: Person, tmp_path: Path, clock: Clock) -> Services:
    """Services in which the test's own person is the local owner."""
    return await make_services(database, tenant, tmp_path, now=clock)


@pytest.fixture
def app(served: Services) -> Starlette:
    return application(served)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.rehearsal.interviewer import RehearsalInterviewer
from storage.cache import Cache
from storage.database import Database
from tests.conftest import DatabaseUrls, Person
from tests.server.carrying.held import Desk
from tests.server.live.house import House, open_house
from tests.server.serving import Clock, make_services


@pytest.fixture
def desk(database: Database, tenant: Person, database_urls: DatabaseUrls) -> Desk:
    return Desk(database, tenant, database_urls.admin)


@pytest.fixture
async def house(database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path) -> AsyncIterator[House]:
    clock = Clock()
    services = await make_services(database, tenant, tmp_path, cache=redis_cache, now=clock)
    async with open_house(services, clock, RehearsalInterviewer()) as opened:
        yield opened

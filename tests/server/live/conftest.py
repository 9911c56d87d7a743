from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.cache import Cache
from storage.database import Database
from tests.conftest import Person
from tests.server.live.house import HeldWriter, House, open_house
from tests.server.serving import Clock, make_services


@pytest.fixture
def writer() -> HeldWriter:
    return HeldWriter()


@pytest.fixture
async def house(
    database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path, writer: HeldWriter
) -> AsyncIterator[House]:
    clock = Clock()
    services = await make_services(database, tenant, tmp_path, cache=redis_cache, now=clock)
    async with open_house(services, clock, writer) as opened:
        yield opened

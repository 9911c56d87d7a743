import pytest

from storage.database import Database
from tests.agents.room import Room, open_room
from tests.conftest import Person


@pytest.fixture
async def room(database: Database, tenant: Person) -> Room:
    """A typed interview."""
    return await open_room(database, tenant)

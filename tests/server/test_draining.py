from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from server.app import create_app
from server.draining import Draining
from server.services import Services
from storage.database import Database
from tests.conftest import Person
from tests.server.serving import client_of, make_services

WISH = {"plan": "behavioural", "language": "en"}


@pytest.fixture
async def served(database: Database, tenant: Person, tmp_path: Path) -> Services:
    return await make_services(database, tenant, tmp_path)


@pytest.fixture
def draining(served: Services) -> Draining:
    return Draining(served.settings.capacity)


@pytest.fixture
async def client(served: Services, draining: Draining) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_app(served.settings, services=served, draining=draining)) as client:
        yield client


async def test_a_process_that_drains_is_not_ready_and_says_why(client: httpx.AsyncClient, draining: Draining) -> None:
    assert (await client.get("/readyz")).status_code == 200
    draining.begin()
    answer = await client.get("/readyz")
    (wrong,) = [check for check in answer.json()["checks"] if check["needed"] and not check["ok"]]
    assert (answer.status_code, wrong["name"]) == (503, "draining")
    assert (await client.get("/healthz")).status_code == 200


async def test_no_interview_begins_on_it_and_another_is_to_be_asked(
    client: httpx.AsyncClient, draining: Draining
) -> None:
    opened = await client.post("/api/v1/interviews", json=WISH)
    assert opened.status_code == 201
    draining.begin()
    refused = await client.post("/api/v1/interviews", json=WISH)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "unavailable", "1")
    assert "another takes it" in refused.json()["detail"]
    assert len((await client.get("/api/v1/interviews")).json()["interviews"]) == 1
    # An interview that is there already may still be entered, elsewhere.
    ticket = await client.post(f"/api/v1/interviews/{opened.json()['id']}/tickets", json={})
    assert ticket.status_code == 201


async def test_each_answer_asks_for_another_connection(client: httpx.AsyncClient, draining: Draining) -> None:
    assert "connection" not in (await client.get("/api/v1/plans")).headers
    draining.begin()
    for path in ("/api/v1/plans", "/healthz", "/nowhere"):
        assert (await client.get(path)).headers["connection"] == "close"


async def test_it_counts_for_no_capacity(client: httpx.AsyncClient, draining: Draining) -> None:
    assert (await client.get("/load")).json()["capacity"] == 50
    draining.begin()
    told = (await client.get("/load")).json()
    assert (told["capacity"], told["load"], told["draining"]) == (0, 1.0, True)

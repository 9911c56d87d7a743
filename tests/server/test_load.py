import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from server.load import Load, load
from server.metrics import LIVE_INTERVIEWS
from server.settings import Settings
from storage.database import Database
from tests.conftest import DatabaseUrls, Person
from tests.server.serving import application, client_of, make_services

RULES: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docs" / "scaling.yaml").read_text("utf-8"))


@pytest.fixture
async def client(database: Database, tenant: Person, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    served = await make_services(database, tenant, tmp_path, settings=Settings(home=tmp_path, capacity=40))
    async with client_of(application(served)) as client:
        yield client


async def test_the_load_is_live_interviews_against_those_it_is_built_for(client: httpx.AsyncClient) -> None:
    LIVE_INTERVIEWS.set(10)
    try:
        answer = await client.get("/load")
        assert answer.json() == {"live": 10, "capacity": 40, "load": 0.25, "draining": False}
        assert answer.headers["cache-control"] == "no-store"
        LIVE_INTERVIEWS.set(90)
        assert load() == Load(live=90, capacity=40, load=1.0, draining=False)
    finally:
        LIVE_INTERVIEWS.set(0)


async def test_the_rules_of_scaling_go_by_figures_that_are_published(client: httpx.AsyncClient) -> None:
    families = text_string_to_metric_families((await client.get("/metrics")).text)
    published = {name for family in families for name in (family.name, *(sample.name for sample in family.samples))}
    for service in RULES["services"].values():
        named = re.findall(r"\b(?:viva|process)_\w+", service["figure"])
        assert named
        assert set(named) <= published, service["figure"]


def test_the_rules_never_remove_what_they_have_just_added() -> None:
    for service in RULES["services"].values():
        assert service["scale_in"]["below"] < service["target"] < service["scale_out"]["above"]
        assert service["limits"]["min"] <= service["limits"]["max"]
    most = RULES["services"]["interview_service"]["limits"]["max"]
    assert all(schedule["min"] <= schedule["machines"] <= most for schedule in RULES["schedules"])


async def test_tasks_that_wait_are_counted_by_name(client: httpx.AsyncClient, database_urls: DatabaseUrls) -> None:
    async def waiting() -> float:
        families = {f.name: f for f in text_string_to_metric_families((await client.get("/metrics")).text)}
        samples = families["viva_tasks_waiting"].samples
        return sum(sample.value for sample in samples if sample.labels["task"] == "a_test_of_scaling")

    assert await waiting() == 0
    admin = await asyncpg.connect(database_urls.admin)
    try:
        await admin.execute(
            "insert into pgqueuer (entrypoint, priority, status, created, updated, heartbeat, execute_after)"
            " values ('a_test_of_scaling', 0, 'queued', now(), now(), now(), now())"
        )
        assert await waiting() == 1
    finally:
        await admin.execute("delete from pgqueuer where entrypoint = 'a_test_of_scaling'")
        await admin.close()

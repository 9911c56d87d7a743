import time
from dataclasses import replace

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.services import Services
from storage import objects
from storage.cache import Cache
from storage.cache import connect as connect_cache
from storage.database import Database
from tests.conftest import DatabaseUrls
from tests.lines import through_a_line
from tests.server.serving import application, client_of


async def test_a_process_that_answers_is_alive(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_alive_and_ready_are_told_under_any_host(client: httpx.AsyncClient) -> None:
    """Whoever watches over many machines asks them by their addresses."""
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await client.get(path, headers={"Host": "10.1.2.3:8000"})).status_code == 200


async def test_everything_in_place_is_ready(served: Services, redis_cache: Cache) -> None:
    async with client_of(application(replace(served, cache=redis_cache))) as client:
        state = (await client.get("/readyz")).json()
    assert (state["ready"], state["degraded"]) == (True, False)
    assert {check["name"]: check["ok"] for check in state["checks"]} == {
        "database": True,
        "migrations": True,
        "cache": True,
        "objects": True,
    }


async def test_without_a_cache_it_is_degraded_but_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/readyz")
    state = answer.json()
    assert (answer.status_code, state["ready"], state["degraded"]) == (200, True, True)
    (cache,) = [check for check in state["checks"] if not check["ok"]]
    assert (cache["name"], "REDIS_URL" in cache["why"]) == ("cache", True)


async def test_a_cache_that_does_not_answer_says_why(served: Services) -> None:
    away = connect_cache("unix:///nowhere/at/all.sock")
    async with client_of(application(replace(served, cache=away))) as client:
        answer = await client.get("/readyz")
    await away.close()
    (cache,) = [check for check in answer.json()["checks"] if check["name"] == "cache"]
    assert (answer.status_code, cache["ok"]) == (200, False)
    assert "Redis does not answer" in cache["why"]


async def test_a_database_that_swallows_everything_is_told_soon(served: Services, database_urls: DatabaseUrls) -> None:
    async with through_a_line(database_urls.app) as (line, url):
        behind = await Database.open(url, min_size=1)
        async with client_of(application(replace(served, database=behind))) as client:
            assert (await client.get("/readyz")).status_code == 200
            line.stall()
            began = time.monotonic()
            answer = await client.get("/readyz")
            assert time.monotonic() - began < 1.5
            assert (answer.status_code, answer.json()["ready"]) == (503, False)
            began = time.monotonic()
            refused = await client.get("/api/v1/interviews")
            assert time.monotonic() - began < 3
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert int(refused.headers["retry-after"]) > 0
            assert "cannot reach its database" in refused.json()["detail"]
        line.cut()
        await behind.close()


async def test_without_the_database_it_is_not_ready(served: Services, client: httpx.AsyncClient) -> None:
    await served.database.close()
    answer = await client.get("/readyz")
    wrong = {check["name"] for check in answer.json()["checks"] if not check["ok"] and check["needed"]}
    assert (answer.status_code, wrong) == (503, {"database", "migrations"})


async def test_objects_that_cannot_be_written_make_it_not_ready(served: Services) -> None:
    nowhere = objects.connect("s3://nobody/here?endpoint=http://127.0.0.1:9&region=x", served.settings.home)
    async with client_of(application(replace(served, objects=nowhere))) as client:
        answer = await client.get("/readyz")
    (store,) = [check for check in answer.json()["checks"] if check["name"] == "objects"]
    assert (answer.status_code, store["ok"]) == (503, False)


async def test_a_migration_that_waits_makes_it_not_ready(
    client: httpx.AsyncClient, database_urls: DatabaseUrls
) -> None:
    admin = await asyncpg.connect(database_urls.admin)
    version = await admin.fetchval("select max(version) from public.schema_migrations")
    try:
        await admin.execute("delete from public.schema_migrations where version = $1", version)
        answer = await client.get("/readyz")
    finally:
        await admin.execute("insert into public.schema_migrations (version) values ($1)", version)
        await admin.close()
    (schema,) = [check for check in answer.json()["checks"] if check["name"] == "migrations"]
    assert (answer.status_code, schema["ok"]) == (503, False)
    assert "viva migrate up" in schema["why"]


async def test_requests_are_measured_by_route_and_never_by_address(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/plans/some-secret-plan?token=some-secret-token")
    text = (await client.get("/metrics")).text
    assert "some-secret" not in text
    samples = {
        (sample.labels["route"], sample.labels["method"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "viva_http_request_seconds_count"
    }
    assert samples["/api/v1/plans/{slug}", "GET", "400"] >= 1


@pytest.mark.parametrize(
    "name",
    [
        "viva_live_interviews",
        "viva_events_appended",
        "viva_event_append_seconds",
        "viva_turn_seconds",
        "viva_scores_given",
        "process_resident_memory_bytes",
    ],
)
async def test_what_an_operator_watches_is_there(client: httpx.AsyncClient, name: str) -> None:
    families = {family.name for family in text_string_to_metric_families((await client.get("/metrics")).text)}
    assert name in families


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
async def test_the_documents_may_be_cached(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=300")

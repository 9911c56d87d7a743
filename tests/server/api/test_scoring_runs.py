"""Runs of scores over the API: begun beside the live one, listed, and compared."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from server.services import Services
from server.settings import Settings
from server.tasks.rescoring import Rescorings
from storage import queue, scores
from storage.database import Database
from storage.ids import uuid7
from tests.agents.providers.batching import Vendor, vendor
from tests.conftest import DatabaseUrls, Person, new_person
from tests.server.api.test_interviews import INTERVIEWS, begin
from tests.server.carrying.held import Desk, answered
from tests.server.serving import Clock, application, client_of, make_services


@pytest.fixture
def desk(database: Database, tenant: Person, database_urls: DatabaseUrls) -> Desk:
    return Desk(database, tenant, database_urls.admin)


@pytest.fixture
async def held() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        yield opened


@pytest.fixture
async def with_key(
    database: Database, tenant: Person, tmp_path: Path, clock: Clock, held: Vendor
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that has a key for the vendor."""
    settings = Settings(home=tmp_path, anthropic_key="emulated", anthropic_url=held.url)
    services = await make_services(database, tenant, tmp_path, settings=settings, now=clock)
    async with client_of(application(services)) as client:
        yield client


def runs_of(interview_id: UUID) -> str:
    return f"{INTERVIEWS}/{interview_id}/scoring-runs"


async def work(desk: Desk, run_id: str, settings: Settings | None = None) -> None:
    """What the worker's tasks do until a run has ended."""
    rescorings = Rescorings(desk.database, settings or Settings(), desk.clock)
    tenant_id = desk.person.tenant_id
    for _ in range(20):
        async with desk.database.tenant(tenant_id) as connection:
            run = await scores.run(connection, UUID(run_id))
        if run.status != "running":
            break
        if run.batch_id is None:
            await rescorings.score(queue.Job(tenant_id, run.id))
        else:
            await rescorings.carry_on(queue.Job(tenant_id, run.batch_id))
    await rescorings.close()


async def test_an_interview_is_scored_once_more_by_rules_and_compared(client: httpx.AsyncClient, desk: Desk) -> None:
    interview_id = await desk.holds()
    answer = await client.post(runs_of(interview_id), json={"with": "rehearsal"})
    run = answer.json()
    assert (answer.status_code, run["reason"], run["status"], run["is_current"]) == (202, "rescore", "running", False)
    early = await client.get(f"{runs_of(interview_id)}/{run['id']}/comparison")
    assert (early.status_code, early.json()["code"]) == (409, "run_goes_on")
    assert int(early.headers["retry-after"]) > 0
    await work(desk, run["id"])

    listed = (await client.get(runs_of(interview_id))).json()["runs"]
    assert [(each["reason"], each["status"], each["is_current"]) for each in listed] == [
        ("rescore", "completed", False),
        ("live", "completed", True),
    ]
    compared = (await client.get(f"{runs_of(interview_id)}/{run['id']}/comparison")).json()
    assert (compared["before"]["id"], compared["after"]["id"]) == (listed[1]["id"], run["id"])
    assert [move["why"] for move in compared["moves"]] == [[], [], []]
    assert (compared["agreement"]["exact"], compared["overall"]["shift"]) == (1.0, 0.0)


async def test_the_report_and_the_scores_shown_stay_as_they_were(client: httpx.AsyncClient, desk: Desk) -> None:
    interview_id = await desk.holds()
    paths = [f"{INTERVIEWS}/{interview_id}/{what}" for what in ("scores", "report")]
    before = [(await client.get(path)).content for path in paths]
    await desk.damages("update interview.scores set level = 1 where interview_id = $1 and level > 1", interview_id)
    damaged = [(await client.get(path)).content for path in paths]
    run = (await client.post(runs_of(interview_id), json={"with": "rehearsal"})).json()
    await work(desk, run["id"])
    assert [(await client.get(path)).content for path in paths] == damaged
    assert before[1] == damaged[1]


async def test_two_later_runs_can_be_held_against_each_other(client: httpx.AsyncClient, desk: Desk) -> None:
    interview_id = await desk.holds()
    ids = []
    for _ in range(2):
        run = (await client.post(runs_of(interview_id), json={"with": "rehearsal"})).json()
        await work(desk, run["id"])
        ids.append(run["id"])
    path = f"{runs_of(interview_id)}/{ids[1]}/comparison"
    compared = (await client.get(path, params={"against": ids[0]})).json()
    assert [compared[side]["id"] for side in ("before", "after")] == ids
    unknown = await client.get(path, params={"against": str(uuid7())})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_run")
    assert (await client.get(path, params={"against": "yesterday"})).status_code == 400


async def test_a_model_scores_through_the_worker_and_what_is_sent_twice_is_paid_once(
    with_key: httpx.AsyncClient, desk: Desk, held: Vendor
) -> None:
    interview_id = await desk.holds()
    first = (await with_key.post(runs_of(interview_id), json={"with": "model"})).json()
    second = (await with_key.post(runs_of(interview_id), json={"with": "model"})).json()
    assert second["id"] == first["id"]
    assert (first["model"], first["status"]) == ("claude-sonnet-5-5", "running")
    await work(desk, first["id"], Settings(anthropic_key="emulated", anthropic_url=held.url))
    compared = (await with_key.get(f"{runs_of(interview_id)}/{first['id']}/comparison")).json()
    assert compared["after"]["status"] == "completed"
    assert compared["agreement"]["pairs"] >= 1
    assert len(held.batches.made) == 1


async def test_without_a_key_or_a_budget_nothing_is_begun(
    client: httpx.AsyncClient, desk: Desk, served: Services, tmp_path: Path
) -> None:
    interview_id = await desk.holds()
    answer = await client.post(runs_of(interview_id), json={"with": "model"})
    assert (answer.status_code, answer.json()["code"]) == (409, "rescoring_refused")
    assert "no key for Anthropic" in answer.json()["detail"]
    settings = Settings(home=tmp_path, anthropic_key="emulated", month_budget_usd=0.0)
    services = await make_services(desk.database, desk.person, tmp_path, settings=settings)
    async with client_of(application(services)) as poor:
        answer = await poor.post(runs_of(interview_id), json={"with": "model"})
    assert (answer.status_code, "month's budget" in answer.json()["detail"]) == (409, True)
    assert len((await client.get(runs_of(interview_id))).json()["runs"]) == 1


async def test_what_is_not_over_or_was_never_scored_is_not_scored_once_more(client: httpx.AsyncClient) -> None:
    interview_id = (await begin(client))["id"]
    answer = await client.post(runs_of(interview_id), json={"with": "rehearsal"})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_score")
    assert (await client.get(runs_of(interview_id))).json()["runs"] == []


async def test_nobody_elses_interview_and_no_other_interviews_run_is_there(
    client: httpx.AsyncClient, desk: Desk, database_urls: DatabaseUrls
) -> None:
    other = Desk(desk.database, await new_person(desk.database), database_urls.admin)
    theirs, mine, another = await other.holds(), await desk.holds(), await desk.holds(answered("q1"))
    for answer in (
        await client.post(runs_of(theirs), json={"with": "rehearsal"}),
        await client.get(runs_of(theirs)),
        await client.get(f"{runs_of(theirs)}/{uuid7()}/comparison"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_interview")
    run = (await client.get(runs_of(another))).json()["runs"][0]["id"]
    answer = await client.get(f"{runs_of(mine)}/{run}/comparison")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_run")


@pytest.mark.parametrize("body", [{}, {"with": "magic"}, {"with": "model", "more": 1}])
async def test_what_cannot_be_understood_is_refused(
    client: httpx.AsyncClient, desk: Desk, body: dict[str, object]
) -> None:
    interview_id = await desk.holds(answered("q1"))
    assert (await client.post(runs_of(interview_id), json=body)).status_code == 422

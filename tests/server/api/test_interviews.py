import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.applications import Starlette

from agents.events import InterviewCreated, from_document
from server.services import Services
from storage import events, interviews, tickets
from storage.database import Database
from storage.errors import TicketExpired, TicketUnknown, TicketUsed
from storage.ids import uuid7
from tests.conftest import Person, new_person
from tests.server.serving import Clock, application, client_of, make_services

INTERVIEWS = "/api/v1/interviews"
WISH: dict[str, Any] = {"plan": "behavioural", "language": "en"}


async def begin(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post(INTERVIEWS, json={**WISH, **changes})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_an_interview_is_begun_and_found_again(client: httpx.AsyncClient) -> None:
    answer = await client.post(INTERVIEWS, json=WISH)
    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{INTERVIEWS}/{body['id']}"
    assert (body["status"], body["kind"], body["channel"]) == ("created", "practice", "text")
    assert (body["live_path"], body["page"]) == ("/live", f"/interviews/{body['id']}")
    found = (await client.get(answer.headers["location"])).json()
    assert found == {name: body[name] for name in found}


async def test_the_first_fact_pins_everything_the_interview_depends_on(
    client: httpx.AsyncClient, served: Services
) -> None:
    body = await begin(client, language="es", patience="long", target_duration_minutes=12)
    plan = served.library.plans["behavioural"]
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        log = await events.events_after(connection, UUID(body["id"]))
        row = await interviews.interview(connection, UUID(body["id"]))
    assert [(event.seq, event.type, event.actor, event.at_ms) for event in log] == [
        (1, "interview.created", "system", 0)
    ]
    created = from_document(log[0].payload)
    assert isinstance(created, InterviewCreated)
    assert (created.plan, created.language, created.patience) == ("behavioural", "es", "long")
    assert created.questions == tuple(question.id for question in plan.questions)
    assert (created.target_ms, created.hard_ms) == (12 * 60_000, plan.hard_limit_minutes * 60_000)
    assert created.rubric_hash == served.library.rubric_hashes[plan.rubric]
    assert set(created.versions) == {"director", "interviewer", "scorer"}
    assert created.plan_version_id == row.plan_version_id
    assert (row.last_seq, row.target_duration_minutes, row.scorer) == (1, 12, "rehearsal")
    assert row.versions["rubric"] == created.rubric_hash


async def test_a_ticket_opens_its_interview_once_and_is_kept_as_a_hash_only(
    client: httpx.AsyncClient, served: Services, clock: Clock
) -> None:
    body = await begin(client)
    digest = hashlib.sha256(body["ticket"].encode()).digest()
    redeemed = await tickets.redeem_ticket(served.database, digest, clock())
    assert (str(redeemed.interview_id), redeemed.role) == (body["id"], "candidate")
    with pytest.raises(TicketUsed):
        await tickets.redeem_ticket(served.database, digest, clock())
    with pytest.raises(TicketUnknown):
        await tickets.redeem_ticket(served.database, body["ticket"].encode(), clock())


async def test_a_ticket_lives_for_the_seconds_the_operator_chose(
    client: httpx.AsyncClient, served: Services, clock: Clock
) -> None:
    body = await begin(client)
    life = timedelta(seconds=served.settings.ticket_seconds)
    assert datetime.fromisoformat(body["ticket_expires_at"]) == clock() + life
    clock.forward(life)
    with pytest.raises(TicketExpired):
        await tickets.redeem_ticket(served.database, hashlib.sha256(body["ticket"].encode()).digest(), clock())


async def test_an_interview_that_goes_on_gives_out_new_tickets(client: httpx.AsyncClient) -> None:
    body = await begin(client)
    path = f"{INTERVIEWS}/{body['id']}/tickets"
    first, second = await asyncio.gather(client.post(path), client.post(path, json={}))
    assert (first.status_code, second.status_code) == (201, 201)
    assert len({body["ticket"], first.json()["ticket"], second.json()["ticket"]}) == 3


@pytest.mark.parametrize("status", ["completed", "abandoned", "expired", "cancelled"])
async def test_an_interview_that_has_ended_gives_out_no_ticket(
    client: httpx.AsyncClient, served: Services, clock: Clock, status: interviews.Status
) -> None:
    body = await begin(client)
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await interviews.set_status(connection, UUID(body["id"]), status, clock())
    answer = await client.post(f"{INTERVIEWS}/{body['id']}/tickets")
    assert (answer.status_code, answer.json()["code"]) == (409, "interview_over")


@pytest.mark.parametrize(
    ("changes", "status", "code", "path"),
    [
        ({"plan": "no-such-plan"}, 422, "unknown_plan", "$.plan"),
        ({"plan": "../etc"}, 422, "invalid_body", "$.plan"),
        ({"plan": "a\u0000b"}, 422, "invalid_body", "$.plan"),
        ({"plan": 7}, 422, "invalid_body", "$.plan"),
        ({"language": "fr"}, 422, "invalid_body", "$.language"),
        ({"kind": "screening"}, 422, "screening_not_open", "$.kind"),
        ({"channel": "phone"}, 422, "channel_not_open", "$.channel"),
        ({"patience": "endless"}, 422, "invalid_body", "$.patience"),
        ({"target_duration_minutes": 1}, 422, "duration_out_of_range", "$.target_duration_minutes"),
        ({"target_duration_minutes": 10**6}, 422, "duration_out_of_range", "$.target_duration_minutes"),
        ({"target_duration_minutes": "20"}, 422, "invalid_body", "$.target_duration_minutes"),
        ({"target_duration_minutes": 20.5}, 422, "invalid_body", "$.target_duration_minutes"),
        ({"colour": "red"}, 422, "invalid_body", "$"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused_at_its_place(
    client: httpx.AsyncClient, changes: dict[str, Any], status: int, code: str, path: str
) -> None:
    answer = await client.post(INTERVIEWS, json={**WISH, **changes})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert [error["path"] for error in body["errors"]] == [path]
    assert (await client.get(INTERVIEWS)).json()["interviews"] == []


async def test_what_may_be_chosen_is_told(client: httpx.AsyncClient) -> None:
    wrong = (await client.post(INTERVIEWS, json={**WISH, "language": "fr"})).json()
    assert wrong["errors"] == [{"path": "$.language", "message": "should be one of en, es"}]
    unknown = (await client.post(INTERVIEWS, json={**WISH, "colour": "red"})).json()
    assert "`colour`" in unknown["errors"][0]["message"]
    assert "plan, language, kind" in unknown["errors"][0]["message"]
    missing = (await client.post(INTERVIEWS, json={"plan": "behavioural"})).json()
    assert "lacks the field `language`" in missing["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b'{"plan": "behavioural", "language": "en"',
        b"\xff\xfe",
        b"nothing",
        b'{"plan": "behavioural", "language": "en"} {}',
    ],
)
async def test_a_body_that_is_not_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(INTERVIEWS, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"text"', b"[" * 100_000, b'{"plan":' * 100_000])
async def test_a_body_of_another_shape_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post(INTERVIEWS, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) in ((422, "invalid_body"), (400, "malformed_json"))


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
async def test_a_body_of_another_media_type_is_refused(client: httpx.AsyncClient, media: str) -> None:
    answer = await client.post(INTERVIEWS, content=b"{}", headers={"Content-Type": media})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("rest", ["", "/events", "/transcript", "/scores", "/report"])
async def test_an_unknown_interview_is_not_found(client: httpx.AsyncClient, rest: str) -> None:
    answer = await client.get(f"{INTERVIEWS}/{uuid7()}{rest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_interview")
    answer = await client.get(f"{INTERVIEWS}/{uuid4()}{rest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_interview")


@pytest.mark.parametrize("rest", ["", "/events", "/transcript", "/scores", "/report"])
@pytest.mark.parametrize("name", ["7", "not-an-id", "%00", "0199f3c4-5a2e-7b31-8c44"])
async def test_a_malformed_id_is_refused_with_a_sentence(client: httpx.AsyncClient, rest: str, name: str) -> None:
    answer = await client.get(f"{INTERVIEWS}/{name}{rest}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_id")


async def test_another_tenants_interview_is_not_there(
    client: httpx.AsyncClient, database: Database, tmp_path: Any
) -> None:
    stranger = await make_services(database, await new_person(database), tmp_path)
    mine = await begin(client)
    async with client_of(application(stranger)) as other:
        assert (await other.get(INTERVIEWS)).json()["interviews"] == []
        for rest in ("", "/events", "/transcript", "/scores", "/report"):
            answer = await other.get(f"{INTERVIEWS}/{mine['id']}{rest}")
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_interview")
        answer = await other.post(f"{INTERVIEWS}/{mine['id']}/tickets")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_interview")


async def test_the_list_is_read_page_by_page_newest_first(client: httpx.AsyncClient) -> None:
    made = [(await begin(client))["id"] for _ in range(5)]
    read, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(INTERVIEWS, params=query)).json()
        read += [interview["id"] for interview in page["interviews"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (read, pages) == (made[::-1], 3)


async def test_an_interview_begun_while_paging_disturbs_no_page(client: httpx.AsyncClient) -> None:
    made = [(await begin(client))["id"] for _ in range(3)]
    first = (await client.get(INTERVIEWS, params={"limit": 2})).json()
    await begin(client)
    rest = (await client.get(INTERVIEWS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [interview["id"] for interview in rest["interviews"]] == [made[0]]


async def test_the_list_is_filtered(client: httpx.AsyncClient, served: Services, clock: Clock) -> None:
    english = await begin(client)
    spanish = await begin(client, language="es")
    backend = await begin(client, plan="backend-engineer")
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await interviews.set_status(connection, UUID(spanish["id"]), "in_progress", clock())

    async def ids(**query: str) -> list[str]:
        page = (await client.get(INTERVIEWS, params=query)).json()
        return [interview["id"] for interview in page["interviews"]]

    assert await ids(language="es") == [spanish["id"]]
    assert await ids(plan="backend-engineer") == [backend["id"]]
    assert await ids(status="created") == [backend["id"], english["id"]]
    assert await ids(status="in_progress", language="en") == []
    page = (await client.get(INTERVIEWS, params={"language": "en", "limit": 1})).json()
    assert [interview["id"] for interview in page["interviews"]] == [backend["id"]]
    assert await ids(language="en", cursor=page["next_cursor"]) == [english["id"]]


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "a" * 22, "====", "AZnzxFouezGMRB8uPUxbag=="])
async def test_a_cursor_that_is_not_ours_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get(INTERVIEWS, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "?limit"),
        ("limit=101", "?limit"),
        ("limit=many", "?limit"),
        ("status=begun", "?status"),
        ("language=fr", "?language"),
        ("plan=%00", "?plan"),
        ("colour=red", "?"),
    ],
)
async def test_a_wrong_query_is_refused_at_its_place(client: httpx.AsyncClient, query: str, path: str) -> None:
    answer = await client.get(f"{INTERVIEWS}?{query}")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "invalid_query")
    assert [error["path"] for error in body["errors"]] == [path]


async def test_a_parameter_given_twice_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{INTERVIEWS}?limit=1&limit=2")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_query")


async def test_a_database_that_is_away_is_told_as_such(
    served: Services, app: Starlette, client: httpx.AsyncClient
) -> None:
    await served.database.close()
    answer = await client.post(INTERVIEWS, json=WISH)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_me_is_the_local_owner(client: httpx.AsyncClient, tenant: Person) -> None:
    me = (await client.get("/api/v1/me")).json()
    assert (me["user_id"], me["tenant_id"]) == (str(tenant.user_id), str(tenant.tenant_id))


async def test_a_deleted_interview_is_gone_for_everybody_at_once(client: httpx.AsyncClient, clock: Clock) -> None:
    body = await begin(client)
    answer = await client.delete(f"{INTERVIEWS}/{body['id']}")
    assert answer.status_code == 200
    purged_after = datetime.fromisoformat(answer.json()["purged_after"])
    assert purged_after - clock() == timedelta(days=30)
    assert (await client.get(f"{INTERVIEWS}/{body['id']}")).status_code == 404
    assert (await client.delete(f"{INTERVIEWS}/{body['id']}")).status_code == 404
    assert body["id"] not in [one["id"] for one in (await client.get(INTERVIEWS)).json()["interviews"]]


async def test_an_interview_that_goes_on_is_not_deleted(client: httpx.AsyncClient, served: Services) -> None:
    body = await begin(client)
    async with served.database.tenant(served.local_owner.tenant_id) as connection:
        await interviews.set_status(connection, UUID(body["id"]), "in_progress", at=served.now())
    answer = await client.delete(f"{INTERVIEWS}/{body['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "interview_goes_on")
    assert (await client.get(f"{INTERVIEWS}/{body['id']}")).status_code == 200


async def test_a_ticket_for_watching_names_who_asked_for_it(client: httpx.AsyncClient, served: Services) -> None:
    body = await begin(client)
    answer = await client.post(f"{INTERVIEWS}/{body['id']}/tickets?role=observer")
    digest = hashlib.sha256(answer.json()["ticket"].encode()).digest()
    redeemed = await tickets.redeem_ticket(served.database, digest, served.now())
    assert (redeemed.role, redeemed.user_id) == ("observer", served.local_owner.user_id)
    refused = await client.post(f"{INTERVIEWS}/{body['id']}/tickets?role=owner")
    assert refused.status_code == 400

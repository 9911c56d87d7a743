"""The workshop over HTTP: what is saved is a version of one's own, nothing overwrites, everything is told."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from agents.plans import Plan, Rubric
from agents.workshop import document_of, read_document
from server.services import Services
from storage import plans as kept
from tests.conftest import Person
from tests.server.api.test_interviews import begin

PLANS = "/api/v1/plans"
BEHAVIOURAL = f"{PLANS}/behavioural"
YAML = {"Content-Type": "application/yaml"}


def documents(served: Services, slug: str = "behavioural") -> tuple[Plan, Rubric]:
    plan = served.library.plans[slug]
    return plan, served.library.rubrics[plan.rubric]


def body(plan: Plan, rubric: Rubric, **more: Any) -> dict[str, Any]:
    return {"plan": msgspec.to_builtins(plan), "rubric": msgspec.to_builtins(rubric), **more}


def called(plan: Plan, title: str) -> Plan:
    return msgspec.structs.replace(plan, title={"en": title, "es": f"Entrevista {title}"})


async def save(client: httpx.AsyncClient, plan: Plan, rubric: Rubric, base: int | None) -> httpx.Response:
    return await client.put(f"{PLANS}/{plan.slug}", json=body(plan, rubric, base=base))


async def test_a_library_plan_that_is_saved_becomes_ones_own_with_the_librarys_text_as_its_first_version(
    client: httpx.AsyncClient, served: Services
) -> None:
    plan, rubric = documents(served)
    before = (await client.get(f"{BEHAVIOURAL}/versions")).json()
    assert before["is_own"] is False
    saved = await save(client, called(plan, "Ours"), rubric, before["current"])
    assert (saved.status_code, saved.json()["number"], saved.json()["is_new"]) == (200, 2, True)
    after = (await client.get(f"{BEHAVIOURAL}/versions")).json()
    assert (after["is_own"], after["current"]) == (True, 2)
    assert [(each["number"], each["source"]) for each in after["versions"]] == [(2, "workshop"), (1, "library")]
    assert after["versions"][0]["created_by"] == str(served.local_owner.user_id)
    first = (await client.get(f"{BEHAVIOURAL}/versions/1")).json()
    assert (msgspec.convert(first["plan"], Plan), msgspec.convert(first["rubric"], Rubric)) == (plan, rubric)
    offered = {each["slug"]: each for each in (await client.get(PLANS)).json()["plans"]}
    assert offered["behavioural"]["title"]["en"] == "Ours"


async def test_what_changed_is_told_by_the_names_of_things(client: httpx.AsyncClient, served: Services) -> None:
    plan, rubric = documents(served)
    moved = msgspec.structs.replace(
        called(plan, "Ours"), questions=(plan.questions[1], plan.questions[0], *plan.questions[2:])
    )
    current = (await client.get(f"{BEHAVIOURAL}/versions")).json()["current"]
    await save(client, moved, rubric, current)
    found = (await client.get(f"{BEHAVIOURAL}/versions/1/diff/current")).json()
    assert (found["before"], found["after"]) == (1, 2)
    assert [(each["kind"], each["path"]) for each in found["changes"]] == [
        ("changed", "title.en"),
        ("changed", "title.es"),
        ("moved", "questions[q2]"),
    ]
    assert found["changes"][0]["after"] == "Ours"


async def test_of_two_who_save_at_once_one_is_told_that_the_plan_has_moved_on(
    client: httpx.AsyncClient, served: Services
) -> None:
    plan, rubric = documents(served)
    base = (await client.get(f"{BEHAVIOURAL}/versions")).json()["current"]
    answers = await asyncio.gather(*(save(client, called(plan, f"By {who}"), rubric, base) for who in "AB"))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = (answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "plan_moved_on"
    assert "version 2" in refused.json()["detail"]
    assert len((await client.get(f"{BEHAVIOURAL}/versions")).json()["versions"]) == 2


async def test_a_plan_without_a_base_is_a_new_one_and_hides_none_that_is_there(
    client: httpx.AsyncClient, served: Services
) -> None:
    plan, rubric = documents(served)
    assert (await save(client, plan, rubric, None)).status_code == 409
    new = msgspec.structs.replace(plan, slug="quite-new")
    assert (await save(client, new, rubric, 3)).status_code == 409
    assert (await save(client, new, rubric, None)).json()["number"] == 1
    assert (await client.get(f"{PLANS}/quite-new")).json()["question_count"] == len(plan.questions)


async def test_a_plan_with_an_error_is_refused_with_all_that_was_found_and_nothing_is_saved(
    client: httpx.AsyncClient, served: Services
) -> None:
    plan, rubric = documents(served)
    asks = {"en": "How old are you?", "es": "¿Cuántos años tienes?"}
    wrong = msgspec.structs.replace(
        plan,
        slug="wrong",
        target_duration_minutes=2,
        questions=(msgspec.structs.replace(plan.questions[0], text=asks), *plan.questions[1:]),
    )
    answer = await save(client, wrong, rubric, None)
    assert (answer.status_code, answer.json()["code"]) == (422, "plan_refused")
    paths = {(each["rule"], each["path"]) for each in answer.json()["findings"]}
    assert ("structure.range", "target_duration_minutes") in paths
    assert ("unlawful.age", "questions.0.text.en") in paths
    assert {each["path"] for each in answer.json()["errors"]} >= {"target_duration_minutes", "questions.0.text.en"}
    assert (await client.get(f"{PLANS}/wrong")).status_code == 404


async def test_a_check_saves_nothing_and_holds_questions_against_the_laws_that_are_named(
    client: httpx.AsyncClient, served: Services
) -> None:
    plan, rubric = documents(served)
    asks = {"en": "What was your salary in your last job?", "es": "¿Cuánto ganabas en tu último trabajo?"}
    paid = msgspec.structs.replace(
        plan, questions=(msgspec.structs.replace(plan.questions[0], text=asks), *plan.questions[1:])
    )
    for place, severity in (("US-CA", "error"), ("US", "warning"), ("MX", None)):
        answer = await client.post(f"{PLANS}/check", json=body(paid, rubric, jurisdictions=[place]))
        found = [each for each in answer.json()["findings"] if each["rule"] == "unlawful.pay_history"]
        assert {each["severity"] for each in found} == ({severity} if severity else set())
    unknown = await client.post(f"{PLANS}/check", json=body(paid, rubric, jurisdictions=["XX"]))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_jurisdiction")


async def test_yaml_goes_out_and_comes_in_again(client: httpx.AsyncClient, served: Services) -> None:
    exported = await client.get(f"{BEHAVIOURAL}/versions/current", headers={"Accept": "application/yaml"})
    assert exported.headers["content-type"].startswith("application/yaml")
    assert read_document(exported.text) == documents(served)
    plan, rubric = documents(served)
    text = document_of(called(plan, "From a file"), rubric)
    checked = await client.post(f"{PLANS}/check?jurisdictions=EU,US", content=text, headers=YAML)
    assert (checked.status_code, checked.json()["errors"]) == (200, 0)
    saved = await client.put(BEHAVIOURAL, content=text, headers={**YAML, "If-Match": exported.headers["etag"]})
    assert (saved.status_code, saved.json()["number"]) == (200, 2)
    again = await client.put(f"{BEHAVIOURAL}?base=2", content=document_of(plan, rubric), headers=YAML)
    assert (again.json()["number"], again.json()["is_new"]) == (1, False)


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        ("plan: [", 2, "$"),
        ("plan: 3\nrubric: {}\n", 1, "plan"),
        ("plan:\n  slug: 5\nrubric: {}\n", 2, "slug"),
        ("# nothing else\nrubric: 7\n", 2, "rubric"),
        ("rubric: {slug: x\n", 2, "$"),
        ("just words\n", 1, "$"),
    ],
)
async def test_yaml_that_cannot_be_read_is_refused_with_its_line(
    client: httpx.AsyncClient, text: str, line: int, path: str
) -> None:
    answer = await client.post(f"{PLANS}/check", content=text, headers=YAML)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_document")
    assert (answer.json()["line"], answer.json()["errors"][0]["path"]) == (line, path)
    assert answer.json()["detail"].startswith(f"Line {line}: ")


async def test_a_plan_of_ones_own_is_put_away_and_brought_back(client: httpx.AsyncClient, served: Services) -> None:
    assert (await client.delete(BEHAVIOURAL)).json()["code"] == "shared_plan"
    plan, rubric = documents(served)
    base = (await client.get(f"{BEHAVIOURAL}/versions")).json()["current"]
    await save(client, called(plan, "Ours"), rubric, base)
    assert (await client.delete(BEHAVIOURAL)).json() == {"slug": "behavioural", "is_shared": True}
    assert (await client.get(BEHAVIOURAL)).json()["title"] == plan.title
    assert (await save(client, called(plan, "Again"), rubric, base)).json()["number"] == 3
    assert (await client.delete(f"{PLANS}/nothing")).status_code == 404


async def test_an_interview_stays_with_the_version_it_was_begun_on(client: httpx.AsyncClient, served: Services) -> None:
    made = await begin(client)
    plan, rubric = documents(served)
    base = (await client.get(f"{BEHAVIOURAL}/versions")).json()["current"]
    saved = (await save(client, called(plan, "Ours"), rubric, base)).json()
    begun = (await client.get(f"/api/v1/interviews/{made['id']}")).json()
    assert begun["plan_version_id"] == made["plan_version_id"] != saved["plan_version_id"]
    assert (await begin(client))["plan_version_id"] == saved["plan_version_id"]


async def test_nobody_sees_anothers_plan(client: httpx.AsyncClient, served: Services, tenant: Person) -> None:
    plan, rubric = documents(served)
    own = msgspec.structs.replace(plan, slug="secret-plan")
    await save(client, own, rubric, None)
    async with served.database.tenant(tenant.user_id) as elsewhere:
        assert "secret-plan" not in [each.slug for each in await kept.list_plans(elsewhere)]


@pytest.mark.parametrize("number", ["0", "9", "-1", "1.5", "latest", "99999999999"])
async def test_a_version_that_is_not_there_is_not_found(client: httpx.AsyncClient, number: str) -> None:
    for address in (f"versions/{number}", f"versions/{number}/diff/current", f"versions/current/diff/{number}"):
        answer = await client.get(f"{BEHAVIOURAL}/{address}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_version")
    assert (await client.get(f"{PLANS}/nothing/versions/1")).json()["code"] == "no_such_plan"


async def test_a_plan_is_saved_under_its_own_name_alone(client: httpx.AsyncClient, served: Services) -> None:
    answer = await client.put(f"{PLANS}/other", json=body(*documents(served)))
    assert (answer.status_code, answer.json()["code"]) == (422, "other_slug")


async def test_a_draft_is_made_by_rules_where_there_is_no_model_and_says_so(
    client: httpx.AsyncClient, served: Services
) -> None:
    job = "Backend Engineer\nYou build payment APIs on PostgreSQL and are on call."
    made = (await client.post(f"{PLANS}/draft", json={"job": job, "language": "es", "minutes": 20})).json()
    assert (made["by"], made["model"], made["plan"]["slug"]) == ("rules", None, "backend-engineer")
    assert made["plan"]["target_duration_minutes"] == 20
    assert "postgresql" in made["notes"][0]["en"]
    assert not [each for each in made["findings"] if each["severity"] == "error"]
    plan, rubric = msgspec.convert(made["plan"], Plan), msgspec.convert(made["rubric"], Rubric)
    fresh = msgspec.structs.replace(plan, slug="drafted")
    assert (await save(client, fresh, rubric, None)).status_code == 200
    assert (await client.post(f"{PLANS}/draft", json={"job": " \n "})).json()["code"] == "empty_job"
    assert (await client.post(f"{PLANS}/draft", json={"job": "x", "minutes": 4})).status_code == 422

import httpx
import msgspec
import pytest

from server.services import Services, import_library
from storage import plans as kept


async def test_the_librarys_plans_are_offered_in_both_languages(client: httpx.AsyncClient) -> None:
    offered = {plan["slug"]: plan for plan in (await client.get("/api/v1/plans")).json()["plans"]}
    assert {"behavioural", "backend-engineer"} <= set(offered)
    plan = offered["behavioural"]
    assert plan["languages"] == ["en", "es"]
    assert plan["title"]["en"] != plan["title"]["es"]
    assert plan["question_count"] >= 6
    assert plan["competencies"]


async def test_a_plan_shows_its_questions_and_nothing_that_gives_an_answer_away(
    client: httpx.AsyncClient, served: Services
) -> None:
    answer = await client.get("/api/v1/plans/behavioural")
    plan = served.library.plans["behavioural"]
    assert [question["id"] for question in answer.json()["questions"]] == [q.id for q in plan.questions]
    for question in plan.questions:
        assert all(hint["en"] not in answer.text for hint in question.hints)
        assert all(point.text["en"] not in answer.text for point in question.points)
        assert all(probe.text["en"] not in answer.text for probe in question.probes)


async def test_a_rubric_shows_what_each_of_five_levels_looks_like(client: httpx.AsyncClient) -> None:
    rubric = (await client.get("/api/v1/rubrics/behavioural")).json()
    assert {len(competency["anchors"]) for competency in rubric["competencies"]} == {5}


@pytest.mark.parametrize("slug", ["nothing", "%00", "Behavioural", "a" * 200, "..%2f..", "behavioural%0a"])
async def test_an_unknown_plan_or_rubric_is_not_found(client: httpx.AsyncClient, slug: str) -> None:
    for kind in ("plan", "rubric"):
        answer = await client.get(f"/api/v1/{kind}s/{slug}")
        code = "no_such_address" if "%2f" in slug else f"no_such_{kind}"
        assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_importing_the_library_again_makes_no_new_version(client: httpx.AsyncClient, served: Services) -> None:
    before = (await client.get("/api/v1/plans/behavioural")).json()["plan_version_id"]
    await import_library(served.database, served.library)
    assert (await client.get("/api/v1/plans/behavioural")).json()["plan_version_id"] == before


async def test_other_anchors_make_a_new_version_though_no_question_changed(served: Services) -> None:
    rubric = served.library.rubrics["behavioural"]
    heavier = msgspec.structs.replace(rubric.competencies[0], weight=rubric.competencies[0].weight + 0.25)
    other = msgspec.structs.replace(
        served.library,
        rubrics={
            **served.library.rubrics,
            "behavioural": msgspec.structs.replace(rubric, competencies=(heavier, *rubric.competencies[1:])),
        },
        rubric_hashes={**served.library.rubric_hashes, "behavioural": "0" * 63 + "1"},
    )
    owner = served.local_owner.tenant_id
    async with served.database.tenant(owner) as connection:
        before = await kept.plan_by_slug(connection, "behavioural")
    try:
        await import_library(served.database, other)
        async with served.database.tenant(owner) as connection:
            after = await kept.plan_by_slug(connection, "behavioural")
            pinned = await kept.plan_version(connection, before.id)
        assert after.id != before.id
        assert after.rubric_body["competencies"][0]["weight"] == heavier.weight
        assert pinned.rubric_body == before.rubric_body
    finally:
        await import_library(served.database, served.library)

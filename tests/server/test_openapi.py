import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from server.api.endpoints import ENDPOINTS
from server.errors import VivaError
from server.services import Services
from storage.database import Database
from tests.conftest import Person
from tests.server.api.test_interviews import INTERVIEWS, begin
from tests.server.api.test_results import keep_score
from tests.server.serving import DOCUMENT, application, client_of, hold_against_document, make_services

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


@pytest.fixture
async def served(database: Database, tenant: Person, tmp_path: Path) -> Services:
    return await make_services(database, tenant, tmp_path)


RUNS = INTERVIEWS + "/{interview_id}/scoring-runs"
VERSIONS = {"number": "current", "before": "1", "after": "current"}


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    }


def test_what_is_declared_is_what_is_served(served: Services) -> None:
    routes = {
        (method, route.path)
        for route in application(served).routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routes == set(operations())


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [ref for child in node.values() for ref in references(child)]
        return [ref for child in node for ref in references(child)] if isinstance(node, list) else []

    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(references(DOCUMENT)) == known


def test_operations_have_a_name_of_their_own_and_a_summary() -> None:
    names = [operation["operationId"] for operation in operations().values()]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for operation in operations().values())
    assert DOCUMENT["openapi"] == "3.1.0"


def test_every_parameter_of_a_path_is_declared() -> None:
    for (_, path), operation in operations().items():
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def bodies(served: Services) -> dict[tuple[str, str], dict[str, Any]]:
    """What the workshop is asked with."""
    plan = served.library.plans["behavioural"]
    document = {"plan": msgspec.to_builtins(plan), "rubric": msgspec.to_builtins(served.library.rubrics[plan.rubric])}
    return {
        ("PUT", "/api/v1/plans/{slug}"): {**document, "base": 1},
        ("POST", "/api/v1/plans/check"): document,
        ("POST", "/api/v1/plans/draft"): {"job": "Backend engineer"},
    }


async def test_a_real_answer_of_every_route_is_as_documented(served: Services) -> None:
    """The client holds each answer against the document; this sees to it that none is left out."""
    async with client_of(application(served)) as client:
        made = await begin(client)
        await keep_score(served, made["id"], 1, 4)
        run = (await client.get(RUNS.format(interview_id=made["id"]))).json()["runs"][0]["id"]
        answered = set()
        workshop = bodies(served)
        # What is deleted is asked for no more.
        for method, path in sorted(operations(), key=lambda operation: operation[0] == "DELETE"):
            if (method, path) == ("POST", INTERVIEWS):
                answer = await client.post(path, json={"plan": "behavioural", "language": "es"})
            elif (method, path) == ("POST", RUNS):
                answer = await client.post(path.format(interview_id=made["id"]), json={"with": "rehearsal"})
            else:
                concrete = (
                    path.format(slug="behavioural", interview_id=made["id"], run_id=run, **VERSIONS)
                    if "{" in path
                    else path
                )
                answer = await client.request(method, concrete, json=workshop.get((method, path)))
            is_too_early = path.endswith("/report") or (method, path) == ("POST", RUNS)
            is_made = method == "POST" and (method, path) not in workshop
            expected = 409 if is_too_early else 201 if is_made else 200
            assert answer.status_code == expected, path
            answered.add((method, path))
    assert answered == set(operations())


async def test_an_answer_that_is_not_as_documented_is_noticed() -> None:
    """The check itself: without it the tests that lean on it would prove nothing."""
    for status, media, body in (
        (200, "application/json", {"user_id": 7}),
        (200, "text/plain", {}),
        (418, "application/json", {}),
    ):
        response = httpx.Response(
            status,
            json=body,
            headers={"Content-Type": media},
            request=httpx.Request("GET", "http://127.0.0.1:8000/api/v1/me"),
        )
        with pytest.raises(Exception, match=r"documented|answered|required|7"):
            await hold_against_document(response)


def test_every_error_is_told_under_a_code_of_its_own() -> None:
    errors = {error for endpoint in ENDPOINTS for error in endpoint.all_errors}
    assert len({error.code for error in errors}) == len(errors)


# --- docs/api.md -----------------------------------------------------------------------------------------------


def test_the_page_tells_of_every_request_and_of_no_other() -> None:
    told = re.findall(r"^\| `([A-Z]+) (/\S+)` \|", PAGE, re.MULTILINE)
    assert set(told) == set(operations())


def test_the_page_tells_every_code_under_its_status() -> None:
    told = {
        (int(row[1]), code)
        for row in re.finditer(r"^\| (\d{3}) \| (.*) \|$", PAGE, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", row[2])
    }
    errors = {error for endpoint in ENDPOINTS for error in endpoint.all_errors}
    assert {(error.status, error.code) for error in errors} <= told
    assert {code for _, code in told} <= {error.code for error in every(VivaError)}


def every(error: type[VivaError]) -> set[type[VivaError]]:
    """An error and all below it in the tree."""
    return {error}.union(*(every(below) for below in error.__subclasses__()))

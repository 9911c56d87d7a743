"""What Viva speaks, for people: the OpenAPI and the AsyncAPI document as pages of our own."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from server.api.operations import asyncapi_json, openapi_json
from server.pages.rendering import page
from server.pages.schemas import Linked, Member, Shape, example, member, members, shapes, type_of, written

_CODE = re.compile(r"`([a-z0-9_]+)`: ([^;]+)")


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of an address; `place` is path or query."""

    place: str
    member: Member


class Answer(msgspec.Struct, frozen=True):
    """What comes back when all is well."""

    status: str
    media: str
    type: tuple[Linked, ...]
    example: str


class Refusal(msgspec.Struct, frozen=True):
    """One error, by its stable code."""

    status: str
    code: str
    title: str


class Operation(msgspec.Struct, frozen=True):
    """One thing the API does."""

    id: str
    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: tuple[Linked, ...]
    body_example: str
    answers: tuple[Answer, ...]
    refusals: tuple[Refusal, ...]


class Chapter(msgspec.Struct, frozen=True):
    """Operations on one kind of thing."""

    title: str
    operations: tuple[Operation, ...]


class Api(msgspec.Struct, frozen=True):
    """The OpenAPI document for reading."""

    version: str
    description: str
    chapters: tuple[Chapter, ...]
    shapes: tuple[Shape, ...]


class LiveMessage(msgspec.Struct, frozen=True):
    """One message of the live protocol."""

    name: str
    anchor: str
    about: str
    members: tuple[Member, ...]
    example: str


class Live(msgspec.Struct, frozen=True):
    """The AsyncAPI document for reading. `close_codes` are pairs of code and name."""

    version: str
    title: str
    description: str
    address: str
    from_client: tuple[LiveMessage, ...]
    from_server: tuple[LiveMessage, ...]
    close_codes: tuple[tuple[int, str], ...]
    shapes: tuple[Shape, ...]


async def api(request: Request) -> Response:
    """`GET /docs/api`."""
    return page(request, "api_http.html", api=read_api())


async def live(request: Request) -> Response:
    """`GET /docs/live`."""
    return page(request, "api_live.html", live=read_live())


@cache
def read_api() -> Api:
    """The HTTP API's own document, read once."""
    document = msgspec.json.decode(openapi_json())
    schemas = document["components"]["schemas"]
    operations = [
        _operation(method, path, described, schemas)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    chapters = tuple(
        Chapter(title, tuple(each for each in operations if _chapter(each.path) == title))
        for title in dict.fromkeys(_chapter(each.path) for each in operations)
    )
    info = document["info"]
    return Api(info["version"], info["description"], chapters, shapes(schemas))


@cache
def read_live() -> Live:
    """The live protocol's own document, read once."""
    document = msgspec.json.decode(asyncapi_json())
    channel = document["channels"]["live"]
    info = document["info"]
    spoken = {each["payload"]["$ref"].rpartition("/")[2] for each in document["components"]["messages"].values()}
    schemas = document["components"]["schemas"]
    return Live(
        version=info["version"],
        title=info["title"],
        description=info["description"],
        address=channel["address"],
        from_client=_messages(document, "fromClient"),
        from_server=_messages(document, "toClient"),
        close_codes=tuple((code, name) for name, code in channel["x-close-codes"].items()),
        shapes=tuple(each for each in shapes(schemas) if each.name not in spoken),
    )


def _operation(method: str, path: str, described: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answers = {status: each for status, each in described["responses"].items() if "problem" not in _media(each)}
    return Operation(
        id=described["operationId"],
        method=method.upper(),
        path=path,
        summary=described["summary"],
        parameters=tuple(
            Parameter(each["in"], member(each["name"], each["schema"], each["required"]))
            for each in described.get("parameters", ())
        ),
        body=type_of(body) if body else (),
        body_example=written(example(body, schemas)) if body else "",
        answers=tuple(_answer(status, each, schemas) for status, each in answers.items()),
        refusals=tuple(_refusals(described["responses"])),
    )


def _answer(status: str, response: Mapping[str, Any], schemas: Mapping[str, Any]) -> Answer:
    media = _media(response)
    schema = response["content"][media]["schema"]
    shown = written(example(schema, schemas)) if "$ref" in schema else ""
    return Answer(status, media, type_of(schema), shown)


def _refusals(responses: Mapping[str, Any]) -> Iterable[Refusal]:
    for status, response in responses.items():
        if "problem" in _media(response):
            for code, title in _CODE.findall(response["description"]):
                yield Refusal(status, code, title.strip())


def _media(response: Mapping[str, Any]) -> str:
    return str(next(iter(response["content"])))


def _chapter(path: str) -> str:
    """What an address is about: the word after the API's version; what stands outside it is for the operator."""
    parts = path.strip("/").split("/")
    return parts[2] if parts[0] == "api" else "server"


def _messages(document: Mapping[str, Any], operation: str) -> tuple[LiveMessage, ...]:
    schemas = document["components"]["schemas"]
    found = []
    for reference in document["operations"][operation]["messages"]:
        name = reference["$ref"].rpartition("/")[2]
        message = document["components"]["messages"][name]
        schema = schemas[message["payload"]["$ref"].rpartition("/")[2]]
        found.append(
            LiveMessage(
                name=name,
                anchor=f"message-{name.replace('.', '-')}",
                about=str(schema.get("description", message.get("summary", ""))),
                members=tuple(each for each in members(schema) if each.name != "type"),
                example=written(example(schema, schemas)),
            )
        )
    return tuple(found)

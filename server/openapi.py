"""The HTTP API as an OpenAPI 3.1 document, built from the endpoints' own declarations."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from server.api.endpoint import Endpoint, status_phrase
from server.errors import Problem, VivaError

REF = "#/components/schemas/{name}"
PARAMETERS = {
    "interview_id": {"type": "string", "format": "uuid"},
    "slug": {"type": "string", "examples": ["behavioural"]},
}


class Open(Protocol):
    """A GET that needs no principal and no parameters."""

    @property
    def path(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def answer(self) -> type[msgspec.Struct] | None: ...
    @property
    def media(self) -> str: ...
    @property
    def statuses(self) -> tuple[int, ...]: ...


def document(endpoints: Sequence[Endpoint[Any, Any]], opened: Sequence[Open], version: str) -> dict[str, Any]:
    """The document. `opened` are the routes for whoever runs the server; `version` is the product's."""
    shapes = _shapes(endpoints, opened)
    schemas, components = msgspec.json.schema_components(shapes, ref_template=REF)
    by_shape = dict(zip(shapes, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, by_shape, components)
    for route in opened:
        paths[route.path] = {"get": _open_operation(route, by_shape)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Viva",
            "version": version,
            "summary": "Interviews held, scored with evidence, and kept.",
            "description": "What happens inside a live interview goes over its WebSocket: see /asyncapi.json. "
            "Every error is a `Problem`.",
        },
        "servers": [{"url": "/", "description": "This server"}],
        "paths": paths,
        "components": {"schemas": components},
    }


def _shapes(endpoints: Iterable[Endpoint[Any, Any]], opened: Iterable[Open]) -> list[type]:
    """Every struct that is spoken of, each once."""
    found: dict[type, None] = {Problem: None}
    for endpoint in endpoints:
        found[endpoint.answer] = None
        if endpoint.has_body:
            found[endpoint.body] = None
    found.update((route.answer, None) for route in opened if route.answer)
    return list(found)


def _operation(
    endpoint: Endpoint[Any, Any], by_shape: dict[type, dict[str, Any]], components: dict[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint.query, components)],
        "responses": {
            str(endpoint.status): {
                "description": status_phrase(endpoint.status),
                "content": {"application/json": {"schema": by_shape[endpoint.answer]}},
            },
            **_errors(endpoint.all_errors, by_shape[Problem]),
        },
    }
    if endpoint.has_body:
        content = {"application/json": {"schema": by_shape[endpoint.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _open_operation(route: Open, by_shape: dict[type, dict[str, Any]]) -> dict[str, Any]:
    plain = {"type": "string"} if route.media.startswith("text/") else {"type": "object"}
    schema = by_shape[route.answer] if route.answer else plain
    return {
        "operationId": route.name,
        "summary": route.summary,
        "security": [],
        "responses": {
            str(status): {"description": status_phrase(status), "content": {route.media: {"schema": schema}}}
            for status in route.statuses
        },
    }


def _path_parameters(endpoint: Endpoint[Any, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": PARAMETERS[name]} for name in endpoint.params]


def _query_parameters(shape: type, components: dict[str, Any]) -> list[dict[str, Any]]:
    _, own = msgspec.json.schema_components([shape], ref_template=REF)
    schema = own.pop(shape.__name__)
    components.update(own)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": described}
        for name, described in schema["properties"].items()
    ]


def _errors(errors: Iterable[type[VivaError]], problem: dict[str, Any]) -> dict[str, Any]:
    by_status: dict[int, dict[str, str]] = {}
    for error in errors:
        by_status.setdefault(error.status, {})[error.code] = error.title
    return {
        str(status): {
            "description": "; ".join(f"`{code}`: {title}" for code, title in codes.items()),
            "content": {"application/problem+json": {"schema": problem}},
        }
        for status, codes in sorted(by_status.items())
    }

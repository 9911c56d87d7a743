"""The HTTP API as an OpenAPI 3.1 document, built from the endpoints' own declarations."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec

from server.api.endpoint import YAML, Endpoint, status_phrase
from server.errors import Problem, VivaError

REF = "#/components/schemas/{name}"
PARAMETERS = {
    "interview_id": {"type": "string", "format": "uuid"},
    "run_id": {"type": "string", "format": "uuid"},
    "slug": {"type": "string", "examples": ["behavioural"]},
    "number": {"type": "string", "pattern": "^([1-9][0-9]{0,8}|current)$", "examples": ["2", "current"]},
    "before": {"type": "string", "pattern": "^([1-9][0-9]{0,8}|current)$", "examples": ["1"]},
    "after": {"type": "string", "pattern": "^([1-9][0-9]{0,8}|current)$", "examples": ["current"]},
}
YAML_DOCUMENT = {"type": "string", "description": "A plan with its rubric as YAML, under `plan` and `rubric`."}


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
        found.update((error.shape, None) for error in endpoint.all_errors)
        found[endpoint.answer] = None
        if endpoint.has_body:
            found[endpoint.body] = None
    found.update((route.answer, None) for route in opened if route.answer)
    return list(found)


def _operation(
    endpoint: Endpoint[Any, Any], by_shape: dict[type, dict[str, Any]], components: dict[str, Any]
) -> dict[str, Any]:
    answer: dict[str, Any] = {"application/json": {"schema": by_shape[endpoint.answer]}}
    if endpoint.writes_yaml is not None:
        answer[YAML] = {"schema": YAML_DOCUMENT}
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint.query, components)],
        "responses": {
            str(endpoint.status): {
                "description": status_phrase(endpoint.status),
                "content": answer,
            },
            **_errors(endpoint.all_errors, by_shape),
        },
    }
    if endpoint.has_body:
        content = {"application/json": {"schema": by_shape[endpoint.body]}}
        if endpoint.reads_yaml is not None:
            content[YAML] = {"schema": YAML_DOCUMENT}
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


def _errors(errors: Iterable[type[VivaError]], by_shape: dict[type, dict[str, Any]]) -> dict[str, Any]:
    by_status: dict[int, list[type[VivaError]]] = {}
    for error in dict.fromkeys(errors):
        by_status.setdefault(error.status, []).append(error)
    return {str(status): _error(alike, by_shape) for status, alike in sorted(by_status.items())}


def _error(errors: list[type[VivaError]], by_shape: dict[type, dict[str, Any]]) -> dict[str, Any]:
    """The answer of all errors of one status, which may tell of different things."""
    titles = {error.code: error.title for error in errors}
    schemas = [by_shape[shape] for shape in dict.fromkeys(error.shape for error in errors)]
    return {
        "description": "; ".join(f"`{code}`: {title}" for code, title in titles.items()),
        "content": {
            "application/problem+json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}},
        },
    }

"""JSON schemas as a reader wants them: names, types in words, what is required, and an example. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

Schema = Mapping[str, Any]

_DEEPEST = 6
"""How far an example goes into shapes within shapes; past it a list is empty and an object too."""
_EXAMPLES = {
    "uuid": "0199f3c4-5a2e-7b31-8c44-1f2e3d4c5b6a",
    "date-time": "2026-11-20T10:15:00Z",
    "date": "2026-11-20",
}


class Linked(msgspec.Struct, frozen=True):
    """A piece of a type in words. `shape` is the schema it leads to, "" for none."""

    words: str
    shape: str = ""


class Member(msgspec.Struct, frozen=True):
    """One field of an object, or one parameter. `default` is JSON, "" where there is none."""

    name: str
    type: tuple[Linked, ...]
    about: str
    required: bool
    default: str
    limits: str


class Shape(msgspec.Struct, frozen=True):
    """One named schema. `values` are those of a schema that is no object but a choice."""

    name: str
    about: str
    members: tuple[Member, ...]
    values: tuple[str, ...]
    example: str


def shapes(schemas: Mapping[str, Schema]) -> tuple[Shape, ...]:
    """The schemas by name, in alphabetical order."""
    return tuple(shape(name, schemas) for name in sorted(schemas))


def shape(name: str, schemas: Mapping[str, Schema]) -> Shape:
    """One of the schemas. Raises KeyError."""
    schema = schemas[name]
    return Shape(
        name=name,
        about=str(schema.get("description", "")),
        members=members(schema),
        values=tuple(map(str, schema.get("enum", ()))),
        example=written(example(schema, schemas)),
    )


def members(schema: Schema) -> tuple[Member, ...]:
    """The fields of an object's schema, in their order."""
    required = set(schema.get("required", ()))
    return tuple(member(name, each, name in required) for name, each in schema.get("properties", {}).items())


def member(name: str, schema: Schema, required: bool) -> Member:
    """A field or a parameter by its schema."""
    has_default = schema.get("default") is not None
    return Member(
        name=name,
        type=type_of(schema),
        about=str(schema.get("description", "")),
        required=required,
        default=json.dumps(schema["default"], ensure_ascii=False) if has_default else "",
        limits=_limits(schema),
    )


def type_of(schema: Schema) -> tuple[Linked, ...]:
    """The type in words, such as `list of InterviewView` or `string or null`."""
    if reference := schema.get("$ref"):
        name = _named(reference)
        return (Linked(name, name),)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _joined([type_of(each) for each in choices])
    if "enum" in schema:
        return (Linked(" | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])),)
    if "const" in schema:
        return (Linked(json.dumps(schema["const"], ensure_ascii=False)),)
    kind = schema.get("type")
    if kind == "array":
        listed = schema.get("items") or {}
        return (Linked("list of "), *type_of(listed)) if listed else (Linked("list"),)
    if kind == "object":
        values = schema.get("additionalProperties")
        return (
            (Linked("object of "), *type_of(values)) if isinstance(values, Mapping) and values else (Linked("object"),)
        )
    if isinstance(kind, list):
        return (Linked(" or ".join(kind)),)
    named = str(kind or "anything")
    return (Linked(f"{named} ({schema['format']})" if "format" in schema else named),)


def example(schema: Schema, schemas: Mapping[str, Schema], depth: int = 0) -> Any:
    """A value that fits the schema: its own example or default, else the simplest there is."""
    if reference := schema.get("$ref"):
        return example(schemas[_named(reference)], schemas, depth)
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    if "const" in schema:
        return schema["const"]
    if schema.get("default") is not None:
        return schema["default"]
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return example(choices[0], schemas, depth)
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        if depth >= _DEEPEST:
            return {}
        return {name: example(each, schemas, depth + 1) for name, each in schema.get("properties", {}).items()}
    if kind == "array":
        return [] if depth >= _DEEPEST else _items(schema, schemas, depth)
    if kind == "string":
        return _EXAMPLES.get(schema.get("format", ""), _patterned(schema))
    return {"integer": schema.get("minimum", 1), "number": 0.5, "boolean": True}.get(str(kind))


def written(value: Any) -> str:
    """JSON for reading."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _items(schema: Schema, schemas: Mapping[str, Schema], depth: int) -> list[Any]:
    if first := schema.get("prefixItems"):
        return [example(each, schemas, depth + 1) for each in first]
    listed = schema.get("items")
    return [example(listed, schemas, depth + 1)] if listed else []


def _patterned(schema: Schema) -> str:
    """A text; where the description gives an instance in backticks that fits the pattern, that one."""
    pattern = schema.get("pattern")
    for said in re.findall(r"`([^`]+)`", str(schema.get("description", ""))):
        if pattern and re.search(pattern, said):
            return str(said)
    return "…" if pattern is None else "a-name"


def _limits(schema: Schema) -> str:
    found = []
    if "minimum" in schema:
        found.append(f"≥ {schema['minimum']}")
    if "maximum" in schema:
        found.append(f"≤ {schema['maximum']}")
    if "maxLength" in schema:
        found.append(f"≤ {schema['maxLength']} characters")
    return ", ".join(found)


def _joined(types: list[tuple[Linked, ...]]) -> tuple[Linked, ...]:
    """One type or another."""
    pieces: list[Linked] = []
    for each in types:
        pieces += [Linked(" or "), *each] if pieces else each
    return tuple(pieces)


def _named(reference: str) -> str:
    return reference.rpartition("/")[2]

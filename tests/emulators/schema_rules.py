"""What the vendors refuse in a JSON Schema for structured output."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_UNSUPPORTED: dict[str, tuple[str, ...]] = {
    "object": ("minProperties", "maxProperties", "patternProperties"),
    "array": ("maxItems", "uniqueItems", "contains"),
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def refused_by_anthropic(schema: Schema) -> str | None:
    """Why Anthropic would not take it; None where it would."""
    for part, kinds in _parts(schema):
        if not kinds and not {"$ref", "anyOf", "allOf", "enum", "const"} & part.keys():
            return "Schema must have a 'type', 'anyOf', 'allOf', 'enum', 'const' or '$ref'"
        if "oneOf" in part:
            return "Schema type 'oneOf' is not supported"
        if "object" in kinds and part.get("additionalProperties") is not False:
            return "For 'object' type, 'additionalProperties' must be explicitly set to false"
        for kind in kinds:
            for keyword in _UNSUPPORTED.get(kind, ()):
                if keyword in part:
                    return f"For '{kind}' type, property '{keyword}' is not supported"
        if part.get("minItems", 0) not in (0, 1):
            return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    return _bad_reference(schema)


def refused_by_openai(schema: Schema) -> str | None:
    """Why OpenAI's strict mode would not take it; None where it would."""
    if schema.get("type") != "object":
        return "schema must be a JSON Schema of 'type: \"object\"'"
    for part, kinds in _parts(schema):
        if "object" not in kinds:
            continue
        if part.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        left_out = sorted(set(part.get("properties", {})) - set(part.get("required", [])))
        if left_out:
            return f"'required' must include every key in properties; missing '{left_out[0]}'"
    return _bad_reference(schema)


def _parts(schema: Schema) -> Iterator[tuple[Schema, list[str]]]:
    """Every schema in it with the types it names."""
    kinds = schema.get("type", [])
    yield schema, kinds if isinstance(kinds, list) else [kinds]
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    for combined in ("anyOf", "allOf", "oneOf"):
        inner += schema.get(combined, [])
    if isinstance(schema.get("items"), dict):
        inner.append(schema["items"])
    for part in inner:
        yield from _parts(part)


def _bad_reference(schema: Schema) -> str | None:
    definitions = schema.get("$defs", {})
    for part, _ in _parts(schema):
        reference = part.get("$ref")
        if reference is not None and reference.removeprefix("#/$defs/") not in definitions:
            return f"'{reference}' is not defined in the schema"
    for name in definitions:
        if name in _reached(definitions, name, set()):
            return f"'{name}' refers to itself; recursive schemas are not supported"
    return None


def _reached(definitions: dict[str, Schema], name: str, seen: set[str]) -> set[str]:
    """The definitions that one leads to."""
    for part, _ in _parts(definitions[name]):
        leads_to = str(part.get("$ref", "")).removeprefix("#/$defs/")
        if leads_to in definitions and leads_to not in seen:
            seen.add(leads_to)
            _reached(definitions, leads_to, seen)
    return seen

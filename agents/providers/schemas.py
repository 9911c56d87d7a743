"""JSON Schema as providers take it, and a first look at whether an answer fits."""

from typing import Any

import msgspec

_BOUNDS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
)
"""Keywords that providers refuse in a schema. They are told in words; the reader of the answer checks them."""


def accepted_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in the part of the language that providers accept: bounds in words, objects closed."""
    taken = {key: _accepted(value) for key, value in schema.items() if key not in _BOUNDS}
    bounds = ", ".join(f"{key} {schema[key]}" for key in _BOUNDS if key in schema)
    if bounds:
        taken["description"] = "; ".join(part for part in (schema.get("description"), bounds) if part)
    if schema.get("type") == "object":
        taken["additionalProperties"] = False
    return taken


def _accepted(value: Any) -> Any:
    if isinstance(value, dict):
        # The names of properties and definitions may be those of keywords; only what they hold is a schema.
        is_names = not any(isinstance(value.get(key), str | list) for key in ("type", "$ref", "anyOf", "enum"))
        return {k: _accepted(v) for k, v in value.items()} if is_names else accepted_schema(value)
    return [_accepted(item) for item in value] if isinstance(value, list) else value


def is_strict(schema: Any) -> bool:
    """Whether every object of an accepted schema requires all its properties, as OpenAI's strict mode wants."""
    if isinstance(schema, list):
        return all(is_strict(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" and set(schema.get("required", ())) != set(schema.get("properties", {})):
        return False
    return all(is_strict(value) for value in schema.values())


def fits(text: str, schema: dict[str, Any] | None) -> bool:
    """Whether a text is JSON with the keys that the schema's top level requires. The reader decodes it for good."""
    if schema is None:
        return True
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    if schema.get("type") != "object":
        return True
    return isinstance(document, dict) and all(key in document for key in schema.get("required", ()))

"""JSON Schema as providers take it."""

from typing import Any

import pytest

from agents.providers.schemas import accepted_schema, fits, is_strict
from tests.emulators.schema_rules import refused_by_anthropic, refused_by_openai

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["level", "quotes", "minimum"],
    "properties": {
        "level": {"type": ["integer", "null"], "minimum": 1, "maximum": 5, "description": "The level"},
        "quotes": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/Quote"}},
        "minimum": {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]},
    },
    "$defs": {
        "Quote": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
    },
}


def test_bounds_become_words_and_objects_are_closed() -> None:
    accepted = accepted_schema(SCHEMA)
    assert accepted["properties"]["level"] == {
        "type": ["integer", "null"],
        "description": "The level; minimum 1, maximum 5",
    }
    assert set(accepted["properties"]) == set(SCHEMA["properties"])
    assert accepted["additionalProperties"] is False
    assert accepted["$defs"]["Quote"]["additionalProperties"] is False
    assert refused_by_anthropic(SCHEMA) is not None
    assert refused_by_anthropic(accepted) is None
    assert refused_by_openai(accepted) is None


def test_a_schema_is_strict_when_every_property_is_required() -> None:
    assert is_strict(accepted_schema(SCHEMA))
    assert not is_strict(accepted_schema(SCHEMA | {"required": ["level"]}))


@pytest.mark.parametrize(
    ("text", "does_fit"),
    [
        ('{"level": 3, "quotes": [], "minimum": null}', True),
        ('{"level": 3}', False),
        ("[]", False),
        ('{"level": 3, "quotes": [', False),
        ("I think the level is 3.", False),
    ],
)
def test_an_answer_fits_when_it_is_json_with_the_keys_that_are_required(text: str, does_fit: bool) -> None:
    assert fits(text, SCHEMA) is does_fit
    assert fits(text, None)

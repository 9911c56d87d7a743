"""Schemas in words."""

from typing import Any

import pytest

from server.pages.schemas import Linked, example, member, shapes, type_of

TREE = {"Tree": {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/x/Tree"}}}}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "uuid"}, "string (uuid)"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Quote"}}, "list of Quote"),
        ({"type": "array"}, "list"),
        ({"enum": ["en", "es"]}, '"en" | "es"'),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "object of string"),
        ({"type": "object", "additionalProperties": False}, "object"),
        ({}, "anything"),
    ],
)
def test_a_type_is_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert "".join(piece.words for piece in type_of(schema)) == words


def test_a_type_that_is_a_shape_leads_to_it() -> None:
    assert type_of({"$ref": "#/components/schemas/Quote"}) == (Linked("Quote", "Quote"),)


def test_a_field_says_its_limits_and_its_default() -> None:
    limit = member("limit", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, required=False)
    assert (limit.limits, limit.default, limit.required) == ("≥ 1, ≤ 100", "20", False)
    assert member("cursor", {"type": "string", "default": None}, required=False).default == ""


def test_an_example_takes_what_the_schema_gives_and_fits_its_pattern() -> None:
    assert example({"type": "string", "examples": ["behavioural"]}, {}) == "behavioural"
    slug = {"type": "string", "pattern": "^[a-z-]+$", "description": "A plan's name, such as `case-study`."}
    assert example(slug, {}) == "case-study"
    assert example({"type": "integer", "minimum": 5}, {}) == 5
    assert example({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, {}) == "2026-11-20"


def test_a_shape_that_holds_itself_comes_to_an_end() -> None:
    depth, found = 0, example(TREE["Tree"], TREE)
    while found.get("kids"):
        depth, found = depth + 1, found["kids"][0]
    assert 0 < depth < 10
    assert [shape.name for shape in shapes(TREE)] == ["Tree"]

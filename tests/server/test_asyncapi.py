import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from jsonschema import Draft202012Validator

from agents.events import Request
from server.api.operations import asyncapi_json
from server.asyncapi import name
from server.live import protocol

DOCUMENT: dict[str, Any] = msgspec.json.decode(asyncapi_json())
PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
INCOMING = get_args(protocol.ClientMessage)
OUTGOING = get_args(protocol.ServerMessage)


def test_every_message_stands_on_the_side_that_sends_it() -> None:
    def messages(operation: str) -> set[str]:
        return {ref["$ref"].rpartition("/")[2] for ref in DOCUMENT["operations"][operation]["messages"]}

    assert messages("fromClient") == {name(message) for message in INCOMING}
    assert messages("toClient") == {name(message) for message in OUTGOING}
    assert set(DOCUMENT["channels"]["live"]["messages"]) == set(DOCUMENT["components"]["messages"])
    assert DOCUMENT["asyncapi"] == "3.0.0"


def test_every_reference_leads_somewhere() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [ref for child in node.values() for ref in references(child)]
        return [ref for child in node for ref in references(child)] if isinstance(node, list) else []

    for reference in references(DOCUMENT):
        place: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


@pytest.mark.parametrize(
    "message",
    [
        protocol.Hello(ticket="t", last_seq=3),
        protocol.Say(client_id="1", text="hello"),
        protocol.Press(client_id="2", request="hint"),
        protocol.Ack(client_id="1", seq=4),
        protocol.Problem(code="malformed", message="That is not JSON.", fatal=True, close_code=4400),
        protocol.Pong(),
    ],
)
def test_a_real_message_is_as_documented(message: protocol.ClientMessage | protocol.ServerMessage) -> None:
    schema = DOCUMENT["components"]["messages"][name(type(message))]["payload"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(
        msgspec.json.decode(msgspec.json.encode(message))
    )


def test_the_close_codes_are_published() -> None:
    assert DOCUMENT["channels"]["live"]["x-close-codes"] == protocol.CLOSE_CODES


# --- docs/protocol.md ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", INCOMING + OUTGOING, ids=name)
def test_the_page_tells_of_every_message_and_of_each_of_its_fields(message: type[msgspec.Struct]) -> None:
    assert f"\n| `{name(message)}` |" in PAGE
    for field in message.__struct_fields__:
        assert f"`{field}`" in PAGE or f'"{field}"' in PAGE, f"{name(message)}.{field}"


def test_the_page_tells_of_every_close_code_and_of_no_other() -> None:
    told = {reason: int(code) for code, reason in re.findall(r"^\| (\d{4}) \| `(\w+)` \|", PAGE, re.MULTILINE)}
    assert told == protocol.CLOSE_CODES


def test_the_page_tells_the_limits_there_are() -> None:
    assert f"{protocol.MAX_TEXT:,} characters" in PAGE
    assert f"{protocol.HELLO_WITHIN_S:g} seconds" in PAGE
    assert f"`{protocol.SUBPROTOCOL}`" in PAGE


@pytest.mark.parametrize("request_name", get_args(Request))
def test_the_page_tells_what_can_be_asked_for(request_name: str) -> None:
    assert f"`{request_name}`" in PAGE


@pytest.mark.parametrize("field", protocol.StateView.__struct_fields__ + protocol.QuestionView.__struct_fields__)
def test_the_page_tells_what_the_state_says(field: str) -> None:
    assert f"`{field}`" in PAGE

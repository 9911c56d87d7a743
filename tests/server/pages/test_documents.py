"""The API and the live protocol as pages."""

import re
from html import unescape

import httpx
import msgspec
import pytest

from server.api.operations import asyncapi_json, openapi_json
from server.live import protocol
from server.pages.documents import read_api, read_live


async def test_every_operation_with_its_parameters_and_errors_can_be_read(reader: httpx.AsyncClient) -> None:
    document = msgspec.json.decode(openapi_json())
    text = unescape((await reader.get("/docs/api")).text)
    for path, methods in document["paths"].items():
        for described in methods.values():
            section = text[text.index(f'<article class="operation" id="{described["operationId"]}"') :]
            section = section[: section.index("</article>")]
            assert described["summary"] in section
            assert f"<code>{path}</code>" in section
            for parameter in described.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in section
            for response in described["responses"].values():
                for code in re.findall(r"`(\w+)`: ", response["description"]):
                    assert f"<code>{code}</code>" in section


async def test_every_message_of_the_live_protocol_and_every_close_code_can_be_read(
    reader: httpx.AsyncClient,
) -> None:
    text = (await reader.get("/docs/live")).text
    document = msgspec.json.decode(asyncapi_json())
    for name in document["components"]["messages"]:
        assert f'id="message-{name.replace(".", "-")}"' in text
    for name, code in protocol.CLOSE_CODES.items():
        assert f'<th scope="row">{code}</th><td><code>{name}</code></td>' in text


@pytest.mark.parametrize("address", ["/docs/api", "/docs/live"])
async def test_every_link_within_a_document_leads_somewhere_and_no_two_places_share_a_name(
    reader: httpx.AsyncClient, address: str
) -> None:
    text = (await reader.get(address, headers={"Accept-Language": "es"})).text
    anchors = re.findall(r'\sid="([^"]+)"', text)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(anchors)


def test_the_examples_of_what_a_client_sends_are_accepted() -> None:
    decoder = msgspec.json.Decoder(protocol.ClientMessage)
    for message in read_live().from_client:
        decoder.decode(message.example)


def test_the_example_of_a_body_is_a_body() -> None:
    operations = {each.id: each for chapter in read_api().chapters for each in chapter.operations}
    body = msgspec.json.decode(operations["begin_interview"].body_example)
    assert (body["plan"], body["language"]) == ("behavioural", "en")

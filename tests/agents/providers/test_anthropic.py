"""What goes over the wire to Anthropic, and what comes of its errors: the real SDK against the emulated service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from starlette.applications import Starlette

from agents.calls import Call, Effort, Message
from agents.providers.accounts import ModelAccount
from agents.providers.anthropic import AnthropicClient, request_of
from agents.providers.writing import Failure, Tally
from tests.emulators.anthropic import Anthropic
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings

HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"level": {"type": "integer", "minimum": 1, "maximum": 5}},
    "required": ["level"],
}


def a_call(**changes: Any) -> Call:
    fields: dict[str, Any] = {
        "task": "reply",
        "tier": "fast",
        "prompt_name": "reply",
        "prompt_version": "1",
        "system": ("You interview.", "The plan.", "The question."),
        "messages": (Message("user", "Hello."), Message("assistant", "Welcome."), Message("user", "I led it.")),
        "max_tokens": 200,
        "tenant_id": UUID(int=1),
        "entity_type": "reply",
        "request_id": "reply/1",
    }
    return Call(**fields | changes)


class Line:
    """The client and the service it speaks to."""

    def __init__(self, url: str, faults: Faults, emulator: Anthropic, key: str = "emulated") -> None:
        account = ModelAccount(provider="anthropic", key=key, url=url, models={"fast": HAIKU})
        self.client = AnthropicClient(account)
        self.faults = faults
        self.emulator = emulator
        self.tally = Tally()

    async def write(self, call: Call | None = None, model: str = HAIKU) -> str:
        self.tally = Tally()
        return "".join([words async for words in self.client.write(call or a_call(), model, self.tally)])


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    faults, settings = Faults(), Settings()
    emulator = Anthropic(faults, settings)
    async with serving(Starlette(routes=emulator.routes())) as url:
        opened = Line(url, faults, emulator)
        yield opened
        await opened.client.close()


async def test_the_same_call_sends_the_same_bytes(line: Line) -> None:
    for _ in range(2):
        await line.write(a_call(schema=SCHEMA))
    first, second = line.emulator.requests
    assert first.raw == second.raw
    assert "temperature" not in first.body
    assert first.body["output_config"] == {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {
                "type": "object",
                "properties": {"level": {"type": "integer", "description": "minimum 1, maximum 5"}},
                "required": ["level"],
                "additionalProperties": False,
            },
        },
    }


def test_what_changes_least_is_marked_for_the_cache_and_the_last_message_is_not() -> None:
    request = request_of(a_call(), HAIKU)
    mark = {"type": "ephemeral"}
    assert [part.get("cache_control") for part in request["system"]] == [mark, mark, mark]
    marks = [message["content"][0].get("cache_control") for message in request["messages"]]
    assert marks == [None, mark, None]


def test_no_more_than_four_stretches_are_marked() -> None:
    request = request_of(a_call(system=tuple("abcdef")), HAIKU)
    assert [("cache_control" in part) for part in request["system"]] == [False] * 3 + [True] * 3
    alone = request_of(a_call(messages=(Message("user", "Hello."),)), HAIKU)
    assert "cache_control" not in alone["messages"][0]["content"][0]


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "most"),
    [
        (HAIKU, "low", {"type": "disabled"}, 200),
        (SONNET, "low", {"type": "between_tools"}, 200),
        (OPUS, "low", None, 200 + 1_024),
        (HAIKU, "high", None, 200 + 8_192),
        ("claude-sonnet-4-6", "low", None, 200),
        ("claude-of-next-year", "low", None, 200),
    ],
)
def test_a_model_that_would_think_first_is_told_not_to_or_given_room(
    model: str, effort: Effort, thinking: dict[str, str] | None, most: int
) -> None:
    request = request_of(a_call(effort=effort), model)
    assert request.get("thinking") == thinking
    assert request["max_tokens"] == most
    assert request["output_config"] == {"effort": effort}


def test_models_from_before_effort_are_not_sent_one() -> None:
    assert "output_config" not in request_of(a_call(), "claude-haiku-4-5")
    assert "effort" not in request_of(a_call(schema=SCHEMA), "claude-sonnet-4-5")["output_config"]


async def test_the_tally_is_the_services_own_count(line: Line) -> None:
    line.emulator.mind.scripted.append("One two three four.")
    assert await line.write() == "One two three four."
    assert line.tally.stop == "end"
    assert line.tally.model_version == HAIKU
    assert line.tally.tokens_in
    assert line.tally.tokens_out


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (400, None, "refused"),
        (401, None, "key_refused"),
        (402, None, "quota_spent"),
        (403, None, "key_refused"),
        (404, None, "refused"),
        (429, None, "busy"),
        (500, None, "unreachable"),
        (529, None, "busy"),
    ],
)
async def test_each_refusal_has_its_cause(line: Line, status: int, code: str | None, cause: str) -> None:
    line.faults.plan("anthropic", Fault(kind="refuse", status=status, code=code, retry_after=1.5))
    with pytest.raises(Failure) as caught:
        await line.write()
    assert (caught.value.cause, caught.value.status) == (cause, status)
    assert caught.value.retry_after_s == 1.5
    assert "emulator" not in str(caught.value)


async def test_an_error_in_mid_stream_has_the_cause_that_it_names(line: Line) -> None:
    line.emulator.mind.scripted.append("One two three four.")
    line.faults.plan("anthropic", Fault(kind="refuse", status=529, after=5))
    with pytest.raises(Failure, match="busy"):
        await line.write()


async def test_a_key_that_is_not_taken_is_named_so(line: Line) -> None:
    wrong = Line(str(line.client._client.base_url), line.faults, line.emulator, key="wrong")
    with pytest.raises(Failure, match="key_refused"):
        await wrong.write()
    await wrong.client.close()

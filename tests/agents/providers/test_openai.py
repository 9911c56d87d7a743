"""What goes over the wire to OpenAI and to servers like it: the real SDK against the emulated service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette

from agents.calls import Call
from agents.providers.accounts import ModelAccount
from agents.providers.openai import OpenAIClient, request_of
from agents.providers.writing import Failure, Tally
from tests.agents.providers.test_anthropic import SCHEMA, a_call
from tests.emulators.brain import Thought
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.openai_text import OpenAI
from tests.emulators.settings import Settings

MODEL = "gpt-5.6-luna"


class Line:
    """The client and the service it speaks to."""

    def __init__(self, url: str, faults: Faults, emulator: OpenAI) -> None:
        account = ModelAccount(provider="openai", key="emulated", url=f"{url}/v1", models={"fast": MODEL})
        self.client = OpenAIClient(account)
        self.faults = faults
        self.emulator = emulator
        self.tally = Tally()

    async def write(self, call: Call | None = None, model: str = MODEL) -> str:
        self.tally = Tally()
        return "".join([words async for words in self.client.write(call or a_call(), model, self.tally)])


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    faults, settings = Faults(), Settings()
    emulator = OpenAI(faults, settings)
    async with serving(Starlette(routes=emulator.routes())) as url:
        opened = Line(url, faults, emulator)
        yield opened
        await opened.client.close()


async def test_words_and_counts_come_from_the_stream(line: Line) -> None:
    line.emulator.mind.scripted.append("One two three four.")
    assert await line.write() == "One two three four."
    assert line.tally.stop == "end"
    assert line.tally.tokens_in
    assert line.tally.tokens_out


async def test_what_the_service_read_from_its_cache_is_counted_apart(line: Line) -> None:
    long = a_call(system=("You interview people with care. " * 400,))
    for _ in range(2):
        line.emulator.mind.scripted.append("Good.")
        await line.write(long)
    assert line.tally.tokens_cache_read >= 1024
    assert line.tally.tokens_in is not None
    assert line.tally.tokens_in < 1024


async def test_a_schema_goes_in_strict_where_it_may_and_the_same_call_is_the_same_bytes(line: Line) -> None:
    for _ in range(2):
        await line.write(a_call(schema=SCHEMA, task="score"))
    first, second = line.emulator.requests
    assert first.raw == second.raw
    form: Any = first.body["response_format"]
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["name"] == "score"
    loose = request_of(a_call(schema=SCHEMA | {"required": []}), MODEL, is_vendors=True)
    assert loose["response_format"]["json_schema"]["strict"] is False


def test_a_model_that_reasons_is_given_an_effort_and_room_and_others_are_not() -> None:
    reasons = request_of(a_call(), MODEL, is_vendors=True)
    assert (reasons["reasoning_effort"], reasons["max_completion_tokens"]) == ("low", 200 + 1_024)
    plain = request_of(a_call(), "llama-4", is_vendors=False)
    assert plain["max_tokens"] == 200
    assert "reasoning_effort" not in plain
    assert "temperature" not in plain


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"status": 400}, "refused"),
        ({"status": 401}, "key_refused"),
        ({"status": 402}, "quota_spent"),
        ({"status": 429}, "busy"),
        ({"status": 429, "code": "insufficient_quota"}, "quota_spent"),
        ({"status": 500}, "unreachable"),
        ({"status": 503}, "busy"),
    ],
)
async def test_each_refusal_has_its_cause(line: Line, fault: dict[str, Any], cause: str) -> None:
    line.faults.plan("openai", Fault(kind="refuse", **fault))
    with pytest.raises(Failure) as caught:
        await line.write()
    assert caught.value.cause == cause


async def test_a_model_that_refuses_says_so_and_gives_no_words(line: Line) -> None:
    line.emulator.mind.scripted.append(Thought("I cannot help with that.", "refusal"))
    assert await line.write() == ""
    assert line.tally.stop == "refusal"

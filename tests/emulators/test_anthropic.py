"""The Anthropic emulator as its real client sees it: words, counts, batches, and each way to go wrong."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
from anthropic import AsyncAnthropic
from anthropic.types import MessageParam, TextBlock, TextBlockParam
from anthropic.types.messages.batch_create_params import Request as BatchRequest
from starlette.applications import Starlette

from tests.emulators.anthropic import MODELS, Anthropic
from tests.emulators.brain import Mind, Thought
from tests.emulators.counting import tokens
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings

MODEL = "claude-sonnet-4-6"
SMALL = "claude-haiku-4-5"
ASKED: list[MessageParam] = [{"role": "user", "content": "Say something."}]
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"level": {"type": "integer"}},
    "required": ["level"],
    "additionalProperties": False,
}
WORDS = "One two three four five six seven eight nine ten."


class Held:
    """An emulator that serves, and its client."""

    def __init__(self, emulator: Anthropic, faults: Faults, client: AsyncAnthropic) -> None:
        self.emulator = emulator
        self.faults = faults
        self.client = client

    def script(self, *scripted: Thought | str) -> None:
        self.emulator.mind.scripted.extend(scripted)

    async def say(self, **options: Any) -> anthropic.types.Message:
        asked: dict[str, Any] = {"model": MODEL, "max_tokens": 100, "messages": ASKED} | options
        message: anthropic.types.Message = await self.client.messages.create(**asked)
        return message

    async def stream(self, **options: Any) -> tuple[list[str], Exception | None]:
        """The words as they came, and what ended them."""
        asked: dict[str, Any] = {"model": MODEL, "max_tokens": 100, "messages": ASKED} | options
        heard: list[str] = []
        try:
            async with self.client.messages.stream(**asked) as stream:
                coming = aiter(stream.text_stream)
                while (words := await anext(coming, None)) is not None:
                    heard.append(words)
        except Exception as error:
            return heard, error
        return heard, None


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    faults, settings = Faults(), Settings()
    emulator = Anthropic(faults, settings, Mind())
    async with serving(Starlette(routes=emulator.routes())) as url:
        http = anthropic.DefaultAsyncHttpxClient(trust_env=False)
        async with AsyncAnthropic(api_key=settings.key, base_url=url, max_retries=0, http_client=http) as client:
            yield Held(emulator, faults, client)


def _is(error: Exception | None, *names: str) -> bool:
    """Whether it is of one of these types: in mid-stream the client lets its transport's own errors through."""
    return any(base.__name__ in names for base in type(error).__mro__)


def _text(message: anthropic.types.Message) -> str:
    assert isinstance(message.content[0], TextBlock)
    return message.content[0].text


# --- words ----------------------------------------------------------------------------------------------------------


async def test_a_message_comes_whole_with_its_counts_and_request_id(held: Held) -> None:
    held.script(WORDS)
    message = await held.say(system="Be brief.")
    assert _text(message) == WORDS
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens == tokens("Be brief.") + tokens("Say something.")
    assert message.usage.output_tokens == tokens(WORDS)
    assert message._request_id
    assert message._request_id.startswith("req_")


async def test_a_stream_brings_the_words_in_pieces_between_the_vendors_events(held: Held) -> None:
    held.script(WORDS)
    stream = await held.client.messages.create(model=MODEL, max_tokens=100, messages=ASKED, stream=True)
    events = [event async for event in stream]
    kinds = [event.type for event in events]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert kinds.count("content_block_delta") == len(WORDS.split())
    assert (
        "".join(e.delta.text for e in events if e.type == "content_block_delta" and e.delta.type == "text_delta")
        == WORDS
    )
    ending = next(event for event in events if event.type == "message_delta")
    assert ending.delta.stop_reason == "end_turn"
    assert ending.usage.output_tokens == tokens(WORDS)


async def test_a_ping_goes_over_the_wire_and_the_client_passes_it_over(held: Held) -> None:
    held.script(WORDS)
    async with held.client.messages.with_streaming_response.create(
        model=MODEL, max_tokens=100, messages=ASKED, stream=True
    ) as response:
        assert "event: ping" in await response.text()


async def test_the_bytes_that_were_sent_can_be_read_without_the_key(held: Held) -> None:
    await held.say(output_config={"effort": "low"})
    await held.say(output_config={"effort": "low"})
    first, second = held.emulator.requests
    assert first.raw == second.raw
    assert first.body["output_config"] == {"effort": "low"}
    assert first.headers["anthropic-version"] == "2023-06-01"
    assert "x-api-key" not in first.headers
    assert first.was_heard_out is True


async def test_an_answer_that_is_too_long_is_cut_at_max_tokens(held: Held) -> None:
    held.script(WORDS)
    message = await held.say(max_tokens=3)
    assert message.stop_reason == "max_tokens"
    assert _text(message) == WORDS[:12]
    assert message.usage.output_tokens == 3


async def test_a_refusal_is_a_stop_reason(held: Held) -> None:
    held.emulator.mind.refuses = True
    assert (await held.say()).stop_reason == "refusal"
    held.emulator.mind.refuses = False
    assert (await held.say()).stop_reason == "end_turn"


async def test_structured_output_fits_its_schema(held: Held) -> None:
    message = await held.say(output_config={"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "medium"})
    assert _text(message).startswith('{"level":')


async def test_first_words_and_pace_follow_the_settings_and_the_effort(held: Held) -> None:
    held.script("a b c d e", "a b c d e", "a b c d e")
    await held.say(output_config={"effort": "low"})
    held.emulator.mind.think_ms = {"high": 150}
    held.emulator.settings.first_token_ms = 100
    held.emulator.settings.tokens_per_s = 50
    began = time.monotonic()
    await held.stream(output_config={"effort": "low"})
    low = time.monotonic() - began
    began = time.monotonic()
    await held.stream()
    unset = time.monotonic() - began
    assert low >= 0.2
    assert unset >= 0.35


async def test_a_client_that_hangs_up_early_is_noticed(held: Held) -> None:
    held.script(WORDS)
    held.emulator.settings.tokens_per_s = 5
    async with held.client.messages.stream(model=MODEL, max_tokens=100, messages=ASKED) as stream:
        assert await anext(aiter(stream.text_stream)) == "One"
    async with asyncio.timeout(5):
        await held.emulator.requests[0].ended.wait()
    assert held.emulator.requests[0].was_heard_out is False


# --- prompt caching -------------------------------------------------------------------------------------------------

LONG = "A rule of the house. " * 900
OTHER = "Another rule of it. " * 900


def _marked(text: str) -> TextBlockParam:
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}


async def _counted(held: Held, *system: TextBlockParam, model: str = MODEL) -> tuple[int, int, int]:
    usage = (await held.say(system=system, model=model)).usage
    assert usage.cache_creation_input_tokens is not None
    assert usage.cache_read_input_tokens is not None
    return usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens


async def test_a_marked_prefix_is_written_once_and_read_after_that(held: Held) -> None:
    rest = tokens("Say something.")
    assert await _counted(held, _marked(LONG)) == (rest, tokens(LONG), 0)
    assert await _counted(held, _marked(LONG)) == (rest, 0, tokens(LONG))


async def test_a_longer_prompt_reads_the_prefix_it_shares_and_writes_the_rest(held: Held) -> None:
    await _counted(held, _marked(LONG))
    rest = tokens("Say something.")
    assert await _counted(held, _marked(LONG), _marked(OTHER)) == (rest, tokens(OTHER), tokens(LONG))
    assert await _counted(held, _marked(LONG), _marked(OTHER)) == (rest, 0, tokens(LONG) + tokens(OTHER))


async def test_one_changed_character_or_another_model_reads_nothing(held: Held) -> None:
    await _counted(held, _marked(LONG))
    assert (await _counted(held, _marked("a" + LONG[1:])))[2] == 0
    assert (await _counted(held, _marked(LONG), model=SMALL))[2] == 0
    assert (await _counted(held, _marked(LONG)))[2] == tokens(LONG)


async def test_a_prefix_shorter_than_the_models_least_is_never_kept(held: Held) -> None:
    short = LONG[: 3_000 * 4]
    for _ in range(2):
        assert await _counted(held, _marked(short), model=SMALL) == (3_000 + tokens("Say something."), 0, 0)
    await _counted(held, _marked(short))
    assert (await _counted(held, _marked(short)))[2] == 3_000


async def test_what_is_not_marked_is_not_kept(held: Held) -> None:
    for _ in range(2):
        assert (await _counted(held, {"type": "text", "text": LONG}))[1:] == (0, 0)


async def test_more_than_four_marks_are_refused(held: Held) -> None:
    with pytest.raises(anthropic.BadRequestError, match="Found 5"):
        await held.say(system=[_marked(f"{at}") for at in range(5)])


# --- refused --------------------------------------------------------------------------------------------------------

RECURSIVE: dict[str, object] = {
    "$ref": "#/$defs/tree",
    "$defs": {"tree": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
}
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"tool_choice": {"type": "any"}, "tools": [{"name": "t", "input_schema": {"type": "object"}}]}, "tool_choice"),
    ({"messages": [*ASKED, {"role": "assistant", "content": "Well,"}]}, "must end with a user message"),
    ({"messages": [{"role": "assistant", "content": "Well,"}, *ASKED]}, "first message"),
    ({"messages": []}, "at least one message"),
    ({"messages": [{"role": "user", "content": " "}]}, "non-whitespace"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"extra_body": {"temperature": 0.2}}, "temperature"),
    ({"output_config": {"effort": "enormous"}}, "output_config.effort"),
    ({"output_config": {"effort": "low"}, "model": SMALL}, "does not support the effort"),
    ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "additionalProperties"),
    ({"output_config": {"format": {"type": "json_schema", "schema": RECURSIVE}}}, "recursive"),
    ({"output_config": {"format": {"type": "json_schema", "schema": {"$ref": "#/$defs/no"}}}}, "not defined"),
    (
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "integer", "minimum": 1}}}},
        "'minimum' is not supported",
    ),
]


@pytest.mark.parametrize(("options", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
async def test_what_the_vendor_would_not_serve_is_refused_with_400(
    held: Held, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=reason) as refused:
        await held.say(**options)
    assert refused.value.type == "invalid_request_error"
    assert refused.value.request_id


async def test_a_wrong_key_is_refused_with_401(held: Held) -> None:
    with pytest.raises(anthropic.AuthenticationError) as refused:
        await held.client.with_options(api_key="wrong").models.list()
    assert refused.value.type == "authentication_error"


async def test_a_key_is_checked_by_the_list_of_models(held: Held) -> None:
    assert [model.id async for model in held.client.models.list()] == list(MODELS)
    with pytest.raises(anthropic.NotFoundError):
        await held.client.models.retrieve("claude-nobody")


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (401, anthropic.AuthenticationError, "authentication_error"),
        (402, anthropic.APIStatusError, "billing_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (529, anthropic.OverloadedError, "overloaded_error"),
    ],
)
@pytest.mark.parametrize("is_streamed", [True, False])
async def test_a_planned_refusal_comes_in_the_vendors_shape(
    held: Held, status: int, error: type[anthropic.APIStatusError], kind: str, is_streamed: bool
) -> None:
    held.faults.plan("anthropic", Fault(kind="refuse", status=status, retry_after=1.5))
    with pytest.raises(error) as refused:
        await held.client.messages.create(model=MODEL, max_tokens=9, messages=ASKED, stream=is_streamed)
    assert refused.value.status_code == status
    assert refused.value.type == kind
    assert refused.value.response.headers["retry-after"] == "1.5"
    assert _text(await held.say())


# --- broken ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_streamed", [True, False])
async def test_an_answer_can_begin_late(held: Held, is_streamed: bool) -> None:
    held.faults.plan("anthropic", Fault(kind="delay", seconds=0.2))
    began = time.monotonic()
    await held.client.messages.create(model=MODEL, max_tokens=9, messages=ASKED, stream=is_streamed)
    assert time.monotonic() - began >= 0.2


async def test_an_error_in_mid_stream_comes_after_exactly_the_words_planned(held: Held) -> None:
    held.script(WORDS)
    held.faults.plan("anthropic", Fault(kind="refuse", status=529, after=10))
    heard, error = await held.stream()
    assert "".join(heard) == WORDS[:10]
    assert isinstance(error, anthropic.APIStatusError)
    assert error.type == "overloaded_error"


@pytest.mark.parametrize("after", [0, 10, 10_000])
async def test_a_dropped_connection_lets_the_words_before_it_through(held: Held, after: int) -> None:
    held.script(WORDS)
    held.faults.plan("anthropic", Fault(kind="disconnect", after=after))
    heard, error = await held.stream()
    assert "".join(heard) == WORDS[:after]
    assert _is(error, "TransportError", "APIConnectionError")


async def test_a_connection_can_drop_before_the_answer_begins(held: Held) -> None:
    held.faults.plan("anthropic", Fault(kind="disconnect", times=2))
    with pytest.raises(anthropic.APIConnectionError):
        await held.say()
    heard, error = await held.stream()
    assert heard == []
    assert isinstance(error, anthropic.APIConnectionError)


async def test_a_stall_keeps_the_client_waiting_until_its_own_patience_ends(held: Held) -> None:
    held.script(WORDS, WORDS)
    held.faults.plan("anthropic", Fault(kind="stall", after=10, seconds=30))
    heard, error = await held.stream(timeout=0.3)
    assert "".join(heard) == WORDS[:10]
    assert _is(error, "ReadTimeout", "APITimeoutError")
    held.faults.plan("anthropic", Fault(kind="stall", seconds=30))
    with pytest.raises(anthropic.APITimeoutError):
        await held.say(timeout=0.3)


async def test_a_stall_that_is_over_ends_with_a_dropped_connection(held: Held) -> None:
    held.script(WORDS)
    held.faults.plan("anthropic", Fault(kind="stall", after=10, seconds=0.1))
    heard, error = await held.stream()
    assert "".join(heard) == WORDS[:10]
    assert _is(error, "TransportError", "APIConnectionError")


async def test_garbage_in_mid_stream_is_what_the_client_makes_of_it(held: Held) -> None:
    held.script(WORDS)
    held.faults.plan("anthropic", Fault(kind="malformed", after=10))
    heard, error = await held.stream()
    assert "".join(heard) == WORDS[:10]
    assert isinstance(error, ValueError)


async def test_garbage_in_place_of_a_document_is_no_message(held: Held) -> None:
    held.faults.plan("anthropic", Fault(kind="malformed"))
    with pytest.raises((anthropic.APIError, ValueError)):
        _text(await held.say())


async def test_a_truncated_stream_ends_without_the_closing_events(held: Held) -> None:
    held.script(WORDS)
    held.faults.plan("anthropic", Fault(kind="truncate", after=10))
    stream = await held.client.messages.create(model=MODEL, max_tokens=100, messages=ASKED, stream=True)
    kinds = [event.type async for event in stream]
    assert kinds[-1] == "content_block_delta"


async def test_a_broken_answer_counts_as_not_heard_out(held: Held) -> None:
    held.faults.plan("anthropic", Fault(kind="disconnect", after=3))
    await held.stream()
    assert held.emulator.requests[0].was_heard_out is False


# --- batches --------------------------------------------------------------------------------------------------------


def _requests(count: int) -> list[BatchRequest]:
    return [
        {"custom_id": f"answer-{at}", "params": {"model": MODEL, "max_tokens": 50, "messages": ASKED}}
        for at in range(count)
    ]


async def _ended(held: Held, batch_id: str) -> int:
    """Looks until the batch has ended; how often it looked."""
    for looks in range(1, 10):
        if (await held.client.messages.batches.retrieve(batch_id)).processing_status == "ended":
            return looks
    raise AssertionError("The batch never ended.")


async def test_a_batch_is_worked_on_then_ended_and_its_results_come_by_id_in_no_order(held: Held) -> None:
    requests = _requests(5)
    requests[3]["params"]["max_tokens"] = 0
    batch = await held.client.messages.batches.create(requests=requests)
    assert batch.processing_status == "in_progress"
    assert batch.request_counts.processing == 5
    assert batch.results_url is None
    assert await _ended(held, batch.id) > 1
    results = [result async for result in await held.client.messages.batches.results(batch.id)]
    sent = [request["custom_id"] for request in requests]
    came = [result.custom_id for result in results]
    assert came != sent
    assert sorted(came) == sorted(sent)
    kinds = {result.custom_id: result.result.type for result in results}
    assert kinds.pop("answer-3") == "errored"
    assert set(kinds.values()) == {"succeeded"}
    whole = next(result.result for result in results if result.result.type == "succeeded")
    assert _text(whole.message)
    assert whole.message.usage.service_tier == "batch"
    counts = (await held.client.messages.batches.retrieve(batch.id)).request_counts
    assert (counts.succeeded, counts.errored, counts.processing) == (4, 1, 0)


async def test_results_are_not_to_be_had_before_the_end(held: Held) -> None:
    batch = await held.client.messages.batches.create(requests=_requests(2))
    with pytest.raises(anthropic.AnthropicError):
        await held.client.messages.batches.results(batch.id)


async def test_a_cancelled_batch_ends_with_nothing_answered(held: Held) -> None:
    batch = await held.client.messages.batches.create(requests=_requests(3))
    cancelled = await held.client.messages.batches.cancel(batch.id)
    assert cancelled.processing_status == "canceling"
    await _ended(held, batch.id)
    results = [result async for result in await held.client.messages.batches.results(batch.id)]
    assert {result.result.type for result in results} == {"canceled"}
    with pytest.raises(anthropic.BadRequestError):
        await held.client.messages.batches.cancel(batch.id)


async def test_a_batch_whose_ids_are_not_its_own_is_refused(held: Held) -> None:
    twice = [*_requests(1), *_requests(1)]
    with pytest.raises(anthropic.BadRequestError, match="unique"):
        await held.client.messages.batches.create(requests=twice)
    with pytest.raises(anthropic.NotFoundError):
        await held.client.messages.batches.retrieve("msgbatch_nobody")
    batch = await held.client.messages.batches.create(requests=_requests(1))
    assert [listed.id async for listed in held.client.messages.batches.list()] == [batch.id]

"""The emulator of OpenAI's chat, embeddings and models as the real client sees it, faults included."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import openai
import pytest
from numpy.typing import NDArray
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam
from starlette.applications import Starlette

from tests.emulators.brain import Mind, Thought
from tests.emulators.counting import tokens
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.openai_text import MODELS, OpenAI
from tests.emulators.settings import Settings

MODEL = "gpt-5-mini"
EMBEDDING = "text-embedding-3-small"
ASKED: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Say something."},
]
SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {"level": {"type": "integer"}},
    "required": ["level"],
    "additionalProperties": False,
}
WORDS = "One two three four five six seven eight nine ten."


class Held:
    """An emulator that serves, and its client."""

    def __init__(self, emulator: OpenAI, faults: Faults, client: AsyncOpenAI) -> None:
        self.emulator = emulator
        self.faults = faults
        self.client = client

    def script(self, *scripted: Thought | str) -> None:
        self.emulator.mind.scripted.extend(scripted)

    async def say(self, **options: Any) -> ChatCompletion:
        asked: dict[str, Any] = {"model": MODEL, "messages": ASKED} | options
        completion: ChatCompletion = await self.client.chat.completions.create(**asked)
        return completion

    async def stream(self, **options: Any) -> tuple[list[ChatCompletionChunk], Exception | None]:
        """The chunks as they came, and what ended them."""
        asked: dict[str, Any] = {"model": MODEL, "messages": ASKED, "stream": True} | options
        heard: list[ChatCompletionChunk] = []
        try:
            coming = aiter(await self.client.chat.completions.create(**asked))
            while (chunk := await anext(coming, None)) is not None:
                heard.append(chunk)
        except Exception as error:
            return heard, error
        return heard, None

    async def vectors(self, *texts: str, **options: Any) -> NDArray[np.float64]:
        asked: dict[str, Any] = {"model": EMBEDDING, "input": list(texts)} | options
        answer = await self.client.embeddings.create(**asked)
        return np.array([each.embedding for each in answer.data])


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    faults, settings = Faults(), Settings()
    emulator = OpenAI(faults, settings, Mind())
    async with serving(Starlette(routes=emulator.routes())) as url:
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        async with AsyncOpenAI(api_key=settings.key, base_url=f"{url}/v1", max_retries=0, http_client=http) as client:
            yield Held(emulator, faults, client)


def _text(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


# --- chat -----------------------------------------------------------------------------------------------------------


async def test_a_completion_comes_whole_with_its_counts_and_request_id(held: Held) -> None:
    held.script(WORDS)
    completion = await held.say()
    assert completion.choices[0].message.content == WORDS
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == tokens("Be brief.") + tokens("Say something.")
    assert completion.usage.completion_tokens == tokens(WORDS)
    assert completion._request_id


async def test_a_stream_brings_the_words_in_pieces_and_its_usage_when_asked(held: Held) -> None:
    held.script(WORDS, WORDS)
    chunks, error = await held.stream(stream_options={"include_usage": True})
    assert error is None
    assert _text(chunks) == WORDS
    assert len(chunks) > len(WORDS.split())
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == tokens(WORDS)
    assert all(chunk.usage is None for chunk in chunks[:-1])
    unasked, _ = await held.stream()
    assert all(chunk.usage is None and chunk.choices for chunk in unasked)


async def test_a_long_beginning_that_comes_again_is_counted_as_cached(held: Held) -> None:
    asked: list[ChatCompletionMessageParam] = [{"role": "system", "content": "A rule. " * 1_000}, ASKED[1]]
    cached: list[int | None] = []
    for messages in (asked, asked, ASKED, ASKED):
        usage = (await held.say(messages=messages)).usage
        assert usage is not None
        assert usage.prompt_tokens_details is not None
        cached.append(usage.prompt_tokens_details.cached_tokens)
    assert cached == [0, 2_000 + tokens("Say something."), 0, 0]


async def test_an_answer_that_is_too_long_is_cut(held: Held) -> None:
    held.script(WORDS, WORDS)
    completion = await held.say(max_completion_tokens=3)
    assert completion.choices[0].message.content == WORDS[:12]
    assert completion.choices[0].finish_reason == "length"
    chunks, _ = await held.stream(max_tokens=3)
    assert _text(chunks) == WORDS[:12]


async def test_a_refusal_stands_in_a_field_of_its_own(held: Held) -> None:
    held.emulator.mind.refuses = True
    message = (await held.say()).choices[0].message
    assert message.content is None
    assert message.refusal
    chunks, _ = await held.stream()
    assert "".join(chunk.choices[0].delta.refusal or "" for chunk in chunks) == message.refusal


async def test_structured_output_fits_its_schema(held: Held) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": SCHEMA}}
    content = (await held.say(response_format=wanted)).choices[0].message.content
    assert content is not None
    assert content.startswith('{"level":')


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"messages": []}, "messages"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a b", "schema": SCHEMA}}}, "name"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "strict": True, "schema": SCHEMA | {"required": []}},
                }
            },
            "missing 'level'",
        ),
    ],
)
async def test_what_the_vendor_would_not_serve_is_refused_with_400(
    held: Held, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=reason) as refused:
        await held.say(**options)
    assert refused.value.type == "invalid_request_error"


async def test_the_bytes_that_were_sent_can_be_read_without_the_key(held: Held) -> None:
    await held.say()
    recorded = held.emulator.requests[0]
    assert recorded.body["messages"] == ASKED
    assert b"Say something." in recorded.raw
    assert "authorization" not in recorded.headers


async def test_words_come_at_the_pace_that_is_set(held: Held) -> None:
    held.script("a b c d e")
    held.emulator.settings.first_token_ms = 100
    held.emulator.settings.tokens_per_s = 50
    began = time.monotonic()
    await held.stream()
    assert time.monotonic() - began >= 0.2


async def test_a_client_that_hangs_up_early_is_noticed(held: Held) -> None:
    held.script(WORDS)
    held.emulator.settings.tokens_per_s = 5
    stream = await held.client.chat.completions.create(model=MODEL, messages=ASKED, stream=True)
    await anext(aiter(stream))
    # The client drains what is left of a stream that is merely closed; a connection that is gone is gone.
    await held.client.close()
    async with asyncio.timeout(5):
        await held.emulator.requests[0].ended.wait()
    assert held.emulator.requests[0].was_heard_out is False


# --- refused and broken ---------------------------------------------------------------------------------------------


async def test_a_key_is_checked_by_the_list_of_models(held: Held) -> None:
    assert [model.id async for model in held.client.models.list()] == list(MODELS)
    with pytest.raises(openai.AuthenticationError) as refused:
        await held.client.with_options(api_key="wrong").models.list()
    assert refused.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError):
        await held.client.models.retrieve("nobody")


@pytest.mark.parametrize(
    ("planned", "error", "status", "code"),
    [
        (401, openai.AuthenticationError, 401, "invalid_api_key"),
        (402, openai.RateLimitError, 429, "insufficient_quota"),
        (429, openai.RateLimitError, 429, "rate_limit_exceeded"),
        (500, openai.InternalServerError, 500, None),
        (529, openai.InternalServerError, 529, None),
    ],
)
@pytest.mark.parametrize("is_streamed", [True, False])
async def test_a_planned_refusal_comes_in_the_vendors_shape(
    held: Held, planned: int, error: type[openai.APIStatusError], status: int, code: str | None, is_streamed: bool
) -> None:
    held.faults.plan("openai", Fault(kind="refuse", status=planned, retry_after=2))
    with pytest.raises(error) as refused:
        await held.client.chat.completions.create(model=MODEL, messages=ASKED, stream=is_streamed)
    assert refused.value.status_code == status
    assert refused.value.code == code
    assert refused.value.response.headers["retry-after"] == "2"
    assert (await held.say()).choices


async def test_an_exhausted_quota_can_be_planned_by_its_code(held: Held) -> None:
    held.faults.plan("openai", Fault(kind="refuse", status=429, code="insufficient_quota"))
    with pytest.raises(openai.RateLimitError) as refused:
        await held.say()
    assert (refused.value.type, refused.value.code) == ("insufficient_quota", "insufficient_quota")


@pytest.mark.parametrize("kind", ["disconnect", "refuse", "malformed"])
async def test_a_stream_can_break_after_exactly_the_words_planned(held: Held, kind: Any) -> None:
    held.script(WORDS)
    held.faults.plan("openai", Fault(kind=kind, after=10))
    chunks, error = await held.stream()
    assert _text(chunks) == WORDS[:10]
    expected = {"disconnect": openai.APIConnectionError, "refuse": openai.APIError, "malformed": ValueError}
    assert isinstance(error, expected[kind])


async def test_a_truncated_stream_ends_without_saying_why_it_stopped(held: Held) -> None:
    held.script(WORDS)
    held.faults.plan("openai", Fault(kind="truncate", after=10))
    chunks, error = await held.stream()
    assert error is None
    assert _text(chunks) == WORDS[:10]
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)


async def test_a_connection_can_drop_or_stall_before_the_answer_begins(held: Held) -> None:
    held.faults.plan("openai", Fault(kind="disconnect"))
    with pytest.raises(openai.APIConnectionError):
        await held.say()
    held.faults.plan("openai", Fault(kind="stall", seconds=30))
    with pytest.raises(openai.APITimeoutError):
        await held.say(timeout=0.3)


async def test_an_answer_can_begin_late(held: Held) -> None:
    held.faults.plan("openai", Fault(kind="delay", seconds=0.2))
    began = time.monotonic()
    await held.say()
    assert time.monotonic() - began >= 0.2


# --- embeddings -----------------------------------------------------------------------------------------------------


async def test_a_vector_is_the_same_in_both_encodings_and_of_length_one(held: Held) -> None:
    decoded = await held.vectors("A candidate speaks.")
    plain = await held.vectors("A candidate speaks.", encoding_format="float")
    assert [request.body["encoding_format"] for request in held.emulator.requests] == ["base64", "float"]
    assert decoded.shape == (1, 1536)
    np.testing.assert_allclose(decoded, plain, atol=1e-7)
    assert np.linalg.norm(decoded[0]) == pytest.approx(1, abs=1e-6)


async def test_like_texts_lie_nearer_than_unlike_ones(held: Held) -> None:
    asked, near, far = await held.vectors(
        "How would you design an API that many teams call?",
        "Designing APIs which many other teams are calling",
        "My favourite holiday was a week at the sea with my sister",
    )
    assert asked @ near > 3 * abs(asked @ far)


async def test_the_width_is_as_asked_and_the_order_is_kept(held: Held) -> None:
    both = await held.vectors("one", "two", dimensions=256)
    assert both.shape == (2, 256)
    assert np.linalg.norm(both, axis=1) == pytest.approx([1, 1], abs=1e-6)
    np.testing.assert_array_equal(both[1], (await held.vectors("two", dimensions=256))[0])
    assert (await held.vectors("one", model="text-embedding-3-large")).shape == (1, 3072)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"input": ""}, "empty string"),
        ({"input": ["a", ""]}, "empty string"),
        ({"input": []}, "input"),
        ({"input": ["a"] * 2_049}, "2048"),
        ({"input": "word " * 7_000}, "8192"),
        ({"input": ["word " * 6_000] * 41}, "300000"),
        ({"dimensions": 1_537}, "1536"),
        ({"dimensions": 256, "model": "text-embedding-ada-002"}, "dimensions"),
    ],
    ids=["empty", "one empty", "none", "too many", "too long", "too much", "too wide", "not by this model"],
)
async def test_inputs_that_the_vendor_would_not_take_are_refused(
    held: Held, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=reason):
        await held.vectors("a", **options)


async def test_as_many_inputs_as_the_vendor_takes_are_taken(held: Held) -> None:
    assert (await held.vectors(*["a"] * 2_048, dimensions=8)).shape == (2_048, 8)


async def test_embeddings_meet_faults_too(held: Held) -> None:
    held.faults.plan("openai", Fault(kind="refuse", status=429, retry_after=1))
    with pytest.raises(openai.RateLimitError):
        await held.vectors("a")
    held.faults.plan("openai", Fault(kind="disconnect", after=20))
    with pytest.raises(openai.APIConnectionError):
        await held.vectors("a")

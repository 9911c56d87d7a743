"""Batches by the vendor's own client: made once, looked at, read in any order, and every way in which one can end."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from agents.calls import Call, Message
from agents.providers import batches
from agents.providers.batches import Answered, AnthropicBatches, Asked, chunks, request_bytes
from agents.providers.writing import Failure
from tests.agents.providers.batching import Vendor, vendor
from tests.emulators.brain import Thought
from tests.emulators.faults import Fault

MODEL = "claude-sonnet-5-5"
BATCHES = "/v1/messages/batches"


@pytest.fixture
async def held() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        yield opened


def asked(custom_id: str, said: str = "I led it.", *, max_tokens: int = 200) -> Asked:
    call = Call(
        task="score",
        tier="balanced",
        prompt_name="score",
        prompt_version="1",
        system=("Judge.",),
        messages=(Message("user", said),),
        max_tokens=max_tokens,
        tenant_id=UUID(int=1),
        entity_type="answer",
        request_id=f"score/{custom_id}",
    )
    return Asked(custom_id, call)


async def ended(held: Vendor, *calls: Asked) -> str:
    """The name of a batch that has ended."""
    name = await held.client.create(calls, MODEL)
    while not (await held.client.standing(name)).has_ended:
        pass
    return name


async def results(held: Vendor, name: str) -> dict[str, Answered]:
    return {each.custom_id: each async for each in held.client.results(name)}


async def test_a_batch_is_made_looked_at_and_read_by_its_calls_names(held: Vendor) -> None:
    held.mind.scripted = ["one", "two", "three"]
    name = await held.client.create([asked("a-1"), asked("b-1"), asked("c-1")], MODEL)
    first, second = await held.client.standing(name), await held.client.standing(name)
    assert (first.has_ended, second.has_ended, second.requests) == (False, True, 3)
    found = [each async for each in held.client.results(name)]
    assert sorted(each.custom_id for each in found) == ["a-1", "b-1", "c-1"]
    assert {each.text for each in found} == {"one", "two", "three"}
    assert {each.ending for each in found} == {"ok"}
    for each in found:
        assert each.tally.model_version == MODEL
        assert (each.tally.tokens_in or 0) > 0
        assert (each.tally.tokens_out or 0) > 0


async def test_a_call_in_a_batch_is_the_bytes_of_one_alone(held: Vendor) -> None:
    from agents.providers.anthropic import request_of

    one = asked("a-1")
    await held.client.create([one], MODEL)
    body = held.anthropic.requests[-1].body
    assert body["requests"] == [{"custom_id": "a-1", "params": request_of(one.call, MODEL)}]


async def test_every_end_of_a_call_is_told_apart(held: Vendor) -> None:
    held.batches.ends = ["errored", "expired", "canceled"]
    held.mind.scripted = [Thought("I would rather not.", "refusal")]
    name = await ended(held, asked("a"), asked("b"), asked("c"), asked("d"))
    found = await results(held, name)
    assert {key: each.ending for key, each in found.items()} == {
        "a": "errored",
        "b": "expired",
        "c": "canceled",
        "d": "refused",
    }
    assert found["a"].error == "overloaded_error"
    assert [found[key].text for key in "abc"] == ["", "", ""]
    held.mind.scripted = ["word " * 100]
    found = await results(held, await ended(held, asked("e", max_tokens=5)))
    assert found["e"].ending == "cut_short"


async def test_results_can_be_read_again(held: Vendor) -> None:
    held.mind.scripted = ["one"]
    name = await ended(held, asked("a"))
    assert await results(held, name) == await results(held, name)
    assert held.requests(f"{BATCHES}/{name}/results") == 2


async def test_a_batch_is_never_made_twice_by_trying_again(held: Vendor) -> None:
    held.faults.plan("anthropic", Fault(kind="disconnect"))
    with pytest.raises(Failure) as lost:
        await held.client.create([asked("a")], MODEL)
    assert (lost.value.cause, lost.value.status) == ("unreachable", None)
    held.faults.plan("anthropic", Fault(kind="refuse", status=529))
    with pytest.raises(Failure) as busy:
        await held.client.create([asked("a")], MODEL)
    assert (busy.value.cause, busy.value.status) == ("busy", 529)
    assert held.requests(BATCHES) == 2


async def test_looking_is_tried_again(held: Vendor) -> None:
    name = await held.client.create([asked("a")], MODEL)
    held.faults.plan("anthropic", Fault(kind="refuse", status=500))
    assert not (await held.client.standing(name)).has_ended


async def test_a_stream_of_results_that_breaks_off_or_is_garbage_is_a_failure(held: Vendor) -> None:
    name = await ended(held, *[asked(f"a-{n}") for n in range(5)])
    # The SDK looks at the batch once more before it reads.
    for kind in ("disconnect", "truncate"):
        held.faults.plan("anthropic", Fault(kind="delay", seconds=0.0))
        held.faults.plan("anthropic", Fault(kind=kind, after=700))
        with pytest.raises(Failure) as failed:
            await results(held, name)
        assert failed.value.cause in ("unreachable", "garbage")
        held.faults.clear()
    assert len(await results(held, name)) == 5


async def test_a_wrong_key_and_an_unknown_batch_are_told_apart(held: Vendor) -> None:
    stranger = AnthropicBatches(held.account("stolen"))
    with pytest.raises(Failure) as refused:
        await stranger.create([asked("a")], MODEL)
    await stranger.close()
    assert refused.value.cause == "key_refused"
    with pytest.raises(Failure) as unknown:
        await held.client.standing("msgbatch_nowhere")
    assert (unknown.value.cause, unknown.value.status) == ("refused", 404)


async def test_the_latest_batches_are_listed_with_their_sizes(held: Vendor) -> None:
    first = await held.client.create([asked("a")], MODEL)
    second = await held.client.create([asked("b"), asked("c")], MODEL)
    assert [(each.name, each.requests) for each in await held.client.recent()] == [(second, 2), (first, 1)]


def test_calls_are_divided_by_number_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_REQUESTS", 4)
    monkeypatch.setattr(batches, "MOST_BYTES", 100)
    sizes = [(2, 10), (2, 10), (1, 10), (1, 95), (3, 200), (1, 1)]
    assert list(chunks(sizes, lambda each: each)) == [
        [(2, 10), (2, 10)],
        [(1, 10)],
        [(1, 95)],
        [(3, 200)],
        [(1, 1)],
    ]
    assert list(chunks(sizes[:0], lambda each: each)) == []


def test_a_requests_bytes_hold_what_is_asked() -> None:
    short, long = asked("a"), asked("a", "I led it. " * 100)
    assert request_bytes(long.call, MODEL) - request_bytes(short.call, MODEL) == len("I led it. " * 100) - len(
        "I led it."
    )

"""The one door to models: who serves, how often it is tried, what it costs, and what is kept of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from agents.allowance import Allowance, Rate
from agents.calls import BudgetSpent, Message, Unavailable, Unreadable
from agents.models import REHEARSAL
from agents.providers.accounts import Served
from agents.spending import Budget
from storage.cache import Cache, connect
from storage.database import Database
from storage.lineage import lineage_of
from tests.agents.doorway import CLAUDES, GPTS, HASTY, WORDS, Doorway, doorway
from tests.conftest import Person
from tests.emulators.brain import Thought

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"level": {"type": ["integer", "null"], "minimum": 1, "maximum": 5}},
    "required": ["level"],
}
FAST, OTHER = CLAUDES["fast"], GPTS["fast"]


@pytest.fixture
async def door(database: Database, tenant: Person) -> AsyncIterator[Doorway]:
    """Anthropic first, then OpenAI."""
    async with doorway(database, tenant) as held:
        yield held


# --- words ----------------------------------------------------------------------------------------------------------


async def test_words_come_as_they_are_written(door: Doorway) -> None:
    door.mind.scripted.append(WORDS)
    came = [words async for words in door.models.stream(door.call())]
    assert "".join(came) == WORDS
    assert len(came) > 5
    assert door.heard.all_served == [Served("llm", "anthropic", FAST)]
    assert door.heard.figures[0].outcome == "ok"


async def test_every_call_leaves_a_row_with_its_tokens_its_cost_and_its_times(door: Doorway) -> None:
    door.mind.scripted.append(WORDS)
    call = door.call()
    await door.said(call)
    (row,) = await door.rows()
    assert (row.agent_type, row.tier, row.provider, row.model_name) == ("interviewer", "fast", "anthropic", FAST)
    assert (row.prompt_template_id, row.prompt_version, row.request_id) == ("reply", "3", call.request_id)
    assert row.tokens_in > 0
    assert row.tokens_out > 0
    exact = (Decimal("0.1") * row.tokens_in + Decimal("0.5") * row.tokens_out) / 1_000_000
    assert abs(row.cost_usd - exact) <= Decimal("0.0000005")
    assert row.first_token_ms is not None
    assert 0 < row.first_token_ms <= row.latency_ms
    assert row.metadata == {"outcome": "ok", "attempt": 1}
    assert row.model_version == FAST
    assert {len(row.prompt_hash), len(row.input_hash), len(row.output_hash)} == {64}


async def test_a_call_that_ends_with_our_own_words_is_refused_before_a_byte_is_sent(door: Doorway) -> None:
    with pytest.raises(ValueError, match="user"):
        await door.said(door.call(messages=(Message("user", "Hello."), Message("assistant", "Hi."))))
    with pytest.raises(ValueError, match="user"):
        await door.models.complete(door.call(messages=()))
    assert not door.anthropic.requests


async def test_without_an_account_there_is_no_model(database: Database, tenant: Person) -> None:
    async with doorway(database, tenant, accounts="") as door:
        with pytest.raises(Unavailable):
            await door.said()


# --- trouble before the first word ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"kind": "refuse", "status": 429, "retry_after": 1.0}, "busy"),
        ({"kind": "refuse", "status": 529}, "busy"),
        ({"kind": "refuse", "status": 500}, "unreachable"),
        ({"kind": "disconnect"}, "unreachable"),
        ({"kind": "malformed"}, "garbage"),
        ({"kind": "truncate"}, "broke_off"),
    ],
)
async def test_before_the_first_word_the_same_account_is_tried_again(
    door: Doorway, fault: dict[str, Any], cause: str
) -> None:
    door.plan("anthropic", **fault)
    door.mind.scripted.extend([WORDS, WORDS])
    assert await door.said() == WORDS
    assert await door.outcomes() == [(FAST, "failed", cause), (FAST, "ok", None)]
    assert door.pauses == [fault.get("retry_after", 0.2)]
    assert [trouble.cause for trouble in door.heard.troubles] == [cause]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"kind": "refuse", "status": 401}, "key_refused"),
        ({"kind": "refuse", "status": 403}, "key_refused"),
        ({"kind": "refuse", "status": 402}, "quota_spent"),
        ({"kind": "refuse", "status": 429, "retry_after": 30.0}, "busy"),
        ({"kind": "refuse", "status": 400}, "refused"),
        ({"kind": "stall", "seconds": 5.0}, "timed_out"),
    ],
)
async def test_what_will_not_pass_in_time_goes_to_the_next_account_at_once(
    door: Doorway, fault: dict[str, Any], cause: str
) -> None:
    door.plan("anthropic", **fault)
    door.mind.scripted.append(WORDS)
    assert await door.said() == WORDS
    assert await door.outcomes() == [
        (FAST, "refused" if cause == "refused" else "failed", cause),
        (OTHER, "ok", None),
    ]
    assert not door.pauses
    assert (await door.rows())[1].fallback_from == f"anthropic/{FAST}"
    assert door.heard.all_served == [Served("llm", "openai", OTHER, f"anthropic/{FAST}")]


async def test_a_refused_key_is_not_tried_again_by_the_next_calls(door: Doorway) -> None:
    door.plan("anthropic", kind="refuse", status=401)
    for _ in range(3):
        door.mind.scripted.append(WORDS)
        assert await door.said() == WORDS
    assert len(door.anthropic.requests) == 1
    assert len(door.openai.requests) == 3
    assert door.models.states == {"0/anthropic": "open", "1/openai": "closed"}


async def test_an_account_that_fails_again_and_again_is_left_alone(door: Doorway) -> None:
    door.plan("anthropic", kind="refuse", status=500, times=None)
    for _ in range(4):
        door.mind.scripted.append(WORDS)
        assert await door.said() == WORDS
    assert len(door.anthropic.requests) == 3


async def test_a_server_that_is_gone_is_named_unreachable(database: Database, tenant: Person) -> None:
    async with doorway(database, tenant, accounts="nowhere openai") as door:
        door.mind.scripted.append(WORDS)
        assert await door.said() == WORDS
        assert await door.outcomes() == [
            (FAST, "failed", "unreachable"),
            (FAST, "failed", "unreachable"),
            (OTHER, "ok", None),
        ]


async def test_when_every_account_fails_the_call_says_so_in_time(door: Doorway) -> None:
    door.plan("anthropic", kind="stall", times=None)
    door.plan("openai", kind="stall", times=None)
    began = time.monotonic()
    with capture_logs() as logged, pytest.raises(Unavailable, match="timed_out"):
        await door.said()
    assert time.monotonic() - began < HASTY.before_words + 1.0
    assert "migration" not in str(logged)
    assert "emulated" not in str(logged)


async def test_a_wrong_key_leaves_its_row_and_no_key_in_the_log(database: Database, tenant: Person) -> None:
    async with doorway(database, tenant, accounts="anthropic", key="sk-mine-and-secret") as door:
        with capture_logs() as logged, pytest.raises(Unavailable) as caught:
            await door.said()
        assert await door.outcomes() == [(FAST, "failed", "key_refused")]
        with pytest.raises(Unavailable):
            await door.said()
        assert (await door.outcomes())[1] == (FAST, "untried", None)
    assert "sk-mine" not in str(logged) + str(caught.value)


async def test_when_the_first_account_is_back_it_serves_again_and_says_so(door: Doorway) -> None:
    door.plan("anthropic", kind="refuse", status=400)
    for _ in range(3):
        door.mind.scripted.append(WORDS)
        await door.said()
    assert door.heard.all_served == [
        Served("llm", "openai", OTHER, f"anthropic/{FAST}"),
        Served("llm", "anthropic", FAST),
    ]


async def test_a_model_that_says_nothing_at_all_has_not_served(door: Doorway) -> None:
    door.mind.scripted.extend(["", "", WORDS])
    assert await door.said() == WORDS
    assert await door.outcomes() == [(FAST, "failed", "garbage"), (FAST, "failed", "garbage"), (OTHER, "ok", None)]


# --- trouble after it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["anthropic", "openai"])
@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"kind": "refuse", "status": 529}, "busy"),
        ({"kind": "disconnect"}, "unreachable"),
        ({"kind": "truncate"}, "broke_off"),
        ({"kind": "malformed"}, "garbage"),
        ({"kind": "stall", "seconds": 5.0}, "timed_out"),
    ],
)
async def test_after_the_first_word_nothing_is_said_twice(
    database: Database, tenant: Person, account: str, fault: dict[str, Any], cause: str
) -> None:
    other = "openai" if account == "anthropic" else "anthropic"
    async with doorway(database, tenant, accounts=f"{account} {other}") as door:
        door.plan(account, **fault, after=20)
        door.mind.scripted.extend([WORDS, WORDS])
        assert await door.said_until_broken() == WORDS[:20]
        assert len(door.anthropic.requests) + len(door.openai.requests) == 1
        ((_, outcome, told),) = await door.outcomes()
        assert outcome == "broke_off"
        # OpenAI's protocol has no word for it in mid-stream but the server's own.
        assert told in {cause, "unreachable"}
        (row,) = await door.rows()
        assert row.tokens_out > 0
        assert row.metadata["tokens"] == "estimated"


@pytest.mark.parametrize("account", ["anthropic", "openai"])
async def test_an_answer_that_reaches_its_limit_has_broken_off(
    database: Database, tenant: Person, account: str
) -> None:
    async with doorway(database, tenant, accounts=account) as door:
        door.mind.scripted.append(Thought("One two three", "length"))
        assert await door.said_until_broken() == "One two three"
        assert (await door.outcomes())[0][1] == "cut_short"


async def test_a_discarded_draft_is_in_the_ledger_with_what_it_had_cost(door: Doorway) -> None:
    door.settings.tokens_per_s = 20.0
    door.mind.scripted.append(WORDS)
    stream = door.models.stream(door.call())
    first = await anext(stream)
    await stream.aclose()
    (row,) = await door.rows()
    assert row.metadata["outcome"] == "cancelled"
    assert row.metadata["tokens"] == "estimated"
    assert row.tokens_in > 0
    assert row.cost_usd > 0
    assert first
    recorded = door.anthropic.requests[0]
    await asyncio.wait_for(recorded.ended.wait(), 5)
    assert not recorded.was_heard_out


async def test_a_draft_cancelled_before_its_first_word_is_in_the_ledger_too(door: Doorway) -> None:
    door.settings.first_token_ms = 10_000
    task = asyncio.create_task(door.said())
    async with asyncio.timeout(5):
        while not door.anthropic.requests:  # noqa: ASYNC110 - the emulator has no event for it
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await door.outcomes() == [(FAST, "cancelled", None)]


# --- whole answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["anthropic", "openai"])
async def test_a_whole_answer_fits_its_schema(database: Database, tenant: Person, account: str) -> None:
    async with doorway(database, tenant, accounts=account) as door:
        door.mind.scripted.append('{"level": 4}')
        done = await door.models.complete(door.call(task="score", tier="balanced", schema=SCHEMA, priority="soon"))
        assert done.text == '{"level": 4}'
        (row,) = await door.rows()
        assert (row.id, row.agent_type) == (done.lineage_id, "scorer")
        assert row.model_name == done.model


async def test_an_unreadable_answer_is_asked_for_once_more(door: Doorway) -> None:
    door.mind.scripted.extend(['{"lev', '{"level": null}'])
    done = await door.models.complete(door.call(schema=SCHEMA, priority="soon"))
    assert done.text == '{"level": null}'
    door.mind.scripted.extend(["The level is 3.", '{"mark": 3}', '{"level": 3}'])
    with pytest.raises(Unreadable):
        await door.models.complete(door.call(schema=SCHEMA, priority="soon"))
    assert [outcome for _, outcome, _ in await door.outcomes()] == ["unreadable", "ok", "unreadable", "unreadable"]
    assert len(door.mind.scripted) == 1


async def test_a_whole_answer_cut_at_its_limit_is_unreadable(door: Doorway) -> None:
    door.mind.scripted.extend([Thought('{"level": 4', "length")] * 2)
    with pytest.raises(Unreadable):
        await door.models.complete(door.call(schema=SCHEMA, priority="soon"))


async def test_nobody_heard_a_whole_answer_that_broke_off_so_it_is_asked_for_again(door: Doorway) -> None:
    door.plan("anthropic", kind="disconnect", after=5)
    door.mind.scripted.extend(['{"level": 4}', '{"level": 2}'])
    done = await door.models.complete(door.call(schema=SCHEMA, priority="soon"))
    assert done.text == '{"level": 2}'
    assert [outcome for _, outcome, _ in await door.outcomes()] == ["broke_off", "ok"]


async def test_a_model_that_refuses_gives_no_answer(door: Doorway) -> None:
    door.mind.refuses = True
    with pytest.raises(Unavailable):
        await door.models.complete(door.call(schema=SCHEMA, priority="soon"))


# --- the cache ------------------------------------------------------------------------------------------------------


async def test_the_same_deterministic_call_is_answered_from_the_cache(
    database: Database, tenant: Person, redis_cache: Cache
) -> None:
    async with doorway(database, tenant, cache=redis_cache) as door:
        call = door.call(schema=SCHEMA, priority="soon", is_deterministic=True)
        door.mind.scripted.append('{"level": 4}')
        first = await door.models.complete(call)
        again = await door.models.complete(call)
        assert (first.is_from_cache, again.is_from_cache) == (False, True)
        assert again.text == first.text
        assert len(door.anthropic.requests) == 1
        row = (await door.rows())[1]
        assert (row.id, row.cache_hit, row.tokens_in) == (again.lineage_id, True, 0)
        assert row.cost_usd == 0
        assert row.output_hash == (await door.rows())[0].output_hash
        door.mind.scripted.append('{"level": 1}')
        other = await door.models.complete(door.call(schema=SCHEMA, priority="soon"))
        assert other.text == '{"level": 1}'


async def test_without_redis_there_is_no_cache_and_all_goes_on(database: Database, tenant: Person) -> None:
    absent = connect("redis://127.0.0.1:9/0")
    async with doorway(database, tenant, cache=absent) as door:
        call = door.call(schema=SCHEMA, priority="soon", is_deterministic=True)
        for level in (1, 2):
            door.mind.scripted.append(f'{{"level": {level}}}')
            assert (await door.models.complete(call)).text == f'{{"level": {level}}}'
    await absent.close()


# --- budgets and allowances -----------------------------------------------------------------------------------------


async def test_a_budget_nearly_spent_gives_the_cheaper_model_and_one_that_is_spent_gives_none(
    database: Database, tenant: Person
) -> None:
    async with doorway(database, tenant, budget=Budget(interview_usd=Decimal("0.10"))) as door:
        call = door.call(tier="powerful")
        for spent, model in (("0.05", "powerful"), ("0.03", "balanced"), ("0.001", "balanced")):
            door.spend(spent)
            door.mind.scripted.append("Good.")
            await door.said(call)
            assert (await door.rows())[-1].model_name == CLAUDES[model]
        assert (await door.rows())[-1].metadata["asked_tier"] == "powerful"
        told = (door.interview_id, CLAUDES["powerful"], CLAUDES["balanced"])
        assert door.heard.all_degraded == [told]
        door.spend("0.02")
        for _ in range(2):
            with pytest.raises(BudgetSpent):
                await door.said(call)
        assert door.heard.all_degraded == [told, (door.interview_id, CLAUDES["powerful"], REHEARSAL)]
        assert (await door.outcomes())[-1][1] == "budget_spent"


async def test_the_fast_tier_has_nothing_cheaper_and_goes_on_until_the_budget_is_spent(
    database: Database, tenant: Person
) -> None:
    async with doorway(database, tenant, budget=Budget(month_usd=Decimal("0.10"))) as door:
        door.spend("0.09")
        door.mind.scripted.append(WORDS)
        assert await door.said() == WORDS
        assert not door.heard.all_degraded


async def test_a_live_call_over_its_allowance_takes_the_cheaper_model_then_the_next_account(
    database: Database, tenant: Person
) -> None:
    rates = {CLAUDES["balanced"]: Rate(requests_per_minute=1), CLAUDES["fast"]: Rate(requests_per_minute=1)}
    allowance = Allowance(model_rates=rates, monotonic=time.monotonic)
    async with doorway(database, tenant, allowance=allowance) as door:
        door.mind.scripted.extend([WORDS] * 3)
        for _ in range(3):
            assert await door.said(door.call(tier="balanced")) == WORDS
        assert [row.model_name for row in await door.rows()] == [
            CLAUDES["balanced"],
            CLAUDES["fast"],
            GPTS["balanced"],
        ]


# --- what every call carries ----------------------------------------------------------------------------------------


async def test_what_was_read_from_the_providers_cache_is_counted_and_costs_less(door: Doorway) -> None:
    long = "You interview people with care. " * 400
    turn = (Message("user", "I led it."),)
    for said in ("First.", "Second."):
        door.mind.scripted.append(said)
        await door.said(door.call(system=(long, "The question is about ownership."), messages=turn))
    first, second = await door.rows()
    assert first.tokens_cache_write > 1000
    assert second.tokens_cache_read == first.tokens_cache_write
    assert second.cost_usd < first.cost_usd


async def test_a_process_that_calls_no_model_loads_neither_an_sdk_nor_livekit() -> None:
    told = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys, agents.models; print([m for m in ('anthropic', 'openai', 'livekit') if m in sys.modules])",
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await told.communicate()
    assert out.decode().strip() == "[]"


async def test_a_judgements_lineage_is_in_the_database_before_whoever_asked_can_keep_a_score(
    database: Database, tenant: Person, redis_cache: Cache
) -> None:
    async with doorway(database, tenant, cache=redis_cache) as door:
        door.mind.scripted = ['{"level": 4}']
        call = door.call(task="score", tier="balanced", schema=SCHEMA, priority="soon", is_deterministic=True)
        for is_from_cache in (False, True):
            done = await door.models.complete(call)
            async with database.tenant(tenant.tenant_id) as connection:
                rows = await lineage_of(connection, door.interview_id)
            assert (done.is_from_cache, rows[-1].id) == (is_from_cache, done.lineage_id)

"""Buckets and the line before a model, with a clock of the test's; and the waiting, briefly, with the real one."""

import asyncio
import time
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from agents.allowance import Allowance, Bucket, Line, Rate, Ticket
from agents.calls import Priority

HERE, THERE = UUID(int=1), UUID(int=2)


def _ticket(priority: Priority, tokens: float = 0.0, tenant: UUID = HERE) -> Ticket:
    return Ticket(tenant, tokens, priority)


def test_a_bucket_holds_a_minute_and_fills_evenly() -> None:
    bucket = Bucket(60.0, now=0.0)
    bucket.take(60, 0.0)
    assert bucket.wait_for(1, 0.0) == 1.0
    assert bucket.wait_for(10, 5.0) == 5.0
    assert bucket.wait_for(60, 1000.0) == 0.0
    assert Bucket(None, now=0.0).wait_for(1e9, 0.0) == 0.0


def test_what_is_larger_than_the_bucket_waits_for_a_full_one_and_no_longer() -> None:
    bucket = Bucket(100.0, now=0.0)
    bucket.take(50, 0.0)
    assert bucket.wait_for(1000, 0.0) == 30.0


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 200)), max_size=40))
def test_a_bucket_never_gives_more_than_a_minute_and_what_came_in(steps: list[tuple[float, float]]) -> None:
    bucket, now, given_out = Bucket(120.0, now=0.0), 0.0, 0.0
    for pause, amount in steps:
        now += pause
        if amount <= 120 and bucket.wait_for(amount, now) == 0:
            bucket.take(amount, now)
            given_out += amount
        assert given_out <= 120.0 + 2.0 * now + 1e-6


def test_live_goes_before_soon_and_soon_before_later_whoever_came_first() -> None:
    line = Line(Rate(requests_per_minute=60), Rate(), now=0.0)
    for _ in range(60):
        line.join(_ticket("live"))
    assert len(line.admit(0.0)) == 60
    later, soon, live = _ticket("later"), _ticket("soon"), _ticket("live")
    for ticket in (later, soon, live):
        line.join(ticket)
    assert line.admit(0.5) == []
    assert line.admit(1.0) == [live]
    # Each leaves a share of the bucket for those before it: six requests for soon, fifteen for later.
    assert line.admit(7.9) == []
    assert line.admit(8.0) == [soon]
    assert line.admit(17.9) == []
    assert line.admit(18.0) == [later]


def test_later_leaves_a_live_call_its_share_of_the_bucket() -> None:
    line = Line(Rate(requests_per_minute=100), Rate(), now=0.0)
    for _ in range(100):
        line.join(_ticket("later"))
    assert len(line.admit(0.0)) == 75
    live = _ticket("live")
    line.join(live)
    assert line.admit(0.0) == [live]


def test_a_small_need_does_not_pass_a_great_one_that_came_first() -> None:
    line = Line(Rate(tokens_per_minute=600), Rate(), now=0.0)
    line.join(_ticket("live", 600))
    assert len(line.admit(0.0)) == 1
    great, small = _ticket("live", 300), _ticket("live", 10)
    line.join(great)
    line.join(small)
    assert line.admit(1.0) == []
    assert line.next_in(1.0) == 29.0
    assert line.admit(30.0) == [great]
    assert line.admit(31.0) == [small]


def test_a_tenant_at_its_limit_holds_no_other_tenant_up() -> None:
    line = Line(Rate(requests_per_minute=1000), Rate(requests_per_minute=1), now=0.0)
    first, second, other = _ticket("live"), _ticket("live"), _ticket("later", tenant=THERE)
    for ticket in (first, second, other):
        line.join(ticket)
    assert line.admit(0.0) == [first, other]
    assert line.next_in(0.0) == 60.0


def test_tokens_that_were_not_used_are_given_back() -> None:
    line = Line(Rate(tokens_per_minute=100), Rate(), now=0.0)
    line.join(_ticket("live", 100))
    line.admit(0.0)
    line.join(_ticket("live", 50))
    assert line.admit(0.0) == []
    line.correct(HERE, -60, 0.0)
    assert len(line.admit(0.0)) == 1


async def test_a_call_waits_for_its_turn_and_gives_up_in_time() -> None:
    allowance = Allowance(model_rates={"*": Rate(requests_per_minute=30)}, monotonic=time.monotonic)
    assert all([await allowance.admit(HERE, "small", 1, "live", 0.0) for _ in range(30)])
    assert not await allowance.admit(HERE, "small", 1, "live", 0.0)
    assert await allowance.admit(HERE, "small", 1, "live", 10.0)
    assert await allowance.admit(HERE, "another", 1, "live", 0.0)


async def test_who_gives_up_waiting_takes_nothing() -> None:
    clock = [0.0]
    allowance = Allowance(model_rates={"small": Rate(requests_per_minute=1)}, monotonic=lambda: clock[0])
    assert await allowance.admit(HERE, "small", 1, "live", 0.0)
    waiting = asyncio.create_task(allowance.admit(HERE, "small", 1, "live", 60.0))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    clock[0] = 60.0
    assert await allowance.admit(HERE, "small", 1, "live", 0.0)

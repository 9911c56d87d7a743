"""When a provider is worth trying, by a clock of the test's own."""

from hypothesis import given
from hypothesis import strategies as st

from agents.providers.breaker import Breaker, Breakers
from agents.providers.causes import LASTING, Cause


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_three_failures_within_a_minute_open_it() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(2):
        breaker.failed("broke_off")
        assert breaker.allows
        clock.now += 29
    breaker.failed("broke_off")
    assert breaker.state == "open"
    assert not breaker.allows


def test_failures_far_apart_leave_it_closed() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(10):
        breaker.failed("timed_out")
        clock.now += 31
    assert breaker.state == "closed"


def test_after_ten_seconds_one_try_at_a_time_may_show_that_it_is_back() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed("unreachable")
    clock.now += 9.9
    allowed = [breaker.allows]
    clock.now += 0.2
    allowed.append(breaker.allows)
    breaker.begin()
    allowed.append(breaker.allows)
    breaker.succeeded()
    assert [*allowed, breaker.allows] == [False, True, False, True]
    assert breaker.state == "closed"


def test_a_failed_try_opens_it_again() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed("busy")
    clock.now += 10
    breaker.begin()
    breaker.failed("busy")
    assert breaker.state == "open"
    clock.now += 10
    assert breaker.allows


def test_a_try_that_never_ended_does_not_block_for_ever() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(3):
        breaker.failed("busy")
    clock.now += 10
    breaker.begin()
    clock.now += 10
    assert breaker.allows


def test_a_refused_key_opens_it_at_once_for_five_minutes() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed("key_refused")
    clock.now += 299
    assert not breaker.allows
    clock.now += 2
    assert breaker.state == "half_open"


def test_every_account_has_a_breaker_of_its_own() -> None:
    breakers = Breakers(Clock())
    breakers.of("stt", 0, "deepgram/nova-3").failed("quota_spent")
    assert breakers.of("stt", 0, "deepgram/nova-3").state == "open"
    assert breakers.of("stt", 1, "deepgram/nova-3").state == "closed"
    assert breakers.states == {"stt/0/deepgram/nova-3": "open", "stt/1/deepgram/nova-3": "closed"}


_CAUSES: st.SearchStrategy[Cause] = st.sampled_from(["key_refused", "busy", "broke_off", "timed_out"])
_ACTS = st.lists(st.one_of(st.tuples(st.just("fail"), _CAUSES), st.just(("serve", None)), st.just(("try", None))))


@given(st.lists(st.tuples(_ACTS, st.floats(0, 40))))
def test_it_never_stays_shut_for_longer_than_its_pause(rounds: list[tuple[list[tuple[str, Cause]], float]]) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    lasting_until = 0.0
    for acts, seconds in rounds:
        for act, cause in acts:
            if act == "fail":
                breaker.failed(cause)
                lasting_until = clock.now + 300 if cause in LASTING else lasting_until
            elif act == "serve":
                breaker.succeeded()
            elif breaker.allows:
                breaker.begin()
        clock.now += seconds
    clock.now = max(clock.now + 20.0, lasting_until + 0.001)
    assert breaker.allows

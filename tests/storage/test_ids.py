from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st

from storage.ids import SHARED_TENANT, Uuid7Source, time_of, uuid7, uuid7_floor

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS)
def test_an_identifier_tells_the_millisecond_it_was_made(at: datetime) -> None:
    identifier = uuid7(at)
    assert time_of(identifier) == at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert (identifier.version, identifier.variant) == (7, RFC_4122)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=60).map(sorted))
def test_identifiers_of_instants_that_do_not_fall_always_grow(milliseconds: list[int]) -> None:
    source = Uuid7Source()
    made = [source.at(instant) for instant in milliseconds]
    assert all(earlier < later for earlier, later in pairwise(made))
    assert all(earlier.bytes < later.bytes for earlier, later in pairwise(made))


@given(st.lists(st.integers(0, 50), min_size=2, max_size=60))
def test_a_clock_that_is_set_back_breaks_no_order(milliseconds: list[int]) -> None:
    source = Uuid7Source()
    made = [source.at(instant, keep_order=True) for instant in milliseconds]
    assert all(earlier < later for earlier, later in pairwise(made))


def test_a_millisecond_that_is_full_runs_into_the_next() -> None:
    source = Uuid7Source(randbits=lambda bits: (1 << bits) - 1)
    made = [source.at(7) for _ in range(3)]
    source._tail = (1 << 74) - 2
    made.append(source.at(7))
    assert made == sorted(made)
    assert time_of(made[-1]) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=8)


def test_identifiers_of_the_present_grow() -> None:
    made = [uuid7() for _ in range(5000)]
    assert made == sorted(set(made))


@given(INSTANTS)
def test_the_floor_of_an_instant_is_below_its_identifiers_and_above_all_earlier_ones(at: datetime) -> None:
    floor = uuid7_floor(at)
    assert floor.version == 7
    assert floor <= uuid7(at)
    if at >= datetime(1970, 1, 2, tzinfo=UTC):
        assert uuid7(at - timedelta(milliseconds=1)) < floor


def test_the_shared_tenant_is_the_one_of_the_data_model() -> None:
    assert str(SHARED_TENANT) == "00000000-0000-7000-8000-000000000001"

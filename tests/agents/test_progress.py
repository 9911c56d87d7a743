"""Levels over several practices."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.progress import FEWEST, Change, Judged, Practice, Series, progress_of

FIRST = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def practice(
    day: int,
    *competencies: Judged,
    rubric: str = "behavioural",
    scorer: str = "rehearsal-scorer/1",
) -> Practice:
    return Practice(
        interview_id=UUID(int=day + 1),
        at=FIRST + timedelta(days=day),
        plan=rubric,
        rubric=rubric,
        scorer=scorer,
        competencies=competencies,
    )


def judged(level: float | None, answers: int = 2, competency: str = "ownership") -> Judged:
    if level is None:
        return Judged(competency, competency.title(), None, 0, answers)
    return Judged(competency, competency.title(), level, answers, 0)


def only_series(practices: list[Practice]) -> Series:
    (track,) = progress_of(practices)
    (series,) = track.series
    return series


def change_of(levels: list[float | None]) -> Change | None:
    return only_series([practice(day, judged(level)) for day, level in enumerate(levels)]).change


def test_practices_stand_in_the_order_in_which_they_were_held() -> None:
    (track,) = progress_of([practice(5, judged(4)), practice(1, judged(2)), practice(3, judged(3))])
    assert [point.level for point in track.series[0].points] == [2, 3, 4]
    assert [point.place for point in track.series[0].points] == [0, 1, 2]
    assert all(earlier.at < later.at for earlier, later in pairwise(track.practices))


def test_a_competency_of_the_same_name_in_another_rubric_is_another_competency() -> None:
    tracks = progress_of([practice(1, judged(2)), practice(2, judged(4), rubric="backend-engineer")])
    assert [track.rubric for track in tracks] == ["backend-engineer", "behavioural"]
    assert [[point.level for point in track.series[0].points] for track in tracks] == [[4], [2]]


def test_what_was_not_asked_is_no_point_and_what_could_not_be_judged_is_one_without_a_level() -> None:
    series = only_series([practice(0, judged(None, 0)), practice(1, judged(None, 2)), practice(2, judged(3))])
    assert [(point.place, point.level) for point in series.points] == [(1, None), (2, 3)]
    assert [point.place for point in series.levels] == [2]


def test_a_competency_keeps_the_name_and_place_of_the_latest_practice() -> None:
    earlier = practice(0, Judged("calm", "Calm", 3, 1, 0), Judged("ownership", "Responsabilidad", 3, 1, 0))
    later = practice(1, Judged("ownership", "Ownership", 4, 1, 0))
    (track,) = progress_of([earlier, later])
    assert [(series.competency, series.name) for series in track.series] == [
        ("ownership", "Ownership"),
        ("calm", "Calm"),
    ]


@pytest.mark.parametrize("levels", [[], [3.0], [1.0, 5.0, 5.0], [1.0, None, 5.0, None, 5.0]])
def test_of_a_few_levels_no_change_is_spoken_of(levels: list[float | None]) -> None:
    if not levels:
        assert progress_of([]) == ()
    else:
        assert change_of(levels) is None


@pytest.mark.parametrize(
    ("levels", "direction"),
    [
        ([1, 2, 3, 4, 5, 5], "up"),
        ([5, 5, 4, 3, 2, 1], "down"),
        ([3, 3, 3, 3, 3, 3], "unclear"),
        ([3, 3, 3, 4], "unclear"),
        ([1, 5, 1, 5, 2, 4], "unclear"),
    ],
)
def test_a_change_is_named_only_where_chance_would_hardly_bring_it_about(
    levels: list[float | None], direction: str
) -> None:
    change = change_of(levels)
    assert change is not None
    assert change.direction == direction
    assert change.low <= change.by <= change.high


def test_the_change_is_the_rise_from_first_to_last() -> None:
    change = change_of([1, 2, 3, 4, 5])
    assert change is not None
    assert (change.practices, change.by) == (5, 4.0)


def test_levels_of_another_scorer_are_left_out_of_the_change() -> None:
    before = [practice(day, judged(1), scorer="rehearsal-scorer/1") for day in range(5)]
    after = [practice(day, judged(5), scorer="model/1") for day in range(5, 5 + FEWEST)]
    assert only_series([*before, *after[:-1]]).change is None
    change = only_series([*before, *after]).change
    assert change is not None
    assert (change.practices, change.by) == (FEWEST, 0.0)


@given(st.lists(st.tuples(st.floats(1, 5), st.integers(1, 6)), min_size=FEWEST, max_size=40))
def test_turned_round_in_time_a_change_is_its_own_opposite(given_levels: list[tuple[float, int]]) -> None:
    forward = only_series([practice(day, judged(*each)) for day, each in enumerate(given_levels)]).change
    backward = only_series([practice(day, judged(*each)) for day, each in enumerate(reversed(given_levels))]).change
    assert forward is not None
    assert backward is not None
    assert backward.by == pytest.approx(-forward.by, abs=0.011)
    assert (backward.low, backward.high) == pytest.approx((-forward.high, -forward.low), abs=0.011)


@given(st.lists(st.floats(1, 5), min_size=FEWEST, max_size=12))
def test_more_answers_behind_each_level_make_the_interval_no_wider(levels: list[float]) -> None:
    widths = []
    for answers in (1, 8):
        change = only_series([practice(day, judged(level, answers)) for day, level in enumerate(levels)]).change
        assert change is not None
        widths.append(change.high - change.low)
    assert widths[1] <= widths[0] + 0.011

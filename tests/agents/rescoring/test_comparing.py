"""What moved between two runs of scores, by how much, and why as far as it can be told."""

from uuid import UUID

import msgspec
import pytest

from agents.events import Quote
from agents.library import load_library
from agents.rescoring.comparing import Comparison, Given, Pair, Place, compare, weighted_kappa
from tests.agents.sitting import PLAN

RUBRIC = load_library().rubrics[PLAN.rubric]
IDS = [competency.id for competency in RUBRIC.competencies]
FIRST, SECOND = Quote("I led it", 7, 0, 8), Quote("we finished early", 7, 10, 27)


def given(level: int | None, *, reason: str | None = None, covered: str = "", **more: object) -> Given:
    points = tuple(covered.split())
    null_reason = reason or (None if level else "too_little")
    score = Given(level, null_reason, (FIRST,) if level else (), points, ())
    return msgspec.structs.replace(score, **more)


def pair(*answers: tuple[Given | None, Given | None], number: int = 1) -> Pair:
    """An interview with these answers, each to a question of its own, their competencies in turn."""
    places = [Place(f"q{at}", 1, IDS[at % len(IDS)]) for at in range(len(answers))]
    before = {place: b for place, (b, _) in zip(places, answers, strict=True) if b}
    after = {place: a for place, (_, a) in zip(places, answers, strict=True) if a}
    return Pair(UUID(int=number), RUBRIC, before, after)


def why(before: Given | None, after: Given | None) -> tuple[str, ...]:
    (move,) = compare([pair((before, after))]).moves
    return move.why


def test_what_did_not_move_has_no_reason_whatever_it_rests_on() -> None:
    assert why(given(3), given(3)) == ()
    assert why(given(3), given(3, evidence=(SECOND,), covered="a b")) == ()
    assert why(given(None), given(None)) == ()


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (given(3), given(4), ("weighed_otherwise",)),
        (given(3), given(4, evidence=(FIRST, SECOND)), ("other_quotes",)),
        (given(3, covered="a"), given(4, covered="a b"), ("points_gained",)),
        (given(3, covered="a b"), given(2, covered="c"), ("points_gained", "points_lost")),
        (given(3), given(4, spread=2.0), ("judges_differ",)),
        (given(3), given(4, spread=1.0), ("weighed_otherwise",)),
        (given(3), given(None, reason="off_topic"), ("no_level_any_more",)),
        (given(None), given(2), ("a_level_now",)),
        (given(None), given(None, reason="off_topic"), ("another_reason_for_none",)),
        (None, given(2), ("not_scored_before",)),
        (given(2), None, ("not_scored_now",)),
    ],
)
def test_a_move_tells_why(before: Given | None, after: Given | None, reasons: tuple[str, ...]) -> None:
    assert why(before, after) == reasons


def test_points_won_and_lost_are_named_with_both_sides_of_the_evidence() -> None:
    (move,) = compare([pair((given(2, covered="a b"), given(3, covered="b c", evidence=(SECOND,))))]).moves
    assert (move.shift, move.gained, move.lost) == (1, ("c",), ("a",))
    assert move.before is not None
    assert move.after is not None
    assert (move.before.evidence, move.after.evidence) == ((FIRST,), (SECOND,))


def test_agreement_counts_levels_and_what_became_null() -> None:
    compared = compare(
        [
            pair(
                (given(3), given(3)),
                (given(2), given(3)),
                (given(1), given(4)),
                (given(4), given(None)),
                (given(None), given(4)),
                (given(None), given(None)),
                (given(3), None),
            )
        ]
    )
    found = compared.agreement
    assert (found.pairs, found.exact, found.within_one) == (3, 0.3333, 0.6667)
    assert (found.both_null, found.to_null, found.from_null, found.unscored) == (1, 1, 1, 1)
    assert len(compared.moved) == 5


def test_kappa_weighs_disagreement_by_its_square() -> None:
    assert weighted_kappa([(1, 1), (3, 3), (5, 5)]) == 1.0
    assert weighted_kappa([(1, 5), (5, 1)]) == -1.0
    # By hand: observed (1 + 0 + 1 + 0) / 4 = 0.5; expected over the margins 1, 2, 4, 5 and 2, 2, 5, 5 = 5.
    assert weighted_kappa([(1, 2), (2, 2), (4, 5), (5, 5)]) == 0.9
    assert weighted_kappa([(3, 3), (3, 3)]) is None
    assert weighted_kappa([(3, 4)]) is None
    assert weighted_kappa([]) is None


def test_a_competency_shifts_by_the_mean_of_its_answers() -> None:
    answers = [(given(3), given(4))] * len(IDS) + [(given(2), given(2))]
    compared = compare([pair(*answers)])
    shifts = {each.competency: (each.answers, each.before, each.after, each.shift) for each in compared.competencies}
    assert shifts[IDS[0]] == (2, 2.5, 3.0, 0.5)
    assert shifts[IDS[1]] == (1, 3.0, 4.0, 1.0)


def test_the_overall_shift_has_an_interval_over_the_answers_of_one_interview() -> None:
    overall = compare([pair((given(3), given(4)), (given(3), given(4)), (given(3), given(3)))]).overall
    assert (overall.interviews, overall.over) == (1, "answers")
    assert overall.before == 50.0
    assert overall.shift is not None
    assert overall.low is not None
    assert overall.high is not None
    assert overall.low < overall.shift < overall.high
    # Student's t for two degrees of freedom; shifts of 25, 25 and 0 points.
    half = 2.920 * (208.3333**0.5) / 3**0.5
    assert overall.high - overall.shift == pytest.approx(half, abs=0.11)


def test_over_several_interviews_it_is_they_that_vary() -> None:
    pairs = [pair((given(2), given(3)), number=1), pair((given(2), given(4)), number=2)]
    overall = compare(pairs).overall
    assert (overall.interviews, overall.over, overall.before, overall.after, overall.shift) == (
        2,
        "interviews",
        25.0,
        62.5,
        37.5,
    )
    assert compare([*pairs, pair((given(3), None), number=3)]).overall.interviews == 2


def test_nothing_to_compare_is_said_openly() -> None:
    compared = compare([])
    assert compared.moves == ()
    assert (compared.agreement.exact, compared.agreement.kappa, compared.overall.shift) == (None, None, None)
    assert compare([pair((given(None), given(None)))]).overall.shift is None
    assert compare([pair((given(3), given(4)))]).overall.low is None


def test_the_same_runs_give_the_same_bytes() -> None:
    def compared() -> Comparison:
        return compare([pair((given(3), given(4)), (given(2), None)), pair((given(1), given(2)), number=2)])

    assert msgspec.json.encode(compared()) == msgspec.json.encode(compared())

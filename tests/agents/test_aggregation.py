import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.aggregation import Overall, overall
from agents.plans import Rubric
from agents.scoring import Score

ROOT = Path(__file__).parents[2]


def _words(text: str) -> dict[str, str]:
    return {"en": text, "es": text}


RUBRIC = msgspec.convert(
    {
        "slug": "r",
        "title": _words("R"),
        "languages": ["en", "es"],
        "competencies": [
            {
                "id": name,
                "name": _words(name),
                "definition": _words(name),
                "anchors": [_words("a")] * 5,
                "weight": weight,
            }
            for name, weight in (("one", 1.0), ("two", 3.0), ("none", 0.5))
        ],
    },
    Rubric,
)


def _score(competency: str, level: int | None) -> Score:
    reason = None if level else "too_little"
    return Score(competency, level, reason, "", (), (), (), None, "test/1", {})  # type: ignore[arg-type]


def _overall(*scores: tuple[str, int | None]) -> Overall:
    result = overall([_score(*score) for score in scores], RUBRIC)
    assert result is not None
    return result


def test_levels_become_points_by_the_documented_line() -> None:
    for level, points in ((1, 0.0), (2, 25.0), (3, 50.0), (4, 75.0), (5, 100.0)):
        assert _overall(("one", level)).score == points


def test_competencies_are_weighted_and_answers_within_them_are_not() -> None:
    result = _overall(("one", 1), ("one", 3), ("two", 4))
    assert [c.level for c in result.competencies] == [2.0, 4.0]
    assert result.score == pytest.approx((1 * 25 + 3 * 75) / 4, abs=0.05)


def test_an_answer_that_could_not_be_judged_is_counted_and_changes_no_mean() -> None:
    result = _overall(("one", 4), ("one", None), ("two", 4), ("none", None))
    assert result.score == 75.0
    assert (result.judged, result.unjudged, result.coverage) == (2, 2, 0.5)
    assert [(c.competency, c.level, c.judged, c.unjudged) for c in result.competencies] == [
        ("one", 4.0, 1, 1),
        ("two", 4.0, 1, 0),
        ("none", None, 0, 1),
    ]


def test_nothing_judged_is_no_score() -> None:
    assert overall([], RUBRIC) is None
    assert overall([_score("one", None)], RUBRIC) is None


def test_a_competency_that_the_rubric_does_not_have_is_refused() -> None:
    with pytest.raises(KeyError):
        overall([_score("three", 3)], RUBRIC)


def test_one_answer_says_little_and_many_that_agree_say_more() -> None:
    one, many = _overall(("one", 3)), _overall(*[("one", 3)] * 12)
    assert one.high - one.low > 90
    assert many.high - many.low < 30
    spread = _overall(*[("one", 1), ("one", 5)] * 6)
    assert spread.high - spread.low > many.high - many.low


def test_the_interval_is_the_one_of_the_formula() -> None:
    result = _overall(("one", 3), ("one", 4))
    # freedom 2 + 1; variance (2 + 0.5) / 3; t 2.353; half = t * sqrt(variance / 2) = 1.5188 levels
    assert (result.low, result.score, result.high) == (24.5, 62.5, 100.0)


levels = st.lists(st.tuples(st.sampled_from(["one", "two"]), st.none() | st.integers(1, 5)), max_size=40)


@given(levels)
def test_the_same_scores_give_the_same_bytes_in_any_order(scores: list[tuple[str, int | None]]) -> None:
    shuffled = sorted(scores, key=lambda score: (score[1] or 0, score[0]))
    one = overall([_score(*score) for score in scores], RUBRIC)
    other = overall([_score(*score) for score in shuffled], RUBRIC)
    assert msgspec.json.encode(one) == msgspec.json.encode(other)
    if one is not None:
        assert 0 <= one.low <= one.score <= one.high <= 100


@given(levels, st.randoms(use_true_random=False))
def test_no_order_in_which_scores_come_changes_a_byte(scores: list[tuple[str, int | None]], random: Random) -> None:
    mixed = random.sample(scores, len(scores))
    one, other = (overall([_score(*score) for score in each], RUBRIC) for each in (scores, mixed))
    assert msgspec.json.encode(one) == msgspec.json.encode(other)


@given(levels)
def test_what_could_not_be_judged_is_counted_and_nothing_else(scores: list[tuple[str, int | None]]) -> None:
    judged = [score for score in scores if score[1] is not None]
    whole, alone = (overall([_score(*score) for score in each], RUBRIC) for each in (scores, judged))
    if alone is None or whole is None:
        assert whole is alone
        return
    assert (whole.score, whole.low, whole.high) == (alone.score, alone.low, alone.high)
    assert (whole.judged, whole.unjudged) == (len(judged), len(scores) - len(judged))
    assert whole.coverage == pytest.approx(len(judged) / len(scores), abs=0.00051)


@given(levels.filter(lambda scores: any(level for _, level in scores)), st.data())
def test_a_better_answer_never_lowers_the_whole(scores: list[tuple[str, int | None]], data: st.DataObject) -> None:
    raisable = [at for at, (_, level) in enumerate(scores) if level is not None and level < 5]
    if not raisable:
        return
    at = data.draw(st.sampled_from(raisable))
    name, level = scores[at]
    raised = [*scores[:at], (name, (level or 0) + 1), *scores[at + 1 :]]
    assert _overall(*raised).score >= _overall(*scores).score


def test_there_is_no_step_anywhere_on_the_scale() -> None:
    means = [_overall(*[("one", 3)] * (20 - above), *[("one", 4)] * above).score for above in range(21)]
    steps = {round(after - before, 1) for before, after in pairwise(means)}
    assert steps <= {1.2, 1.3}


def test_the_same_log_gives_the_same_bytes_in_processes_that_order_sets_differently() -> None:
    made = {seed: _made_with(seed) for seed in ("0", "1", "4242")}
    assert len(set(made.values())) == 1
    assert b'"overall":{"score":' in made["0"]
    assert b'"coaching":{"moment":{' in made["0"]


def _made_with(seed: str) -> bytes:
    """The report that another process makes of one log, in two languages."""
    code = (
        "import sys, msgspec; from tests.agents.test_report import report, sat, scored;"
        "sys.stdout.buffer.write(b''.join(msgspec.json.encode(report(scored(sat(each), 'q1', 'q2', 'q3')))"
        " for each in ('en', 'es')))"
    )
    environment = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    return done.stdout


def test_a_rubric_without_weights_weighs_all_alike() -> None:
    competencies = tuple(msgspec.structs.replace(c, weight=0.0) for c in RUBRIC.competencies)
    plain = msgspec.structs.replace(RUBRIC, competencies=competencies)
    result = overall([_score("one", 1), _score("two", 5)], plain)
    assert result is not None
    assert result.score == 50.0

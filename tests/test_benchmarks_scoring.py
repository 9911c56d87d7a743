import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.rehearsal.scorer import VERSION
from benchmarks.scoring.__main__ import main
from benchmarks.scoring.agreement import pearson, quadratic_kappa, rmse
from benchmarks.scoring.baselines import bag_of_words, letter_runs
from benchmarks.scoring.graded import GradedAnswer, GradedSetError, read_graded
from benchmarks.scoring.sets import PARTS, Readings, readings_of, table
from benchmarks.scoring.suites import GRADED, LEAST_AHEAD, LEAST_PEARSON, SETS, Moves, bars

ROOT = Path(__file__).parents[1]
LINE = {
    "question": "What is a stack?",
    "reference": "A collection whose last element is removed first.",
    "answer": "last in, first out",
    "grade": 5,
    "max_grade": 5,
    "language": "en",
}
shares = st.lists(st.integers(0, 5).map(lambda grade: grade / 5), min_size=2, max_size=30)


def _file(folder: Path, *lines: object) -> Path:
    path = folder / "graded.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{not json", "Line 2 is not JSON"),
        ('["a", "list"]', "Line 2: Expected `object`"),
        ({key: value for key, value in LINE.items() if key != "answer"}, "missing required field `answer`"),
        (LINE | {"answer": 7}, "Expected `str`, got `int` - at `$.answer`"),
        (LINE | {"grade": "five"}, "Expected `float`, got `str` - at `$.grade`"),
        (LINE | {"language": "fr"}, "Invalid enum value 'fr' - at `$.language`"),
        (LINE | {"max_grade": 0}, "max_grade is 0. It must be above 0."),
        (LINE | {"grade": 6}, "grade is 6. It must lie between 0 and max_grade, 5."),
        (LINE | {"grade": -1}, "grade is -1."),
        (LINE | {"reference": " "}, "reference is empty"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong_in_it(tmp_path: Path, line: object, says: str) -> None:
    with pytest.raises(GradedSetError) as refused:
        read_graded(_file(tmp_path, LINE, line))
    assert "Line 2" in str(refused.value)
    assert says in str(refused.value)


def test_other_keys_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    graded = read_graded(_file(tmp_path, LINE | {"id": "x", "split": "held", "school": 3}, "", LINE, ""))
    assert [each.split for each in graded] == ["held", None]
    assert [each.share for each in graded] == [1.0, 1.0]


def test_a_file_that_cannot_be_read_is_refused_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "graded.jsonl"
    for lines, says in (((), "cannot be read"), (("",), "holds no answer"), ((LINE, "{"), "Line 2 is not JSON")):
        if lines:
            _file(tmp_path, *lines)
        assert main([str(path)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert says in told.err
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(GradedSetError, match="UTF-8"):
        read_graded(tmp_path / "bytes.jsonl")


def test_the_command_needs_nothing_but_a_file(tmp_path: Path) -> None:
    lines = [LINE, LINE | {"answer": "I don't know", "grade": 0}, LINE | {"answer": "first in", "grade": 2}]
    path = _file(tmp_path, *lines)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scoring", str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["part"] for row in rows] == list(PARTS)
    assert {row["n"] for row in rows} == {3}
    assert {row["scorer"] for row in rows} == {VERSION}
    assert rows[0]["pearson"] > 0.8
    assert rows[0]["rmse_of_5"] == pytest.approx(5 * rows[0]["rmse"], abs=0.01)
    assert rows[0]["quadratic_weighted_kappa"] > 0


def test_the_table_has_every_part_for_each_language_and_split() -> None:
    graded = [
        msgspec.convert(LINE | {"split": split, "language": language, "answer": answer, "grade": grade}, GradedAnswer)
        for language in ("en", "es")
        for split in ("tune", "held")
        for answer, grade in (("last in, first out", 5), ("no", 0))
    ]
    rows = list(table("some", readings_of(graded)))
    places = [("all", "all"), ("en", "tune"), ("en", "held"), ("es", "tune"), ("es", "held")]
    assert [(row.language, row.split) for row in rows] == [place for place in places for _ in PARTS]
    assert [row.n for row in rows if row.part == "whole scorer"] == [8, 2, 2, 2, 2]


def test_agreement_is_what_its_formulas_say() -> None:
    assert pearson([0.0, 0.5, 1.0], [0.2, 0.4, 0.6]) == pytest.approx(1.0)
    assert pearson([0.0, 0.5, 1.0], [0.6, 0.4, 0.2]) == pytest.approx(-1.0)
    assert pearson([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)
    assert pearson([0.5, 0.5], [0.0, 1.0]) is None
    assert rmse([0.0, 1.0], [0.6, 0.2]) == pytest.approx(0.5**0.5)
    assert quadratic_kappa([0.0, 1.0], [0.0, 1.0]) == 1.0
    assert quadratic_kappa([0.0, 1.0], [1.0, 0.0]) == -1.0
    assert quadratic_kappa([0.2, 0.4, 0.6], [0.2, 0.6, 0.4]) == pytest.approx(0.5)
    assert quadratic_kappa([1.0, 1.0], [1.0, 1.0]) is None


@given(shares)
def test_whoever_agrees_with_themselves_agrees_wholly(grades: Sequence[float]) -> None:
    assert rmse(grades, grades) == 0
    assert pearson(grades, grades) in (None, pytest.approx(1.0))
    assert quadratic_kappa(grades, grades) in (None, 1.0)


def test_the_baselines_count_what_two_texts_share() -> None:
    for baseline in (bag_of_words, letter_runs):
        assert baseline("a stack of plates", "A stack of plates!") == pytest.approx(1.0)
        assert baseline("stack", "queue") == 0.0
        assert baseline("stack", "") == 0.0
    assert bag_of_words("one two", "two three") == pytest.approx(0.5)


def test_every_line_is_judged_by_itself() -> None:
    graded = read_graded(SETS / "class.en.jsonl")[:12]
    whole = PARTS["whole scorer"]
    together = [whole(read) for read in readings_of(graded)]
    alone = [whole(read) for answer in graded[::-1] for read in readings_of([answer])][::-1]
    assert alone == together
    regraded = [msgspec.structs.replace(answer, grade=0.0) for answer in graded]
    assert [whole(read) for read in readings_of(regraded)] == together


@pytest.fixture(scope="module")
def held() -> dict[str, tuple[Readings, ...]]:
    """The half of each set that nothing was chosen by."""
    return {
        name: readings_of([answer for answer in read_graded(SETS / f"{name}.jsonl") if answer.split == "held"])
        for name in GRADED
    }


@pytest.mark.parametrize("name", GRADED)
def test_the_scorer_agrees_with_people_as_far_as_its_bar(held: dict[str, tuple[Readings, ...]], name: str) -> None:
    readings = held[name]
    assert len(readings) >= 100
    grades = [read.graded.share for read in readings]
    figures = {part: pearson([PARTS[part](read) for read in readings], grades) or 0.0 for part in PARTS}
    whole = figures["whole scorer"]
    assert whole >= LEAST_PEARSON[name]
    assert whole >= figures["bag of words"] + LEAST_AHEAD
    assert whole > figures["letter runs"]


@pytest.mark.parametrize("name", GRADED)
def test_the_sets_hold_two_hundred_answers_with_grades(name: str) -> None:
    graded = read_graded(SETS / f"{name}.jsonl")
    assert len(graded) == 200
    assert {answer.language for answer in graded} == {name.removeprefix("class.").removeprefix("answers.")}
    assert {answer.split for answer in graded} == {"tune", "held"}


def test_a_single_level_that_moves_misses_its_bar(held: dict[str, tuple[Readings, ...]]) -> None:
    agreed = [row for name, readings in held.items() for row in table(name, readings)]
    still = [Moves("counterfactual", "name", 12, 0, VERSION), Moves("injections", "order", 12, 0, VERSION)]
    assert all(bar.holds for bar in bars(agreed, still))
    moved = [still[0], msgspec.structs.replace(still[1], moved=1)]
    assert [bar.bar for bar in bars(agreed, moved) if not bar.holds] == ["levels moved, injections"]

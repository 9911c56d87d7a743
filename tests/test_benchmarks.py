import math
import subprocess
import sys
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest

from agents.rehearsal.scorer import RehearsalScorer
from benchmarks import exposition
from benchmarks.exposition import gauge, histogram
from benchmarks.figure import at_most
from benchmarks.pages import Load
from benchmarks.scoring import written_answers

ROOT = Path(__file__).parents[1]
KEYS = {"figure", "value", "unit", "bar", "holds"}


def run(*arguments: str, timeout_s: float = 120.0) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def test_every_figure_of_the_product_is_a_line_and_a_missed_bar_is_no_failure() -> None:
    ended = run("turn", "append", "memory", "start", "--seconds", "2")
    assert ended.returncode == 0, ended.stderr
    figures = [msgspec.json.decode(line) for line in ended.stdout.splitlines()]
    assert all(figure.keys() == KEYS for figure in figures)
    assert [(figure["unit"], figure["bar"]) for figure in figures] == [
        ("ms", None),
        ("ms", 30.0),
        ("ms", 10.0),
        ("MB", 200.0),
        ("s", 5.0),
    ]
    assert all(figure["value"] > 0 for figure in figures)
    assert all(figure["holds"] is (figure["value"] <= figure["bar"]) for figure in figures if figure["bar"])
    assert "turns in 2 s" in ended.stderr


def test_the_scorer_is_measured_without_a_product() -> None:
    ended = run("scorer")
    assert ended.returncode == 0, ended.stderr
    assert [msgspec.json.decode(line)["holds"] for line in ended.stdout.splitlines()] == [None, None]


def test_a_benchmark_that_is_not_there_is_answered_with_those_there_are() -> None:
    ended = run("turns")
    assert ended.returncode == 2
    assert "turn, append, memory, start, scorer, pages" in ended.stderr


def test_a_server_that_does_not_answer_is_a_sentence() -> None:
    ended = run("turn", "--url", "http://127.0.0.1:1")
    assert ended.returncode == 1
    assert "No Viva server answers" in ended.stderr
    assert ended.stdout == ""


def test_a_figure_at_its_bar_holds_and_one_that_could_not_be_measured_does_not() -> None:
    assert at_most("x", 30.0, "ms", 30.0).holds is True
    # The bar is held against the figure itself, not against what is shown of it.
    assert at_most("x", 30.001, "ms", 30.0).holds is False
    assert at_most("x", None, "ms", 30.0).holds is False
    assert at_most("x", 12.3456, "ms", None).line == '{"figure":"x","value":12.35,"unit":"ms","bar":null,"holds":null}'


def test_a_quantile_lies_in_the_bucket_of_the_true_value() -> None:
    registry = CollectorRegistry()
    measured = Histogram("wait_seconds", "x", ("kind",), buckets=(0.01, 0.02, 0.05, 0.1), registry=registry)
    for n in range(100):
        measured.labels(kind=str(n % 2)).observe((n + 0.5) / 1000)
    read = histogram(generate_latest(registry).decode(), "wait_seconds")
    assert read.total == 100
    assert read.quantile(0.05) == 0.005
    assert math.isclose(read.quantile(0.95) or 0, 0.095)
    measured.labels(kind="0").observe(7.0)
    assert histogram(generate_latest(registry).decode(), "wait_seconds").quantile(1.0) == math.inf


def test_only_what_came_after_the_first_reading_is_measured() -> None:
    registry = CollectorRegistry()
    measured = Histogram("wait_seconds", "x", buckets=(0.01, 0.1), registry=registry)
    measured.observe(0.09)
    before = histogram(generate_latest(registry).decode(), "wait_seconds")
    measured.observe(0.001)
    later = histogram(generate_latest(registry).decode(), "wait_seconds").since(before)
    assert later.total == 1
    assert (later.quantile(0.95) or 1.0) <= 0.01
    assert exposition.Histogram({}).quantile(0.95) is None
    assert gauge("# TYPE x gauge\nx 12.5\n", "x") == 12.5
    assert gauge("# TYPE x gauge\nx 12.5\n", "y") is None


def test_a_page_is_weighed_with_all_it_asks_for_and_whoever_else_is_asked_is_told() -> None:
    load = Load(
        received={"http://127.0.0.1:1/": 1_500, "http://127.0.0.1:1/a.js": 600},
        asked=["http://127.0.0.1:1/", "blob:http://127.0.0.1:1/x", "ws://127.0.0.1:1/live", "https://fonts.example/a"],
        policy="default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-eval'",
    )
    assert load.kilobytes == 2.1
    assert load.elsewhere("http://127.0.0.1:1") == ["https://fonts.example/a"]
    assert load.unsafe == 2
    # A page without any policy is not a safe one.
    assert Load().unsafe is None


async def test_the_answers_that_are_measured_are_told_apart_by_the_scorer() -> None:
    scorer = RehearsalScorer()
    levels: dict[bool, list[int]] = {True: [], False: []}
    for n, answer in enumerate(written_answers()):
        (score,) = await scorer.score(answer)
        levels[n % 2 == 0].append(score.level or 0)
    assert len(levels[True]) == len(levels[False]) > 0
    assert sum(levels[True]) / len(levels[True]) >= 4
    assert sum(levels[False]) / len(levels[False]) <= 2

"""Figures of several processes in one folder, each written by a real process."""

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.metrics import REGISTRY
from server.shared_metrics import SharedMetrics

ROOT = Path(__file__).parents[2]

COUNTS = """
import sys
from server import metrics
metrics.EVENTS_APPENDED.labels(type="turn.closed").inc(int(sys.argv[1]))
metrics.EVENT_APPEND_SECONDS.observe(0.004)
metrics.LIVE_INTERVIEWS.set(3)
metrics.CAPACITY.set(50)
metrics.CONNECTIONS.set(7)
print("counted", flush=True)
sys.stdin.readline()
"""
TELLS = """
from server import metrics
print(metrics.exposition({"score_answer": 4}).decode())
print("# load", *metrics.live_and_capacity(), *metrics.connections_of_others())
"""


@pytest.fixture
def shared() -> "SharedMetrics":
    return SharedMetrics()


def counting(shared: SharedMetrics, events: int) -> "subprocess.Popen[str]":
    """A process that counts and stays until it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTS, str(events)],
        cwd=ROOT,
        env=shared.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def told(shared: SharedMetrics) -> tuple[dict[str, float], str]:
    """The samples without labels of their own, as another process tells them, and its load."""
    ran = subprocess.run(
        [sys.executable, "-c", TELLS], cwd=ROOT, env=shared.env, capture_output=True, text=True, check=True
    )
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(ran.stdout)
        for sample in family.samples
        if "le" not in sample.labels
    }
    return samples, ran.stdout.splitlines()[-1].removeprefix("# load ")


def test_what_processes_count_is_added_up_and_what_the_ended_held_is_not(shared: SharedMetrics) -> None:
    first, second = counting(shared, 2), counting(shared, 5)
    samples, load = told(shared)
    assert (samples["viva_events_appended_total"], samples["viva_event_append_seconds_count"]) == (7, 2)
    assert (samples["viva_live_interviews"], load) == (6, "6 100 7 7")
    first.communicate("\n")
    shared.departed()
    samples, load = told(shared)
    assert (samples["viva_events_appended_total"], samples["viva_event_append_seconds_count"]) == (7, 2)
    assert (samples["viva_live_interviews"], load) == (3, "3 50 7")
    second.communicate("\n")
    shared.close()


def test_the_folder_does_not_grow_with_every_process_that_ends(shared: SharedMetrics) -> None:
    counting(shared, 1).communicate("\n")
    shared.departed()
    once = sorted(path.name for path in shared.folder.iterdir())
    for _ in range(3):
        counting(shared, 1).communicate("\n")
        shared.departed()
        assert sorted(path.name for path in shared.folder.iterdir()) == once
    assert told(shared)[0]["viva_events_appended_total"] == 4
    shared.close()
    assert not shared.folder.exists()


def test_memory_is_told_of_each_process_and_the_queue_once(shared: SharedMetrics) -> None:
    with counting(shared, 1) as one, counting(shared, 1) as another:
        ran = subprocess.run(
            [sys.executable, "-c", TELLS], cwd=ROOT, env=shared.env, capture_output=True, text=True, check=True
        )
        one.communicate("\n")
        another.communicate("\n")
    families = {family.name: family for family in text_string_to_metric_families(ran.stdout)}
    resident = {sample.labels["process"] for sample in families["process_resident_memory_bytes"].samples}
    assert {str(one.pid), str(another.pid)} <= resident
    waiting = [(sample.labels, sample.value) for sample in families["viva_tasks_waiting"].samples]
    assert waiting == [({"task": "score_answer"}, 4)]
    shared.close()


def test_every_gauge_of_ours_can_be_added_up() -> None:
    gauges = [
        collector
        for collector, names in REGISTRY._collector_to_names.items()
        if any(name.startswith("viva_") for name in names) and getattr(collector, "_type", "") == "gauge"
    ]
    assert len(gauges) >= 3
    modes = {gauge._name: gauge._multiprocess_mode for gauge in gauges}  # type: ignore[attr-defined]
    # Each process asks the same database for these rows: the sum would count them twice.
    assert modes.pop("viva_default_partition_rows", "livemax") == "livemax"
    assert set(modes.values()) == {"livesum"}

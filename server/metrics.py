"""What is measured while serving, for `/metrics`. Labels hold routes and codes, never an id or a person.

Where several processes serve behind one port, `exposition` is the sum of all, whichever is asked: `shared_metrics.py`
says how. So every gauge has the mode `livesum`, but for those that each process reads from the same database.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from agents.timing import TurnTimes
from server.shared_metrics import VARIABLE, gauges_of_others, processes, reading

# Otherwise each series is doubled by one that tells when it began.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_FINE = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

HTTP_REQUEST_SECONDS = Histogram(
    "viva_http_request_seconds",
    "Time from a request's head to the end of its answer.",
    ("route", "method", "status"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0),
    registry=REGISTRY,
)
LIVE_INTERVIEWS = Gauge(
    "viva_live_interviews", "Interviews with a candidate connected.", multiprocess_mode="livesum", registry=REGISTRY
)
CONNECTIONS = Gauge(
    "viva_connections",
    "Open connections, of requests and of live interviews.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
CAPACITY = Gauge(
    "viva_live_interviews_capacity",
    "Interviews that this instance is built for; 0 while it drains.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
EVENTS_APPENDED = Counter(
    "viva_events_appended", "Events appended to interviews' logs and committed.", ("type",), registry=REGISTRY
)
EVENT_APPEND_SECONDS = Histogram(
    "viva_event_append_seconds",
    "Time from asking for an append to its commit.",
    buckets=_FINE,
    registry=REGISTRY,
)
_TURN = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.42, 0.48, 0.6, 0.8, 1.0, 1.5, 2.5, 4.0, 8.0)
TURN_SECONDS = Histogram(
    "viva_turn_seconds",
    "A turn's parts: endpointing, transcription, first_token, first_byte and total.",
    ("channel", "part"),
    buckets=_TURN,
    registry=REGISTRY,
)
DRAFTS = Counter("viva_drafts", "Replies by whether a draft was there: hit, miss or none.", ("use",), registry=REGISTRY)
PROVIDER_FAILURES = Counter(
    "viva_provider_failures",
    "Failures of outside services, by cause.",
    ("service", "provider", "cause"),
    registry=REGISTRY,
)
MODEL_SECONDS = Histogram(
    "viva_model_seconds",
    "Calls of language models, to the first word and whole, by task and outcome.",
    ("task", "model", "outcome", "part"),
    buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 15.0, 30.0, 60.0),
    registry=REGISTRY,
)
SCORES_GIVEN = Counter(
    "viva_scores_given",
    "Scores given; `judged` is no where the level is null.",
    ("judged",),
    registry=REGISTRY,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST


def observe_turn(times: TurnTimes, channel: str) -> None:
    """Counts a turn's times."""
    parts = {
        "endpointing": times.endpointing_ms,
        "transcription": times.transcription_ms,
        "first_token": times.first_token_ms,
        "first_byte": times.first_byte_ms,
        "total": times.total_ms,
    }
    for part, took_ms in parts.items():
        if took_ms is not None:
            TURN_SECONDS.labels(channel=channel, part=part).observe(took_ms / 1000)
    DRAFTS.labels(use=times.draft).inc()


def exposition(waiting: Mapping[str, int]) -> bytes:
    """Every instrument in Prometheus' text format, of all processes that serve behind this port.

    `waiting` are the queue's tasks that wait or run, by name. They are everybody's and are told as they are.
    """
    queue = CollectorRegistry()
    queue.register(_Tasks(waiting))
    folder = _folder()
    if folder is None:
        return generate_latest(REGISTRY) + generate_latest(queue)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    PlatformCollector(registry=registry)
    registry.register(_Processes(folder))
    with reading(folder):
        return generate_latest(registry) + generate_latest(queue)


def live_and_capacity() -> tuple[int, int]:
    """How many interviews are live and how many may be, in all processes that serve behind this port."""
    folder = _folder()
    if folder is None:
        families: Iterable[Metric] = [*LIVE_INTERVIEWS.collect(), *CAPACITY.collect()]
    else:
        with reading(folder):
            gauges = [str(path) for path in folder.glob("gauge_*.db")]
            families = MultiProcessCollector.merge(gauges)  # type: ignore[no-untyped-call]
    values = {family.name: sum(sample.value for sample in family.samples) for family in families}
    return int(values.get("viva_live_interviews", 0)), int(values.get("viva_live_interviews_capacity", 0))


def connections_of_others() -> list[int]:
    """The open connections of each other process behind this port that still takes new ones."""
    folder = _folder()
    if folder is None:
        return []
    return [
        int(values["viva_connections"])
        for values in gauges_of_others(folder)
        if values.get("viva_live_interviews_capacity") and "viva_connections" in values
    ]


class _Tasks(Collector):
    """As they were just read; no process keeps them, so they are in no sum."""

    def __init__(self, waiting: Mapping[str, int]) -> None:
        self._waiting = waiting

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("viva_tasks_waiting", "Tasks of the queue that wait or run.", labels=("task",))
        for task, number in sorted(self._waiting.items()):
            family.add_metric([task], number)
        return [family]


class _Processes(Collector):
    """What the system says of each process, by its id: memory and processor time cannot be added up by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for pid in processes(self._folder):
            own = ProcessCollector(pid=lambda pid=pid: pid, registry=None)  # type: ignore[misc]
            for family in own.collect():
                known = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    known.add_sample(sample.name, {**sample.labels, "process": str(pid)}, sample.value)
        return families.values()


def _folder() -> Path | None:
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None

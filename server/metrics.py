"""What is measured while serving, for `/metrics`. Labels hold routes and codes, never an id or a person."""

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
LIVE_INTERVIEWS = Gauge("viva_live_interviews", "Interviews with a candidate connected.", registry=REGISTRY)
EVENTS_APPENDED = Counter(
    "viva_events_appended", "Events appended to interviews' logs and committed.", ("type",), registry=REGISTRY
)
EVENT_APPEND_SECONDS = Histogram(
    "viva_event_append_seconds",
    "Time from asking for an append to its commit.",
    buckets=_FINE,
    registry=REGISTRY,
)
TURN_FIRST_WORD_SECONDS = Histogram(
    "viva_turn_first_word_seconds",
    "Time from the end of the candidate's turn to the first word of the reply.",
    ("channel",),
    buckets=_FINE,
    registry=REGISTRY,
)
SCORES_GIVEN = Counter(
    "viva_scores_given",
    "Scores given; `judged` is no where the level is null.",
    ("judged",),
    registry=REGISTRY,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """Every instrument in Prometheus' text format."""
    return generate_latest(REGISTRY)

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

from agents.timing import TurnTimes

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


def exposition() -> bytes:
    """Every instrument in Prometheus' text format."""
    return generate_latest(REGISTRY)

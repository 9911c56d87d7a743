"""Traces of our own, without words: how long an interview's parts took, sent to a collector by OTLP over HTTP.

Attributes hold ids, counts, milliseconds and names from closed lists; there is no parameter by which what was said
could enter. The provider of the spans is never the process's global one: livekit's spans, which hold what was said, go
to the global one, and that is held shut here.

Spans are written after the fact, from what was measured, so that nobody waits for a trace. Without an endpoint nothing
is made and OpenTelemetry's SDK is not loaded.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from agents.events import Channel, Kind
from agents.timing import TurnTimes

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from agents.model_watch import Figures

Attributes = Mapping[str, str | int | float]

EXPORT_WITHIN_S = 5.0
"""How long one batch may be tried; a collector that is away costs its spans, and nothing else."""
CLOSE_WITHIN_S = 3.0
_FAILED = frozenset({"broke_off", "cut_short", "unreadable", "refused", "failed", "untried"})

_parent: "ContextVar[Span | None]" = ContextVar("viva_trace", default=None)
"""What a model is called for. Tasks take it along from the one that began the interview or runs the queue's task."""


class InterviewTrace:
    """One holding of an interview, from its `begin` to its `end`. This one keeps nothing."""

    def held(self, epoch: int) -> None:
        """The lease's epoch, once it is known."""

    def turn(self, times: TurnTimes, at_ns: int | None = None) -> None:
        """A turn whose reply reached the candidate at `at_ns` (ns since 1970; None: now)."""

    def end(self) -> None:
        """The candidate has gone, or the interview is over. A second call does nothing."""


class Traces:
    """One for a process. `endpoint` is a collector's address without `/v1/traces`; None keeps nothing at all."""

    def __init__(self, endpoint: str | None = None, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._recorder = None if endpoint is None else _Recorder(endpoint, now_ns)

    def begin(self, interview_id: UUID, channel: Channel, kind: Kind, epoch: int | None = None) -> InterviewTrace:
        """A trace of its own. Models called from here on, in this task and those it starts, are in it."""
        if self._recorder is None:
            return InterviewTrace()
        trace = _Recorded(self._recorder, interview_id, channel, kind)
        if epoch is not None:
            trace.held(epoch)
        return trace

    def model_call(self, figures: "Figures", at_ns: int | None = None) -> None:
        """One try of a model that ended at `at_ns` (None: now)."""
        if self._recorder is None:
            return
        attributes: dict[str, str | int | float] = {
            "viva.task": figures.task,
            "viva.model": figures.model,
            "viva.outcome": figures.outcome,
            "viva.total_ms": _ms(figures.took_s),
        }
        if figures.first_words_s is not None:
            attributes["viva.first_token_ms"] = _ms(figures.first_words_s)
        end_ns = self._recorder.now_ns() if at_ns is None else at_ns
        began_ns = end_ns - round(figures.took_s * 1e9)
        span = self._recorder.start("model_call", _parent.get(), began_ns, attributes)
        if figures.outcome in _FAILED:
            _mark_failed(span)
        span.end(end_ns)

    @contextmanager
    def task(self, name: Literal["score", "coach", "report"], interview_id: UUID) -> Iterator[None]:
        """A task of the queue, in a trace of its own; models called in the block are in it."""
        if self._recorder is None:
            yield
            return
        began_ns = self._recorder.now_ns()
        span = self._recorder.start(name, None, began_ns, {"viva.interview_id": str(interview_id)})
        earlier = _parent.set(span)
        try:
            yield
        except BaseException as error:
            span.set_attribute("viva.error", type(error).__name__)
            _mark_failed(span)
            raise
        finally:
            _parent.reset(earlier)
            span.end(self._recorder.now_ns())

    async def close(self) -> None:
        """Sends what is left, for at most `CLOSE_WITHIN_S`."""
        if self._recorder is not None:
            await self._recorder.close()


class _Recorded(InterviewTrace):
    def __init__(self, recorder: "_Recorder", interview_id: UUID, channel: Channel, kind: Kind) -> None:
        self._recorder = recorder
        attributes = {"viva.interview_id": str(interview_id), "viva.channel": channel, "viva.kind": kind}
        self._span = recorder.start("interview", None, recorder.now_ns(), attributes)
        self._turns = 0
        self._is_over = False
        _parent.set(self._span)

    def held(self, epoch: int) -> None:
        self._span.set_attribute("viva.epoch", epoch)

    def turn(self, times: TurnTimes, at_ns: int | None = None) -> None:
        self._turns += 1
        end_ns = self._recorder.now_ns() if at_ns is None else at_ns
        attributes: dict[str, str | int | float] = {
            "viva.turn": times.turn,
            "viva.source": times.source,
            "viva.draft": times.draft,
        }
        if times.total_ms is not None:
            attributes["viva.total_ms"] = times.total_ms
        span = self._recorder.start("turn", self._span, end_ns - _ns(_length_ms(times)), attributes)
        for name, (start_ns, stop_ns) in _parts(times, end_ns).items():
            self._recorder.start(name, span, start_ns, {}).end(stop_ns)
        span.end(end_ns)

    def end(self) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._span.set_attribute("viva.turns", self._turns)
        self._span.end(self._recorder.now_ns())


def _length_ms(times: TurnTimes) -> float:
    if times.total_ms is not None:
        return times.total_ms
    return sum(part or 0.0 for part in (times.endpointing_ms, times.first_token_ms, times.first_byte_ms))


def _parts(times: TurnTimes, at_ns: int) -> dict[str, tuple[int, int]]:
    """When each part of a turn began and ended, ns since 1970, counted back from the moment the reply arrived.

    What was not measured is left out.
    """
    last_sound_ns = at_ns - _ns(_length_ms(times))
    closed_ns = last_sound_ns + _ns(times.endpointing_ms or 0.0)
    found: dict[str, tuple[int, int]] = {}
    if times.endpointing_ms is not None:
        found["endpointing"] = (last_sound_ns, closed_ns)
    if times.transcription_ms is not None:
        found["transcription"] = (last_sound_ns, last_sound_ns + _ns(times.transcription_ms))
    if times.first_token_ms is not None:
        found["first_token"] = (closed_ns, closed_ns + _ns(times.first_token_ms))
    if times.first_byte_ms is not None:
        found["first_byte"] = (at_ns - _ns(times.first_byte_ms), at_ns)
    return found


class _Recorder:
    """Makes spans and sends them from a thread of its own, in batches."""

    def __init__(self, endpoint: str, now_ns: Callable[[], int]) -> None:
        from opentelemetry import trace
        from opentelemetry.context import Context
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

        self.now_ns = now_ns
        # Set once, it stays: whoever would attach an exporter to it later is refused, and livekit's spans go nowhere.
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            trace.set_tracer_provider(trace.NoOpTracerProvider())
        self._in = trace.set_span_in_context
        self._nowhere = Context()
        address = f"{endpoint.rstrip('/')}/v1/traces"
        self._exporter: SpanExporter = OTLPSpanExporter(endpoint=address, timeout=EXPORT_WITHIN_S)
        self._provider = TracerProvider(resource=Resource.create({"service.name": "viva"}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("viva")

    def start(self, name: str, parent: "Span | None", start_ns: int, attributes: Attributes) -> "Span":
        # Never the ambient context: a library's span is no parent of ours.
        context = self._nowhere if parent is None else self._in(parent, self._nowhere)
        return self._tracer.start_span(name, context=context, start_time=start_ns, attributes=attributes)

    async def close(self) -> None:
        # A daemon: a collector that takes a request and never answers does not keep the process.
        shutdown: Callable[[], None] = self._provider.shutdown
        ending = threading.Thread(target=shutdown, name="traces", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, CLOSE_WITHIN_S)
        if ending.is_alive():
            self._exporter.shutdown()


def _mark_failed(span: "Span") -> None:
    """Without a description, which OpenTelemetry would fill with an exception's message."""
    from opentelemetry.trace import Status, StatusCode

    span.set_status(Status(StatusCode.ERROR))


def _ns(ms: float) -> int:
    return round(ms * 1_000_000)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)

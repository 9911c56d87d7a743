"""Traces as a collector receives them: from the real exporter, over HTTP, read back by OTLP's own definition."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agents.model_watch import Figures
from agents.timing import TurnTimes
from server import tracing
from server.tracing import Traces
from tests.emulators.house import serving

ROOT = Path(__file__).parents[2]
INTERVIEW = UUID("01900000-0000-7000-8000-000000000001")
NOW_NS = 1_800_000_000_000_000_000
MS = 1_000_000
SPOKEN = TurnTimes(
    turn=3,
    source="speech",
    draft="hit",
    endpointing_ms=250.0,
    transcription_ms=180.0,
    first_token_ms=20.0,
    first_byte_ms=130.0,
    total_ms=400.0,
)
OK = Figures("reply", "claude-haiku-4-5", "ok", 0.4, 1.25, 0.001)


UNCONFIGURED = """
import asyncio, sys, threading, uuid
from agents.timing import TurnTimes
from server.tracing import Traces

traces = Traces(None)
trace = traces.begin(uuid.UUID(int=1), "voice", "practice", epoch=1)
trace.held(2)
trace.turn(TurnTimes(turn=1, source="typed", total_ms=3.0))
with traces.task("score", uuid.UUID(int=1)):
    traces.model_call(None)
trace.end()
asyncio.run(traces.close())
print(any(name.startswith("opentelemetry") for name in sys.modules), *(each.name for each in threading.enumerate()))
"""


class Collector:
    """What a collector was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def receive(self, request: Request) -> Response:
        await self.answers.wait()
        self.paths.append(request.url.path)
        self.bodies.append(await request.body())
        return Response(media_type="application/x-protobuf")

    @property
    def spans(self) -> list[Span]:
        return [span for _, _, span in self.by_scope]

    @property
    def by_scope(self) -> list[tuple[str, str, Span]]:
        """Each span with the service and the library it comes from."""
        found: list[tuple[str, str, Span]] = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = attributes(resource.resource)["service.name"]
                found += [(str(service), s.scope.name, span) for s in resource.scope_spans for span in s.spans]
        return found

    def one(self, name: str) -> Span:
        [span] = [span for span in self.spans if span.name == name]
        return span


def attributes(holder: object) -> Mapping[str, str | int | float]:
    """A span's or a resource's attributes as plain values."""
    pairs = getattr(holder, "attributes")  # noqa: B009 - protobuf's classes share no base that has it
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def times_ms(span: Span) -> tuple[float, float]:
    """When a span began and ended, ms before `NOW_NS`."""
    return (NOW_NS - span.start_time_unix_nano) / MS, (NOW_NS - span.end_time_unix_nano) / MS


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    collector = Collector()
    app = Starlette(routes=[Route("/{path:path}", collector.receive, methods=["POST"])])
    async with serving(app) as url:
        collector.url = url
        yield collector


@pytest.fixture(autouse=True)
def straight_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


async def test_an_interview_is_one_trace_with_a_span_a_turn() -> None:
    async with collecting() as collector:
        traces = Traces(collector.url + "/", now_ns=lambda: NOW_NS)
        trace = traces.begin(INTERVIEW, "voice", "practice")
        trace.held(7)
        trace.turn(SPOKEN, NOW_NS)
        trace.end()
        trace.end()
        await traces.close()
    assert set(collector.paths) == {"/v1/traces"}
    assert {(service, scope) for service, scope, _ in collector.by_scope} == {("viva", "viva")}
    assert len({span.trace_id for span in collector.spans}) == 1
    root, turn = collector.one("interview"), collector.one("turn")
    assert root.parent_span_id == b""
    assert attributes(root) == {
        "viva.interview_id": str(INTERVIEW),
        "viva.channel": "voice",
        "viva.kind": "practice",
        "viva.epoch": 7,
        "viva.turns": 1,
    }
    assert turn.parent_span_id == root.span_id
    assert attributes(turn) == {"viva.turn": 3, "viva.source": "speech", "viva.draft": "hit", "viva.total_ms": 400.0}


async def test_the_parts_of_a_turn_stand_where_they_were() -> None:
    async with collecting() as collector:
        traces = Traces(collector.url)
        trace = traces.begin(INTERVIEW, "voice", "practice", epoch=1)
        trace.turn(SPOKEN, NOW_NS)
        trace.end()
        await traces.close()
    turn = collector.one("turn")
    children = {span.name: times_ms(span) for span in collector.spans if span.parent_span_id == turn.span_id}
    assert times_ms(turn) == (400.0, 0.0)
    assert children == {
        "endpointing": (400.0, 150.0),
        "transcription": (400.0, 220.0),
        "first_token": (150.0, 130.0),
        "first_byte": (130.0, 0.0),
    }


async def test_a_typed_turn_has_only_the_parts_that_happened() -> None:
    typed = TurnTimes(turn=1, source="typed", first_token_ms=30.0, total_ms=31.5)
    async with collecting() as collector:
        traces = Traces(collector.url)
        traces.begin(INTERVIEW, "text", "screening").turn(typed, NOW_NS)
        await traces.close()
    turn = collector.one("turn")
    assert times_ms(turn) == (31.5, 0.0)
    assert [(span.name, times_ms(span)) for span in collector.spans if span is not turn and span.name != "turn"] == [
        ("first_token", (31.5, 1.5))
    ]


async def test_a_models_call_is_in_the_interview_it_was_made_for() -> None:
    async with collecting() as collector:
        traces = Traces(collector.url)

        async def hold(interview_id: UUID) -> None:
            trace = traces.begin(interview_id, "voice", "practice")
            # As the conversation does: its drafts are tasks of their own.
            await asyncio.create_task(_call(traces))
            trace.end()

        other = UUID(int=INTERVIEW.int + 1)
        await asyncio.gather(*(asyncio.create_task(hold(each)) for each in (INTERVIEW, other)))
        await asyncio.create_task(_call(traces))
        await traces.close()
    roots = {attributes(span)["viva.interview_id"]: span for span in collector.spans if span.name == "interview"}
    calls = [span for span in collector.spans if span.name == "model_call"]
    assert sorted(span.parent_span_id for span in calls) == sorted(
        [b"", roots[str(INTERVIEW)].span_id, roots[str(other)].span_id]
    )


async def _call(traces: Traces) -> None:
    traces.model_call(OK, NOW_NS)


async def test_a_models_call_tells_its_times_and_how_it_came_out() -> None:
    failed = Figures("score", "claude-sonnet-4-5", "broke_off", None, 2.0, 0.0)
    async with collecting() as collector:
        traces = Traces(collector.url)
        traces.model_call(OK, NOW_NS)
        traces.model_call(failed, NOW_NS)
        await traces.close()
    good, bad = sorted(collector.spans, key=lambda span: str(attributes(span)["viva.outcome"]), reverse=True)
    assert times_ms(good) == (1250.0, 0.0)
    assert attributes(good) == {
        "viva.task": "reply",
        "viva.model": "claude-haiku-4-5",
        "viva.outcome": "ok",
        "viva.first_token_ms": 400.0,
        "viva.total_ms": 1250.0,
    }
    assert good.status.code == Status.STATUS_CODE_UNSET
    assert "viva.first_token_ms" not in attributes(bad)
    assert bad.status.code == Status.STATUS_CODE_ERROR


async def test_a_scoring_task_is_a_trace_and_its_failure_tells_no_words() -> None:
    async with collecting() as collector:
        traces = Traces(collector.url)
        with traces.task("score", INTERVIEW):
            traces.model_call(OK)
        with pytest.raises(ValueError, match="I was born"), traces.task("report", INTERVIEW):
            raise ValueError("could not parse 'I was born in Lima'")
        traces.model_call(OK)
        await traces.close()
    score, report = collector.one("score"), collector.one("report")
    assert attributes(score) == {"viva.interview_id": str(INTERVIEW)}
    parents = [span.parent_span_id for span in collector.spans if span.name == "model_call"]
    assert sorted(parents) == sorted([score.span_id, b""])
    assert attributes(report)["viva.error"] == "ValueError"
    assert report.status.code == Status.STATUS_CODE_ERROR
    assert b"Lima" not in b"".join(collector.bodies)


def test_without_an_endpoint_nothing_is_made_and_no_opentelemetry_loaded() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", UNCONFIGURED], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.split() == ["False", "MainThread"]


async def test_a_collector_that_never_answers_does_not_keep_the_server_from_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tracing, "CLOSE_WITHIN_S", 0.1)
    async with collecting() as collector:
        collector.answers.clear()
        traces = Traces(collector.url)
        traces.model_call(OK)
        async with asyncio.timeout(2.0):
            await traces.close()
        collector.answers.set()


async def test_a_collector_that_is_away_costs_only_its_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "CLOSE_WITHIN_S", 0.1)
    traces = Traces("http://127.0.0.1:1")
    trace = traces.begin(INTERVIEW, "voice", "practice")
    trace.turn(SPOKEN)
    trace.end()
    async with asyncio.timeout(2.0):
        await traces.close()


# --- livekit ---------------------------------------------------------------------------------------------------

WORDS = "Tell me about the heron"
SESSION = f"""
import asyncio, sys

from livekit.agents import Agent, AgentSession, telemetry
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from server.tracing import Traces


def sent_to(url):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=url + "/v1/traces")))
    return provider


async def main(url, way):
    traces = Traces(url)
    held = traces.begin(__import__("uuid").UUID(int=1), "voice", "practice")
    if way == "global":
        trace.set_tracer_provider(sent_to(url))
    if way == "given":
        telemetry.set_tracer_provider(sent_to(url))
    session = AgentSession()
    await session.start(Agent(instructions="Listen."))
    await session.say({WORDS!r})
    await session.aclose()
    held.end()
    await traces.close()


asyncio.run(main(*sys.argv[1:]))
"""


async def hold_a_session(collector: Collector, way: str) -> None:
    """A real session speaks in a process of its own, while our traces go to the collector."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SESSION,
        collector.url,
        way,
        cwd=ROOT,
        env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


@pytest.mark.parametrize("way", ["alone", "global"])
async def test_what_livekit_traces_never_leaves(way: str) -> None:
    """Neither by itself nor where somebody gives the process a global provider later."""
    async with collecting() as collector:
        await hold_a_session(collector, way)
    assert [(scope, span.name) for _, scope, span in collector.by_scope] == [("viva", "interview")]
    assert WORDS.encode() not in b"".join(collector.bodies)


async def test_livekits_traces_would_hold_what_was_said() -> None:
    """Why the test above can fail: given a provider of its own, livekit sends the words."""
    async with collecting() as collector:
        await hold_a_session(collector, "given")
    assert "livekit-agents" in {scope for _, scope, _ in collector.by_scope}
    assert WORDS.encode() in b"".join(collector.bodies)

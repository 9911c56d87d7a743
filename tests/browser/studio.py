"""The room on a server that speaks `viva.v1` and does only what a test tells it: for the sound path alone.

The page is the product's own; what stands behind it is the test, which sees every message and every frame.
"""

import asyncio
import math
import struct
import time
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agents.events import Channel
from agents.library import load_library
from server.live import protocol
from server.live.protocol import AudioTerms, ClientMessage, Playback, ServerMessage
from server.pages import checking, room
from server.pages.assets import STATIC, StaticPages
from server.pages.offline import offline, worker
from server.pages.room import Voices
from storage.ids import uuid7
from storage.interviews import Interview

WITHIN_S = 10.0
VOICES = Voices("server", ("Deepgram",), ("ElevenLabs",))
RATE = 16_000
FRAME_BYTES = 640
FRAME_MS = 20

M = TypeVar("M", bound=ClientMessage)


class Sitting:
    """One connection of the room, from the server's side. Times are `time.monotonic()`, s."""

    def __init__(self, socket: WebSocket, hello: protocol.Hello) -> None:
        self.hello = hello
        self.messages: list[tuple[float, ClientMessage]] = []
        self.frames: list[tuple[float, bytes]] = []
        self._socket = socket
        self._stirred = asyncio.Event()

    async def send(self, message: ServerMessage) -> None:
        await self._socket.send_text(protocol.write(message))

    async def sound(self, pcm: bytes) -> None:
        await self._socket.send_bytes(pcm)

    async def close(self, code: int = 1012) -> None:
        await self._socket.close(code)

    def of(self, kind: type[M]) -> list[M]:
        """The messages of a kind so far."""
        return [message for _, message in self.messages if isinstance(message, kind)]

    def played(self, segment: int) -> list[tuple[float, Playback]]:
        """The reports on a segment so far."""
        return [(at, each) for at, each in self.messages if isinstance(each, Playback) and each.segment == segment]

    async def until(self, is_so: Callable[[], bool], within_s: float = WITHIN_S) -> None:
        """Until something is so; looks after each message and frame."""
        async with asyncio.timeout(within_s):
            while not is_so():
                self._stirred.clear()
                await self._stirred.wait()

    async def has_played(self, segment: int, ms: int) -> None:
        """Until so much of a segment was reported."""
        await self.until(lambda: any(each.ms >= ms for _, each in self.played(segment)))

    async def done(self, segment: int, within_s: float = WITHIN_S) -> Playback:
        """The report that ends a segment."""
        await self.until(lambda: any(each.done for _, each in self.played(segment)), within_s)
        return next(each for _, each in self.played(segment) if each.done)

    async def hears(self, frames: int) -> None:
        """Until so many more frames came: the microphone is a clock that no test has to wait on by the wall."""
        wanted = len(self.frames) + frames
        await self.until(lambda: len(self.frames) >= wanted)

    async def says(self, segment: int, pcm: bytes) -> None:
        """A whole segment at once."""
        await self.send(protocol.AudioBegin(segment=segment, reply_id=None))
        for frame in frames_of(pcm):
            await self.sound(frame)
        await self.send(protocol.AudioEnd(segment=segment))

    async def listen(self) -> None:
        """Take what comes until the room goes."""
        while True:
            frame = await self._socket.receive()
            if frame["type"] == "websocket.disconnect":
                return
            if (pcm := frame.get("bytes")) is not None:
                self.frames.append((time.monotonic(), pcm))
            else:
                message = protocol.read(frame["text"])
                if isinstance(message, protocol.Ping):
                    await self.send(protocol.Pong())
                else:
                    self.messages.append((time.monotonic(), message))
            self._stirred.set()


class Studio:
    """The server: its address, and the sittings in the order of their connecting."""

    def __init__(self, channel: Channel = "voice") -> None:
        self.url = ""
        self.sittings: list[Sitting] = []
        self.audio: AudioTerms | None = AudioTerms()
        self.voices = VOICES
        self.interview = _interview(channel)
        library = load_library()
        self._plan = next(iter(library.plans.values()))
        self._rubric = library.rubrics[self._plan.rubric]
        self._came = asyncio.Event()

    @property
    def room(self) -> str:
        return f"/interviews/{self.interview.id}/room"

    @property
    def check(self) -> str:
        return f"/interviews/{self.interview.id}/check"

    async def sitting(self, number: int = 1) -> Sitting:
        """The room's first, second, … connection once it is welcomed."""
        async with asyncio.timeout(WITHIN_S):
            while len(self.sittings) < number:
                self._came.clear()
                await self._came.wait()
        return self.sittings[number - 1]

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/interviews/{id}/room", self._room),
                Route("/interviews/{id}/check", self._check),
                Route("/api/v1/interviews/{id}/tickets", self._ticket, methods=["POST"]),
                WebSocketRoute("/live", self._live),
                Route("/offline/{language}", offline),
                Route("/worker.js", worker),
                Mount("/static", StaticPages(directory=STATIC)),
            ]
        )

    async def _room(self, request: Request) -> Response:
        return room.drawn(request, self.interview, self._plan, self._rubric, self.voices)

    async def _check(self, request: Request) -> Response:
        return checking.drawn(request, self.interview, self._plan, self.voices)

    async def _ticket(self, _: Request) -> Response:
        return JSONResponse({"ticket": "good"})

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept(protocol.SUBPROTOCOL)
        hello = protocol.read(await socket.receive_text())
        assert isinstance(hello, protocol.Hello)
        sitting = Sitting(socket, hello)
        await sitting.send(self._welcome("audio" in hello.capabilities))
        self.sittings.append(sitting)
        self._came.set()
        with suppress(WebSocketDisconnect, RuntimeError):
            await sitting.listen()

    def _welcome(self, with_audio: bool) -> protocol.Welcome:
        return protocol.Welcome(
            interview_id=self.interview.id,
            kind="practice",
            channel="voice",
            plan=self._plan.slug,
            title=self._plan.title["en"],
            patience="normal",
            interviewer="rehearsal",
            scorer="rehearsal",
            audio=self.audio if with_audio else None,
            epoch=1,
            last_seq=0,
            state=state(),
        )


def state(*, paused: bool = False) -> protocol.StateView:
    """In the middle of the warm-up."""
    return protocol.StateView(
        phase="warm_up",
        language="en",
        paused=paused,
        question=None,
        of=6,
        left_ms=900_000,
        may=("repeat", "skip", "wait", "resume" if paused else "pause", "end"),
    )


@asynccontextmanager
async def open_studio(studio: Studio | None = None) -> AsyncIterator[Studio]:
    """A studio, one of its own kind if wanted, on a free port of this machine, in the test's own loop."""
    studio = studio or Studio()
    config = uvicorn.Config(studio.app(), port=0, lifespan="off", log_level="warning", ws="websockets-sansio")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done(), "the studio did not start"
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    studio.url = f"http://127.0.0.1:{port}"
    try:
        yield studio
    finally:
        server.should_exit = True
        server.force_exit = True
        await serving


def tone(ms: int, hertz: float = 500.0, level: float = 0.3, rate: int = RATE) -> bytes:
    """A sine as PCM."""
    step = 2 * math.pi * hertz / rate
    samples = (round(32_767 * level * math.sin(step * at)) for at in range(ms * rate // 1000))
    return struct.pack(f"<{ms * rate // 1000}h", *samples)


def frames_of(pcm: bytes) -> Iterator[bytes]:
    """As it is sent: 20 ms each."""
    for start in range(0, len(pcm), FRAME_BYTES):
        yield pcm[start : start + FRAME_BYTES]


def write_beeps(path: Path, hertz: tuple[float, ...], rate: int = 48_000) -> None:
    """A recording for Chromium's fake microphone: beeps of all these tones at once, 200 ms in each 400."""
    count = rate // 5
    loud = [sum(math.sin(2 * math.pi * each * at / rate) for each in hertz) / len(hertz) * 0.5 for at in range(count)]
    samples = [round(32_767 * each) for each in (loud + [0.0] * count)] * 5
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def _interview(channel: Channel) -> Interview:
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    nobody: UUID = uuid7()
    return Interview(
        id=uuid7(),
        tenant_id=nobody,
        kind="practice",
        channel=channel,
        user_id=None,
        screening_id=None,
        plan_version_id=nobody,
        plan_slug="behavioural",
        plan_title="Behavioural interview",
        versions={},
        interview_type="behavioral",
        industry=None,
        role_level=None,
        language="en",
        difficulty_level="medium",
        target_duration_minutes=15,
        status="created",
        started_at=None,
        completed_at=None,
        actual_duration_seconds=None,
        last_seq=0,
        last_event_at=None,
        epoch=0,
        holder=None,
        held_until=None,
        scorer="rehearsal",
        overall_score=None,
        communication_score=None,
        content_score=None,
        structure_score=None,
        needs_review=False,
        created_at=now,
    )

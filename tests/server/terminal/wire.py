"""The server's side of the wire, played by a script: HTTP as far as clients need it, and `viva.v1` on `/live`."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agents.events import Phase
from server.live import protocol
from server.live.protocol import ClientMessage, Fact, Hello, QuestionView, ServerMessage, StateView

INTERVIEW = UUID("01920000-0000-7000-8000-000000000001")


class Side:
    """One connection, as the script sees it."""

    def __init__(self, wire: "Wire", ws: WebSocket, hello: Hello) -> None:
        self.wire = wire
        self.hello = hello
        self._ws = ws

    async def send(self, *messages: ServerMessage) -> None:
        for message in messages:
            await self._ws.send_text(protocol.write(message))

    async def take(self) -> ClientMessage:
        """The client's next message but typing and pings."""
        while True:
            message = protocol.read(await self._ws.receive_text())
            if isinstance(message, protocol.Ping):
                await self.send(protocol.Pong())
            elif not isinstance(message, protocol.Typing):
                self.wire.received.append(message)
                return message

    async def close(self, code: int) -> None:
        await self._ws.close(code)

    def fact(self, type_: str, *, client_id: str | None = None, **fields: object) -> Fact:
        """The next fact of the log."""
        self.wire.seq += 1
        return Fact(
            seq=self.wire.seq,
            at_ms=self.wire.seq * 100,
            at="2026-01-01T00:00:00Z",
            actor="director",
            event={"type": type_, **fields},
            client_id=client_id,
        )

    async def welcome(self, phase: Phase = "consent", question: str | None = None) -> None:
        await self.send(
            protocol.Welcome(
                interview_id=INTERVIEW,
                kind="practice",
                channel="text",
                plan="behavioural",
                title="Behavioural",
                patience="normal",
                interviewer="rehearsal",
                scorer="rehearsal",
                epoch=1,
                last_seq=self.wire.seq,
                state=state(phase, question),
            )
        )

    async def speak(self, words: str, phase: Phase, question: str | None = None, *, asks: bool = False) -> UUID:
        """One whole reply and what it led to."""
        reply_id = uuid4()
        half = len(words) // 2
        await self.send(
            protocol.ReplyDelta(reply_id=reply_id, text=words[:half]),
            protocol.ReplyDelta(reply_id=reply_id, text=words[half:]),
            protocol.ReplyEnd(reply_id=reply_id, interrupted=False),
            self.fact("reply.heard", reply_id=str(reply_id), text=words, interrupted=False, heard=1.0),
        )
        if asks and question is not None:
            await self.send(self.fact("question.asked", question_id=question, reply_id=str(reply_id), text=words))
        await self.send(protocol.State(state=state(phase, question)))
        return reply_id

    async def keep(self, message: ClientMessage) -> None:
        """Acknowledge a message as the next fact."""
        assert isinstance(message, protocol.Say | protocol.Press)
        text = message.text if isinstance(message, protocol.Say) else message.request
        fact = self.fact("turn.closed", client_id=message.client_id, text=text)
        await self.send(fact, protocol.Ack(client_id=message.client_id, seq=fact.seq))


def state(phase: Phase, question: str | None = None, *, paused: bool = False) -> StateView:
    view = None
    if question is not None:
        view = QuestionView(
            id=question, number=int(question[1:]), text=f"Question {question}?", competency="x", hints_left=1
        )
    return StateView(
        phase=phase,
        language="en",
        paused=paused,
        question=view,
        of=2,
        left_ms=600_000,
        may=("consent", "decline") if phase == "consent" else ("repeat", "hint", "skip", "pause", "end"),
    )


Script = Callable[[Side], Awaitable[None]]


class Wire:
    """Plays one script for each connection, in order; counts what clients did."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.hellos: list[Hello] = []
        self.received: list[ClientMessage] = []
        self.tickets = 0
        self.seq = 1
        self.report: dict[str, object] | None = None
        self.reports_pending = 0
        self.scores: list[dict[str, object]] = []
        self.url = ""

    def app(self) -> Starlette:
        api = "/api/v1"
        one = f"{api}/interviews/{{id}}"
        return Starlette(
            routes=[
                Route(f"{api}/plans", self._plans),
                Route(f"{api}/interviews", self._open, methods=["POST"]),
                Route(f"{one}/tickets", self._ticket, methods=["POST"]),
                Route(f"{one}/scores", self._scores),
                Route(f"{one}/report", self._report),
                WebSocketRoute("/live", self._live),
            ]
        )

    async def _plans(self, _: Request) -> Response:
        words = {"en": "Behavioural", "es": "Conductual"}
        plan = {
            "slug": "behavioural",
            "title": words,
            "summary": words,
            "languages": ["en", "es"],
            "target_duration_minutes": 25,
            "question_count": 2,
            "more": "than a client reads",
        }
        return JSONResponse({"plans": [plan]})

    async def _open(self, request: Request) -> Response:
        body = msgspec.json.decode(await request.body())
        if body["plan"] != "behavioural":
            problem = {"status": 404, "code": "unknown_plan", "title": "?", "detail": "There is no such plan."}
            return JSONResponse(problem, 404, media_type="application/problem+json")
        return JSONResponse({"id": str(INTERVIEW), "ticket": self._new_ticket(), "live_path": "/live"}, 201)

    async def _ticket(self, _: Request) -> Response:
        return JSONResponse({"ticket": self._new_ticket(), "expires_at": "2026-01-01T00:00:00Z"}, 201)

    async def _scores(self, _: Request) -> Response:
        return JSONResponse({"scores": self.scores})

    async def _report(self, _: Request) -> Response:
        if self.report is None or self.reports_pending > 0:
            self.reports_pending -= 1
            return JSONResponse({"status": 409, "code": "report_pending", "detail": "Not yet."}, 409)
        return JSONResponse(self.report)

    def _new_ticket(self) -> str:
        self.tickets += 1
        return f"ticket-{self.tickets}"

    async def _live(self, ws: WebSocket) -> None:
        await ws.accept(subprotocol=protocol.SUBPROTOCOL)
        with contextlib.suppress(WebSocketDisconnect):
            hello = protocol.read(await ws.receive_text())
            assert isinstance(hello, Hello)
            self.hellos.append(hello)
            await self.scripts.pop(0)(Side(self, ws, hello))
            with contextlib.suppress(RuntimeError):
                await ws.close(1000)


@contextlib.asynccontextmanager
async def serving(wire: Wire) -> AsyncIterator[str]:
    """The wire's address while it is served on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(wire.app(), log_level="error", ws="websockets-sansio"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        wire.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0)
            yield wire.url
        finally:
            server.should_exit = True
            await task

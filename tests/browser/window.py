"""The page of somebody who watches, on a server that speaks `viva.v1` and tells only what a test has it tell."""

from contextlib import suppress
from datetime import UTC, datetime

from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agents import events
from agents.events import AnyPayload, Event
from agents.plans import Plan
from server.live import protocol, views
from server.pages import observing
from server.pages.assets import STATIC, StaticPages
from server.pages.offline import worker
from storage.ids import uuid7
from tests.browser.studio import Sitting, Studio, state

ME = "user:0199f3c4-5a2e-7b31-8c44-1f2e3d4c5b6a"


class Window(Studio):
    """An interview whose log is what the test wrote into it."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Event] = []

    @property
    def watch(self) -> str:
        return f"/interviews/{self.interview.id}/watch"

    @property
    def plan(self) -> Plan:
        return self._plan

    def keep(self, fact: AnyPayload, actor: str | None = None) -> Event:
        """Writes an event that nobody is told of until they come again."""
        seq = len(self.log) + 1
        event = Event(seq, uuid7(), datetime.now(UTC), seq * 1_000, actor or events.actor_of(fact), fact)
        self.log.append(event)
        return event

    async def tell(self, fact: AnyPayload, actor: str | None = None) -> None:
        """Writes an event and tells whoever came last."""
        event = self.keep(fact, actor)
        await self.sittings[-1].send(views.fact_for_observer(event))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/interviews/{id}/watch", self._watch),
                Route("/api/v1/interviews/{id}/tickets", self._ticket, methods=["POST"]),
                WebSocketRoute("/live", self._live),
                Route("/worker.js", worker),
                Mount("/static", StaticPages(directory=STATIC)),
            ]
        )

    async def _watch(self, request: Request) -> Response:
        return observing.drawn(request, self.interview, self._plan, self._rubric, datetime.now(UTC))

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept(protocol.SUBPROTOCOL)
        hello = protocol.read(await socket.receive_text())
        assert isinstance(hello, protocol.Hello)
        sitting = Sitting(socket, hello)
        await sitting.send(self._watching())
        for event in self.log[hello.last_seq :]:
            await sitting.send(views.fact_for_observer(event))
        self.sittings.append(sitting)
        self._came.set()
        with suppress(WebSocketDisconnect, RuntimeError):
            await sitting.listen()

    def _watching(self) -> protocol.Watching:
        return protocol.Watching(
            interview_id=self.interview.id,
            role="operator",
            me=ME,
            kind="practice",
            channel="voice",
            plan=self._plan.slug,
            title=self._plan.title["en"],
            interviewer="rehearsal",
            scorer="rehearsal",
            last_seq=len(self.log),
            state=replace(state(), phase="questions"),
        )

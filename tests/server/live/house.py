"""The live gateway behind a real socket, over a test's own database."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Literal
from uuid import UUID

import uvicorn
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from agents import opening
from agents.events import Channel, Event, Kind
from agents.log import InterviewLog
from agents.offers import Brief, Writer
from agents.opening import Wish
from agents.plans import Language
from agents.rehearsal.interviewer import RehearsalInterviewer
from server.app import create_app
from server.live.gateway import PATH, Ears, LiveHost
from server.live.protocol import SUBPROTOCOL, Hello, Watching, Welcome
from server.services import Services
from server.serving import _Server
from storage.tickets import TicketRole
from tests.server.live.candidate import WITHIN_S, Candidate
from tests.server.serving import Clock

PLAN = "behavioural"
ANSWER = "I planned the migration myself, moved the tables one by one, and we finished two weeks early."


class HeldWriter:
    """The rehearsal interviewer; while `holds` is set it stops after its first words and never goes on."""

    name = "rehearsal"
    version = "rehearsal/held"

    def __init__(self) -> None:
        self.holds = False
        self._inner = RehearsalInterviewer()

    async def write(self, brief: Brief) -> AsyncIterator[str]:
        async for piece in self._inner.write(brief):
            yield piece
            if self.holds and not piece.endswith("\n"):
                await asyncio.Event().wait()


class House:
    """The server, and what the tests ask of it."""

    def __init__(self, services: Services, live: LiveHost, server: uvicorn.Server, clock: Clock) -> None:
        self.services = services
        self.live = live
        self.clock = clock
        self._server = server

    @property
    def port(self) -> int:
        port: int = self._server.servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def tenant_id(self) -> UUID:
        return self.services.local_owner.tenant_id

    def stop(self) -> None:
        """As SIGTERM does."""
        self._server.should_exit = True

    async def opens(self, *, kind: Kind = "practice", language: Language = "en", channel: Channel = "text") -> UUID:
        """An interview that nobody has entered."""
        owner = self.services.local_owner
        wish = Wish(plan=PLAN, language=language, kind=kind, channel=channel)
        opened = await opening.open_interview(
            self.services.database, owner.tenant_id, owner.user_id, wish, now=self.clock(), ticket_life=self.life
        )
        return opened.interview_id

    async def ticket(self, interview_id: UUID, role: TicketRole = "candidate") -> str:
        issued = await opening.issue_ticket(
            self.services.database,
            self.tenant_id,
            interview_id,
            now=self.clock(),
            ticket_life=self.life,
            role=role,
            user_id=self.services.local_owner.user_id,
        )
        return issued.ticket

    async def connects(self, *, subprotocol: str | None = SUBPROTOCOL, origin: str | None = None) -> Candidate:
        """A socket on which nothing was said."""
        socket = await connect(
            f"ws://127.0.0.1:{self.port}{PATH}",
            subprotocols=[Subprotocol(subprotocol)] if subprotocol else None,
            origin=Origin(origin) if origin else None,
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        return Candidate(socket)

    async def greets(self, ticket: str, *, last_seq: int = 0) -> Candidate:
        """A candidate who has said hello and read nothing yet."""
        candidate = await self.connects()
        await candidate.send(Hello(ticket=ticket, last_seq=last_seq, client="test"))
        return candidate

    async def enters(self, interview_id: UUID, *, last_seq: int = 0, ticket: str | None = None) -> Candidate:
        """A candidate who has been welcomed."""
        candidate = await self.greets(ticket or await self.ticket(interview_id), last_seq=last_seq)
        await candidate.next(Welcome)
        return candidate

    async def watches(self, interview_id: UUID, role: TicketRole = "operator", *, last_seq: int = 0) -> Candidate:
        """Somebody who watches and has been welcomed."""
        watcher = await self.greets(await self.ticket(interview_id, role), last_seq=last_seq)
        await watcher.next(Watching)
        return watcher

    async def begins(self, question: int = 1) -> tuple[UUID, Candidate]:
        """A new interview whose candidate has reached that core question."""
        interview_id = await self.opens()
        candidate = await self.enters(interview_id)
        await candidate.reaches(question)
        return interview_id, candidate

    async def speaks(self, interview_id: UUID, *, figures: bool = False, last_seq: int = 0) -> Candidate:
        """A candidate who has been welcomed, with a microphone and a loudspeaker."""
        candidate = await self.connects()
        capabilities: tuple[Literal["text", "audio", "speech", "figures"], ...] = ("text", "audio")
        ticket = await self.ticket(interview_id)
        await candidate.send(
            Hello(
                ticket=ticket,
                last_seq=last_seq,
                client="test",
                capabilities=(*capabilities, "figures") if figures else capabilities,
            )
        )
        await candidate.next(Welcome)
        return candidate

    async def log(self, interview_id: UUID) -> list[Event]:
        """All that is kept of it."""
        return await InterviewLog(self.services.database, self.tenant_id, interview_id).read()

    async def types(self, interview_id: UUID) -> list[str]:
        return [event.type for event in await self.log(interview_id)]

    async def left(self, interview_id: UUID) -> list[Event]:
        """The log, once it tells that the candidate has left."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                log = await self.log(interview_id)
                if log[-1].type == "candidate.left":
                    return log
                await asyncio.sleep(0.01)

    @property
    def life(self) -> timedelta:
        return timedelta(seconds=self.services.settings.ticket_seconds)


@asynccontextmanager
async def open_house(
    services: Services, clock: Clock, writer: Writer, ears: Ears | None = None
) -> AsyncIterator[House]:
    """The whole application on a free port of this machine."""
    live = LiveHost(
        services.database,
        lambda _tenant, _interview: writer,
        cache=services.cache,
        settings=services.settings,
        now=clock,
        ears=ears,
    )
    app = create_app(services.settings, services=dataclasses.replace(services, live=live))
    config = uvicorn.Config(
        app,
        port=0,
        log_config=None,
        ws="websockets-sansio",
        ws_max_size=services.settings.max_body_bytes,
        timeout_graceful_shutdown=5,
    )
    up = asyncio.Event()
    server = _Server(config, up.set, live)
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(WITHIN_S):
            await up.wait()
        yield House(services, live, server, clock)
    finally:
        server.should_exit = True
        await serving

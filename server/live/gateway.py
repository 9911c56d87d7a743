"""The browser's and terminal's door to a live interview: one WebSocket, `viva.v1`, typed."""

import asyncio
import hashlib
import os
import socket as network
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec
import structlog
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from agents import director, events
from agents.audio import Line
from agents.conversation import Conversation, Sounds
from agents.log import InterviewLog
from agents.offers import Writer
from agents.plans import Plan
from agents.providing import Providing
from server.live import protocol, views
from server.live.frames import MOST_MISTAKES, UNKEEPABLE, Reader, Refused, last_straw
from server.live.observing import Observers
from server.live.outlet import SocketOutlet
from server.metrics import EVENT_APPEND_SECONDS, EVENTS_APPENDED, LIVE_INTERVIEWS
from server.principal import refuse_foreign
from server.settings import Settings
from server.tracing import Traces
from storage import interviews, plans, tickets
from storage.cache import Cache
from storage.database import Connection, Database
from storage.errors import DatabaseUnavailable, NotFound, TicketExpired, TicketRefused, TicketUsed
from storage.events import EventRecord
from storage.ids import uuid7

log = structlog.get_logger(__name__)

MOST_OPENINGS = 6
"""Candidates who come in at the same moment: fewer than there are connections, so that those who are in find one."""
REPORT_WITHIN_S = 30.0
"""How long a client whose interview has ended is kept connected for its report."""
FAREWELL_WITHIN_S = 1.0
PATH = "/live"
_STOPPING = ("server_stopping", "The server is stopping. Reconnect in a moment.")


class _Holding(msgspec.Struct):
    conversation: Conversation
    outlet: SocketOutlet
    task: asyncio.Task[None]
    reader: Reader


class Ears(Protocol):
    """What this process hears and speaks with, where it does."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    def on(self, line: Line, tenant_id: UUID, interview_id: UUID) -> Sounds:
        """What makes the sound of one interview on its line to the candidate."""
        ...


Writers = Callable[[UUID, UUID], Writer]
"""Makes the writer of one interview, given its tenant and itself."""


class LiveHost:
    """The live interviews of this process."""

    def __init__(
        self,
        database: Database,
        writers: Writers,
        *,
        cache: Cache | None,
        settings: Settings,
        ears: Ears | None = None,
        traces: Traces | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._writers = writers
        self._ears = ears
        self._traces = traces or Traces()
        self._cache = cache
        self._settings = settings
        self._max_bytes = settings.max_message_bytes
        self._now = now
        self._monotonic = monotonic
        self._holder = f"{network.gethostname()}:{os.getpid()}"
        self._held: dict[UUID, _Holding] = {}
        # A door is there for as long as somebody stands in it.
        self._doors: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._plans: dict[UUID, Plan] = {}
        self._unpacking = asyncio.Lock()
        self._openings = asyncio.Semaphore(MOST_OPENINGS)
        self._is_stopping = False
        self._observers = Observers(
            database, cache, self._plan, now=now, monotonic=monotonic, max_bytes=settings.max_message_bytes
        )

    @property
    def live_count(self) -> int:
        """How many interviews have a candidate connected here."""
        return len(self._held)

    def providing(self, interview_id: UUID) -> Providing | None:
        """Who serves an interview that is held here."""
        holding = self._held.get(interview_id)
        return holding.conversation.providing if holding is not None else None

    def routes(self) -> list[WebSocketRoute]:
        return [WebSocketRoute(PATH, self.serve, name="live")]

    async def start(self) -> None:
        if self._ears is not None:
            await self._ears.open()

    async def drain(self, within_s: float) -> None:
        """Takes nobody in any more, and hands each interview over once neither of the two is speaking.

        Returns when none is left, or after `within_s`.
        """
        self._is_stopping = True
        self._observers.stop()
        holdings = list(self._held.values())
        for holding in holdings:
            holding.conversation.hand_over()
        if holdings:
            await asyncio.wait({holding.task for holding in holdings}, timeout=within_s)

    async def stop(self) -> None:
        """Lets every candidate know and gives every interview up, all of it kept."""
        self._is_stopping = True
        self._observers.stop()
        holdings = list(self._held.values())
        for holding in holdings:
            holding.outlet.closed("server_stopping")
            holding.conversation.stop("server stopping")
        await asyncio.gather(*(holding.task for holding in holdings), return_exceptions=True)
        if self._ears is not None:
            await self._ears.close()

    # --- one client --------------------------------------------------------------------------------------------

    async def serve(self, socket: WebSocket) -> None:
        """One connection, from hello to close."""
        # Raised before the accept, so that a page of another origin gets no socket at all.
        refuse_foreign(socket, self._settings)
        offered = socket.scope.get("subprotocols", [])
        await socket.accept(protocol.SUBPROTOCOL if protocol.SUBPROTOCOL in offered else None)
        try:
            if protocol.SUBPROTOCOL not in offered:
                message = f"Open the socket with the subprotocol {protocol.SUBPROTOCOL}."
                raise Refused("wrong_subprotocol", message, close="malformed")
            hello = await self._hello(socket)
            ticket = await self._redeem(hello.ticket)
            with structlog.contextvars.bound_contextvars(interview_id=str(ticket.interview_id)):
                if ticket.role == "candidate":
                    await self._attend(socket, hello, ticket)
                else:
                    await self._observe(socket, hello, ticket)
        except Refused as refusal:
            await _refuse(socket, refusal)
        except DatabaseUnavailable:
            message = "The interview cannot be reached at the moment. Everything is kept; try again in a few seconds."
            await _refuse(socket, Refused("unavailable", message, close="unavailable"))
        except WebSocketDisconnect:
            pass
        except Exception:
            log.exception("live.failed")
            message = "Something went wrong on our side. Everything up to here is kept; reconnect to go on."
            await _refuse(socket, Refused("internal", message, close="internal"))

    async def _hello(self, socket: WebSocket) -> protocol.Hello:
        try:
            async with asyncio.timeout(protocol.HELLO_WITHIN_S):
                message = await Reader(socket, self._monotonic, max_bytes=self._max_bytes, takes_audio=False).next()
        except TimeoutError:
            sentence = f"Send hello within {protocol.HELLO_WITHIN_S:.0f} seconds of opening the socket."
            raise Refused("hello_late", sentence, close="hello_late") from None
        except Refused as refusal:
            raise Refused(refusal.code, str(refusal), close=refusal.close or "malformed") from None
        if not isinstance(message, protocol.Hello):
            sentence = "The first message must be hello, with the ticket."
            raise Refused("hello_missing", sentence, close="malformed")
        return message

    async def _redeem(self, token: str) -> tickets.Ticket:
        digest = hashlib.sha256(token.encode()).digest()
        try:
            ticket = await tickets.redeem_ticket(self._database, digest, self._now())
        except TicketUsed as refusal:
            raise Refused("ticket_used", str(refusal), close="ticket_used") from None
        except TicketExpired as refusal:
            raise Refused("ticket_expired", str(refusal), close="ticket_expired") from None
        except TicketRefused as refusal:
            raise Refused("bad_ticket", str(refusal), close="bad_ticket") from None
        return ticket

    async def _observe(self, socket: WebSocket, hello: protocol.Hello, ticket: tickets.Ticket) -> None:
        if self._is_stopping:
            raise Refused(*_STOPPING, close="server_stopping")
        try:
            await self._observers.attend(socket, hello, ticket)
        except NotFound as missing:
            raise Refused("not_found", str(missing), close="not_found") from None

    async def _attend(self, socket: WebSocket, hello: protocol.Hello, ticket: tickets.Ticket) -> None:
        """Holds the interview for as long as this client is there."""
        interview_id = ticket.interview_id
        door = self._doors.setdefault(interview_id, asyncio.Lock())
        async with door:
            await self._displace(interview_id)
            if self._is_stopping:
                raise Refused(*_STOPPING, close="server_stopping")
            async with self._openings:
                holding = await self._open(socket, hello, ticket)
            self._held[interview_id] = holding
            LIVE_INTERVIEWS.set(len(self._held))
        sending = asyncio.create_task(holding.outlet.drain())
        telling = asyncio.create_task(self._listen(interview_id, holding.conversation))
        closing = asyncio.create_task(_close_when_over(holding))
        try:
            await _while_there(_read(holding), holding)
        finally:
            holding.conversation.stop("connection lost")
            await asyncio.gather(holding.task, return_exceptions=True)
            for task in (telling, closing):
                task.cancel()
            # A farewell that is queued goes out before the sender ends; a dead socket ends it at once.
            holding.outlet.finish()
            await asyncio.wait({sending}, timeout=FAREWELL_WITHIN_S)
            sending.cancel()
            holding.outlet.trace.end()
            await asyncio.gather(sending, telling, closing, return_exceptions=True)
            if self._held.get(interview_id) is holding:
                del self._held[interview_id]
                LIVE_INTERVIEWS.set(len(self._held))

    async def _displace(self, interview_id: UUID) -> None:
        """A valid newcomer takes the interview over at once; the client that had it is told."""
        earlier = self._held.get(interview_id)
        if earlier is not None:
            earlier.outlet.closed("taken_over")
            earlier.conversation.stop("taken over")
            await asyncio.gather(earlier.task, return_exceptions=True)

    async def _open(self, socket: WebSocket, hello: protocol.Hello, ticket: tickets.Ticket) -> _Holding:
        async with self._database.tenant(ticket.tenant_id) as connection:
            try:
                row = await interviews.interview(connection, ticket.interview_id)
            except NotFound as missing:
                raise Refused("not_found", str(missing), close="not_found") from None
            plan = await self._plan(connection, row.plan_version_id)
        journal = InterviewLog(
            self._database,
            ticket.tenant_id,
            ticket.interview_id,
            self._now,
            partial(self._appended, ticket.interview_id),
            self._monotonic,
        )
        kind: events.Kind = "screening" if row.kind == "screening" else "practice"
        has_audio = self._ears is not None and row.channel == "voice" and "audio" in hello.capabilities
        # Before anything is started for the interview, so that whatever calls a model belongs to its trace.
        channel: events.Channel = "voice" if row.channel == "voice" else "text"
        trace = self._traces.begin(ticket.interview_id, channel, kind)
        outlet = SocketOutlet(
            socket,
            plan,
            kind,
            channel,
            has_audio=has_audio,
            wants_figures="figures" in hello.capabilities,
            trace=trace,
        )
        conversation = Conversation(
            plan,
            journal,
            self._writers(ticket.tenant_id, ticket.interview_id),
            outlet,
            monotonic=self._monotonic,
            holder=self._holder,
            client=hello.client.replace(UNKEEPABLE, "")[:40],
            reports_playback="speech" in hello.capabilities and not has_audio,
            sounds=(
                self._ears.on(outlet, ticket.tenant_id, ticket.interview_id)
                if self._ears is not None and has_audio
                else None
            ),
        )
        past = await conversation.open()
        trace.held(conversation.epoch)
        created = past[0].payload
        if not isinstance(created, events.InterviewCreated):
            message = "an interview's log must begin with interview.created"
            raise TypeError(message)
        welcome = views.welcome(ticket.interview_id, plan, created, conversation.state, conversation.epoch)
        terms = protocol.AudioTerms() if has_audio else None
        outlet.send(msgspec.structs.replace(welcome, audio=terms))
        if hello.last_seq > conversation.state.seq:
            sentence = "Your copy of this interview was ahead of ours, so all of it is sent again."
            outlet.send(protocol.Notice(code="history_resent", message=sentence))
        seen = hello.last_seq if hello.last_seq <= conversation.state.seq else 0
        for event in past:
            outlet.past(event, has_it=event.seq <= seen)
        task = asyncio.create_task(conversation.run())
        reader = Reader(socket, self._monotonic, max_bytes=self._max_bytes, takes_audio=has_audio)
        return _Holding(conversation, outlet, task, reader)

    async def _plan(self, connection: Connection, plan_version_id: UUID) -> Plan:
        """A plan as it was pinned, read once. Fifty candidates who come together do not each unpack it."""
        async with self._unpacking:
            plan = self._plans.get(plan_version_id)
            if plan is None:
                version = await plans.plan_version(connection, plan_version_id)
                plan = self._plans[plan_version_id] = msgspec.convert(version.body, Plan)
            return plan

    def _appended(self, interview_id: UUID, records: Sequence[EventRecord], seconds: float) -> None:
        """Counts what was kept, and shows it to those who watch."""
        EVENT_APPEND_SECONDS.observe(seconds)
        for record in records:
            EVENTS_APPENDED.labels(type=record.type).inc()
        if self._cache is not None:
            self._cache.announce(interview_id, records[-1].seq, msgspec.json.encode(records))

    async def _listen(self, interview_id: UUID, conversation: Conversation) -> None:
        """Looks at the log whenever somebody says that it grew."""
        if self._cache is None:
            return
        async with self._cache.listening(interview_id, lambda seq, _news: conversation.look(seq or None)):
            conversation.look()
            await asyncio.Event().wait()


async def _while_there(reading: Coroutine[Any, Any, None], holding: _Holding) -> None:
    """Reads until the client goes, or the conversation is over by itself: taken over, the database away for long."""
    task = asyncio.create_task(reading)
    await asyncio.wait({task, holding.task}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    [ended] = await asyncio.gather(task, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended


async def _read(holding: _Holding) -> None:
    mistakes = 0
    while True:
        try:
            message = await holding.reader.next()
            if isinstance(message, bytes):
                holding.conversation.hear(message)
            else:
                _take(message, holding)
        except WebSocketDisconnect:
            return
        except Refused as refusal:
            mistakes += 1
            last = refusal if mistakes < MOST_MISTAKES else last_straw(refusal)
            holding.outlet.send(last.problem())
            if last.close is not None:
                holding.outlet.finish(protocol.CLOSE_CODES[last.close])
                return


def _take(message: protocol.ClientMessage, holding: _Holding) -> None:
    conversation = holding.conversation
    match message:
        case protocol.Say():
            turn = director.Turn(uuid7(), message.text.strip(), message.source, question_id=message.question_id)
            conversation.put(turn, message.client_id)
        case protocol.Press():
            conversation.put(director.Press(message.request, message.language), message.client_id)
        case protocol.Typing():
            conversation.active()
        case protocol.Ping():
            holding.outlet.send(protocol.Pong())
        case protocol.Played():
            conversation.played(message.reply_id, message.characters, done=message.done)
        case protocol.Playback():
            conversation.playback(message.segment, message.ms, done=message.done)
        case protocol.Microphone():
            conversation.active()
        case protocol.Hello():
            raise Refused("hello_twice", "hello opens a socket and is sent once.")
        case _:
            raise Refused("not_for_candidates", "This ticket opens the candidate's side.", client_id=message.client_id)


async def _close_when_over(holding: _Holding) -> None:
    """Keeps the client until its report is there, then says goodbye."""
    await holding.outlet.ended.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(REPORT_WITHIN_S):
            await holding.outlet.reported.wait()
    holding.outlet.closed("ended")
    holding.conversation.stop("ended")


async def _refuse(socket: WebSocket, refusal: Refused) -> None:
    """Says what was wrong and closes."""
    if socket.application_state is not WebSocketState.CONNECTED:
        return
    with suppress(WebSocketDisconnect, RuntimeError, OSError):
        await socket.send_text(protocol.write(refusal.problem()))
        await socket.close(protocol.CLOSE_CODES[refusal.close or "malformed"])

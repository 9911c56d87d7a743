"""People who watch an interview while it goes on: what they see, and what they may do.

They watch from any process: the log is read wherever Redis says that it grew, once for all of them. What they ask for
is kept as an event of theirs, and the process that holds the interview obeys what it reads there.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID, uuid4

import msgspec
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from agents import events
from agents.events import AnyPayload
from agents.log import InterviewLog, append_side_fact, from_record, side_fact_id
from agents.plans import Plan
from agents.state import State, evolve
from agents.sweeping import close_interview
from server.live import protocol, views
from server.live.frames import MOST_MISTAKES, Reader, Refused, last_straw
from server.live.outbox import Outbox
from storage import events as kept
from storage.cache import Cache
from storage.database import Connection, Database
from storage.errors import DatabaseUnavailable
from storage.events import EventRecord
from storage.interviews import Interview, interview
from storage.tickets import Ticket

log = structlog.get_logger(__name__)

Role: TypeAlias = Literal["observer", "operator"]
PlanOf = Callable[[Connection, UUID], Awaitable[Plan]]

LOOK_EVERY_S = 5.0
"""How often the log is looked at though nobody said that it grew: a message of Redis may be lost."""
MOST_NOTES = 10
"""Notes that may wait for the interviewer at once."""
FAREWELL_WITHIN_S = 1.0
_records: msgspec.json.Decoder[list[EventRecord]] = msgspec.json.Decoder(list[EventRecord])


class Watched:
    """One interview that somebody watches from this process."""

    def __init__(self, journal: InterviewLog, row: Interview, plan: Plan) -> None:
        self.state = State()
        self.row = row
        self.plan = plan
        self.journal = journal
        self.watchers: set[Outbox] = set()
        self.is_read = asyncio.Event()
        """Set once the log has been read for the first time."""
        self.count = 0
        """How many watch, or are about to."""
        self.following: asyncio.Task[None] | None = None
        self._events: list[events.Event] = []
        self._stirred = asyncio.Event()
        self._reading = asyncio.Lock()
        self._view: protocol.StateView | None = None

    def look(self, seq: int, news: bytes) -> None:
        """The log has grown to `seq`, or may have (`LOOK`). What follows on what is known is taken as it comes."""
        if seq and seq <= self.state.seq:
            return
        records = _records.decode(news) if news else []
        if records and records[0].seq == self.state.seq + 1 and not self._reading.locked():
            self._take([from_record(record) for record in records])
        else:
            self._stirred.set()

    def send_past(self, outbox: Outbox, after: int) -> None:
        """What this watcher has not seen yet."""
        for event in self._events:
            if event.seq > after:
                outbox.send(views.fact_for_observer(event))

    async def follow(self) -> None:
        """Reads on whenever something may have happened, for all who watch."""
        while True:
            self._stirred.clear()
            try:
                await self.read()
                self.is_read.set()
            except DatabaseUnavailable:
                await asyncio.sleep(1.0)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._stirred.wait()

    async def read(self) -> None:
        """Reads on, and shows what is new to all who watch. Raises `DatabaseUnavailable`."""
        async with self._reading:
            self._take(await self.journal.read(self.state.seq))

    def _take(self, new: Sequence[events.Event]) -> None:
        for event in new:
            self.state = evolve(self.state, event)
            self._events.append(event)
            message = views.fact_for_observer(event)
            for outbox in self.watchers:
                outbox.send(message)
        view = self.view()
        if view != self._view:
            self._view = view
            for outbox in self.watchers:
                outbox.send(protocol.State(state=view))

    def view(self) -> protocol.StateView:
        return views.state_view(self.plan, self.state, self.state.at_ms)


class Observers:
    """Everybody who watches through this process."""

    def __init__(
        self,
        database: Database,
        cache: Cache | None,
        plan_of: PlanOf,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        max_bytes: int,
    ) -> None:
        self._database = database
        self._cache = cache
        self._plan_of = plan_of
        self._now = now
        self._monotonic = monotonic
        self._max_bytes = max_bytes
        self._watched: dict[UUID, Watched] = {}
        self._watchers: set[Outbox] = set()
        self._opening = asyncio.Lock()

    def stop(self) -> None:
        """Everybody is told to come back, to another process."""
        for outbox in self._watchers:
            outbox.closed("server_stopping")

    async def attend(self, socket: WebSocket, hello: protocol.Hello, ticket: Ticket) -> None:
        """Shows the interview for as long as this person is there."""
        role: Role = "operator" if ticket.role == "operator" else "observer"
        outbox = Outbox(socket)
        sending = asyncio.create_task(outbox.drain())
        self._watchers.add(outbox)
        try:
            async with self._watching(ticket) as watched:
                desk = _Desk(self._database, self._cache, watched, role, ticket, outbox, self._now)
                await watched.is_read.wait()
                outbox.send(_welcome(watched, role, desk.me))
                watched.send_past(outbox, hello.last_seq if hello.last_seq <= watched.state.seq else 0)
                watched.watchers.add(outbox)
                try:
                    await _serve(desk, Reader(socket, self._monotonic, max_bytes=self._max_bytes, takes_audio=False))
                finally:
                    watched.watchers.discard(outbox)
                    await desk.leave()
        finally:
            self._watchers.discard(outbox)
            outbox.finish()
            await asyncio.wait({sending}, timeout=FAREWELL_WITHIN_S)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    @asynccontextmanager
    async def _watching(self, ticket: Ticket) -> AsyncIterator[Watched]:
        """The interview, followed for as long as anybody here watches it."""
        async with self._opening:
            watched = self._watched.get(ticket.interview_id)
            if watched is None:
                async with self._database.tenant(ticket.tenant_id) as connection:
                    row = await interview(connection, ticket.interview_id)
                    plan = await self._plan_of(connection, row.plan_version_id)
                journal = InterviewLog(self._database, ticket.tenant_id, ticket.interview_id, self._now)
                watched = self._watched[ticket.interview_id] = Watched(journal, row, plan)
                watched.following = asyncio.create_task(self._follow(watched))
            watched.count += 1
        try:
            yield watched
        finally:
            watched.count -= 1
            if not watched.count:
                self._watched.pop(ticket.interview_id, None)
                if watched.following is not None:
                    watched.following.cancel()
                    await asyncio.gather(watched.following, return_exceptions=True)

    async def _follow(self, watched: Watched) -> None:
        try:
            if self._cache is None:
                await watched.follow()
                return
            async with self._cache.listening(watched.row.id, watched.look):
                await watched.follow()
        except Exception:
            log.exception("observing.failed", interview_id=str(watched.row.id))
            for outbox in watched.watchers:
                outbox.closed("internal")


class _Desk:
    """One person's acts."""

    def __init__(
        self,
        database: Database,
        cache: Cache | None,
        watched: Watched,
        role: Role,
        ticket: Ticket,
        outbox: Outbox,
        now: Callable[[], datetime],
    ) -> None:
        self.me = f"user:{ticket.user_id}" if ticket.user_id is not None else f"ticket:{ticket.id}"
        self.outbox = outbox
        self._database = database
        self._cache = cache
        self._watched = watched
        self._role = role
        self._tenant_id = ticket.tenant_id
        self._now = now
        self._has_control = False

    async def do(self, act: protocol.Act) -> None:
        """Keeps an act as an event and acknowledges it. Raises `Refused`, `DatabaseUnavailable`."""
        seq = await self._keep(self._fact(act), act.client_id)
        if isinstance(act, protocol.Finish) and not self._watched.state.present:
            # Nobody is there to hear a goodbye: the interview ends at once.
            await close_interview(self._database, self._tenant_id, self._watched.row.id, "operator", self._now)
            await self._tell(0)
        self._has_control = isinstance(act, protocol.Take) or (
            self._has_control and not isinstance(act, protocol.Return | protocol.Finish)
        )
        self.outbox.send(protocol.Ack(client_id=act.client_id, seq=seq))

    async def leave(self) -> None:
        """Whoever goes away while in control hands back."""
        if self._has_control and self._watched.state.control == self.me:
            with suppress(DatabaseUnavailable):
                await self._keep(events.ControlReturned(), f"left {uuid4()}")

    def _fact(self, act: protocol.Act) -> AnyPayload:
        state = self._watched.state
        if state.phase == "ended":
            raise Refused("wrong_phase", "This interview has ended.", client_id=act.client_id)
        if self._role != "operator" and not isinstance(act, protocol.Flag | protocol.Note):
            sentence = "An observer may flag and leave notes. Ask for an operator's ticket to step in."
            raise Refused("not_allowed", sentence, client_id=act.client_id)
        match act:
            case protocol.Flag():
                if act.about is not None and not 0 < act.about <= state.seq:
                    sentence = f"There is no event {act.about} in this interview."
                    raise Refused("no_such_event", sentence, client_id=act.client_id)
                return events.InterviewFlagged(reason=act.reason.strip(), about=act.about)
            case protocol.Note():
                if len(state.notes) >= MOST_NOTES:
                    sentence = f"{MOST_NOTES} notes wait for the interviewer already. Leave this one later."
                    raise Refused("too_many_notes", sentence, client_id=act.client_id)
                return events.NoteLeft(text=act.text.strip())
            case protocol.Take():
                if state.control not in (None, self.me):
                    raise Refused("taken", "Somebody else has taken over already.", client_id=act.client_id)
                return events.ControlTaken()
            case protocol.Finish():
                if not state.started:
                    sentence = "The candidate has not begun. There is nothing to end."
                    raise Refused("wrong_phase", sentence, client_id=act.client_id)
                return events.EndOrdered()
            case protocol.Speak():
                self._need_control(act.client_id)
                return events.OperatorSaid(text=act.text.strip())
            case protocol.Return():
                self._need_control(act.client_id)
                return events.ControlReturned()

    def _need_control(self, client_id: str) -> None:
        if self._watched.state.control != self.me:
            raise Refused("not_in_control", "Take over first.", client_id=client_id)

    async def _keep(self, fact: AnyPayload, client_id: str) -> int:
        row, state = self._watched.row, self._watched.state
        act = f"{self.me} {client_id}"
        async with self._database.tenant(self._tenant_id) as connection:
            seq = await append_side_fact(connection, row.id, fact, self.me, act, self._now(), state.at_ms)
        if seq is None:
            # Sent again after a drop: kept once.
            async with self._database.tenant(self._tenant_id) as connection:
                seq = await kept.kept_seq(connection, row.id, event_id=side_fact_id(row.id, act))
        else:
            await self._tell(seq)
        return seq or 0

    async def _tell(self, seq: int) -> None:
        if self._cache is not None:
            self._cache.announce(self._watched.row.id, seq)
        # What this person does next is judged by what they have just done.
        await self._watched.read()


def _welcome(watched: Watched, role: Role, me: str) -> protocol.Watching:
    row, state = watched.row, watched.state
    return protocol.Watching(
        interview_id=row.id,
        role=role,
        me=me,
        kind=state.kind,
        channel=state.channel,
        plan=watched.plan.slug,
        title=watched.plan.title[state.language],
        interviewer=str(row.versions.get("interviewer", "")),
        scorer=str(row.versions.get("scorer", "")),
        last_seq=state.seq,
        state=watched.view(),
    )


async def _serve(desk: _Desk, reader: Reader) -> None:
    """Reads what this person does until they go."""
    mistakes = 0
    while True:
        try:
            await _take(desk, await reader.next())
        except WebSocketDisconnect:
            return
        except DatabaseUnavailable:
            sentence = "That could not be kept just now. Try again in a few seconds."
            desk.outbox.send(protocol.Problem(code="unavailable", message=sentence))
        except Refused as refusal:
            mistakes += 1
            last = refusal if mistakes < MOST_MISTAKES else last_straw(refusal)
            desk.outbox.send(last.problem())
            if last.close is not None:
                desk.outbox.finish(protocol.CLOSE_CODES[last.close])
                return


async def _take(desk: _Desk, message: protocol.ClientMessage | bytes) -> None:
    if isinstance(message, protocol.Ping):
        desk.outbox.send(protocol.Pong())
    elif isinstance(message, protocol.Act):
        await desk.do(message)
    else:
        sentence = "Whoever watches may flag, note, take, speak, return and finish."
        raise Refused("not_for_observers", sentence)

"""One interview, live: an actor with one inbox and the one hand that writes its conversation facts.

Everything that happens comes in by the inbox and is handled one at a time: the Director decides, the facts are
appended, the state evolves, and only then is anything said or shown. It outlives the voice it speaks with.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol
from uuid import UUID

import msgspec
import structlog

from agents import director, events
from agents.clock import InterviewClock
from agents.director import DirectorError, Input, decide
from agents.drafting import Drafting
from agents.events import AnyPayload, Event
from agents.log import InterviewLog
from agents.offering import offer
from agents.offers import Choice, Writer
from agents.plans import Plan
from agents.reply import Reply
from agents.session import Hearing, Spoken, Voice
from agents.state import State, evolve, fold
from storage.errors import AlreadyKept, DatabaseUnavailable, StaleEpoch
from storage.ids import uuid7

log = structlog.get_logger(__name__)

SPEECH_SETTLES_WITHIN_S = 2.0
"""How long a voice that was told to stop may take to say what was heard."""


class Outlet(Protocol):
    """Where the candidate is reached. None of these block; a client that is too slow is dropped by the gateway."""

    def fact(self, event: Event) -> None: ...
    def moved(self, state: State, at_ms: int) -> None: ...
    def words(self, reply_id: UUID, text: str) -> bool:
        """False once nothing can reach the candidate any more."""
        ...

    def reply_ended(self, reply_id: UUID, *, interrupted: bool) -> None: ...
    def kept(self, client_id: str, seq: int) -> None: ...
    def refused(self, client_id: str | None, error: Exception) -> None: ...
    def closed(self, reason: str) -> None:
        """The conversation is over for this client: `taken_over` or `unavailable`."""
        ...


class Arrived(msgspec.Struct, frozen=True):
    """Something the candidate did, under the client's own id for it."""

    happened: Input
    client_id: str | None = None


class _Decision(msgspec.Struct, frozen=True):
    reply: Reply
    choice: Choice
    fell_back: str | None
    verdict: asyncio.Future[bool]


class _Ended(msgspec.Struct, frozen=True):
    reply: Reply
    spoken: Spoken


class _Look(msgspec.Struct, frozen=True):
    """The log may hold something new that somebody else wrote."""


class _Stop(msgspec.Struct, frozen=True):
    reason: str


class _Active(msgspec.Struct, frozen=True):
    """The candidate is typing."""


_Item = Arrived | _Decision | _Ended | _Look | _Stop | _Active


class Conversation:
    """Holds the interview under one epoch until the candidate leaves, it ends, or another process takes it over."""

    def __init__(
        self,
        plan: Plan,
        interview_log: InterviewLog,
        writer: Writer,
        outlet: Outlet,
        *,
        monotonic: Callable[[], float],
        holder: str,
        client: str,
    ) -> None:
        self.plan = plan
        self.state = State()
        self.epoch = 0
        self._log = interview_log
        self._outlet = outlet
        self._monotonic = monotonic
        self._holder = holder
        self._client = client
        self._clock = InterviewClock(monotonic)
        self._active_ms = 0
        self._events: list[Event] = []
        self._drafting = Drafting(plan, writer)
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue()
        self._voice: Voice | None = None
        self._reply: Reply | None = None
        self._settled = asyncio.Event()
        self._spoken: Spoken | None = None
        self._is_over = False

    @property
    def has_ended(self) -> bool:
        return self.state.phase == "ended"

    # --- from outside ------------------------------------------------------------------------------------------

    def put(self, happened: Input, client_id: str | None = None) -> None:
        """The candidate did something."""
        self._inbox.put_nowait(Arrived(happened, client_id))

    def look(self) -> None:
        """Somebody else may have written to the log."""
        self._inbox.put_nowait(_Look())

    def active(self) -> None:
        """The candidate is typing: silence is counted anew."""
        self._inbox.put_nowait(_Active())

    def hear_interim(self) -> None:
        """The candidate goes on speaking: what was drafted for an earlier end is void."""
        self._drafting.drop()

    def hear_preflight(self, text: str) -> None:
        """The candidate may be done: a reply to this is drafted. Nothing is appended and nothing moves."""
        if self._reply is None:
            self._drafting.start(self.state, text, self._clock.now_ms(), self._events)

    def stop(self, reason: str) -> None:
        """Ends this holding of the interview after what is already in the inbox."""
        self._inbox.put_nowait(_Stop(reason))

    # --- the actor ---------------------------------------------------------------------------------------------

    async def open(self) -> list[Event]:
        """Takes the lease and folds the log; returns the events so far. Raises `NotFound`, `DatabaseUnavailable`."""
        epoch = await self._log.take_over(self._holder)
        self.epoch = epoch or 0
        self._events = await self._log.read()
        self.state = fold(self._events)
        self._clock = InterviewClock(self._monotonic, self.state.at_ms)
        return list(self._events)

    async def run(self) -> None:
        """Lives until it is stopped or over. Call `open` first."""
        try:
            await self._begin()
            while not self._is_over:
                await self._handle(await self._next())
        except StaleEpoch:
            # Another process holds the interview now: fall silent at once, write nothing more.
            self._outlet.closed("taken_over")
        except DatabaseUnavailable:
            self._outlet.closed("unavailable")
        except Exception:
            log.exception("conversation.failed")
            self._outlet.closed("internal")
        finally:
            await self._quieten()

    async def _begin(self) -> None:
        """Settles what an earlier holder left open, lets the candidate in, and says what is owed."""
        if self.has_ended:
            return
        self._voice = Voice(Hearing(text=self._show, turn_ended=self._turn_ended))
        await self._voice.start()
        if self.state.pending is not None:
            reply_id = UUID(self.state.pending.reply_id)
            await self._act(director.Heard(reply_id, text="", interrupted=True, heard=0.0))
        await self._act(director.Join(self._client))
        if self.state.finals:
            text = " ".join(text for _, text in self.state.finals)
            finals = tuple(seq for seq, _ in self.state.finals)
            await self._act(director.Turn(uuid7(), text, "speech", finals=finals))
        self._speak()

    async def _next(self) -> _Item:
        """What comes next: from the inbox, or the Director's timer."""
        due_ms = director.due(self.state, self._active_ms)
        wait_s = None if due_ms is None else max(0.0, (due_ms - self._clock.now_ms()) / 1000)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                return await self._inbox.get()
        return Arrived(director.Timer(self._active_ms))

    async def _handle(self, item: _Item) -> None:
        match item:
            case Arrived():
                await self._arrived(item)
            case _Decision():
                await self._keep_decision(item)
            case _Ended():
                await self._reply_done(item.reply, item.spoken)
                self._speak()
            case _Look():
                await self._catch_up()
            case _Active():
                self._active_ms = self._clock.now_ms()
            case _Stop():
                await self._leave(item.reason)

    async def _arrived(self, item: Arrived) -> None:
        try:
            if self._reply is not None and self._cuts_in(item.happened):
                # Refuse before cutting in: what makes no sense must not silence us either.
                decide(self.plan, self.state, item.happened, self._clock.now_ms())
                await self._cut_short()
            written = await self._act(item.happened, item.client_id)
        except DirectorError as refusal:
            self._outlet.refused(item.client_id, refusal)
            return
        except AlreadyKept as earlier:
            if item.client_id is None or earlier.seq is None:
                raise
            self._outlet.kept(item.client_id, earlier.seq)
            return
        if item.client_id is not None and written:
            sent = next((event for event in written if event.client_id is not None), written[0])
            self._outlet.kept(item.client_id, sent.seq)
        self._speak()

    def _cuts_in(self, happened: Input) -> bool:
        """Whether it silences us: whatever the candidate does, and a timer that ends things."""
        if isinstance(happened, director.Timer):
            facts = decide(self.plan, self.state, happened, self._clock.now_ms())
            return any(not isinstance(fact, events.TimeWarned) for fact in facts)
        return True

    async def _act(self, happened: Input, client_id: str | None = None) -> list[Event]:
        """Decides, appends, evolves and shows."""
        at_ms = self._clock.now_ms()
        facts = decide(self.plan, self.state, happened, at_ms)
        return await self._append(facts, at_ms, client_id) if facts else []

    async def _append(self, facts: Sequence[AnyPayload], at_ms: int, client_id: str | None) -> list[Event]:
        written = await self._log.append(self.epoch, at_ms, facts, client_id)
        if written[0].seq != self.state.seq + 1:
            await self._catch_up(before=written[0].seq)
        self._take(written)
        return written

    async def _catch_up(self, before: int | None = None) -> None:
        """Reads what others wrote: scores, notes, the report."""
        for event in await self._log.read(self.state.seq):
            if event.seq <= self.state.seq or (before is not None and event.seq >= before):
                continue
            self._take([event])

    def _take(self, written: Sequence[Event]) -> None:
        for event in written:
            self.state = evolve(self.state, event)
            self._events.append(event)
            self._outlet.fact(event)
        state = self.state
        self._clock.run(running=state.present and not state.paused and state.phase != "ended")
        self._outlet.moved(state, self._clock.now_ms())

    # --- speaking ----------------------------------------------------------------------------------------------

    def _speak(self) -> None:
        """Says what is owed, if anything is and nothing is being said."""
        if self._reply is not None or self._voice is None or self._is_over:
            return
        at_ms = self._clock.now_ms()
        owed = offer(self.plan, self.state, at_ms)
        if owed is None:
            return
        draft, was_draft = self._drafting.take(self.state, owed, self._events)
        reply = Reply(uuid7(), draft, was_draft, self._decide)
        self._reply, self._spoken = reply, None
        self._settled.clear()
        self._voice.say(reply.stream(), partial(self._on_spoken, reply))

    async def _decide(self, reply: Reply, choice: Choice, fell_back: str | None) -> bool:
        """Called by the reply when it has read its header; answered by the actor."""
        verdict: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(_Decision(reply, choice, fell_back, verdict))
        return await verdict

    async def _keep_decision(self, item: _Decision) -> None:
        if item.verdict.done():
            return
        if item.reply is not self._reply or self.state.pending is not None:
            item.verdict.set_result(False)
            return
        chose = director.Chose(item.reply.id, item.choice, item.reply.was_draft, item.fell_back)
        is_kept = False
        try:
            await self._act(chose)
            is_kept = True
        finally:
            if not item.verdict.done():
                item.verdict.set_result(is_kept)

    def _show(self, text: str) -> None:
        """Words are on their way to the candidate."""
        if self._reply is not None and not self._outlet.words(self._reply.id, text):
            self.stop("connection lost")

    def _on_spoken(self, reply: Reply, spoken: Spoken) -> None:
        if reply is self._reply:
            self._spoken = spoken
            self._settled.set()
        self._inbox.put_nowait(_Ended(reply, spoken))

    async def _cut_short(self) -> None:
        """Stops speaking and keeps what was heard, before anything else is decided."""
        reply = self._reply
        if reply is None or self._voice is None:
            return
        self._refuse_decisions()
        await self._voice.interrupt()
        with suppress(TimeoutError):
            async with asyncio.timeout(SPEECH_SETTLES_WITHIN_S):
                await self._settled.wait()
        await self._reply_done(reply, self._spoken or Spoken(text="", interrupted=True))

    def _refuse_decisions(self) -> None:
        """What a reply that is being cut short still wants to decide comes too late."""
        waiting = [self._inbox.get_nowait() for _ in range(self._inbox.qsize())]
        for item in waiting:
            if isinstance(item, _Decision):
                item.verdict.set_result(False)
            else:
                self._inbox.put_nowait(item)

    async def _reply_done(self, reply: Reply, spoken: Spoken) -> None:
        if reply is not self._reply:
            return
        self._reply = None
        self._outlet.reply_ended(reply.id, interrupted=spoken.interrupted)
        if reply.choice is None or self.state.pending is None:
            return
        share = reply.share_heard(spoken.text)
        await self._act(
            director.Heard(reply.id, text=spoken.text.strip(), interrupted=spoken.interrupted, heard=round(share, 3))
        )

    def _turn_ended(self, text: str) -> None:
        """The voice heard the end of a spoken turn. Its words are those of the finals it closes over."""
        finals = self.state.finals
        heard = " ".join(words for _, words in finals) or text
        self.put(director.Turn(uuid7(), heard, "speech", finals=tuple(seq for seq, _ in finals)))

    # --- the end -----------------------------------------------------------------------------------------------

    async def _leave(self, reason: str) -> None:
        self._is_over = True
        await self._cut_short()
        if not self.has_ended:
            await self._act(director.Leave(reason))

    async def _quieten(self) -> None:
        self._is_over = True
        self._refuse_decisions()
        self._drafting.drop()
        if self._voice is not None:
            await self._voice.close()
        await self._drafting.close()

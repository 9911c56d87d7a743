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
from agents.session import Spoken
from agents.speaking import Listener, Speaker
from agents.state import State, evolve, fold
from storage.errors import DatabaseUnavailable, StaleEpoch
from storage.ids import uuid7

log = structlog.get_logger(__name__)

FLOOR_MS = 3_000
"""How long a candidate who cut us short has the floor before we go on with what is owed."""


class Outlet(Listener, Protocol):
    """Where the candidate is reached. None of these block; a client that is too slow is dropped by the gateway."""

    def fact(self, event: Event) -> None: ...
    def moved(self, state: State, at_ms: int) -> None: ...
    def kept(self, client_id: str, seq: int) -> None: ...
    def refused(self, client_id: str | None, error: Exception) -> None: ...
    def closed(self, reason: str) -> None:
        """The conversation is over for this client: `taken_over`, `unavailable` or `internal`."""
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


class _Final(msgspec.Struct, frozen=True):
    """The recogniser has settled on some words."""

    final: events.SpeechFinal


class _TurnEnded(msgspec.Struct, frozen=True):
    """The voice heard the end of a spoken turn."""

    text: str


class _Played(msgspec.Struct, frozen=True):
    """The client's own voice has spoken so much of a reply."""

    reply_id: UUID
    characters: int
    done: bool


class _Overdue(msgspec.Struct, frozen=True):
    """The client's own voice should have said everything long ago."""


class _Floor(msgspec.Struct, frozen=True):
    """The candidate cut us short and then said nothing."""


class _Active(msgspec.Struct, frozen=True):
    """The candidate is typing."""


_Item = Arrived | _Decision | _Ended | _Final | _TurnEnded | _Look | _Stop | _Active | _Played | _Overdue | _Floor


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
        reports_playback: bool = False,
    ) -> None:
        """`reports_playback`: the client speaks by itself, and only `played` tells what was heard."""
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
        self._speaker = Speaker(
            outlet,
            ended=lambda reply, spoken: self._inbox.put_nowait(_Ended(reply, spoken)),
            turn_ended=self.end_spoken_turn,
            lost=partial(self.stop, "connection lost"),
            monotonic=monotonic,
            reports_playback=reports_playback,
        )
        self._floor_until_ms: int | None = None
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

    def played(self, reply_id: UUID, characters: int, *, done: bool) -> None:
        """The client's own voice has spoken so many characters of a reply, and with `done` no more will follow."""
        self._inbox.put_nowait(_Played(reply_id, characters, done))

    def hear_interim(self) -> None:
        """The candidate goes on speaking: what was drafted for an earlier end is void."""
        self._drafting.drop()

    def hear_preflight(self, text: str) -> None:
        """The candidate may be done: a reply to this is drafted. Nothing is appended and nothing moves."""
        if self._speaker.reply is None:
            self._drafting.start(self.state, text, self._clock.now_ms(), self._events)

    def hear_final(self, final: events.SpeechFinal) -> None:
        """The recogniser has settled on some words: they are kept at once, whatever becomes of the turn."""
        self._inbox.put_nowait(_Final(final))

    def end_spoken_turn(self, text: str) -> None:
        """The voice heard the end of a spoken turn; `text` is what it takes the turn for."""
        self._inbox.put_nowait(_TurnEnded(text))

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
        await self._speaker.start()
        if self.state.pending is not None:
            reply_id = UUID(self.state.pending.reply_id)
            await self._act(director.Heard(reply_id, text="", interrupted=True, heard=0.0))
        await self._act(director.Join(self._client))
        if self.state.finals:
            await self._act(self._spoken_turn(""))
        self._speak()

    async def _next(self) -> _Item:
        """What comes next: from the inbox, or from one of the timers."""
        wait_s, on_time = self._next_timer()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                return await self._inbox.get()
        return on_time

    def _next_timer(self) -> tuple[float | None, _Item]:
        """How long until the first timer, s, and what it then brings; None where none runs."""
        now_ms = self._clock.now_ms()
        timers: list[tuple[float, _Item]] = []
        due_ms = director.due(self.state, self._active_ms)
        if due_ms is not None:
            timers.append(((due_ms - now_ms) / 1000, Arrived(director.Timer(self._active_ms))))
        if self._speaker.overdue_at is not None:
            timers.append((self._speaker.overdue_at - self._monotonic(), _Overdue()))
        if self._floor_until_ms is not None:
            timers.append(((self._floor_until_ms - now_ms) / 1000, _Floor()))
        if not timers:
            return None, _Look()
        wait_s, item = min(timers, key=lambda timer: timer[0])
        return max(0.0, wait_s), item

    async def _handle(self, item: _Item) -> None:
        match item:
            case Arrived():
                await self._arrived(item)
            case _Decision():
                await self._keep_decision(item)
            case _Ended() if item.reply is self._speaker.reply:
                if not self._speaker.waits_for_playback(item.spoken):
                    await self._heard(item.spoken)
            case _Played():
                await self._heard(await self._speaker.played(item.reply_id, item.characters, done=item.done))
            case _Overdue():
                await self._heard(self._speaker.overdue())
            case _Final():
                await self._append((item.final,), self._clock.now_ms(), None)
            case _TurnEnded():
                await self._arrived(Arrived(self._spoken_turn(item.text)))
            case _Floor():
                self._floor_until_ms = None
                self._speak()
            case _Look():
                await self._catch_up()
            case _Active():
                self._active_ms = self._clock.now_ms()
                if self._floor_until_ms is not None:
                    self._floor_until_ms = self._active_ms + FLOOR_MS
            case _Stop():
                await self._leave(item.reason)

    async def _arrived(self, item: Arrived) -> None:
        kept_as = self._kept_before(item.client_id)
        if item.client_id is not None and kept_as is not None:
            # Sent again after a drop: acknowledged, and no reason to cut in.
            self._outlet.kept(item.client_id, kept_as)
            return
        try:
            if self._speaker.reply is not None and self._cuts_in(item.happened):
                # Refuse before cutting in: what makes no sense must not silence us either.
                decide(self.plan, self.state, item.happened, self._clock.now_ms())
                await self._cut_short()
            written = await self._act(item.happened, item.client_id)
        except DirectorError as refusal:
            self._outlet.refused(item.client_id, refusal)
            self._speak()  # The refusal may have come after the cut.
            return
        self._floor_until_ms = None
        if item.client_id is not None and written:
            sent = next((event for event in written if event.client_id is not None), written[0])
            self._outlet.kept(item.client_id, sent.seq)
        self._speak()

    def _kept_before(self, client_id: str | None) -> int | None:
        """The event under which a message of this id was kept. We hold the lease, so our copy of the log is whole."""
        if client_id is None:
            return None
        return next((event.seq for event in self._events if event.client_id == client_id), None)

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
        if self._speaker.reply is not None or self._is_over:
            return
        owed = offer(self.plan, self.state, self._clock.now_ms())
        if owed is None:
            return
        draft, was_draft = self._drafting.take(self.state, owed, self._events)
        self._floor_until_ms = None
        self._speaker.say(Reply(uuid7(), draft, was_draft, self._decide))

    async def _decide(self, reply: Reply, choice: Choice, fell_back: str | None) -> bool:
        """Called by the reply when it has read its header; answered by the actor."""
        verdict: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(_Decision(reply, choice, fell_back, verdict))
        return await verdict

    async def _keep_decision(self, item: _Decision) -> None:
        if item.verdict.done():
            return
        if item.reply is not self._speaker.reply or self.state.pending is not None:
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

    async def _heard(self, spoken: Spoken | None) -> None:
        """A reply has ended; what is owed next is said, unless the candidate took the floor from us."""
        if spoken is None:
            return
        await self._settle(spoken)
        if spoken.interrupted and not self.has_ended:
            self._floor_until_ms = self._clock.now_ms() + FLOOR_MS
        else:
            self._speak()

    async def _cut_short(self) -> None:
        """Stops speaking and keeps what was heard, before anything else is decided."""
        if self._speaker.reply is not None:
            self._refuse_decisions()
            await self._settle(await self._speaker.cut_short())

    async def _settle(self, spoken: Spoken) -> None:
        """Keeps how much of the reply was heard."""
        reply = self._speaker.reply
        self._speaker.settle(spoken)
        if reply is None or reply.choice is None or self.state.pending is None:
            return
        share = round(reply.share_heard(spoken.text), 3)
        await self._act(director.Heard(reply.id, spoken.text.strip(), spoken.interrupted, share))

    def _refuse_decisions(self) -> None:
        """What a reply that is being cut short still wants to decide comes too late."""
        waiting = [self._inbox.get_nowait() for _ in range(self._inbox.qsize())]
        for item in waiting:
            if isinstance(item, _Decision):
                item.verdict.set_result(False)
            else:
                self._inbox.put_nowait(item)

    def _spoken_turn(self, text: str) -> director.Turn:
        """The turn that has ended: its words are those of the finals it closes over."""
        finals = self.state.finals
        heard = " ".join(words for _, words in finals) or text
        return director.Turn(uuid7(), heard, "speech", finals=tuple(seq for seq, _ in finals))

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
        await self._speaker.close()
        await self._drafting.close()

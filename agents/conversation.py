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

import structlog

from agents import director, events, inbox
from agents.director import DirectorError, Input, decide
from agents.drafting import Drafting
from agents.events import AnyPayload, Event
from agents.listening import Listening
from agents.log import InterviewLog
from agents.offering import offer
from agents.offers import Choice, Writer
from agents.outlet import Outlet
from agents.phrases import phrase
from agents.plans import Language, Plan
from agents.providers.accounts import Served, Trouble
from agents.providing import Providing
from agents.record import Record
from agents.reply import Reply
from agents.session import Ended as TurnEnd
from agents.session import Sound, Spoken
from agents.speaking import Speaker
from agents.state import State
from agents.timing import Stopwatch, TurnTimes
from storage.errors import DatabaseUnavailable, StaleEpoch
from storage.ids import uuid7

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 1.0
FLOOR_MS = 3_000
"""How long a candidate who cut us short has the floor before we go on with what is owed."""


class Watch(Protocol):
    """Who is told which outside services serve an interview."""

    def served(self, served: Served) -> None: ...
    def troubled(self, trouble: Trouble) -> None: ...


Sounds = Callable[[Language, Watch], Sound]
"""Makes what an interview in that language is heard and spoken with."""

MOST_RESTARTS = 3
"""How often a session that ended by itself is begun again before the interview goes on typed."""


def _is_by_hand(happened: Input) -> bool:
    """Whether the candidate typed or pressed something, and so looks at the screen for the reply."""
    return isinstance(happened, director.Press) or (isinstance(happened, director.Turn) and happened.source == "typed")


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
        sounds: Sounds | None = None,
    ) -> None:
        """`reports_playback`: the client speaks by itself, and only `played` tells what was heard.

        `sounds`: we hear and speak ourselves, with what it makes.
        """
        self.plan = plan
        self._record = Record(interview_log, monotonic, took=self._took, held=self._held)
        self._outlet = outlet
        self._monotonic = monotonic
        self._holder = holder
        self._client = client
        self._active_ms = 0
        self._drafting = Drafting(plan, writer)
        self._inbox: asyncio.Queue[inbox.Item] = asyncio.Queue()
        self.providing = Providing(
            changed=lambda fact: self._inbox.put_nowait(inbox.Changed(fact)), troubled=outlet.troubled
        )
        self.listening = Listening(
            self,
            self._drafting,
            self.providing,
            put=self._inbox.put_nowait,
            heard_so_far=outlet.heard_so_far,
        )
        self._stopwatch = Stopwatch(monotonic)
        self._times: TurnTimes | None = None
        self._speaker = Speaker(
            outlet,
            ended=lambda reply, spoken: self._inbox.put_nowait(inbox.Ended(reply, spoken)),
            hearing=self.listening.hearing(),
            lost=partial(self.stop, "connection lost"),
            reached=self._reached,
            voiceless=lambda: self.providing.lost("tts"),
            monotonic=monotonic,
            reports_playback=reports_playback,
            sounds=None if sounds is None else lambda language: sounds(language, self.providing),
        )
        self.listening.speaker = self._speaker
        self._restarts = 0
        self._is_typed = False
        self._floor_until_ms: int | None = None
        self._is_leaving = False
        self._is_over = False

    @property
    def state(self) -> State:
        return self._record.state

    @property
    def epoch(self) -> int:
        return self._record.epoch

    @property
    def has_ended(self) -> bool:
        return self.state.phase == "ended"

    # --- from outside ------------------------------------------------------------------------------------------

    def put(self, happened: Input, client_id: str | None = None) -> None:
        """The candidate did something."""
        self._inbox.put_nowait(inbox.Arrived(happened, client_id))

    def look(self, seq: int | None = None) -> None:
        """Somebody else may have written to the log, up to `seq` where that is known."""
        if seq is None or seq > self.state.seq:
            self._inbox.put_nowait(inbox.Look())

    def active(self) -> None:
        """The candidate is typing: silence is counted anew."""
        self._inbox.put_nowait(inbox.Active())

    def played(self, reply_id: UUID, characters: int, *, done: bool) -> None:
        """The client's own voice has spoken so many characters of a reply, and with `done` no more will follow."""
        self._inbox.put_nowait(inbox.Played(reply_id, characters, done))

    def hear(self, pcm: bytes) -> None:
        """A frame of the candidate's microphone: PCM, signed 16 bit, mono, 16 kHz."""
        self._speaker.hear(pcm)

    def playback(self, segment: int, ms: int, *, done: bool) -> None:
        """How much of a segment of our audio has left the candidate's loudspeaker."""
        self._speaker.playback(segment, ms, done=done)

    def now_ms(self) -> int:
        """Interview time."""
        return self._record.now_ms()

    @property
    def so_far(self) -> Sequence[Event]:
        """The log, as far as we know it."""
        return self._record.events

    def hand_over(self) -> None:
        """Gives the interview up to another process once nobody is speaking."""
        self._inbox.put_nowait(inbox.HandOver())

    def stop(self, reason: str) -> None:
        """Ends this holding of the interview after what is already in the inbox."""
        self._inbox.put_nowait(inbox.Stop(reason))

    # --- the actor ---------------------------------------------------------------------------------------------

    async def open(self) -> list[Event]:
        """Takes the lease and folds the log; returns the events so far. Raises `NotFound`, `DatabaseUnavailable`."""
        await self._record.open(self._holder)
        return list(self.so_far)

    async def run(self) -> None:
        """Lives until it is stopped or over. Call `open` first."""
        try:
            await self._begin()
            while not self._is_over:
                await self._handle(await self._next())
                if self._is_leaving and self._is_quiet:
                    await self._leave("server stopping")
                    self._outlet.closed("server_stopping")
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
        self.providing.resume(self.so_far)
        await self._speaker.start(self.state.language)
        self.listening.fit_patience(anew=True)
        if self.state.pending is not None:
            reply_id = UUID(self.state.pending.reply_id)
            await self._act(director.Heard(reply_id, text="", interrupted=True, heard=0.0))
        await self._act(director.Join(self._client))
        if self.state.finals:
            await self._act(self._spoken_turn(""))
        if self.state.is_end_ordered:
            await self._act(director.Finish())
        self._speak()

    async def _next(self) -> inbox.Item:
        """What comes next: from the inbox, or from one of the timers."""
        wait_s, on_time = self._next_timer()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                return await self._inbox.get()
        return on_time

    def _next_timer(self) -> tuple[float | None, inbox.Item]:
        """How long until the first timer, s, and what it then brings; None where none runs."""
        now_ms = self.now_ms()
        timers: list[tuple[float, inbox.Item]] = []
        due_ms = director.due(self.state, self._active_ms)
        if due_ms is not None:
            timers.append(((due_ms - now_ms) / 1000, inbox.Arrived(director.Timer(self._active_ms))))
        if self._speaker.overdue_at is not None:
            timers.append((self._speaker.overdue_at - self._monotonic(), inbox.Overdue()))
        if self._floor_until_ms is not None:
            timers.append(((self._floor_until_ms - now_ms) / 1000, inbox.Floor()))
        if not timers:
            return None, inbox.Look()
        wait_s, item = min(timers, key=lambda timer: timer[0])
        return max(0.0, wait_s), item

    async def _handle(self, item: inbox.Item) -> None:
        match item:
            case inbox.Arrived():
                await self._arrived(item)
            case inbox.Decision():
                await self._keep_decision(item)
            case inbox.Ended() if item.reply is self._speaker.reply:
                if not self._speaker.waits_for_playback(item.spoken):
                    await self._heard(item.spoken)
            case inbox.Played() | inbox.Overdue() | inbox.CutShort():
                await self._heard(await self._heard_from_client(item))
            case inbox.SpeechFinal() | inbox.Changed():
                fact = item.final if isinstance(item, inbox.SpeechFinal) else item.fact
                await self._record.append((fact,), self.now_ms())
            case inbox.TurnEnded():
                await self._close_spoken_turn(item.end)
            case inbox.Voiceless():
                await self._begin_anew()
            case inbox.Floor():
                self._floor_until_ms = None
                self._speak()
            case inbox.Look():
                await self._look()
            case inbox.Ordered():
                await self._obey(item.order)
            case inbox.HandOver():
                self._is_leaving = True
            case inbox.Active():
                self._active_ms = self.now_ms()
                if self._floor_until_ms is not None:
                    self._floor_until_ms = self._active_ms + FLOOR_MS
            case inbox.Stop():
                await self._leave(item.reason)

    async def _heard_from_client(self, item: inbox.Played | inbox.Overdue | inbox.CutShort) -> Spoken | None:
        """What was heard of a reply, once the client's news settle that."""
        match item:
            case inbox.Played():
                return await self._speaker.played(item.reply_id, item.characters, done=item.done)
            case inbox.Overdue():
                return self._speaker.overdue()
            case inbox.CutShort():
                return await self._speaker.cut_short() if self._speaker.reply is not None else None

    async def _arrived(self, item: inbox.Arrived) -> None:
        kept_as = None if item.client_id is None else self._record.kept_as(item.client_id)
        if item.client_id is not None and kept_as is not None:
            # Sent again after a drop: acknowledged, and no reason to cut in.
            self._outlet.kept(item.client_id, kept_as)
            return
        try:
            if isinstance(item.happened, director.Turn) and item.happened.source == "typed":
                self._stopwatch.turn_closed(self._record.turns + 1, "typed")
            if self._speaker.reply is not None and self._cuts_in(item.happened):
                # Refuse before cutting in: what makes no sense must not silence us either.
                decide(self.plan, self.state, item.happened, self.now_ms())
                await self._cut_short()
            written = await self._act(item.happened, item.client_id)
        except DirectorError as refusal:
            self._stopwatch.forget()
            self._outlet.refused(item.client_id, refusal)
            self._speak()  # The refusal may have come after the cut.
            return
        self._floor_until_ms = None
        self._is_typed = _is_by_hand(item.happened)
        if self._speaker.is_spoken and any(isinstance(event.payload, events.LanguageChanged) for event in written):
            await self._speaker.start(self.state.language)
            self.listening.fit_patience(anew=True)
        if item.client_id is not None and written:
            sent = next((event for event in written if event.client_id is not None), written[0])
            self._outlet.kept(item.client_id, sent.seq)
        self._speak()

    def _cuts_in(self, happened: Input) -> bool:
        """Whether it silences us: whatever the candidate does, and a timer that ends things."""
        if isinstance(happened, director.Timer):
            facts = decide(self.plan, self.state, happened, self.now_ms())
            return any(not isinstance(fact, events.TimeWarned) for fact in facts)
        return True

    async def _act(self, happened: Input, client_id: str | None = None) -> list[Event]:
        """Decides, appends, evolves and shows."""
        at_ms = self.now_ms()
        facts = decide(self.plan, self.state, happened, at_ms)
        return await self._record.append(facts, at_ms, client_id) if facts else []

    async def _look(self) -> None:
        if not await self._record.look():
            asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self.look)

    async def _obey(self, order: AnyPayload) -> None:
        """Does what a person who watches asked for; what they want said or asked is owed by the state itself."""
        is_end = isinstance(order, events.EndOrdered) and self.state.phase not in ("closing", "ended")
        if (is_end or isinstance(order, events.ControlTaken)) and self._speaker.reply is not None:
            await self._cut_short()
        if is_end:
            await self._act(director.Finish())
        self._floor_until_ms = None
        self._speak()

    def _took(self, written: Sequence[Event]) -> None:
        for event in written:
            self._outlet.fact(event)
            if isinstance(event.payload, events.ORDERS):
                self._inbox.put_nowait(inbox.Ordered(event.payload))
        self.listening.fit_patience()
        self._outlet.moved(self.state, self.now_ms())

    def _held(self, fact: events.InterviewHeld | None) -> None:
        """The log cannot be written: the candidate is asked for a moment, and nothing else is said. Or it can again."""
        words = phrase(self.state.language, "one_moment") if fact is None else ""
        self._outlet.held(words)
        if fact is None:
            self._speaker.aside(words)
        else:
            self._inbox.put_nowait(inbox.Changed(fact))

    # --- speaking ----------------------------------------------------------------------------------------------

    def _speak(self) -> None:
        """Says what is owed, if anything is and nothing is being said."""
        if self._speaker.reply is not None or self._is_over:
            return
        owed = offer(self.plan, self.state, self.now_ms())
        if owed is None:
            return
        draft, was_draft = self._drafting.take(self.state, owed, self.so_far)
        self._floor_until_ms = None
        self._speaker.say(Reply(uuid7(), draft, was_draft, self._decide), at_once=self._is_typed)
        self._is_typed = False

    async def _decide(self, reply: Reply, choice: Choice, fell_back: str | None) -> bool:
        """Called by the reply when it has read its header; answered by the actor."""
        verdict: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait(inbox.Decision(reply, choice, fell_back, verdict))
        return await verdict

    async def _keep_decision(self, item: inbox.Decision) -> None:
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
            self._stopwatch.words_began(item.reply.was_draft)
        finally:
            if not item.verdict.done():
                item.verdict.set_result(is_kept)

    async def _heard(self, spoken: Spoken | None) -> None:
        """A reply has ended; what is owed next is said, unless the candidate took the floor from us."""
        if spoken is None:
            return
        await self._settle(spoken)
        if spoken.interrupted and not self.has_ended:
            self._floor_until_ms = self.now_ms() + FLOOR_MS
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
        self._keep_times(reply, spoken)
        if reply is None or reply.choice is None or self.state.pending is None:
            return
        share = round(reply.share_heard(spoken.text), 3)
        await self._act(director.Heard(reply.id, spoken.text.strip(), spoken.interrupted, share))

    def _reached(self, by_audio: bool) -> None:
        """The first of a reply is with the candidate."""
        self._times = self._stopwatch.reached(by_audio=by_audio)
        if self._times is not None:
            self._outlet.measured(self._times)

    def _keep_times(self, reply: Reply | None, spoken: Spoken) -> None:
        times, self._times = self._times, None
        if times is not None and reply is not None:
            cut_at_ms = self.now_ms() if spoken.interrupted else None
            self._record.journal.keep_times(times, reply.id, cut_at_ms, self.providing.serving)

    def _refuse_decisions(self) -> None:
        """What a reply that is being cut short still wants to decide comes too late."""
        waiting = [self._inbox.get_nowait() for _ in range(self._inbox.qsize())]
        for item in waiting:
            if isinstance(item, inbox.Decision):
                item.verdict.set_result(False)
            else:
                self._inbox.put_nowait(item)

    async def _close_spoken_turn(self, end: TurnEnd) -> None:
        turn = self._spoken_turn(end.text)
        self._outlet.heard_so_far("")
        if not turn.text.strip():
            return
        self._stopwatch.turn_closed(
            self._record.turns + 1, "speech", endpointing_ms=end.endpointing_ms, transcription_ms=end.transcription_ms
        )
        await self._arrived(inbox.Arrived(turn))

    async def _begin_anew(self) -> None:
        """The session ended by itself: another takes its place, and what was being said is said again."""
        self._restarts += 1
        if self._speaker.reply is not None:
            await self._cut_short()
        if self._restarts <= MOST_RESTARTS:
            await self._speaker.start(self.state.language)
        else:
            self._speaker.fall_silent()
            self.providing.lost("tts")
            self.providing.lost("stt")
        self.listening.fit_patience(anew=True)
        self._speak()

    def _spoken_turn(self, text: str) -> director.Turn:
        """The turn that has ended: its words are those of the finals it closes over."""
        finals = self.state.finals
        heard = " ".join(words for _, words in finals) or text
        return director.Turn(uuid7(), heard, "speech", finals=tuple(seq for seq, _ in finals))

    @property
    def _is_quiet(self) -> bool:
        """Whether neither of the two is saying anything."""
        return self._speaker.reply is None and not self.state.finals and not self.listening.is_stirred

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
        self.providing.close()
        await self._speaker.close()
        await self._drafting.close()
        await self._record.journal.close()

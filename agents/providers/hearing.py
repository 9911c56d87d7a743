"""Hearing that outlives its providers: one stream of words for a whole voice session, whoever recognises them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any

from livekit import rtc
from livekit.agents import stt

from agents.providers.accounts import Served, Trouble
from agents.providers.causes import LASTING, Cause, cause_of
from agents.providers.errands import Errands
from agents.providers.line import Ear, Line, Turn, is_audible, loudness
from agents.providers.tail import Tail
from agents.providers.transcripts import end_of, heard_before, without_heard
from agents.providers.watching import Limits, Watch

_Type = stt.SpeechEventType
_AFTER_END = 0.05
"""Seconds for the events that were on their way when a provider closed its side."""
_LAST_WORD = 0.5
"""Seconds that a last word may end before its sound does."""
_UNFINISHED = (_Type.INTERIM_TRANSCRIPT, _Type.PREFLIGHT_TRANSCRIPT)


class Hearing:
    """The ears of one interview in one language, in the order of trying."""

    def __init__(
        self,
        ears: Sequence[Ear],
        watch: Watch,
        *,
        limits: Limits,
        monotonic: Callable[[], float],
        errands: Errands,
    ) -> None:
        self._ears = ears
        self._watch = watch
        self._limits = limits
        self._monotonic = monotonic
        self._errands = errands
        self._usage: dict[str, float] = {}
        self._tail: Tail[rtc.AudioFrame] = Tail(limit=limits.tail)
        self._line: Line | None = None
        self._served: Ear | None = None
        self._again: Ear | None = None
        self._tries: dict[Ear, int] = {}
        self._spent: set[Ear] = set()
        self._rounds = 0
        self._settled = 0.0
        self._owed_until = 0.0
        self._unfinished: stt.SpeechData | None = None
        self._is_speaking = False
        self._is_heard_out = False

    @property
    def usage(self) -> dict[str, float]:
        """Seconds of audio sent, what was sent again included, by `provider/model`."""
        usage = dict(self._usage)
        if self._line is not None:
            usage[self._line.ear.name] = usage.get(self._line.ear.name, 0.0) + self._line.sent
        return usage

    @property
    def is_down(self) -> bool:
        """Whether nobody hears now and nobody is left to try before the next pause."""
        return (self._line is None or not self._line.has_lived) and self._nobody_is_left

    @property
    def is_behind(self) -> bool:
        """Whether words of what was said up to now may still come: a provider owes them, or broke before it gave them.

        Noise that a provider answers with nothing does not count.
        """
        if not self._tail.has_speech:
            return False
        line = self._line
        if line is None or self._unfinished is not None or self._owed_until > self._settled:
            return True
        return line.is_waiting if line.ear.can_stall else self._tail.is_in_flight

    @property
    def _nobody_is_left(self) -> bool:
        return self._again is None and self._best() is None

    async def listen(self, frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[stt.SpeechEvent]:
        """What is said in `frames` (16 kHz, mono), until they end. To be called once.

        Never raises for a provider. All times are seconds since the first frame, across every change of provider;
        audio that was not yet final when a provider broke is heard again by the next, and no final comes twice.
        """
        intake = asyncio.create_task(self._take_in(frames))
        try:
            while True:
                ear = self._again or self._best()
                self._again = None
                if ear is None:
                    await self._pause(intake)
                else:
                    async with aclosing(self._serve(ear, intake)) as events:
                        async for event in events:
                            yield event
                if intake.done() and (self._is_heard_out or not self._tail.has_speech or self._nobody_is_left):
                    break
            if self._is_speaking:
                yield self._end_of_speech()
            intake.result()
        finally:
            intake.cancel()
            self._leave_line()

    async def _take_in(self, frames: AsyncIterable[rtc.AudioFrame]) -> None:
        async for frame in frames:
            level = loudness(frame)
            seconds = frame.samples_per_channel / frame.sample_rate
            self._tail.push(frame, seconds, is_loud=is_audible(level))
            line = self._line
            if line is None:
                continue
            line.take(frame, seconds, level)
            if self._unfinished is not None and line.silent_for > self._limits.stall:
                line.leave("timed_out")  # words that were begun must be finished, however little was said since
            if line.ear.place > 0 and self._is_settled and self._best(before=line.ear) is not None:
                line.leave("better")

    @property
    def _is_settled(self) -> bool:
        return self._tail.quiet_for >= self._limits.settle and not self._tail.has_speech and not self._is_speaking

    def _best(self, before: Ear | None = None) -> Ear | None:
        """The first that may be tried now, of those in front of `before`."""
        for ear in self._ears:
            if ear is before:
                return None
            if ear not in self._spent and ear.breaker.allows:
                return ear
        return None

    async def _pause(self, intake: asyncio.Task[None]) -> None:
        """Everyone has failed: wait a little longer each time, then begin a new round."""
        backoff = self._limits.backoff
        seconds = backoff[min(self._rounds, len(backoff) - 1)]
        self._rounds += 1
        if intake.done():
            return
        await asyncio.wait({intake}, timeout=seconds)
        self._tries.clear()
        self._spent.clear()

    async def _serve(self, ear: Ear, intake: asyncio.Task[None]) -> AsyncGenerator[stt.SpeechEvent, None]:
        """What this ear hears until it breaks, a better one may be tried, or all is said."""
        turn = self._open(ear)
        if turn is None:
            line = self._line
            assert line is not None  # noqa: S101 - `_open` has just set it
            is_ended = False
            reading: asyncio.Task[stt.SpeechEvent | None] | None = None
            try:
                while turn is None:
                    if intake.done() and not is_ended:
                        line.end_input()
                        is_ended = True
                    reading = reading or asyncio.create_task(line.next())
                    done = await self._next_of(reading, line, intake)
                    if reading in done:
                        event = _result_of(reading)
                        reading = None
                        if isinstance(event, stt.SpeechEvent):
                            for passed in self._passed(event):
                                yield passed
                            continue
                        if event is None and is_ended:
                            break
                        turn = self._cause(line, event)
                    elif line.turn.done():
                        turn = line.turn.result()
                    elif not done:
                        if line.ended.done() or not self._tail.has_speech:
                            break
                        turn = "timed_out"
            finally:
                if reading is not None:
                    reading.cancel()
                self._leave_line()
        if turn is None:
            self._is_heard_out = True
            return
        for event in self._after_break():
            yield event
        if turn != "better":
            self._failed(ear, turn)

    async def _next_of(
        self, reading: asyncio.Task[stt.SpeechEvent | None], line: Line, intake: asyncio.Task[None]
    ) -> set[asyncio.Future[Any]]:
        """What happens next: an event, a turn of the line, the end of the frames, or nothing for too long."""
        waited: set[asyncio.Future[Any]] = {reading, line.turn}
        if not intake.done():
            return (await asyncio.wait({*waited, intake}, return_when=asyncio.FIRST_COMPLETED))[0]
        if line.ended.done():
            return (await asyncio.wait(waited, timeout=_AFTER_END, return_when=asyncio.FIRST_COMPLETED))[0]
        waited.add(line.ended)
        return (await asyncio.wait(waited, timeout=self._limits.drain, return_when=asyncio.FIRST_COMPLETED))[0]

    def _open(self, ear: Ear) -> Turn | None:
        """Begin a stream at the start of the tail; the cause where not even that can be done."""
        ear.breaker.begin()
        is_retry = self._tries.get(ear, 0) > 0
        try:
            self._line = Line(
                ear,
                self._tail,
                stall=self._limits.stall / 2 if is_retry else self._limits.stall,
                monotonic=self._monotonic,
                on_open=lambda: self._tell_served(ear),
                on_life=lambda: self._came_to_life(ear),
            )
        except Exception as error:
            self._line = None
            return cause_of(error)
        return None

    def _cause(self, line: Line, error: BaseException | None) -> Cause:
        if error is None:
            return "broke_off"
        cause = cause_of(error, was_connected=line.is_open)
        if cause == "unreachable" and self._monotonic() - line.opened_at >= self._limits.connect:
            return "timed_out"  # the plugin names both alike
        return cause

    def _leave_line(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            self._usage[line.ear.name] = self._usage.get(line.ear.name, 0.0) + line.sent
            self._errands.run(line.close())

    def _failed(self, ear: Ear, cause: Cause) -> None:
        if self._tail.has_speech:
            self._owed_until = self._tail.end - self._tail.quiet_for - _LAST_WORD
        ear.breaker.failed(cause)
        self._tries[ear] = self._tries.get(ear, 0) + 1
        may_pass = self._tries[ear] == 1 and cause not in LASTING and cause != "refused" and ear.breaker.allows
        self._spent.add(ear)
        # A drop is often just a drop; who was waited for in vain is waited for again only where nobody else is.
        if may_pass and (cause != "timed_out" or self._best() is None):
            self._spent.discard(ear)
            self._again = ear
        self._watch.troubled(Trouble(service="stt", provider=ear.provider, model=ear.model, cause=cause))

    def _tell_served(self, ear: Ear) -> None:
        if ear is self._served:
            return
        self._served = ear
        first = self._ears[0]
        fallback_from = None if ear is first else first.name
        self._watch.served(Served(service="stt", provider=ear.provider, model=ear.model, fallback_from=fallback_from))

    def _came_to_life(self, ear: Ear) -> None:
        ear.breaker.succeeded()
        self._rounds = 0
        self._tries.clear()
        self._spent.clear()

    def _passed(self, event: stt.SpeechEvent) -> list[stt.SpeechEvent]:
        """The event as the session is to see it: nothing twice, and every start with one end."""
        if event.type == _Type.START_OF_SPEECH:
            self._tail.is_in_flight = True
            return [] if self._is_speaking else [self._start_of_speech(event)]
        if event.type == _Type.END_OF_SPEECH:
            self._tail.is_in_flight = False
            return [self._end_of_speech(event)] if self._is_speaking else []
        if event.type not in (*_UNFINISHED, _Type.FINAL_TRANSCRIPT) or not event.alternatives:
            return []
        data = without_heard(event.alternatives[0], self._settled)
        if data is None:
            return []
        event.alternatives = [data]
        started = [] if self._is_speaking else [self._start_of_speech()]
        if event.type in _UNFINISHED:
            self._tail.is_in_flight = True
            self._unfinished = data
        else:
            self._settle(end_of(data))
        return [*started, event]

    def _after_break(self) -> list[stt.SpeechEvent]:
        """What must still be told of a stream that is no more: words whose audio is gone, and an end of speech."""
        told: list[stt.SpeechEvent] = []
        if self._unfinished is not None:
            words = heard_before(self._unfinished, self._tail.start)
            if words is not None:
                self._settle(end_of(words))
                told.append(stt.SpeechEvent(type=_Type.FINAL_TRANSCRIPT, alternatives=[words]))
        if self._is_speaking and not self._tail.has_speech:
            told.append(self._end_of_speech())
        return told

    def _settle(self, until: float) -> None:
        self._settled = max(self._settled, until)
        self._unfinished = None
        self._tail.settle(self._settled)

    def _start_of_speech(self, event: stt.SpeechEvent | None = None) -> stt.SpeechEvent:
        self._is_speaking = True
        return event or stt.SpeechEvent(type=_Type.START_OF_SPEECH)

    def _end_of_speech(self, event: stt.SpeechEvent | None = None) -> stt.SpeechEvent:
        self._is_speaking = False
        return event or stt.SpeechEvent(type=_Type.END_OF_SPEECH)


def _result_of(reading: asyncio.Task[stt.SpeechEvent | None]) -> stt.SpeechEvent | BaseException | None:
    return reading.exception() or reading.result()

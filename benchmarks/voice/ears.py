"""Scripted providers for the serving process: they hear and speak on time, and cost next to nothing.

The recogniser says of each utterance which it was and how many frames of it came, so that whatever is lost or doubled
on the way shows in the log.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from uuid import UUID

from livekit import rtc
from livekit.agents import LanguageCode, stt
from livekit.agents.types import TimedString

from agents.audio import BYTES_A_MS, FRAME_BYTES, FRAME_MS, SAMPLE_RATE, Line
from agents.conversation import Sounds, Watch
from agents.offers import Brief, Writer
from agents.plans import Language
from agents.senses import Senses
from agents.session import Sound
from agents.turn_taking import endpointing
from benchmarks.voice.marking import SILENCE, number_in, telling
from benchmarks.voice.settings import Delays

QUIET_MS = 100
"""Silence after which the recogniser takes a stretch of speech to be over."""
INTERIM_MS = 300
CHARACTER_MS = 55
"""The voice speaks some 18 characters a second."""
VOICE_FRAME_MS = 200

_SENTENCES = (
    "I planned the migration myself and we moved the tables one by one.",
    "My part was to talk to the three teams that used the old service.",
    "In the end we finished two weeks early and nobody had to wait.",
    "I measured the response times before and after, and they fell by half.",
)


class Recogniser:
    """Hears marked frames. One an interview."""

    def __init__(self, final_s: float) -> None:
        self.is_behind = False
        self._final_s = final_s

    async def listen(self, frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[stt.SpeechEvent]:
        """Ends with the frames."""
        heard_ms, began_ms, quiet_ms, told_ms = 0.0, 0.0, 0.0, 0.0
        number = loud = 0
        async for pcm in _as_sent(frames):
            heard_ms += FRAME_MS
            if pcm != SILENCE:
                if not loud:
                    number, began_ms, told_ms = number_in(pcm), heard_ms - FRAME_MS, heard_ms
                loud += 1
                quiet_ms = 0.0
                if heard_ms - told_ms >= INTERIM_MS:
                    told_ms = heard_ms
                    yield _interim(number, heard_ms - began_ms)
            elif loud:
                quiet_ms += FRAME_MS
                if quiet_ms >= QUIET_MS:
                    if self._final_s:
                        await asyncio.sleep(self._final_s)
                    yield _final(number, loud, began_ms, heard_ms - quiet_ms)
                    loud = 0


async def _as_sent(frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[bytes]:
    """The frames as the candidate sent them, in whatever lengths they come: the marks stand at their beginnings."""
    waiting = b""
    async for frame in frames:
        waiting += bytes(frame.data)
        while len(waiting) >= FRAME_BYTES:
            yield waiting[:FRAME_BYTES]
            waiting = waiting[FRAME_BYTES:]


def _words(number: int) -> str:
    return _SENTENCES[number % len(_SENTENCES)]


def _interim(number: int, for_ms: float) -> stt.SpeechEvent:
    text = _words(number)[: int(for_ms) // 50]
    data = stt.SpeechData(language=LanguageCode("en"), text=text)
    return stt.SpeechEvent(type=stt.SpeechEventType.INTERIM_TRANSCRIPT, alternatives=[data])


def _final(number: int, frames: int, from_ms: float, to_ms: float) -> stt.SpeechEvent:
    text = f"{telling(number, frames)} {_words(number)}"
    words = text.split()
    each_s = (to_ms - from_ms) / 1000 / len(words)
    timed = [
        TimedString(
            word,
            start_time=from_ms / 1000 + at * each_s,
            end_time=from_ms / 1000 + (at + 1) * each_s,
            confidence=0.95,
        )
        for at, word in enumerate(words)
    ]
    data = stt.SpeechData(language=LanguageCode("en"), text=text, confidence=0.95, words=timed)
    return stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])


class Voice:
    """Speaks silence, as long as the words would take, in the pieces in which a service sends it."""

    def __init__(self, first_byte_s: float) -> None:
        self._first_byte_s = first_byte_s

    async def speak(self, words: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]:
        has_begun = False
        async for chunk in words:
            if not has_begun and self._first_byte_s:
                await asyncio.sleep(self._first_byte_s)
            has_begun = True
            left_ms = len(chunk) * CHARACTER_MS
            while left_ms > 0:
                yield _silence(min(left_ms, VOICE_FRAME_MS))
                left_ms -= VOICE_FRAME_MS


def _silence(ms: int) -> rtc.AudioFrame:
    pcm = bytes(ms * BYTES_A_MS)
    return rtc.AudioFrame(data=pcm, sample_rate=SAMPLE_RATE, num_channels=1, samples_per_channel=len(pcm) // 2)


class ScriptedEars:
    """`server.live.gateway.Ears` with these providers and the real models for voice activity and end of turn."""

    def __init__(self, delays: Delays, unlikely_threshold: float | None) -> None:
        self._delays = delays
        self._senses = Senses(unlikely_threshold)

    async def open(self) -> None:
        await self._senses.warm()

    async def close(self) -> None:
        """Nothing to let go of."""

    def on(self, line: Line, tenant_id: UUID, interview_id: UUID) -> Sounds:  # noqa: ARG002
        def sound(_language: Language, _watch: Watch) -> Sound:
            first = endpointing("normal", "lobby", has_asked_for_time=False)
            return Sound(
                line,
                Recogniser(self._delays.final),
                Voice(self._delays.first_byte),
                self._senses,
                first.min_delay_s,
                first.max_delay_s,
            )

        return sound


class SlowWriter:
    """Another writer, whose first token takes a while."""

    def __init__(self, writer: Writer, first_token_s: float) -> None:
        self.name = writer.name
        self.version = writer.version
        self._writer = writer
        self._first_token_s = first_token_s

    async def write(self, brief: Brief) -> AsyncIterator[str]:
        if self._first_token_s:
            await asyncio.sleep(self._first_token_s)
        async for piece in self._writer.write(brief):
            yield piece

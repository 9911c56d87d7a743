"""A voice that outlives its providers: each reply is heard once and in order, whoever speaks it."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence

from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT

from agents.providers.accounts import Served, Trouble
from agents.providers.attempt import RATE, Attempt, Piece
from agents.providers.causes import LASTING, Cause, ServiceFault, cause_of
from agents.providers.errands import Errands
from agents.providers.mouth import Mouth, Sound, Sounded
from agents.providers.script import Script
from agents.providers.watching import Limits, Watch

_TICK = 0.05
_NEARLY_DRY = 0.1
_SOON_AGAIN: frozenset[Cause] = frozenset({"broke_off", "garbage"})
"""A drop is often just a drop: the same voice is tried once more before another takes its place."""

Fixed = Callable[[str, Mouth], bytes | None]
"""The sound of a phrase made ahead in a mouth's voice, 16 kHz samples."""


class VoiceError(Exception):
    """A reply that could not be spoken. The message holds no word of it.

    VoiceError
    └── VoiceLost     every provider failed or none may be tried
    """


class VoiceLost(VoiceError):
    """Show the words instead: `spoken` is how many characters of the reply were heard."""

    def __init__(self, spoken: int) -> None:
        super().__init__("No voice is available. Show the reply as text and look at the providers' troubles.")
        self.spoken = spoken


class Voice:
    """The mouths of one interview in one language, in the order of trying."""

    sample_rate = RATE
    """Hz, mono."""

    def __init__(
        self,
        mouths: Sequence[Mouth],
        watch: Watch,
        *,
        limits: Limits,
        monotonic: Callable[[], float],
        errands: Errands,
        fixed: Fixed,
    ) -> None:
        self._mouths = mouths
        self._watch = watch
        self._limits = limits
        self._monotonic = monotonic
        self._errands = errands
        self._fixed = fixed
        self._usage: dict[str, int] = {}
        self._served: Mouth | None = None

    @property
    def usage(self) -> dict[str, int]:
        """Characters given to be spoken, by `provider/model`."""
        return dict(self._usage)

    def warm(self) -> None:
        """Connect ahead of the next reply; cheap where the connection still stands. Vendors close idle ones."""
        for mouth in self._mouths[:1]:
            mouth.warm()

    def close(self) -> None:
        """Let go of every connection; the closing itself goes on beside."""
        for mouth in self._mouths:
            mouth.renew()

    async def speak(self, words: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]:
        """The reply's sound, from its first whole sentence on, in frames of 20–100 ms.

        Each frame carries the words that it ends, with times from the start of the reply, where livekit looks for
        them. Closing the generator stops at once. Raises `VoiceLost` when no provider is left, after what was spoken.
        """
        self.warm()  # while the first sentence is being written
        reply = _Reply(self._mouths, self._watch, self._limits, self._monotonic, self._errands, self._fixed)
        reply.on_pushed = self._count
        reply.on_sounding = self._tell_served
        reading = asyncio.create_task(reply.read(words))
        speaking = asyncio.create_task(reply.produce())
        speaking.add_done_callback(lambda _: reply.frames.put_nowait(None))
        try:
            while True:
                frame = await reply.frames.get()
                if frame is None:
                    break
                yield frame
            speaking.result()
            await reading
        finally:
            reading.cancel()
            speaking.cancel()
            await asyncio.gather(reading, speaking, return_exceptions=True)

    def _count(self, mouth: Mouth, words: str) -> None:
        self._usage[mouth.name] = self._usage.get(mouth.name, 0) + len(words)

    def _tell_served(self, mouth: Mouth) -> None:
        mouth.breaker.succeeded()
        if mouth is self._served:
            return
        self._served = mouth
        first = self._mouths[0]
        fallback_from = None if mouth is first else first.name
        self._watch.served(
            Served(service="tts", provider=mouth.provider, model=mouth.model, fallback_from=fallback_from)
        )


class _Reply:
    """One reply on its way: made ahead of its listener, as fast as the providers go."""

    on_pushed: Callable[[Mouth, str], None]
    on_sounding: Callable[[Mouth], None]

    def __init__(
        self,
        mouths: Sequence[Mouth],
        watch: Watch,
        limits: Limits,
        monotonic: Callable[[], float],
        errands: Errands,
        fixed: Fixed,
    ) -> None:
        self.frames: asyncio.Queue[rtc.AudioFrame | None] = asyncio.Queue()
        self._mouths = mouths
        self._watch = watch
        self._limits = limits
        self._monotonic = monotonic
        self._errands = errands
        self._fixed = fixed
        self._script = Script()
        self._more = asyncio.Condition()
        self._tries: dict[Mouth, int] = {}
        self._spent: set[Mouth] = set()
        self._again: Mouth | None = None
        self._position = 0
        self._seconds = 0.0
        self._plays_until = 0.0

    async def read(self, words: AsyncIterable[str]) -> None:
        """Take the words as they come."""
        try:
            async for each in words:
                self._script.add(each)
                await self._tell_more()
        finally:
            self._script.end()
            await self._tell_more()

    async def produce(self) -> None:
        """Put the whole reply's frames out; raises `VoiceLost`."""
        if await self._has_sentence():
            self._say_fixed()
        while await self._has_sentence():
            mouth = self._choose()
            if mouth is None:
                raise VoiceLost(self._position)
            await self._try(mouth)

    async def _tell_more(self) -> None:
        async with self._more:
            self._more.notify_all()

    async def _has_sentence(self) -> bool:
        """Whether there is more to say, as soon as that is certain."""
        async with self._more:
            await self._more.wait_for(lambda: self._script.is_over or self._next_end() is not None)
        return self._next_end() is not None

    def _next_end(self) -> int | None:
        return self._script.sentence_end(self._position)

    def _say_fixed(self) -> None:
        end = self._next_end()
        if end is None or not self._mouths:
            return
        pcm = self._fixed(self._script.text[:end].strip(), self._mouths[0])
        if pcm is None:
            return
        attempt = Attempt(self._script, 0, 0.0, is_aligned=False)
        attempt.push(end)
        attempt.add(pcm, [])
        self._put_out(attempt.finish())
        self._position = end

    def _choose(self) -> Mouth | None:
        again, self._again = self._again, None
        if again is not None:
            return again
        allowed = [each for each in self._mouths if each not in self._spent and each.breaker.allows]
        return min(allowed, key=lambda each: (self._tries.get(each, 0), each.place), default=None)

    async def _try(self, mouth: Mouth) -> None:
        attempt = Attempt(self._script, self._position, self._seconds, is_aligned=mouth.is_aligned)
        mouth.breaker.begin()
        try:
            await (self._stream if mouth.is_aligned else self._speak_sentence)(mouth, attempt)
        except Exception as error:
            self._failed(mouth, attempt, cause_of(error, was_connected=attempt.has_sounded))
        else:
            self._position = attempt.pushed
            self._tries.pop(mouth, None)

    async def _stream(self, mouth: Mouth, attempt: Attempt) -> None:
        sound = mouth.stream()
        feeding = asyncio.create_task(
            sound.feed(self._script, attempt, self._more, lambda words: self.on_pushed(mouth, words))
        )
        try:
            await self._sound(sound, mouth, attempt)
        finally:
            feeding.cancel()

    async def _speak_sentence(self, mouth: Mouth, attempt: Attempt) -> None:
        end = self._next_end()
        assert end is not None  # noqa: S101 - `produce` has waited for it
        words = attempt.push(end)
        attempt.is_closed = True
        self.on_pushed(mouth, words)
        await self._sound(mouth.sentence(words), mouth, attempt)

    async def _sound(self, sound: Sound, mouth: Mouth, attempt: Attempt) -> None:
        """Let an attempt's sound out as it comes; raises when it breaks or comes too late."""
        waiting_since = self._monotonic()
        reading: asyncio.Task[Sounded | None] | None = None
        try:
            while True:
                reading = reading or asyncio.create_task(sound.next())
                await asyncio.wait({reading}, timeout=_TICK)
                now = self._monotonic()
                if reading.done():
                    sounded = reading.result()
                    reading = None
                    if sounded is None:
                        break
                    if not attempt.has_sounded and sounded[0]:
                        self.on_sounding(mouth)
                    attempt.add(*sounded)
                    waiting_since = now
                elif not attempt.is_owed:
                    waiting_since = now
                elif now - waiting_since > self._patience(attempt):
                    raise ServiceFault("timed_out")
                self._put_out(attempt.let_out(is_dry=self._plays_until - now < _NEARLY_DRY))
        finally:
            if reading is not None:
                reading.cancel()
            self._errands.run(sound.close())
        if attempt.is_cut or not attempt.has_sounded:
            raise ServiceFault("broke_off")
        self._put_out(attempt.finish())

    def _patience(self, attempt: Attempt) -> float:
        return self._limits.audio_stall if attempt.has_sounded else self._limits.first_audio

    def _put_out(self, pieces: Sequence[Piece]) -> None:
        for pcm, words in pieces:
            frame = rtc.AudioFrame(data=pcm, sample_rate=RATE, num_channels=1, samples_per_channel=len(pcm) // 2)
            frame.userdata[USERDATA_TIMED_TRANSCRIPT] = words
            self._seconds += frame.duration
            self._plays_until = max(self._plays_until, self._monotonic()) + frame.duration
            self.frames.put_nowait(frame)

    def _failed(self, mouth: Mouth, attempt: Attempt, cause: Cause) -> None:
        self._position = max(self._position, attempt.spoken)
        mouth.breaker.failed(cause)
        mouth.renew()
        tries = self._tries[mouth] = self._tries.get(mouth, 0) + 1
        if tries > 1 or cause in LASTING or cause == "refused":
            self._spent.add(mouth)
        elif cause in _SOON_AGAIN and mouth.breaker.allows:
            self._again = mouth
        self._watch.troubled(Trouble(service="tts", provider=mouth.provider, model=mouth.model, cause=cause))

"""One account's voice in one language, and its sound by whichever protocol it speaks."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import tts
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from agents.plans import Language
from agents.providers.accounts import VoiceAccount
from agents.providers.attempt import RATE, Attempt
from agents.providers.breaker import Breaker
from agents.providers.errands import Errands
from agents.providers.plugins import Plugins, once
from agents.providers.script import Script
from agents.providers.watching import Limits

Sounded = tuple[bytes, list[TimedString]]


class Sound(Protocol):
    """What a provider sends for one attempt."""

    async def next(self) -> Sounded | None:
        """16 kHz mono samples and the words they bring; None at the end. Raises what the plugin raises."""
        ...

    async def close(self) -> None: ...


class Mouth:
    """A provider's plugin, made at its first use and made anew after it failed."""

    def __init__(
        self,
        account: VoiceAccount,
        language: Language,
        *,
        place: int,
        breaker: Callable[[str], Breaker],
        plugins: Plugins,
        limits: Limits,
        errands: Errands,
    ) -> None:
        self.place = place
        self.account = account
        self.provider = account.provider
        self.model = account.model
        self.name = f"{self.provider}/{self.model}"
        self.breaker = breaker(self.name)
        self.is_aligned = account.provider == "elevenlabs"
        """It speaks a whole reply as one stream and tells when each word sounds."""
        self._language = language
        self._plugins = plugins
        self._limits = limits
        self._errands = errands
        self._plugin: tts.TTS[Any] | None = None

    def warm(self) -> None:
        """Connect ahead, where there is something to connect."""
        if self.is_aligned and self.breaker.state == "closed":
            self._made().prewarm()

    def renew(self) -> None:
        """Let go of a connection that failed."""
        plugin, self._plugin = self._plugin, None
        if plugin is not None and self.is_aligned:
            self._errands.run(plugin.aclose())

    def stream(self) -> "StreamedSound":
        """A stream that is given sentences one by one."""
        return StreamedSound(self._made().stream(conn_options=once(self._limits.connect)))

    def sentence(self, words: str) -> "SentenceSound":
        """The sound of one sentence."""
        plugin = self._made()
        return SentenceSound(plugin.synthesize(words, conn_options=once(self._limits.connect)), plugin.sample_rate)

    def _made(self) -> tts.TTS[Any]:
        if self._plugin is None:
            make = self._plugins.streaming_tts if self.is_aligned else self._plugins.batch_tts
            self._plugin = make(self.account, self._language)
        return self._plugin


class StreamedSound:
    def __init__(self, stream: tts.SynthesizeStream) -> None:
        self._stream = stream

    async def feed(
        self, script: Script, attempt: Attempt, more: asyncio.Condition, pushed: Callable[[str], None]
    ) -> None:
        """Give it every sentence as soon as it is whole, until the script is over."""
        while True:
            async with more:
                await more.wait_for(lambda: script.is_over or script.sentence_end(attempt.pushed) is not None)
            end = script.sentence_end(attempt.pushed)
            if end is None:
                break
            words = attempt.push(end)
            pushed(words)
            self._stream.push_text(words)
        attempt.is_closed = True
        self._stream.end_input()

    async def next(self) -> Sounded | None:
        try:
            audio = await self._stream.__anext__()
        except StopAsyncIteration:
            return None
        return audio.frame.data.tobytes(), list(audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, ()))

    async def close(self) -> None:
        await self._stream.aclose()


class SentenceSound:
    def __init__(self, stream: tts.ChunkedStream, rate: int) -> None:
        self._stream = stream
        self._resampler = (
            rtc.AudioResampler(rate, RATE, quality=rtc.AudioResamplerQuality.QUICK) if rate != RATE else None
        )
        self._is_over = False

    async def next(self) -> Sounded | None:
        if self._is_over:
            return None
        try:
            audio = await self._stream.__anext__()
        except StopAsyncIteration:
            self._is_over = True
            frames = self._resampler.flush() if self._resampler else []
        else:
            frames = self._resampler.push(audio.frame) if self._resampler else [audio.frame]
        return b"".join(frame.data.tobytes() for frame in frames), []

    async def close(self) -> None:
        await self._stream.aclose()

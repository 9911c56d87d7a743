"""One provider's stream of hearing while it lasts: it is fed, it is watched, and it is left without waiting."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from livekit import rtc
from livekit.agents import stt

from agents.plans import Language
from agents.providers.accounts import HearingAccount
from agents.providers.breaker import Breaker
from agents.providers.causes import Cause
from agents.providers.plugins import Plugins, hearing_model, once
from agents.providers.segments import Segments
from agents.providers.sockets import Wire, wire_of
from agents.providers.tail import Tail
from agents.providers.watching import Limits

Turn = Cause | Literal["better"]
"""Why a line is left: it broke, or a better one may serve again."""

_AUDIBLE = 150.0
_LOUD = 500.0
"""Root mean square of 16-bit samples: what may be a word, and what speech near a microphone surely reaches."""
_SURE = 0.4
"""Seconds of loud audio that are no cough."""


class Stream(Protocol):
    def push_frame(self, frame: rtc.AudioFrame) -> None: ...
    def end_input(self) -> None: ...
    async def aclose(self) -> None: ...
    async def __anext__(self) -> stt.SpeechEvent: ...


def loudness(frame: rtc.AudioFrame) -> float:
    """Root mean square of the samples, 0–32,768."""
    samples = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32)
    return float(np.sqrt(np.dot(samples, samples) / max(1, len(samples))))


def is_audible(level: float) -> bool:
    """Whether a frame may hold a part of a word."""
    return level >= _AUDIBLE


class Ear:
    """One account's hearing in one language."""

    def __init__(
        self,
        account: HearingAccount,
        language: Language,
        *,
        place: int,
        breaker: Callable[[str], Breaker],
        plugins: Plugins,
        keyterms: Sequence[str],
        limits: Limits,
    ) -> None:
        self.place = place
        self.provider = account.provider
        self.model = hearing_model(account, language)
        self.name = f"{self.provider}/{self.model}"
        self.breaker = breaker(self.name)
        self.can_stall = account.provider == "deepgram"
        """Whether it says something all the time, so that its silence means that it has gone."""
        self._account = account
        self._language = language
        self._plugins = plugins
        self._keyterms = keyterms
        self._limits = limits
        self._recogniser: stt.STT[Any] | None = None

    def open(self, offset: float, wire: Wire) -> Stream:
        """A stream whose first frame lies at `offset` seconds; `wire` is told of its connection."""
        options = once(self._limits.connect)
        if not self.can_stall:
            recogniser = self._recogniser or self._plugins.batch_stt(self._account, self._language)
            self._recogniser = recogniser
            return Segments(recogniser, offset=offset, options=options, seconds=self._limits.transcribe, wire=wire)
        if self._recogniser is None:
            self._recogniser = self._plugins.streaming_stt(self._account, self._language, self._keyterms)
        token = wire_of.set(wire)
        try:
            stream = self._recogniser.stream(conn_options=options)
        finally:
            wire_of.reset(token)
        stream.start_time_offset = offset
        return stream


class Line:
    """An ear's stream, from the replay of the tail on."""

    def __init__(
        self,
        ear: Ear,
        tail: Tail[rtc.AudioFrame],
        *,
        stall: float,
        monotonic: Callable[[], float],
        on_open: Callable[[], None],
        on_life: Callable[[], None],
    ) -> None:
        self.ear = ear
        self.turn: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """The provider will send nothing more."""
        self.is_open = False
        self.has_lived = False
        self.sent = 0.0
        """Seconds of audio given to the provider, what was replayed included."""
        self.opened_at = self._received_at = monotonic()
        self._stall = stall
        self._monotonic = monotonic
        self._on_open = on_open
        self._on_life = on_life
        self._unanswered = 0.0
        self._waiting_since: float | None = None
        self._stream = ear.open(tail.start, self)
        for frame in tail.frames:
            self.take(frame, frame.duration, loudness(frame))

    def opened(self) -> None:
        """The provider has accepted the connection."""
        if not self.is_open:
            self.is_open = True
            self._on_open()

    @property
    def silent_for(self) -> float:
        """Seconds since the provider last said anything."""
        return self._monotonic() - self._received_at

    @property
    def is_waiting(self) -> bool:
        """Whether speech has gone out, no cough, that was not answered in any way."""
        return self._unanswered >= _SURE

    def received(self) -> None:
        """The provider said something, words or not."""
        self._received_at = self._monotonic()
        self._unanswered = 0.0
        self._waiting_since = None
        if not self.has_lived:
            self.has_lived = True
            self._on_life()

    def closed(self) -> None:
        """The provider's side has closed. Its plugin may take seconds to notice."""
        if not self.ended.done():
            self.ended.set_result(None)

    def take(self, frame: rtc.AudioFrame, seconds: float, level: float) -> None:
        """One more frame; the line turns to `timed_out` when speech has gone out for too long without any answer."""
        try:
            self._stream.push_frame(frame)
        except RuntimeError:
            return  # it has closed: whoever reads it learns why
        self.sent += seconds
        if not self.ear.can_stall:
            return
        now = self._monotonic()
        if level >= _LOUD:
            self._unanswered += seconds
            self._waiting_since = now if self._waiting_since is None else self._waiting_since
        if self.is_waiting and self._waiting_since is not None and now - self._waiting_since > self._stall:
            self.leave("timed_out")

    def leave(self, turn: Turn) -> None:
        """Have whoever reads leave this line."""
        if not self.turn.done():
            self.turn.set_result(turn)

    def end_input(self) -> None:
        """No frame comes any more."""
        try:
            self._stream.end_input()
        except RuntimeError:
            return  # it has closed already

    async def next(self) -> stt.SpeechEvent | None:
        """The next event; None when the stream ended. Raises what its plugin raises."""
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            return None

    async def close(self) -> None:
        """May take seconds where the other end is silent: run it as an errand."""
        await self._stream.aclose()

"""The conversation core: livekit's AgentSession in our own process, without a room and without a language model.

It hears and it speaks; it does not decide. Providers and their failures stay behind the two seams below, so that the
session itself never sees an error and never closes by itself.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import msgspec
import structlog
from livekit import rtc
from livekit.agents import (
    Agent,
    AgentSession,
    ChatContext,
    ChatMessage,
    ModelSettings,
    StopResponse,
    stt,
    tts,
)
from livekit.agents.types import APIConnectOptions
from livekit.agents.voice import AgentEvent, SpeechHandle, io
from livekit.agents.voice.events import CloseEvent, EventTypes, UserStateChangedEvent
from livekit.agents.voice.transcription import TranscriptSynchronizer

from agents.audio import SAMPLE_RATE, Line, Loudspeaker, Microphone
from agents.events import Word
from agents.senses import Senses

log = structlog.get_logger(__name__)

SETTLED_AFTER_S = 0.1
"""A final with no interim for so long may have been the last of the turn, though a sound goes on."""
INTERRUPTS_AFTER_S = 0.2
"""Speech that long silences us."""
RESUMES_AFTER_S = 0.9
"""A sound without words lets us go on after so much silence: a cough, a door."""


class Recogniser(Protocol):
    """Hears one interview, whichever provider serves; neither raises nor ends while frames come."""

    def listen(self, frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[stt.SpeechEvent]: ...

    @property
    def is_behind(self) -> bool:
        """Whether words of what was said up to now may still come."""
        ...


class Synthesiser(Protocol):
    """Speaks one reply a call, 16 kHz; raises once no provider speaks any more."""

    def speak(self, words: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]: ...


class Spoken(msgspec.Struct, frozen=True):
    """How one reply ended: what reached the candidate, and whether it was cut short."""

    text: str
    interrupted: bool


class Final(msgspec.Struct, frozen=True):
    """Words the recogniser has settled on. Times are ms from the first frame that was heard."""

    text: str
    confidence: float | None
    words: tuple[Word, ...]


class Ended(msgspec.Struct, frozen=True):
    """The end of a spoken turn, and how long it took to be sure of it."""

    text: str
    endpointing_ms: float | None = None
    """From the last sound to the decision that it was the last."""
    transcription_ms: float | None = None
    """From the last sound to the last words."""


def _nothing(*_: object) -> None:
    """For what a typed interview does not hear."""


async def _only(words: str) -> AsyncIterator[str]:
    yield words


async def _always() -> None:
    """For a voice that nobody listens to."""


def _counts(_: Final) -> bool:
    return True


class Hearing(msgspec.Struct, frozen=True):
    """What is done with what is heard. Called from the event loop; nothing may block."""

    text: Callable[[str], None]
    """Words of ours that are on their way to the candidate."""
    turn_ended: Callable[[Ended], None]
    """The candidate has finished a spoken turn."""
    final: Callable[[Final], bool] = _counts
    """Words were settled on; False where they are a mere "mhm" under our own words, and shall not count."""
    interim: Callable[[str], None] = _nothing
    preflight: Callable[[str], None] = _nothing
    """The turn may be over, with these words beyond its finals."""
    stirred: Callable[[bool], None] = _nothing
    """The candidate begins (True) or ceases to make a sound."""
    began: Callable[[], None] = _nothing
    """The first audio of a reply is on its way."""
    cut_short: Callable[[], None] = _nothing
    """The client fell silent by itself."""
    voiceless: Callable[[], None] = _nothing
    """No voice speaks the reply, or the rest of it."""
    closed: Callable[[], None] = _nothing
    """The session ended without being asked to."""


@dataclass(frozen=True)
class Sound:
    """What a spoken interview has beside its words."""

    line: Line
    recogniser: Recogniser
    synthesiser: Synthesiser
    senses: Senses
    min_delay_s: float
    max_delay_s: float
    closed: Callable[[], None] = _nothing
    """Told once the session is over."""


class _Captions(io.TextOutput):
    """Our words as they are spoken; without audio, as they are written."""

    def __init__(self, text: Callable[[str], None]) -> None:
        super().__init__(label="viva", next_in_chain=None)
        self._text = text
        self.shown = ""

    async def capture_text(self, text: str) -> None:
        words = str(text)  # Of livekit's own kind, with times, where they are known.
        self.shown += words
        self._text(words)

    def flush(self) -> None:
        """A segment ended; nothing is held back that would have to go out now."""


class _Hears(stt.STT[Any]):
    """Says that there is a recogniser; `Interviewer.stt_node` is what hears."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))

    async def _recognize_impl(
        self, buffer: object, *, language: object = None, conn_options: APIConnectOptions
    ) -> stt.SpeechEvent:
        raise NotImplementedError


class _Speaks(tts.TTS[Any]):
    """Says that there is a voice; `Interviewer.tts_node` is what speaks."""

    def __init__(self) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=SAMPLE_RATE, num_channels=1)

    def synthesize(self, text: str, *, conn_options: APIConnectOptions | None = None) -> tts.ChunkedStream:
        raise NotImplementedError


class Interviewer(Agent):
    """Hands every finished turn to the Conversation and never answers by itself."""

    def __init__(self, hearing: Hearing, sound: Sound | None, room: Callable[[], Awaitable[None]]) -> None:
        """`room` waits until more of our audio can be taken."""
        super().__init__(instructions="")
        self._hearing = hearing
        self._sound = sound
        self._room = room
        self._settling: asyncio.TimerHandle | None = None

    async def stt_node(
        self,
        audio: AsyncIterable[rtc.AudioFrame],
        model_settings: ModelSettings,  # noqa: ARG002
    ) -> AsyncGenerator[stt.SpeechEvent, None]:
        """Every word goes to the Conversation before livekit makes a turn of it."""
        assert self._sound is not None  # noqa: S101 - only called where there is a recogniser
        async for event in self._sound.recogniser.listen(audio):
            if self._take(event):
                yield event

    def _take(self, event: stt.SpeechEvent) -> bool:
        data = event.alternatives[0] if event.alternatives else None
        if data is None:
            return True
        match event.type:
            case stt.SpeechEventType.INTERIM_TRANSCRIPT:
                self._unsettle()
                self._hearing.interim(data.text)
            case stt.SpeechEventType.PREFLIGHT_TRANSCRIPT:
                self._unsettle()
                self._hearing.preflight(data.text)
            case stt.SpeechEventType.FINAL_TRANSCRIPT if data.text.strip():
                self._unsettle()
                if not self._hearing.final(_final(data)):
                    return False
                # Where it is quiet already nothing more is likely to come.
                wait_s = SETTLED_AFTER_S if self.session.user_state == "speaking" else 0.0
                loop = asyncio.get_running_loop()
                self._settling = loop.call_later(wait_s, self._hearing.preflight, "")
            case _:
                pass
        return True

    def _unsettle(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None

    async def tts_node(
        self,
        text: AsyncIterable[str],
        model_settings: ModelSettings,  # noqa: ARG002
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """What was not spoken is shown: the reply ends whatever becomes of its voice."""
        assert self._sound is not None  # noqa: S101 - only called where there is a voice
        try:
            async for frame in self._sound.synthesiser.speak(text):
                yield frame
                # livekit would take all of it at once, and a reply of half a minute is a megabyte.
                await self._room()
        except Exception as lost:
            log.warning("session.voiceless", cause=type(lost).__name__)
            self._hearing.voiceless()

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:  # noqa: ARG002
        self._unsettle()
        measured = new_message.metrics
        self._hearing.turn_ended(
            Ended(
                new_message.text_content or "",
                endpointing_ms=_ms(measured.get("end_of_turn_delay")),
                transcription_ms=_ms(measured.get("transcription_delay")),
            )
        )
        raise StopResponse


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _final(data: stt.SpeechData) -> Final:
    words = tuple(
        Word(
            text=str(word),
            from_ms=int(_number(word.start_time) * 1000),
            to_ms=int(_number(word.end_time) * 1000),
            confidence=_number(word.confidence) if isinstance(word.confidence, float) else None,
        )
        for word in data.words or ()
    )
    return Final(text=data.text.strip(), confidence=data.confidence or None, words=words)


def _number(value: object) -> float:
    return value if isinstance(value, float) else 0.0


class _Session(AgentSession[None]):
    """Keeps no list of its own events: each would hold on to a reply and all that was written for it."""

    def emit(self, event: EventTypes, arg: AgentEvent) -> None:
        """As livekit emits, without its record for a report that is never asked for."""
        rtc.EventEmitter.emit(self, event, arg)


def _typed_session() -> _Session:
    return _Session(
        user_away_timeout=None,
        aec_warmup_duration=0,
        session_close_transcript_timeout=0.5,
        turn_handling={"turn_detection": "manual", "preemptive_generation": {"enabled": False}},
    )


def _spoken_session(sound: Sound) -> _Session:
    return _Session(
        stt=_Hears(),
        tts=_Speaks(),
        vad=sound.senses.vad,
        user_away_timeout=None,
        aec_warmup_duration=0,
        session_close_transcript_timeout=0.5,
        turn_handling={
            "turn_detection": sound.senses.turn_detector,
            "endpointing": {"mode": "fixed", "min_delay": sound.min_delay_s, "max_delay": sound.max_delay_s},
            "interruption": {
                "mode": "vad",
                "min_duration": INTERRUPTS_AFTER_S,
                "resume_false_interruption": True,
                "false_interruption_timeout": RESUMES_AFTER_S,
            },
            "preemptive_generation": {"enabled": False},
        },
    )


class Voice:
    """One AgentSession. It can be closed and another built while the Conversation lives on."""

    def __init__(
        self,
        hearing: Hearing,
        sound: Sound | None = None,
        *,
        first_segment: int = 1,
        reply: Callable[[], UUID | None] = lambda: None,
    ) -> None:
        """`first_segment` numbers the next stretch of audio; `reply` names what is being said."""
        self._hearing = hearing
        self._sound = sound
        self._captions = _Captions(hearing.text)
        self._synchronizer: TranscriptSynchronizer | None = None
        self._is_closing = False
        if sound is None:
            self._session = _typed_session()
            self._session.output.transcription = self._captions
            return
        self.microphone = Microphone()
        self.loudspeaker = Loudspeaker(
            sound.line, first_segment=first_segment, reply=reply, cut_short=hearing.cut_short, began=hearing.began
        )
        self._session = _spoken_session(sound)
        # Without it the whole of an interrupted reply would count as said.
        self._synchronizer = TranscriptSynchronizer(
            next_in_chain_audio=self.loudspeaker, next_in_chain_text=self._captions
        )
        self._session.input.audio = self.microphone
        self._session.output.audio = self._synchronizer.audio_output
        self._session.output.transcription = self._synchronizer.text_output
        self._session.on("user_state_changed", self._on_user_state)
        self._session.on("close", self._on_close)

    @property
    def is_spoken(self) -> bool:
        return self._sound is not None

    @property
    def hears_sound(self) -> bool:
        """Whether the candidate, or somebody near, is making a sound."""
        return self._session.user_state == "speaking"

    @property
    def is_behind(self) -> bool:
        """Whether words of what was said up to now may still come."""
        return self._sound is not None and self._sound.recogniser.is_behind

    async def start(self) -> None:
        """Begins to listen. Raises what livekit raises."""
        room = self.loudspeaker.room if self._sound is not None else _always
        try:
            await self._session.start(Interviewer(self._hearing, self._sound, room), record=False)
        except BaseException:
            # A start that failed would leave its tasks behind.
            await self.close()
            raise

    def be_patient(self, min_delay_s: float, max_delay_s: float) -> None:
        """How long a pause ends a turn from now on, s."""
        self._session.update_options(endpointing_opts={"min_delay": min_delay_s, "max_delay": max_delay_s})

    def say(self, words: AsyncIterator[str], done: Callable[[Spoken], None]) -> None:
        """Speaks, and calls `done` once when it has ended, to the end or cut short."""
        self._captions.shown = ""
        # The log is the transcript; livekit's own copy would only grow and is never read.
        handle = self._session.say(words, add_to_chat_ctx=False)

        def ended(handle: SpeechHandle) -> None:
            # What was shown is what was heard; an item cut by livekit lags behind it.
            done(Spoken(text=self._captions.shown, interrupted=handle.interrupted))

        handle.add_done_callback(ended)

    def aside(self, words: str) -> None:
        """Says something beside the replies; it is neither a turn nor heard of again. Nothing where we do not speak."""
        if self._sound is not None:
            self.loudspeaker.aside(self._sounding(self._sound, words))

    async def _sounding(self, sound: Sound, words: str) -> AsyncIterator[rtc.AudioFrame]:
        try:
            async for frame in sound.synthesiser.speak(_only(words)):
                yield frame
        except Exception as lost:
            log.warning("session.voiceless", cause=type(lost).__name__)

    async def interrupt(self) -> None:
        """Cuts short what is being said; returns when it is silent."""
        await self._session.interrupt()

    async def close(self) -> None:
        self._is_closing = True
        if self._sound is not None:
            self.microphone.close()
        await self._session.aclose()
        if self._synchronizer is not None:
            await self.loudspeaker.close()
            await self._synchronizer.aclose()
        if self._sound is not None:
            self._sound.closed()

    def _on_user_state(self, change: UserStateChangedEvent) -> None:
        self._hearing.stirred(change.new_state == "speaking")

    def _on_close(self, _: CloseEvent) -> None:
        if not self._is_closing:
            self._hearing.closed()


def joined(parts: Sequence[str]) -> str:
    """Words as one text, with single spaces."""
    return " ".join(part for part in (part.strip() for part in parts) if part)

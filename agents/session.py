"""The conversation core: livekit's AgentSession in our own process, without a room and without a language model.

It hears and it speaks; it does not decide. The only module of this package that imports livekit.
"""

from collections.abc import AsyncIterator, Callable

import msgspec
from livekit import rtc
from livekit.agents import Agent, AgentSession, ChatContext, ChatMessage, StopResponse
from livekit.agents.voice import AgentEvent, SpeechHandle, io
from livekit.agents.voice.events import EventTypes


class Spoken(msgspec.Struct, frozen=True):
    """How one reply ended: what reached the candidate, and whether it was cut short."""

    text: str
    interrupted: bool


class Hearing(msgspec.Struct, frozen=True):
    """What is done with what is heard."""

    text: Callable[[str], None]
    """Words of ours that are on their way to the candidate."""
    turn_ended: Callable[[str], None]
    """The candidate has finished a spoken turn."""


class _Captions(io.TextOutput):
    """Our words as they are spoken; without audio, as they are written."""

    def __init__(self, text: Callable[[str], None]) -> None:
        super().__init__(label="viva", next_in_chain=None)
        self._text = text
        self.shown = ""

    async def capture_text(self, text: str) -> None:
        self.shown += text
        self._text(text)

    def flush(self) -> None:
        """A segment ended; nothing is held back that would have to go out now."""


class Interviewer(Agent):
    """Hands every finished turn to the Conversation and never answers by itself."""

    def __init__(self, hearing: Hearing) -> None:
        super().__init__(instructions="")
        self._hearing = hearing

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:  # noqa: ARG002
        self._hearing.turn_ended(new_message.text_content or "")
        raise StopResponse


class _Session(AgentSession[None]):
    """Keeps no list of its own events: each would hold on to a reply and all that was written for it."""

    def emit(self, event: EventTypes, arg: AgentEvent) -> None:
        """As livekit emits, without its record for a report that is never asked for."""
        rtc.EventEmitter.emit(self, event, arg)


class Voice:
    """One AgentSession. It can be closed and another built while the Conversation lives on."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._captions = _Captions(hearing.text)
        self._session = _Session(
            user_away_timeout=None,
            aec_warmup_duration=0,
            session_close_transcript_timeout=0.5,
            turn_handling={"turn_detection": "manual", "preemptive_generation": {"enabled": False}},
        )
        self._session.output.transcription = self._captions

    async def start(self) -> None:
        """Begins to listen. Raises what livekit raises."""
        await self._session.start(Interviewer(self._hearing), record=False)

    def say(self, words: AsyncIterator[str], done: Callable[[Spoken], None]) -> None:
        """Speaks, and calls `done` once when it has ended, to the end or cut short."""
        self._captions.shown = ""
        # The log is the transcript; livekit's own copy would only grow and is never read.
        handle = self._session.say(words, add_to_chat_ctx=False)

        def ended(handle: SpeechHandle) -> None:
            # Without audio what was sent is what was heard; an item cut by livekit lags behind it.
            done(Spoken(text=self._captions.shown, interrupted=handle.interrupted))

        handle.add_done_callback(ended)

    async def interrupt(self) -> None:
        """Cuts short what is being said; returns when it is silent."""
        await self._session.interrupt()

    async def close(self) -> None:
        await self._session.aclose()

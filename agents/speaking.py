"""Saying one reply at a time, and knowing how much of it was heard."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Protocol
from uuid import UUID

import msgspec

from agents.plans import Language
from agents.reply import Reply
from agents.session import Hearing, Sound, Spoken, Voice

SETTLES_WITHIN_S = 2.0
"""How long a voice that was told to stop may take to say what was heard."""
SLOWEST_CHARACTERS_A_S = 8
PLAYBACK_GRACE_S = 10.0
"""A client that speaks by itself and reports nothing for longer than a slow voice would take is not waited for."""
SHOWN_AFTER_S = 1.5
"""A reply whose voice has not begun by then is shown meanwhile: nobody waits before a silent page."""
SILENT_AFTER_S = 8.0
"""A reply whose voice has not begun by then goes on without it."""

Sounds = Callable[[Language], Sound]
"""Makes what a spoken interview needs, in a language."""


class Listener(Protocol):
    """Where words reach the candidate."""

    def words(self, reply_id: UUID, text: str) -> bool:
        """False once nothing can reach the candidate any more."""
        ...

    def reply_ended(self, reply_id: UUID, *, interrupted: bool) -> None: ...


class Speaker:
    """One voice, and the reply it is saying.

    Three ways a reply is heard: typed, by being sent; by our own voice, as far as it came; and where the client
    speaks by itself (`reports_playback`), as far as it says by `played`.
    """

    def __init__(
        self,
        listener: Listener,
        *,
        ended: Callable[[Reply, Spoken], None],
        hearing: Hearing,
        lost: Callable[[], None],
        reached: Callable[[bool], None],
        voiceless: Callable[[], None],
        monotonic: Callable[[], float],
        reports_playback: bool,
        sounds: Sounds | None = None,
    ) -> None:
        """`ended` is told when all of a reply was sent or it was cut; `lost` when nobody can be reached any more;
        `reached` when the first of a reply is with the candidate, by audio or as text; `voiceless` when no voice
        speaks it.

        `sounds` gives the interview our own ears and voice; without it words are read.
        """
        self.reply: Reply | None = None
        self.overdue_at: float | None = None
        """When playback should long have been reported, on the monotonic clock, s."""
        self._listener = listener
        self._ended = ended
        self._lost = lost
        self._reached = reached
        self._tell_voiceless = voiceless
        self._monotonic = monotonic
        self._reports_playback = reports_playback
        self._sounds = sounds
        self._hearing = msgspec.structs.replace(hearing, text=self._caption, voiceless=self._on_voiceless)
        self._voice = Voice(self._hearing)
        self._closing: set[asyncio.Task[None]] = set()
        self._settled = asyncio.Event()
        self._sent: Spoken | None = None
        self._played = 0
        self._is_shown = False
        self._shown = ""
        self._has_begun = False
        self._minding: asyncio.Task[None] | None = None

    async def start(self, language: Language) -> None:
        """Begins to listen and to speak in a language; again, in another, or after the session was lost."""
        earlier, segment = self._voice, 1
        if self._sounds is not None:
            if earlier.is_spoken:
                segment = earlier.loudspeaker.segment + 1
                self._close_later(earlier)
            self._voice = Voice(
                msgspec.structs.replace(self._hearing, began=self._on_began),
                self._sounds(language),
                first_segment=segment,
                reply=lambda: self.reply.id if self.reply is not None else None,
            )
        await self._voice.start()

    @property
    def is_spoken(self) -> bool:
        """Whether we hear and speak ourselves."""
        return self._voice.is_spoken

    def fall_silent(self) -> None:
        """From here on words are read and typed."""
        self._close_later(self._voice)
        self._sounds = None
        self._voice = Voice(self._hearing)

    @property
    def is_sounding(self) -> bool:
        """Whether audio of ours is on its way just now."""
        return self.reply is not None and self._has_begun

    @property
    def is_behind(self) -> bool:
        """Whether words of what the candidate said up to now may still come."""
        return self._voice.is_behind

    @property
    def heard_ms(self) -> float:
        """How much of the microphone has been listened to by the present session, ms."""
        return self._voice.microphone.heard_ms if self._voice.is_spoken else 0.0

    def hear(self, pcm: bytes) -> None:
        """A frame of the candidate's microphone."""
        if self._voice.is_spoken:
            self._voice.microphone.push(pcm)

    def playback(self, segment: int, ms: int, *, done: bool) -> None:
        """How much of our audio has left the candidate's loudspeaker."""
        if self._voice.is_spoken:
            self._voice.loudspeaker.played(segment, ms, done=done)

    def be_patient(self, min_delay_s: float, max_delay_s: float) -> None:
        if self._voice.is_spoken:
            self._voice.be_patient(min_delay_s, max_delay_s)

    async def close(self) -> None:
        self._stop_minding()
        await self._voice.close()
        await asyncio.gather(*self._closing, return_exceptions=True)

    def say(self, reply: Reply, *, at_once: bool = False) -> None:
        """Begins a reply. Only when none is being said. `at_once` shows its words without waiting for the voice."""
        self.reply, self.overdue_at = reply, None
        self._sent, self._played = None, 0
        self._is_shown, self._shown, self._has_begun = at_once or not self._voice.is_spoken, "", False
        self._settled.clear()
        if self._voice.is_spoken:
            self._minding = asyncio.create_task(self._mind_voice(reply))
            self._voice.say(self._pumped(reply), partial(self._on_spoken, reply))
        else:
            self._voice.say(reply.stream(), partial(self._on_spoken, reply))

    def aside(self, words: str) -> None:
        """Says something that is no reply, where no reply is sounding."""
        if not self.is_sounding:
            self._voice.aside(words)

    def waits_for_playback(self, spoken: Spoken) -> bool:
        """Whether a reply that was sent still has to be spoken by the client; sets when that is overdue."""
        reply = self.reply
        if reply is None or not self._reports_playback or spoken.interrupted or not reply.said:
            return False
        self._listener.reply_ended(reply.id, interrupted=False)
        self.overdue_at = self._monotonic() + len(reply.said) / SLOWEST_CHARACTERS_A_S + PLAYBACK_GRACE_S
        return True

    async def played(self, reply_id: UUID, characters: int, *, done: bool) -> Spoken | None:
        """Notes how far the client's voice has come; what was heard, once it is done."""
        reply = self.reply
        if reply is None or reply_id != reply.id:
            return None
        self._played = max(self._played, min(characters, len(reply.said)))
        if not done:
            return None
        if self._sent is None:
            # Cut short while we were still writing.
            return await self.cut_short()
        return Spoken(text=reply.said[: self._played], interrupted=self._played < len(reply.said.rstrip()))

    async def cut_short(self) -> Spoken:
        """Falls silent; returns what was heard until then."""
        await self._voice.interrupt()
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLES_WITHIN_S):
                await self._settled.wait()
        if self._reports_playback and self.reply is not None:
            return Spoken(text=self.reply.said[: self._played], interrupted=True)
        return self._sent or Spoken(text="", interrupted=True)

    def overdue(self) -> Spoken | None:
        """What counts as heard from a client whose voice has not reported: all that was sent, unless it began to."""
        reply = self.reply
        if reply is None or self._sent is None:
            return None
        if self._played:
            return Spoken(text=reply.said[: self._played], interrupted=True)
        return self._sent

    def settle(self, spoken: Spoken) -> None:
        """The reply is over."""
        reply, was_told = self.reply, self.overdue_at is not None
        self.reply, self.overdue_at = None, None
        self._stop_minding()
        if reply is not None and (spoken.interrupted or not was_told):
            self._listener.reply_ended(reply.id, interrupted=spoken.interrupted)

    # --- words on their way ------------------------------------------------------------------------------------

    async def _pumped(self, reply: Reply) -> AsyncIterator[str]:
        """The reply's words, read as fast as they are written: the voice may have to wait for silence first."""
        words: asyncio.Queue[str | None] = asyncio.Queue()
        pump = asyncio.create_task(self._pump(reply, words))
        try:
            while (chunk := await words.get()) is not None:
                yield chunk
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)

    async def _pump(self, reply: Reply, words: asyncio.Queue[str | None]) -> None:
        try:
            async for chunk in reply.stream():
                words.put_nowait(chunk)
                if self._is_shown and reply is self.reply:
                    self._show(chunk)
        finally:
            words.put_nowait(None)

    def _caption(self, text: str) -> None:
        """Words as the voice comes to them; where there is none, as they are written."""
        if not self._voice.is_spoken or not self._is_shown:
            self._show(text)

    def _show(self, text: str) -> None:
        if not self._shown and not self._has_begun:
            self._reached(False)
        self._shown += text
        if self.reply is not None and not self._listener.words(self.reply.id, text):
            self._lost()

    def _show_all(self) -> None:
        """The voice is late or lost: its words are shown from here on as they are written."""
        reply = self.reply
        if reply is None or self._is_shown:
            return
        self._is_shown = True
        rest = reply.said.removeprefix(self._shown)
        if rest:
            self._show(rest)

    async def _mind_voice(self, reply: Reply) -> None:
        """Shows a reply whose voice is late, and gives its voice up when it does not come."""
        began = self._monotonic()
        while reply is self.reply and not self._has_begun and not self._settled.is_set():
            await asyncio.sleep(SHOWN_AFTER_S / 5)
            late_s = self._monotonic() - began if reply.said else 0.0
            if late_s >= SHOWN_AFTER_S and not self._has_begun:
                self._show_all()
            if late_s >= SILENT_AFTER_S and not self._has_begun:
                # Somebody talks nearby, or no audio comes: what is read counts.
                await self._voice.interrupt()
                return

    def _stop_minding(self) -> None:
        if self._minding is not None:
            self._minding.cancel()
            self._minding = None

    def _on_began(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._reached(True)
        self._hearing.began()

    def _on_voiceless(self) -> None:
        self._tell_voiceless()
        self._show_all()

    def _on_spoken(self, reply: Reply, spoken: Spoken) -> None:
        if reply is self.reply:
            spoken = self._as_shown(reply, spoken)
            self._sent = spoken
            self._settled.set()
        self._ended(reply, spoken)

    def _as_shown(self, reply: Reply, spoken: Spoken) -> Spoken:
        """What was shown whole counts as heard, however far its voice came."""
        if not self._voice.is_spoken or not self._is_shown:
            return spoken
        is_given_up = not self._has_begun and reply.is_whole
        return Spoken(text=reply.said, interrupted=spoken.interrupted and not is_given_up)

    def _close_later(self, voice: Voice) -> None:
        task = asyncio.create_task(voice.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

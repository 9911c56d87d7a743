"""Saying one reply at a time, and knowing how much of it was heard."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol
from uuid import UUID

from agents.reply import Reply
from agents.session import Hearing, Spoken, Voice

SETTLES_WITHIN_S = 2.0
"""How long a voice that was told to stop may take to say what was heard."""
SLOWEST_CHARACTERS_A_S = 8
PLAYBACK_GRACE_S = 10.0
"""A client that speaks by itself and reports nothing for longer than a slow voice would take is not waited for."""


class Listener(Protocol):
    """Where words reach the candidate."""

    def words(self, reply_id: UUID, text: str) -> bool:
        """False once nothing can reach the candidate any more."""
        ...

    def reply_ended(self, reply_id: UUID, *, interrupted: bool) -> None: ...


class Speaker:
    """One voice, and the reply it is saying.

    Where the client speaks by itself (`reports_playback`), a reply that was sent is not yet heard: the client tells
    by `played` how far its own voice has come.
    """

    def __init__(
        self,
        listener: Listener,
        *,
        ended: Callable[[Reply, Spoken], None],
        turn_ended: Callable[[str], None],
        lost: Callable[[], None],
        monotonic: Callable[[], float],
        reports_playback: bool,
    ) -> None:
        """`ended` is told when all of a reply was sent or it was cut; `lost` when nobody can be reached any more."""
        self.reply: Reply | None = None
        self.overdue_at: float | None = None
        """When playback should long have been reported, on the monotonic clock, s."""
        self._listener = listener
        self._ended = ended
        self._lost = lost
        self._monotonic = monotonic
        self._reports_playback = reports_playback
        self._voice = Voice(Hearing(text=self._show, turn_ended=turn_ended))
        self._settled = asyncio.Event()
        self._sent: Spoken | None = None
        self._played = 0

    async def start(self) -> None:
        await self._voice.start()

    async def close(self) -> None:
        await self._voice.close()

    def say(self, reply: Reply) -> None:
        """Begins a reply. Only when none is being said."""
        self.reply, self.overdue_at = reply, None
        self._sent, self._played = None, 0
        self._settled.clear()
        self._voice.say(reply.stream(), partial(self._on_spoken, reply))

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
        if reply is not None and (spoken.interrupted or not was_told):
            self._listener.reply_ended(reply.id, interrupted=spoken.interrupted)

    def _show(self, text: str) -> None:
        """Words are on their way to the candidate."""
        if self.reply is not None and not self._listener.words(self.reply.id, text):
            self._lost()

    def _on_spoken(self, reply: Reply, spoken: Spoken) -> None:
        if reply is self.reply:
            self._sent = spoken
            self._settled.set()
        self._ended(reply, spoken)

"""The two ends of a spoken interview as AgentSession knows them, on whatever line a gateway has to the candidate.

Audio is PCM, signed 16 bit, mono, 16 kHz throughout.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterable, Callable
from contextlib import suppress
from typing import Protocol
from uuid import UUID

import structlog
from livekit import rtc
from livekit.agents.voice import io

log = structlog.get_logger(__name__)

SAMPLE_RATE = 16_000
BYTES_A_MS = SAMPLE_RATE * 2 // 1000
FRAME_MS = 20
FRAME_BYTES = FRAME_MS * BYTES_A_MS
HEARD_BYTES = 2 * FRAME_BYTES
"""What is listened to at once: every model and recogniser is woken for each piece."""
SENT_MS = 2 * FRAME_MS
SENT_BYTES = 2 * FRAME_BYTES
"""What is sent at once: it runs ahead of what is played anyway, and each frame costs both ends."""

STALL_S = 0.3
"""A client whose frames are later than this gets silence in their place: twice the jitter of a poor line."""
LONGEST_SILENCE_S = 6.0
"""How much silence is made up: enough to end any turn, and then nothing is paid for."""
MOST_BACKLOG_S = 30.0
"""How much of a burst after a stall is kept."""
LEAD_MS = 200
"""How far what is sent runs ahead of what is played."""
BUFFER_MS = 2_000
"""How much of a reply waits here; its voice is slowed down to that."""
REPORT_WITHIN_S = 0.25
"""How long a client that was told to fall silent may take to say where it did."""
ROUNDING_MS = 40
PLAYED_OUT_GRACE_S = 1.0
"""How much later than by our clock a client may have played a segment out."""


class Line(Protocol):
    """The gateway's way to the candidate's loudspeaker. Nothing blocks."""

    def audio_began(self, segment: int, reply_id: UUID | None) -> None: ...
    def audio(self, pcm: bytes) -> None: ...
    def audio_ended(self, segment: int) -> None: ...
    def audio_cleared(self, segment: int) -> None: ...
    def audio_paused(self, segment: int) -> None: ...
    def audio_resumed(self, segment: int) -> None: ...


class Microphone(io.AudioInput):
    """What the candidate's microphone sends, frame by frame, with silence where a client falls silent itself.

    Without that a client which stops in mid-speech would leave the turn open for ever.
    """

    def __init__(self) -> None:
        super().__init__(label="viva")
        self._waiting: deque[bytes] = deque()
        self._partial = bytearray()
        self._arrived = asyncio.Event()
        self._waiting_bytes = 0
        self._made_up_s = LONGEST_SILENCE_S
        self._is_closed = False
        self.heard_ms = 0.0
        """How much has been listened to, what was made up included."""

    def push(self, pcm: bytes) -> None:
        """Takes a frame; any whole number of samples."""
        self._partial += pcm
        if len(self._partial) < HEARD_BYTES:
            return
        self._put_partial()
        while self._waiting_bytes > MOST_BACKLOG_S * 1000 * BYTES_A_MS:
            self._waiting_bytes -= len(self._waiting.popleft())
        self._arrived.set()

    def _put_partial(self) -> None:
        self._waiting.append(bytes(self._partial))
        self._waiting_bytes += len(self._partial)
        self._partial.clear()

    def close(self) -> None:
        """No more will come."""
        self._is_closed = True
        self._arrived.set()

    async def __anext__(self) -> rtc.AudioFrame:
        """The next frame; made up when none came in time. Raises `StopAsyncIteration` after `close`."""
        while not self._waiting:
            if self._is_closed:
                raise StopAsyncIteration
            self._arrived.clear()
            # Between two made-up frames only their own length is waited for.
            patience_s = STALL_S if self._made_up_s == 0 else FRAME_MS / 1000
            can_make_up = self._made_up_s < LONGEST_SILENCE_S
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s if can_make_up else None):
                    await self._arrived.wait()
                    continue
            if self._partial:
                self._put_partial()
                continue
            self._made_up_s += FRAME_MS / 1000
            return self._heard(bytes(FRAME_BYTES))
        pcm = self._waiting.popleft()
        self._waiting_bytes -= len(pcm)
        self._made_up_s = 0
        return self._heard(pcm)

    def _heard(self, pcm: bytes) -> rtc.AudioFrame:
        self.heard_ms += len(pcm) / BYTES_A_MS
        return _frame(pcm)


def _frame(pcm: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(data=pcm, sample_rate=SAMPLE_RATE, num_channels=1, samples_per_channel=len(pcm) // 2)


class Loudspeaker(io.AudioOutput):
    """Plays one segment at a time on the line, paced, and knows how much of it was heard.

    Where the client reports its position, that counts; until then, the clock.
    """

    def __init__(
        self,
        line: Line,
        *,
        first_segment: int,
        reply: Callable[[], UUID | None],
        cut_short: Callable[[], None],
        began: Callable[[], None],
    ) -> None:
        """`reply` names what is being said; `cut_short` is called when the client stopped playing by itself;
        `began` when a segment's first frame is sent."""
        super().__init__(label="viva", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=SAMPLE_RATE)
        self.segment = first_segment - 1
        self._line = line
        self._reply = reply
        self._cut_short = cut_short
        self._began = began
        self._waiting: deque[bytes] = deque()
        self._partial = bytearray()
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._playing: asyncio.Task[None] | None = None
        self._aside: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()
        self._is_running = True
        self._is_flushed = False
        self._is_cleared = False
        self._sent_ms = 0.0
        self._started: float | None = None
        self._paused_at: float | None = None
        self._paused_s = 0.0
        self._reported_ms: float | None = None
        self._is_done = False

    # --- what AgentSession does --------------------------------------------------------------------------------

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Takes a frame of the current segment, waiting while enough of it is here already."""
        await super().capture_frame(frame)
        if self._playing is None:
            await self._aside_over()
            self._begin()
        self._partial += frame.data.cast("B")
        while len(self._partial) >= SENT_BYTES:
            self._put(bytes(self._partial[:SENT_BYTES]))
            del self._partial[:SENT_BYTES]
        if self._waiting_bytes > BUFFER_MS * BYTES_A_MS:
            self._room.clear()
            await self.room()

    async def room(self) -> None:
        """Returns once more can be taken. A voice that waits for it does not pile up its reply on the way here."""
        await self._room.wait()

    def aside(self, frames: AsyncIterable[rtc.AudioFrame]) -> None:
        """Plays something that is no reply, unless a reply is being played; one that comes waits for its end."""
        if self._playing is None and (self._aside is None or self._aside.done()):
            self._aside = asyncio.create_task(self._play_aside(frames))

    def flush(self) -> None:
        """The segment is whole: it ends when it has been played."""
        super().flush()
        if self._partial:
            self._put(bytes(self._partial))
            self._partial.clear()
        self._is_flushed = True
        self._stirred.set()

    def clear_buffer(self) -> None:
        """Falls silent at once."""
        self._waiting.clear()
        self._partial.clear()
        self._waiting_bytes = 0
        self._room.set()
        if self._playing is not None and not self._is_cleared:
            self._is_cleared = True
            if not self._is_done:
                self._line.audio_cleared(self.segment)
            self._stirred.set()

    def pause(self) -> None:
        super().pause()
        if self._is_running and self._started is not None and not self._is_done:
            self._line.audio_paused(self.segment)
            self._paused_at = time.monotonic()
        self._is_running = False

    def resume(self) -> None:
        super().resume()
        if self._paused_at is not None:
            self._paused_s += time.monotonic() - self._paused_at
            self._paused_at = None
            if not self._is_cleared:
                self._line.audio_resumed(self.segment)
        self._is_running = True
        self._stirred.set()

    # --- what the client says ----------------------------------------------------------------------------------

    def played(self, segment: int, ms: int, *, done: bool) -> None:
        """The client has played so much of a segment; an earlier segment's news are old."""
        if segment != self.segment or self._playing is None:
            return
        self._reported_ms = min(max(self._reported_ms or 0.0, float(ms)), self._sent_ms)
        if not done or self._is_done:
            return
        self._is_done = True
        self._stirred.set()
        if not self._is_cleared and not self._is_played_out:
            self._cut_short()

    @property
    def position_ms(self) -> float:
        """How much of the segment has been heard."""
        if self._reported_ms is not None and (self._is_done or self._is_cleared):
            return self._reported_ms
        return max(self._reported_ms or 0.0, min(self._sent_ms, self._elapsed_ms))

    async def close(self) -> None:
        for task in (self._playing, self._aside):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    # --- playing -----------------------------------------------------------------------------------------------

    @property
    def _is_played_out(self) -> bool:
        """Whether a client that is done has played all there was."""
        is_sent = self._is_flushed and not self._waiting
        return is_sent and (self._reported_ms or 0.0) >= self._sent_ms - ROUNDING_MS

    @property
    def _elapsed_ms(self) -> float:
        if self._started is None:
            return 0.0
        until = self._paused_at if self._paused_at is not None else time.monotonic()
        return (until - self._started - self._paused_s) * 1000

    def _begin(self) -> None:
        self.segment += 1
        self._is_flushed = self._is_cleared = self._is_done = False
        self._sent_ms, self._started, self._reported_ms = 0.0, None, None
        self._paused_s = 0.0
        self._paused_at = None
        self._playing = asyncio.create_task(self._play())

    async def _play_aside(self, frames: AsyncIterable[rtc.AudioFrame]) -> None:
        self.segment += 1
        segment, sent_ms, began = self.segment, 0.0, time.monotonic()
        self._line.audio_began(segment, None)
        try:
            async for frame in frames:
                pcm = bytes(frame.data.cast("B"))
                self._line.audio(pcm)
                sent_ms += len(pcm) / BYTES_A_MS
                ahead_ms = sent_ms - (time.monotonic() - began) * 1000
                await asyncio.sleep(max(0.0, ahead_ms - LEAD_MS) / 1000)
            await asyncio.sleep(max(0.0, began + sent_ms / 1000 - time.monotonic()))
        finally:
            self._line.audio_ended(segment)

    async def _aside_over(self) -> None:
        if self._aside is not None:
            await asyncio.wait({self._aside})

    def _put(self, pcm: bytes) -> None:
        self._waiting.append(pcm)
        self._waiting_bytes += len(pcm)
        self._stirred.set()

    async def _play(self) -> None:
        """One segment, from its first frame to what the client heard of it."""
        await self._send()
        if not self._is_cleared:
            self._line.audio_ended(self.segment)
            await self._stir_until(lambda: self._is_cleared or self._is_over)
        if self._is_cleared:
            # Where it fell silent is for the client to say.
            late_at = time.monotonic() + REPORT_WITHIN_S
            await self._stir_until(lambda: self._is_done or time.monotonic() >= late_at)
        position_s, was_cut = self.position_ms / 1000, self._is_cleared
        self._playing = None
        self.on_playback_finished(playback_position=position_s, interrupted=was_cut)

    @property
    def _is_over(self) -> bool:
        """Whether all of the segment has been heard, by the client's word or long since by the clock."""
        if self._is_done and self._is_played_out:
            return True
        return self._is_running and self._elapsed_ms >= self._sent_ms + PLAYED_OUT_GRACE_S * 1000

    async def _stir_until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(REPORT_WITHIN_S):
                    await self._stirred.wait()

    async def _send(self) -> None:
        """Sends frames as they come, never more than the lead ahead of the ear."""
        while not self._is_cleared:
            if not self._is_running or not self._waiting:
                if self._is_flushed and not self._waiting:
                    return
                self._stirred.clear()
                await self._stirred.wait()
                continue
            ahead_ms = self._sent_ms - self._elapsed_ms
            if self._started is not None and ahead_ms < 0:
                # The voice was slower than speech: what is heard stood still meanwhile.
                self._paused_s += -ahead_ms / 1000
            if ahead_ms >= LEAD_MS:
                await asyncio.sleep(SENT_MS / 1000)
                continue
            self._send_one(self._waiting.popleft())

    def _send_one(self, pcm: bytes) -> None:
        is_first = self._started is None
        if is_first:
            self._started = time.monotonic()
            self._line.audio_began(self.segment, self._reply())
        self._line.audio(pcm)
        self._sent_ms += len(pcm) / BYTES_A_MS
        self._waiting_bytes -= len(pcm)
        if self._waiting_bytes <= BUFFER_MS * BYTES_A_MS // 2:
            self._room.set()
        if is_first:
            self._began()
            self.on_playback_started(created_at=time.time())

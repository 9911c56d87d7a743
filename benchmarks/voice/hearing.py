"""The candidate's loudspeaker: plays what comes in real time, and knows how far it has come. Does no I/O.

Times are seconds of one monotonic clock.
"""

from agents.audio import BYTES_A_MS
from server.live.protocol import Playback

REPORT_EVERY_S = 0.2


class Loudspeaker:
    """One segment at a time, as the protocol has it."""

    def __init__(self) -> None:
        self.segment = 0
        self.began_at: float | None = None
        """When the segment's first frame came; None before that."""
        self.is_playing = False
        """Whether a segment has begun that is not over."""
        self.is_paused = False
        self.quiet_since = 0.0
        self._received_ms = 0.0
        self._played_ms = 0.0
        self._advanced_at = 0.0
        self._reported_at = 0.0
        self._is_whole = False

    @property
    def is_sounding(self) -> bool:
        """Whether the candidate hears something just now."""
        return self.is_playing and not self.is_paused and self._played_ms < self._received_ms

    def begin(self, segment: int, now: float) -> None:
        self.segment, self.began_at = segment, None
        self.is_playing, self.is_paused, self._is_whole = True, False, False
        self._received_ms = self._played_ms = 0.0
        self._advanced_at = self._reported_at = now

    def frame(self, size: int, now: float) -> None:
        """So many bytes of the segment have come."""
        if self.began_at is None:
            self.began_at = self._advanced_at = now
        self._received_ms += size / BYTES_A_MS

    def end(self) -> None:
        self._is_whole = True

    def pause(self, now: float) -> None:
        self._advance(now)
        self.is_paused = True

    def resume(self, now: float) -> None:
        self._advance(now)
        self.is_paused = False

    def clear(self, now: float) -> Playback:
        """Falls silent for good; says where."""
        self._advance(now)
        return self._over(now)

    def report(self, now: float) -> Playback | None:
        """What is to be told of the playing now, if anything."""
        if not self.is_playing:
            return None
        self._advance(now)
        if self._is_whole and not self.is_paused and self._played_ms >= self._received_ms:
            return self._over(now)
        if self.is_sounding and now - self._reported_at >= REPORT_EVERY_S:
            self._reported_at = now
            return Playback(segment=self.segment, ms=int(self._played_ms))
        return None

    def _advance(self, now: float) -> None:
        if not self.is_paused:
            self._played_ms = min(self._received_ms, self._played_ms + (now - self._advanced_at) * 1000)
        self._advanced_at = now

    def _over(self, now: float) -> Playback:
        self.is_playing = self.is_paused = False
        self.quiet_since = now
        return Playback(segment=self.segment, ms=int(self._played_ms), done=True)

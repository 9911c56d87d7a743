"""How long each part of a turn took, from the candidate's last sound to our first."""

from collections.abc import Callable
from typing import Literal

import msgspec

DraftUse = Literal["hit", "miss", "none"]


class TurnTimes(msgspec.Struct, frozen=True, kw_only=True):
    """One turn, ms. None where a part did not happen: a typed turn has no endpointing, a text reply no audio."""

    turn: int
    """Counts the candidate's turns from 1."""
    source: Literal["typed", "speech"]
    draft: DraftUse = "none"
    endpointing_ms: float | None = None
    """From the last sound to the decision that it was the last."""
    transcription_ms: float | None = None
    """From the last sound to the last words of it."""
    first_token_ms: float | None = None
    """From the end of the turn to the writer's first words; near 0 for a draft that was there."""
    first_byte_ms: float | None = None
    """From the first words of the reply to its first audio."""
    total_ms: float | None = None
    """From the last sound, or from the arrival of a typed turn, to our first audio, or first word where none sounds."""


class Stopwatch:
    """Measures one turn after the other. `monotonic` gives seconds that never go back."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._times: TurnTimes | None = None
        self._closed_at = 0.0
        self._words_at: float | None = None

    def turn_closed(
        self,
        turn: int,
        source: Literal["typed", "speech"],
        *,
        endpointing_ms: float | None = None,
        transcription_ms: float | None = None,
    ) -> None:
        """A turn is over and a reply to it begins to be waited for."""
        self._times = TurnTimes(
            turn=turn, source=source, endpointing_ms=endpointing_ms, transcription_ms=transcription_ms
        )
        self._closed_at = self._monotonic()
        self._words_at = None

    def forget(self) -> None:
        """No reply to the turn comes, or another turn came first."""
        self._times = None

    def words_began(self, draft: DraftUse) -> None:
        """The reply's first words are there, and the decision for them kept."""
        if self._times is not None and self._words_at is None:
            self._words_at = self._monotonic()
            first_token_ms = (self._words_at - self._closed_at) * 1000
            self._times = msgspec.structs.replace(self._times, draft=draft, first_token_ms=round(first_token_ms, 1))

    def reached(self, *, by_audio: bool) -> TurnTimes | None:
        """The first of the reply reached the candidate: the whole measure, once a turn."""
        times, self._times = self._times, None
        if times is None:
            return None
        now = self._monotonic()
        since_closed_ms = (now - self._closed_at) * 1000
        first_byte_ms = (now - self._words_at) * 1000 if by_audio and self._words_at is not None else None
        return msgspec.structs.replace(
            times,
            first_byte_ms=None if first_byte_ms is None else round(first_byte_ms, 1),
            total_ms=round((times.endpointing_ms or 0.0) + since_closed_ms, 1),
        )

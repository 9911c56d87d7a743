"""The candidate's audio that is not yet words for certain: what a new stream is given when the old one broke."""

from collections import deque
from typing import Generic, TypeVar

_Frame = TypeVar("_Frame")


class Tail(Generic[_Frame]):
    """Frames since the end of the last final words, with their place on the interview's audio. Seconds throughout.

    Bounded: at most `limit`, and while nobody speaks only the last `quiet`, so that silence costs no memory.
    """

    def __init__(self, *, limit: float = 30.0, quiet: float = 1.0) -> None:
        self._limit = limit
        self._quiet = quiet
        self._frames: deque[tuple[_Frame, float, bool]] = deque()
        self._loud = 0
        self.start = 0.0
        """Where the first kept frame begins."""
        self.end = 0.0
        """Where the last frame ended: all audio there has been."""
        self.quiet_for = 0.0
        """Since the last loud frame."""
        self.is_in_flight = False
        """Words are being recognised that are not final yet."""

    @property
    def has_speech(self) -> bool:
        """Whether what is kept may hold words that nobody has finally heard."""
        return self._loud > 0 or self.is_in_flight

    @property
    def frames(self) -> list[_Frame]:
        return [frame for frame, _, _ in self._frames]

    def push(self, frame: _Frame, seconds: float, *, is_loud: bool) -> None:
        """One more frame of the candidate's audio."""
        self._frames.append((frame, seconds, is_loud))
        self._loud += is_loud
        self.end += seconds
        self.quiet_for = 0.0 if is_loud else self.quiet_for + seconds
        kept = self._limit if self.has_speech else self._quiet
        while self._frames and self.end - self.start > kept + 1e-6:
            self._drop()

    def settle(self, until: float) -> None:
        """Everything up to `until` is final words now."""
        self.is_in_flight = False
        while self._frames and self.start + self._frames[0][1] <= until + 1e-6:
            self._drop()
        self._hush(until + 0.25)

    def _hush(self, until: float) -> None:
        """What still sounds just after a final word is the end of that word: nothing to keep silence for."""
        begins = self.start
        for index, (frame, seconds, was_loud) in enumerate(self._frames):
            if begins >= until:
                break
            if was_loud:
                self._frames[index] = (frame, seconds, False)
                self._loud -= 1
            begins += seconds

    def _drop(self) -> None:
        _, seconds, was_loud = self._frames.popleft()
        self._loud -= was_loud
        self.start += seconds

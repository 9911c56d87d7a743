"""What reaches a recogniser: where sound begins and ends, by its energy, and which marked words it carries.

Time is the audio's own: milliseconds since the first sample, however fast the samples came.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from tests.emulators.candidate_speech import clip
from tests.emulators.marks import Mark, MarkReader
from tests.emulators.recognising import HeardWord

Floats = NDArray[np.float64]

FRAME_MS = 10
_BEGINS_AFTER = 3
"""Frames in a row that must sound before it is speech."""
_AUDIBLE = 0.006
_ABOVE_NOISE = 3.0
_LOUDEST_THRESHOLD = 0.05
_NOISE_FRAMES = 300
_NOISE_PERCENTILE = 5
_LONGEST_MS = 60_000
_BEFORE_MS = 200
"""What is kept from before speech was noticed."""
_SURE, _WRONG_LANGUAGE = 0.98, 0.31


class Moment(msgspec.Struct, frozen=True):
    """`began`: speech since `at_ms`. `goes_on`: it still sounds, or is silent for `silent_ms` within it."""

    kind: Literal["began", "goes_on"]
    at_ms: float
    silent_ms: float = 0.0


class Ear:
    """Listens to one stream of PCM s16le mono. The caller says when an utterance is over, by `close`."""

    def __init__(self, rate: int, language: str) -> None:
        self.rate = rate
        self.words: list[HeardWord] = []
        """The marked words of the utterance so far."""
        self.began_ms: float | None = None
        self.at_ms = 0.0
        """How much was heard."""
        self.silent_ms = 0.0
        self._language = language
        self._reader = MarkReader(rate)
        self._odd = b""
        self._rest: Floats = np.zeros(0)
        self._kept: deque[Floats] = deque()
        self._levels: deque[float] = deque(maxlen=_NOISE_FRAMES)
        self._threshold = _AUDIBLE
        self._sounding = 0

    def feed(self, pcm: bytes) -> list[Moment]:
        """Take samples, of any number; one moment for each 10 ms in which somebody speaks."""
        pcm = self._odd + pcm
        self._odd = pcm[len(pcm) // 2 * 2 :]
        samples: Floats = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64) / 32_768
        for mark in self._reader.feed(samples):
            self._take(mark)
        samples = np.concatenate((self._rest, samples))
        frame = self.rate * FRAME_MS // 1000
        count = len(samples) // frame
        self._rest = samples[count * frame :]
        moments = [self._frame(samples[index * frame : (index + 1) * frame]) for index in range(count)]
        return [moment for moment in moments if moment is not None]

    def finish(self) -> None:
        """No more audio comes: the last mark is read."""
        for mark in self._reader.flush():
            self._take(mark)

    def sound(self) -> tuple[Floats, float]:
        """The utterance's samples, with a little from before it, and when they begin."""
        if not self._kept:
            return np.zeros(0), self.at_ms
        return np.concatenate(self._kept), self.at_ms - len(self._kept) * FRAME_MS

    def close(self) -> list[HeardWord]:
        """End the utterance; gives its marked words."""
        words, self.words = self.words, []
        self.began_ms = None
        self._sounding = 0
        self._forget()
        return words

    def _frame(self, samples: Floats) -> Moment | None:
        self.at_ms += FRAME_MS
        self._kept.append(samples)
        level = float(np.sqrt((samples**2).mean()))
        self._levels.append(level)
        if int(self.at_ms) % 100 == 0:
            floor = float(np.percentile(np.array(self._levels), _NOISE_PERCENTILE))
            self._threshold = min(max(_AUDIBLE, floor * _ABOVE_NOISE), _LOUDEST_THRESHOLD)
        if level > self._threshold:
            self._sounding += 1
            self.silent_ms = 0.0
        else:
            self._sounding = 0
            self.silent_ms += FRAME_MS
        if self.began_ms is not None:
            while len(self._kept) * FRAME_MS > _LONGEST_MS:
                self._kept.popleft()
            return Moment("goes_on", self.at_ms, self.silent_ms)
        if self._sounding < _BEGINS_AFTER:
            self._forget()
            return None
        self.began_ms = self.at_ms - _BEGINS_AFTER * FRAME_MS
        return Moment("began", self.began_ms)

    def _forget(self) -> None:
        while len(self._kept) * FRAME_MS > _BEFORE_MS:
            self._kept.popleft()

    def _take(self, mark: Mark) -> None:
        known = clip(mark.clip)
        if known is None or mark.word >= len(known.words):
            return
        word = known.words[mark.word]
        start_ms = max(0.0, mark.at_ms - (word.mark_ms - word.start_ms))
        is_understood = self._language == "multi" or self._language.startswith(known.language)
        confidence = _SURE if is_understood else _WRONG_LANGUAGE
        self.words.append(HeardWord(word.text, start_ms, start_ms + word.end_ms - word.start_ms, confidence))

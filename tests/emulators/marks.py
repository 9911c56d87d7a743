"""A coded mark beneath a word of synthesised speech, by which whoever has the samples knows that the word arrived.

A mark is seven bursts of 10 ms, each one of sixteen tones from 6,000 to 7,500 Hz (speech of ours stays below 5,700 Hz):
28 bits for the clip, the word's place in it, and a check. It needs 16 kHz and does not survive codecs.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

CLIPS = 4_096
WORDS = 256
SYMBOL_MS = 10
SYMBOLS = 7
MARK_MS = SYMBOL_MS * SYMBOLS
AMPLITUDE = 0.008
"""Of full scale: about 25 dB below the words."""

_TONES = 6_000.0 + 100.0 * np.arange(16)
_HOPS = 4
"""Looks for each symbol's length."""
_CLEAR = 0.55
"""The share of the band's power that the strongest tone must have."""
_FLOOR = AMPLITUDE / 8
_FADE = 0.1

Floats = NDArray[np.float64]


class Mark(msgspec.Struct, frozen=True):
    """A mark that was heard whole, `at_ms` after the first sample ever given."""

    clip: int
    word: int
    at_ms: float


def mark(clip: int, word: int, rate: int = 16_000) -> Floats:
    """The samples of a mark, full scale being 1."""
    samples = rate * SYMBOL_MS // 1000
    seconds = np.arange(samples) / rate
    fade = max(1, int(samples * _FADE))
    shape = np.ones(samples)
    shape[:fade] = np.linspace(0.1, 1, fade)
    shape[-fade:] = shape[:fade][::-1]
    bursts = [np.sin(2 * np.pi * _TONES[symbol] * seconds) * shape for symbol in _symbols(clip, word)]
    samples_of_mark: Floats = np.concatenate(bursts) * AMPLITUDE
    return samples_of_mark


class MarkReader:
    """Finds marks in audio that comes piece by piece."""

    def __init__(self, rate: int = 16_000) -> None:
        self._can_read = rate >= 16_000 and rate % (1000 * _HOPS // SYMBOL_MS) == 0
        self._window = rate * SYMBOL_MS // 1000
        self._hop = self._window // _HOPS
        self._hop_ms = SYMBOL_MS / _HOPS
        seconds = np.arange(self._window) / rate
        angles = 2 * np.pi * np.outer(seconds, _TONES)
        window = np.hanning(self._window + 2)[1:-1, None]
        self._waves = np.concatenate((np.cos(angles) * window, np.sin(angles) * window), axis=1)
        self._scale = 2 / window.sum()
        self._samples: Floats = np.zeros(0)
        self._levels: Floats = np.zeros((0, 16))
        self._hops_gone = 0
        self._pending: tuple[float, Mark] | None = None

    def feed(self, samples: Floats) -> list[Mark]:
        """The marks that are whole now. `samples`: full scale is 1."""
        if not self._can_read:
            return []
        self._samples = np.concatenate((self._samples, samples))
        hops = (len(self._samples) - self._window) // self._hop + 1
        if hops <= 0:
            return []
        views = np.lib.stride_tricks.sliding_window_view(self._samples, self._window)[:: self._hop][:hops]
        parts = views @ self._waves * self._scale
        self._levels = np.concatenate((self._levels, np.hypot(parts[:, :16], parts[:, 16:])))
        self._samples = self._samples[hops * self._hop :]
        return self._read()

    def flush(self) -> list[Mark]:
        """The mark that was whole but might have been read better by audio that did not come."""
        silence = np.zeros(self._window * (SYMBOLS + 2))
        return self.feed(silence)

    def _read(self) -> list[Mark]:
        span = (SYMBOLS - 1) * _HOPS
        ready = len(self._levels) - span
        if ready <= 0:
            return []
        strongest = self._levels.max(axis=1)
        power = (self._levels**2).sum(axis=1)
        is_clear = (strongest > _FLOOR) & (strongest**2 > _CLEAR * power)
        symbols = self._levels.argmax(axis=1)
        all_clear = np.logical_and.reduce([is_clear[k * _HOPS : k * _HOPS + ready] for k in range(SYMBOLS)])
        found: list[Mark] = []
        for start in np.flatnonzero(all_clear).tolist():
            read = _read_symbols(symbols[start : start + span + 1 : _HOPS].tolist())
            if read is not None:
                weakest = float(strongest[start : start + span + 1 : _HOPS].min())
                at_ms = (self._hops_gone + start) * self._hop_ms
                found += self._better(weakest, Mark(*read, at_ms))
        self._levels = self._levels[ready:]
        self._hops_gone += ready
        # Neighbouring looks read the same mark: the best is told once none can follow.
        if self._pending and self._hops_gone * self._hop_ms > self._pending[1].at_ms + SYMBOL_MS:
            found.append(self._pending[1])
            self._pending = None
        return found

    def _better(self, level: float, mark: Mark) -> list[Mark]:
        pending = self._pending
        if pending is None:
            self._pending = (level, mark)
            return []
        is_same = (pending[1].clip, pending[1].word) == (mark.clip, mark.word)
        if is_same and mark.at_ms - pending[1].at_ms < MARK_MS / 2:
            if level > pending[0]:
                self._pending = (level, mark)
            return []
        self._pending = (level, mark)
        return [pending[1]]


def _symbols(clip: int, word: int) -> list[int]:
    if not (0 <= clip < CLIPS and 0 <= word < WORDS):
        raise ValueError(f"A mark holds clips below {CLIPS} and words below {WORDS}, not {clip} and {word}.")
    bits = clip << 16 | word << 8 | _check(clip, word)
    return [bits >> shift & 15 for shift in range(24, -1, -4)]


def _read_symbols(symbols: list[int]) -> tuple[int, int] | None:
    bits = 0
    for symbol in symbols:
        bits = bits << 4 | symbol
    clip, word = bits >> 16, bits >> 8 & 255
    return (clip, word) if bits & 255 == _check(clip, word) else None


def _check(clip: int, word: int) -> int:
    """CRC-8 with the polynomial 0x07 over the three bytes."""
    crc = 0xA5
    for byte in (clip >> 8, clip & 255, word):
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 255 if crc & 128 else crc << 1
    return crc

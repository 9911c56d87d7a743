"""Text as tones and back: audio in which every lost, doubled or damaged character shows.

Each character is one burst of two tones, as on a telephone's keys, in a slot of 60 ms (16.7 characters a second, near
to speech): 48 ms of sound and 12 ms of silence. All frequencies lie below 3,600 Hz, so that 8 kHz carries them.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789 .,?!'\"-:;()ñáéíóúü¿¡%/+@&$*"
"""What can be said; `*` stands for every other character."""
CHARACTER_MS = 60
BURST_MS = 48
DAMAGED = "\N{REPLACEMENT CHARACTER}"
"""A burst that is too short, too long, or made of two."""

_LOW = np.array([400.0 + 180.0 * row for row in range(8)])
_HIGH = np.array([2_000.0 + 200.0 * column for column in range(8)])
_AMPLITUDE = 0.2
_FADE_MS = 2.0
_SMOOTHING_MS = 2.5
_AUDIBLE = 0.01
"""Root mean square of full scale from which sound counts: 20 dB below a burst of ours at half its level."""
_TOLERANCE_MS = 3.5
_CUT_MS = 100.0
"""Silence from which a part of a burst beside it was cut off there, rather than damaged."""
_LOOKALIKES = {"‘": "'", "’": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-", "…": ".", "\n": " "}
_INDEX = {character: index for index, character in enumerate(ALPHABET)}

Floats = NDArray[np.float64]


class Burst(msgspec.Struct, frozen=True):
    """One stretch of sound: where it stands in the audio, and its character if it is whole."""

    character: str
    start_ms: float
    ms: float


def fold(text: str) -> str:
    """`text` in the tones' alphabet, character by character: its length stays."""
    return "".join(_folded(character) for character in text)


def encode(text: str, rate: int = 16_000) -> bytes:
    """PCM s16le mono of `text`, 60 ms a character."""
    return b"".join(_burst(character, rate) for character in fold(text))


def decode(pcm: bytes, rate: int = 16_000) -> str:
    """The characters that were wholly played, with `DAMAGED` where audio is missing or doubled within one.

    Silence of any length may stand before, between and within them: a burst that was paused and resumed is whole. A
    burst cut off by the audio's edge or by a longer silence is left out.
    """
    return "".join(burst.character for burst in bursts(pcm, rate))


def bursts(pcm: bytes, rate: int = 16_000) -> list[Burst]:
    """Each character of `decode` with its time."""
    samples: Floats = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64) / 32_768
    pieces = _pieces(samples, rate)
    total_ms = len(samples) / rate * 1000
    heard: list[Burst] = []
    position = 0
    while position < len(pieces):
        piece = pieces[position]
        following = pieces[position + 1] if position + 1 < len(pieces) else None
        if _is_whole(piece.ms) or not _is_part(piece.ms):
            heard.append(piece if _is_whole(piece.ms) else _damaged(piece))
        elif following and _is_whole(piece.ms + following.ms) and piece.character == following.character != DAMAGED:
            heard.append(Burst(piece.character, piece.start_ms, following.start_ms + following.ms - piece.start_ms))
            position += 1
        elif not _is_cut(pieces, position, total_ms):
            heard.append(_damaged(piece))
        position += 1
    return heard


def _folded(character: str) -> str:
    lower = _LOOKALIKES.get(character, character).lower()
    if lower in _INDEX:
        return lower
    if lower.isspace():
        return " "
    bare = unicodedata.normalize("NFD", lower)[:1]
    return bare if bare in _INDEX else "*"


@lru_cache(maxsize=1024)
def _burst(character: str, rate: int) -> bytes:
    row, column = divmod(_INDEX[character], 8)
    seconds = np.arange(round(rate * BURST_MS / 1000)) / rate
    tone = np.sin(2 * np.pi * _LOW[row] * seconds) + np.sin(2 * np.pi * _HIGH[column] * seconds)
    fade = round(rate * _FADE_MS / 1000)
    edge = 0.5 - 0.5 * np.cos(np.pi * np.arange(fade) / fade)
    tone[:fade] *= edge
    tone[-fade:] *= edge[::-1]
    slot = np.zeros(round(rate * CHARACTER_MS / 1000))
    slot[: len(tone)] = tone * _AMPLITUDE
    return bytes((slot * 32_767).astype("<i2").tobytes())


def _pieces(samples: Floats, rate: int) -> list[Burst]:
    """Every stretch of sound, with the character that its two halves agree on."""
    window = max(2, round(rate * _SMOOTHING_MS / 1000))
    if len(samples) <= window:
        return []
    # Summed by differences: smoothing costs the same whatever the window.
    summed = np.concatenate(([0.0], np.cumsum(samples**2)))
    padded = np.pad(summed, (window // 2, window - window // 2), mode="edge")
    level = np.sqrt(np.maximum(padded[window:] - padded[:-window], 0) / window)[: len(samples)]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], level > _AUDIBLE, [False])).astype(np.int8)))
    found = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        # The smoothing lets sound begin and end half a window early and late, but not beyond the audio's own edges.
        begin = start + window // 2 if start else 0
        stop = end - window // 2 if end < len(samples) else end
        if stop - begin < rate // 500:
            continue
        character = _character(samples[begin:stop], rate)
        found.append(Burst(character, begin / rate * 1000, (stop - begin) / rate * 1000))
    return found


def _character(sound: Floats, rate: int) -> str:
    whole = round(rate * BURST_MS / 1000)
    if len(sound) < whole // 4:
        return _loudest(sound, rate)
    first, last = _loudest(sound[: len(sound) // 2], rate), _loudest(sound[len(sound) // 2 :], rate)
    return first if first == last else DAMAGED


def _loudest(sound: Floats, rate: int) -> str:
    """The character of the two strongest tones, low and high; `DAMAGED` where none stands out."""
    low, high = _levels(sound, rate, _LOW), _levels(sound, rate, _HIGH)
    for levels in (low, high):
        second, first = np.sort(levels)[-2:]
        if first < 1.3 * second:
            return DAMAGED
    index = int(low.argmax()) * 8 + int(high.argmax())
    return ALPHABET[index] if index < len(ALPHABET) else DAMAGED


def _levels(sound: Floats, rate: int, frequencies: Floats) -> Floats:
    seconds = np.arange(len(sound)) / rate
    window = np.hanning(len(sound) + 2)[1:-1]
    waves = np.exp(-2j * np.pi * np.outer(frequencies, seconds))
    levels: Floats = np.abs(waves @ (sound * window))
    return levels


def _is_whole(ms: float) -> bool:
    return abs(ms - BURST_MS) <= _TOLERANCE_MS


def _is_part(ms: float) -> bool:
    return ms < BURST_MS


def _damaged(piece: Burst) -> Burst:
    return Burst(DAMAGED, piece.start_ms, piece.ms)


def _is_cut(pieces: list[Burst], position: int, total_ms: float) -> bool:
    """Whether the part of a burst stands at an edge of the audio or of a longer silence."""
    piece = pieces[position]
    end_ms = piece.start_ms + piece.ms
    if position == 0 and piece.start_ms < _SMOOTHING_MS:
        return True
    if position == len(pieces) - 1 and total_ms - end_ms < _SMOOTHING_MS:
        return True
    before = piece.start_ms - (pieces[position - 1].start_ms + pieces[position - 1].ms) if position else piece.start_ms
    after = (pieces[position + 1].start_ms if position + 1 < len(pieces) else total_ms) - end_ms
    return max(before, after) >= _CUT_MS

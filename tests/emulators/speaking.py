"""Text as a voice service says it: audio in the format that was asked for, and the time of every character."""

from __future__ import annotations

import io
import re
from typing import Literal

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

from tests.emulators import sounds, tones
from tests.emulators.espeak import say

Floats = NDArray[np.float64]

_SPANISH = re.compile(r"[¿¡ñáéíóúü]|\b(?:el|los|las|una|que|con|por|para|usted|gracias|su)\b", re.IGNORECASE)
_LEVEL = 0.6


class Utterance(msgspec.Struct, frozen=True):
    """PCM s16le mono, and for each character of the text its beginning and length in ms."""

    pcm: bytes
    rate: int
    characters: list[tuple[str, float, float]]

    @property
    def ms(self) -> float:
        return len(self.pcm) / 2 / self.rate * 1000


def said(text: str, rate: int, voice: Literal["tones", "speech"]) -> Utterance:
    """`text` as tones that `tones.decode` gives back, or as words for a person."""
    if voice == "speech" and any(character.isalnum() for character in text):
        return _spoken(text, rate)
    pcm = tones.encode(text, rate)
    step = tones.CHARACTER_MS
    return Utterance(pcm, rate, [(character, index * step, step) for index, character in enumerate(text)])


def mu_law(pcm: bytes) -> bytes:
    """G.711, a byte a sample."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.int32)
    magnitude = np.minimum(np.abs(samples), 32_635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    return bytes((~(np.where(samples < 0, 128, 0) | exponent << 4 | mantissa) & 255).astype(np.uint8).tobytes())


def mp3(pcm: bytes, rate: int, kbps: int = 128) -> bytes:
    """An MP3 file; the rate must be one that MP3 knows."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=rate)
        stream.bit_rate = kbps * 1000
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, dtype="<i2")[None, :], format="s16", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return file.getvalue()


def _spoken(text: str, rate: int) -> Utterance:
    spoken = say(text, "es" if _SPANISH.search(text) else "en-us", 165)
    samples = sounds.resample(spoken.samples, spoken.rate, rate)
    samples = samples * (_LEVEL / max(float(np.abs(samples).max(initial=0)), 1e-6))
    pcm = (np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()
    total_ms = len(samples) / rate * 1000
    known = {0: 0.0, len(text): total_ms}
    for position, sample in spoken.beginnings:
        known.setdefault(position, sample / spoken.rate * 1000)
    places = sorted(known)
    starts = np.interp(range(len(text) + 1), places, np.maximum.accumulate([known[place] for place in places]))
    times = [(text[i], float(starts[i]), float(starts[i + 1] - starts[i])) for i in range(len(text))]
    return Utterance(pcm, rate, times)

"""What else a microphone hears: silence, noise, a cough, music, two people at once. PCM s16le mono, 16 kHz."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

RATE = 16_000

Floats = NDArray[np.float64]

_TOP_HZ = 5_500
"""Noise stays below the band of the marks."""


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


def noise(seconds: float, *, level: float = 0.05, seed: int = 1) -> bytes:
    """A fan or a street: steady noise, louder at the bottom. `level` is the root mean square of full scale."""
    return _pcm(_noise(seconds, seed) * level)


def cough(*, seed: int = 2) -> bytes:
    """Two bursts of breath within 0.6 s."""
    sound = _noise(0.6, seed)
    seconds = np.arange(len(sound)) / RATE
    shape = np.exp(-((seconds - 0.08) ** 2) / 0.001) + 0.6 * np.exp(-((seconds - 0.36) ** 2) / 0.004)
    return _pcm(sound * shape * 0.25)


def music(seconds: float) -> bytes:
    """Plucked chords, two a second, with overtones."""
    chords = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (196.0, 246.9, 392.0))
    sound = np.zeros(round(seconds * RATE))
    note = np.arange(RATE) / RATE
    for index in range(int(seconds * 2)):
        plucked = np.zeros(RATE)
        for hz in chords[index // 2 % len(chords)]:
            for overtone in range(1, 5):
                plucked += np.sin(2 * np.pi * hz * overtone * note) / overtone**1.5 * np.exp(-4 * note)
        start = index * RATE // 2
        room = min(RATE, len(sound) - start)
        sound[start : start + room] += plucked[:room] * 0.08
    return _pcm(sound)


def two_people(one: bytes, other: bytes) -> bytes:
    """Both at once, the second a little softer."""
    length = max(len(one), len(other)) // 2
    both = np.zeros(length)
    both[: len(one) // 2] += _samples(one)
    both[: len(other) // 2] += 0.7 * _samples(other)
    return _pcm(both)


def wav(pcm: bytes, rate: int = RATE, *, channels: int = 1) -> bytes:
    """A WAV file of PCM s16le."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def resampled(pcm: bytes, rate: int, to: int) -> bytes:
    """The same sound at another rate, for a whole clip at once; Chromium's fake microphone wants 48,000 Hz."""
    return pcm if rate == to else _pcm(resample(_samples(pcm), rate, to))


def resample(samples: Floats, rate: int, to: int) -> Floats:
    """Samples at another rate, without aliasing."""
    if rate == to or not len(samples):
        return samples
    length = round(len(samples) * to / rate)
    spectrum = np.fft.rfft(samples)
    resized = np.zeros(length // 2 + 1, dtype=np.complex128)
    kept = min(len(spectrum), len(resized))
    resized[:kept] = spectrum[:kept]
    changed: Floats = np.fft.irfft(resized, length) * (length / len(samples))
    return changed


def _samples(pcm: bytes) -> Floats:
    samples: Floats = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64) / 32_768
    return samples


def _pcm(samples: Floats) -> bytes:
    return bytes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())


def _noise(seconds: float, seed: int) -> Floats:
    """Pink below 5,500 Hz, with a root mean square of 1."""
    length = max(2, round(seconds * RATE))
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=length))
    hz = np.fft.rfftfreq(length, 1 / RATE)
    spectrum *= np.where((hz > 60) & (hz < _TOP_HZ), 1 / np.sqrt(np.maximum(hz, 60)), 0)
    sound: Floats = np.fft.irfft(spectrum, length)
    return sound / float(np.sqrt((sound**2).mean()))

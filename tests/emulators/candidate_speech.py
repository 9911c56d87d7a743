"""The candidate's voice: synthesised words, each with a coded mark beneath it (`marks`), kept on disk once made.

The folder is shared by every process of this machine's user, so that an emulator finds the words of a clip that a
browser played: `VIVA_SPEECH_CACHE`, or a folder of the system's for temporary files.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from tests.emulators.espeak import say
from tests.emulators.marks import CLIPS, MARK_MS, WORDS, mark

RATE = 16_000
VOICES = {"en": "en-us", "es": "es"}
SECOND_VOICES = {"en": "en-us+f3", "es": "es-419+f2"}
"""Another person, for two who talk at once."""

Floats = NDArray[np.float64]

_VERSION = 1
_BETWEEN_MARKS_MS = 10
_PEAK = 0.5
_PASS_HZ, _STOP_HZ = 5_400.0, 5_700.0
_QUIET = 0.004


class Word(msgspec.Struct, frozen=True):
    """A word as it is written, and when it is spoken and marked, ms from the clip's beginning."""

    text: str
    start_ms: float
    end_ms: float
    mark_ms: float


class Clip(msgspec.Struct, frozen=True):
    """One spoken text."""

    number: int
    key: str
    text: str
    language: str
    words: list[Word]


def speech(text: str, language: str = "en", *, rate: int = 170, voice: str | None = None) -> bytes:
    """`text` as PCM s16le mono 16 kHz, spoken at `rate` words a minute; at most 256 words."""
    return _folder().joinpath(f"{spoken(text, language, rate=rate, voice=voice).key}.pcm").read_bytes()


def spoken(text: str, language: str = "en", *, rate: int = 170, voice: str | None = None) -> Clip:
    """The clip that `speech` gives, with the times of its words."""
    voice = voice or VOICES[language]
    key = hashlib.sha256(f"{_VERSION}|{voice}|{language}|{rate}|{text}".encode()).hexdigest()
    folder = _folder()
    first = int(key[:8], 16) % CLIPS
    for step in range(CLIPS):
        number = (first + step) % CLIPS
        known = clip(number)
        if known is None:
            known = _make(folder, number, key, text, language, voice, rate)
        if known is not None and known.key == key:
            return known
    raise RuntimeError(f"All {CLIPS} clips are taken: empty {folder}.")


def clip(number: int) -> Clip | None:
    """The clip of that number, made by whichever process."""
    path = _folder() / f"{number}.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


@lru_cache(maxsize=512)
def _read(path: Path, _changed_at: int) -> Clip:
    return msgspec.json.decode(path.read_bytes(), type=Clip)


def _folder() -> Path:
    folder = Path(os.environ.get("VIVA_SPEECH_CACHE") or Path(tempfile.gettempdir()) / f"viva-speech-{os.getuid()}")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _make(folder: Path, number: int, key: str, text: str, language: str, voice: str, rate: int) -> Clip | None:
    """Speak and keep the clip under `number`; None where another process took that number meanwhile."""
    said = say(text, voice, rate)
    samples = _lowered(said.samples, said.rate)
    starts = _starts(text, said.beginnings, said.rate, len(samples) * 1000 / RATE)
    if len(starts) > WORDS:
        raise ValueError(f"A clip holds at most {WORDS} words, not {len(starts)}: speak it in pieces.")
    samples *= _PEAK / max(float(np.abs(samples).max(initial=0)), 1e-6)
    words = _words(samples, starts)
    for index, word in enumerate(words):
        wave = mark(number, index, RATE)
        at = round(word.mark_ms * RATE / 1000)
        if at + len(wave) > len(samples):
            samples = np.pad(samples, (0, at + len(wave) - len(samples)))
        samples[at : at + len(wave)] += wave
    pcm = (np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()
    made = Clip(number, key, text, language, words)
    _put(folder / f"{key}.pcm", pcm)
    return made if _put_first(folder / f"{number}.json", msgspec.json.encode(made)) else clip(number)


def _lowered(samples: Floats, rate: int) -> Floats:
    """The samples at 16 kHz, with nothing above 5,700 Hz: the band of the marks stays free."""
    if not len(samples):
        return np.zeros(0)
    length = round(len(samples) * RATE / rate)
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / rate)
    spectrum *= np.clip((_STOP_HZ - hz) / (_STOP_HZ - _PASS_HZ), 0, 1)
    wanted = length // 2 + 1
    resized = np.zeros(wanted, dtype=np.complex128)
    resized[: min(wanted, len(spectrum))] = spectrum[:wanted]
    lowered: Floats = np.fft.irfft(resized, length) * (length / len(samples))
    return lowered


def _starts(text: str, beginnings: list[tuple[int, int]], rate: int, total_ms: float) -> list[tuple[str, float]]:
    """Each written word and when it begins, ms. espeak runs some words together: their times are shared out."""
    tokens = [(match.group(), match.start(), match.end()) for match in re.finditer(r"\S+", text)]
    tokens = [token for token in tokens if any(character.isalnum() for character in token[0])]
    at: list[float | None] = []
    for _, start, end in tokens:
        first = next((sample for position, sample in beginnings if start <= position < end), None)
        at.append(None if first is None else first * 1000 / rate)
    known = [-1, *(index for index, ms in enumerate(at) if ms is not None), len(at)]
    times = [0.0, *(ms for ms in at if ms is not None), total_ms]
    shared = np.interp(range(len(at)), known, times)
    return [(token[0], float(ms)) for token, ms in zip(tokens, shared, strict=True)]


def _words(samples: Floats, starts: list[tuple[str, float]]) -> list[Word]:
    words: list[Word] = []
    free_from = 0.0
    total_ms = len(samples) * 1000 / RATE
    for index, (text, start_ms) in enumerate(starts):
        until_ms = starts[index + 1][1] if index + 1 < len(starts) else total_ms
        sounding = np.flatnonzero(np.abs(samples[int(start_ms * 16) : int(until_ms * 16)]) > _QUIET)
        end_ms = start_ms + (float(sounding[-1]) / 16 if len(sounding) else 0.0)
        mark_ms = max(start_ms + _BETWEEN_MARKS_MS, free_from)
        free_from = mark_ms + MARK_MS + _BETWEEN_MARKS_MS
        words.append(Word(text, round(start_ms, 1), round(end_ms, 1), round(mark_ms, 1)))
    return words


def _put(path: Path, content: bytes) -> None:
    """Write whole or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)


def _put_first(path: Path, content: bytes) -> bool:
    """Write unless it is there already."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(content)
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    return True

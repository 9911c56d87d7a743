"""espeak-ng in this process: text to samples, with the time of each word. Needs no system package."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Any

import espeakng_loader  # type: ignore[import-untyped]
import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SYNCHRONOUS = 2
_RATE_PARAMETER = 1
_UTF8 = 1
_IPA = 2
_WORD_EVENT = 1


class Spoken(msgspec.Struct, frozen=True):
    """What espeak said: samples (full scale 1) at `rate`, and where in the text and the audio each word began."""

    samples: Floats
    rate: int
    beginnings: list[tuple[int, int]]
    """Index of a word's first character, and its first sample."""


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class _Espeak:
    """The library, of which a process has one; it speaks one text at a time."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(espeakng_loader.get_data_path()).encode()
        self._rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0))
        if self._rate <= 0:
            raise RuntimeError("espeak-ng did not start; is espeakng-loader installed whole?")
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._lock = Lock()
        self._sound: list[bytes] = []
        self._beginnings: list[tuple[int, int]] = []
        # Kept: the library holds a bare pointer to it.
        self._callback: Callable[..., Any] = _Callback(self._take)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: str, words_per_minute: int) -> Spoken:
        with self._lock:
            self._sound.clear()
            self._beginnings.clear()
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise ValueError(f"espeak-ng has no voice {voice!r}.")
            self._library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
            encoded = text.encode() + b"\0"
            self._library.espeak_Synth(encoded, len(encoded), 0, 1, 0, _UTF8, None, None)
            samples = np.frombuffer(b"".join(self._sound), dtype="<i2").astype(np.float64) / 32_768
            return Spoken(samples, self._rate, list(self._beginnings))

    def phonemes(self, text: str, voice: str) -> str:
        with self._lock:
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise ValueError(f"espeak-ng has no voice {voice!r}.")
            buffer = ctypes.create_string_buffer(text.encode())
            # The library moves the pointer on, a clause at a time, and ends it as null.
            pointer = ctypes.c_void_p(ctypes.addressof(buffer))
            clauses = []
            while pointer.value:
                clause = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _UTF8, _IPA)
                clauses.append(clause.decode() if clause else "")
            return " ".join(clauses)

    def _take(self, sound: Any, samples: int, events: Any) -> int:
        index = 0
        while events[index].type != 0:
            event = events[index]
            if event.type == _WORD_EVENT:
                self._beginnings.append((event.text_position - 1, event.sample))
            index += 1
        if sound and samples > 0:
            self._sound.append(ctypes.string_at(sound, samples * 2))
        return 0


@lru_cache(maxsize=1)
def _espeak() -> _Espeak:
    return _Espeak()


def say(text: str, voice: str = "en-us", words_per_minute: int = 170) -> Spoken:
    """Speak `text`. About a millisecond of CPU for a second of audio."""
    return _espeak().say(text, voice, words_per_minute)


def phonemes(text: str, voice: str = "en-us") -> str:
    """How `voice` would pronounce `text`, in the International Phonetic Alphabet."""
    return _espeak().phonemes(text, voice)

"""A real recogniser for a closed set of sentences: pocketsphinx under a grammar, for audio without marks.

It hears the clauses of the given sentences, in any order; whatever else is said or sounds is nothing.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from threading import Lock

import msgspec
import numpy as np
import pocketsphinx  # type: ignore[import-untyped]
from numpy.typing import NDArray

from tests.emulators.pronouncing import pronunciations

RATE = 16_000

Floats = NDArray[np.float64]

_FRAME_MS = 10
_DITHER = 10 / 32_768
"""The model was made from real microphones: digital silence would drown its normalisation."""
_COVERED, _COVERED_SO_FAR = 0.8, 0.6
"""The share of what sounds that words must account for, at the end and while somebody speaks."""
_FASTEST_WORDS_PER_S = 7.0
_UNLIKELY = -72.0
"""Mean score of a frame, in the model's own units, below which words were forced onto other sounds."""
_SOUNDING = 0.006
_PITCH_WINDOW = 480
_PITCHED, _VOICED = 0.4, 0.1
"""How alike a sound must be to itself a period later, and in what share of it."""


class HeardWord(msgspec.Struct, frozen=True):
    """A word as it is written, its times in ms from the beginning of the audio, and how sure we are, 0 to 1."""

    text: str
    start_ms: float
    end_ms: float
    confidence: float


class ClosedSet:
    """A recogniser for some sentences of one language. Its CPU: about a fortieth of the audio's length."""

    def __init__(self, language: str, sentences: tuple[str, ...]) -> None:
        self._written: dict[str, str] = {}
        self._lock = Lock()
        # Beams as wide as a small grammar allows: nothing that might be said is given up early.
        self._decoder = pocketsphinx.Decoder(
            lm=None, loglevel="FATAL", samprate=float(RATE), bestpath=False,
            beam=1e-120, wbeam=1e-100, pbeam=1e-120, maxhmmpf=-1, lw=1.0,
        )  # fmt: skip
        parts: dict[str, None] = {}
        for sentence in sentences:
            # The whole sentence as well as its clauses: of two that sound alike the one that goes on is taken.
            for part in (sentence, *re.findall(r"[^.,;:?!]+[.,;:?!]*", sentence)):
                spoken = [word for word in part.split() if any(letter.isalnum() for letter in word)]
                if spoken:
                    parts[" ".join(self._entry(word, language) for word in spoken)] = None
        if not parts:
            raise ValueError("There is no sentence to listen for.")
        whole = " | ".join(parts)
        # What is still being said may stop after any word of its last clause.
        begun = " | ".join(part.replace(" ", " [ ") + " ]" * part.count(" ") for part in parts)
        self._decoder.add_jsgf_string("whole", _grammar(f"( {whole} )+"))
        self._decoder.add_jsgf_string("partial", _grammar(f"( {whole} )* ( {begun} )"))

    def hear(self, samples: Floats, *, is_partial: bool = False) -> list[HeardWord]:
        """The words of one utterance (16 kHz, full scale 1), or none if it is not of the set.

        With `is_partial`, somebody is still speaking: the beginning of a clause is enough.
        """
        dithered = samples + np.random.default_rng(0).normal(0, _DITHER, len(samples))
        pcm = (np.clip(dithered, -1, 1) * 32_767).astype("<i2").tobytes()
        with self._lock:
            self._decoder.activate_search("partial" if is_partial else "whole")
            self._decoder.start_utt()
            self._decoder.process_raw(pcm, full_utt=True)
            self._decoder.end_utt()
            found = self._segments()
        if not found or not _is_voice(samples) or not _is_credible(found, samples, is_partial):
            return []
        words = [
            HeardWord(text, start * _FRAME_MS, end * _FRAME_MS, _confidence(score)) for text, start, end, score in found
        ]
        return words[:-1] if is_partial else words

    def _entry(self, word: str, language: str) -> str:
        """The decoder's name for a word as it is written, punctuation and all."""
        for name, written in self._written.items():
            if written == word:
                return name
        name = f"w{len(self._written)}"
        bare = re.sub(r"^\W+|\W+$", "", word)
        for index, phones in enumerate(pronunciations(bare, language)):
            self._decoder.add_word(name if index == 0 else f"{name}({index + 1})", phones, False)
        self._written[name] = word
        return name

    def _segments(self) -> list[tuple[str, int, int, float]]:
        """Written word, first and one past the last frame, and mean score of a frame."""
        if self._decoder.hyp() is None:
            return []
        found = []
        for segment in self._decoder.seg():
            written = self._written.get(segment.word.split("(")[0])
            if written is not None:
                frames = segment.end_frame - segment.start_frame + 1
                score = math.log(max(segment.ascore, 1e-12)) / frames * 1e4
                found.append((written, segment.start_frame, segment.end_frame + 1, score))
        return found


@lru_cache(maxsize=8)
def closed_set(language: str, sentences: tuple[str, ...]) -> ClosedSet:
    """The recogniser of these sentences, made once a process (0.1 s)."""
    return ClosedSet(language, sentences)


def _grammar(said: str) -> str:
    return f"#JSGF V1.0; grammar closed; public <said> = {said} ;"


def _levels(samples: Floats) -> Floats:
    """Root mean square of every 10 ms."""
    frame = RATE // 100
    whole = samples[: len(samples) // frame * frame].reshape(-1, frame)
    levels: Floats = np.sqrt((whole**2).mean(axis=1))
    return levels


def _is_voice(samples: Floats) -> bool:
    """Whether enough of what sounds has a pitch: breath, coughs and noise have none."""
    starts = np.flatnonzero(_levels(samples) > _SOUNDING) * (RATE // 100)
    starts = starts[starts + _PITCH_WINDOW <= len(samples)]
    if not len(starts):
        return False
    frames = np.lib.stride_tricks.sliding_window_view(samples, _PITCH_WINDOW)[starts]
    spectra = np.abs(np.fft.rfft(frames - frames.mean(axis=1, keepdims=True), 2 * _PITCH_WINDOW)) ** 2
    likeness = np.fft.irfft(spectra)
    # Lags of a voice's pitch, 60 to 400 Hz.
    best = likeness[:, RATE // 400 : RATE // 60].max(axis=1) / np.maximum(likeness[:, 0], 1e-12)
    return float((best > _PITCHED).mean()) >= _VOICED


def _is_credible(found: list[tuple[str, int, int, float]], samples: Floats, is_partial: bool) -> bool:
    frames = sum(end - start for _, start, end, _ in found)
    sounding = int((_levels(samples) > _SOUNDING).sum())
    score = sum(score * (end - start) for _, start, end, score in found) / frames
    words_per_s = len(found) / (frames * _FRAME_MS / 1000)
    covered = _COVERED_SO_FAR if is_partial else _COVERED
    return frames >= covered * sounding and score > _UNLIKELY and words_per_s < _FASTEST_WORDS_PER_S


def _confidence(score: float) -> float:
    """Between 0.5 and 0.99: a frame's score of -20 is very good, one of -120 poor."""
    return round(min(0.99, max(0.5, 1.09 + score / 200)), 3)

"""How heard words look in Deepgram's answers, and how utterances become words."""

from __future__ import annotations

import asyncio
import re
import signal
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context

import numpy as np

from tests.emulators.ear import Ear
from tests.emulators.recognising import RATE, HeardWord, closed_set
from tests.emulators.settings import Settings
from tests.emulators.sounds import resample

_FILLERS = {"uh", "um", "mhmm", "mm-mm", "uh-uh", "uh-huh", "nuh-uh"}
_RECOGNISED_EVERY_MS = 600
_SHORTEST_MS = 250
"""A recogniser would make something of any shorter sound."""


async def words_of(ear: Ear, settings: Settings, language: str, *, is_partial: bool = False) -> list[HeardWord]:
    """The words of the utterance so far: the marked ones, or else what the recogniser of the closed set hears."""
    if ear.words:
        return list(ear.words)
    base = language[:2]
    sentences = tuple(settings.sentences.get(base, ()))
    samples, begins_ms = ear.sound()
    if not sentences or len(samples) * 1000 < _SHORTEST_MS * ear.rate:
        return []
    hearing = asyncio.get_running_loop().run_in_executor(
        _recogniser(), _hear, base, sentences, samples.astype(np.float32).tobytes(), ear.rate, is_partial
    )
    words = await hearing
    return [HeardWord(word.text, word.start_ms + begins_ms, word.end_ms + begins_ms, word.confidence) for word in words]


def recognised_every_ms(ear: Ear) -> float:
    """How often unmarked speech is listened to anew while it goes on: seldomer the longer it is, so that the whole
    costs a few times its length."""
    spoken_ms = ear.at_ms - ear.began_ms if ear.began_ms is not None else 0.0
    return max(_RECOGNISED_EVERY_MS, spoken_ms / 4)


def alternative(
    words: list[HeardWord], *, punctuate: bool, fillers: bool, languages: list[str] | None = None
) -> dict[str, object]:
    """One of Deepgram's `alternatives`, times in seconds."""
    kept = [word for word in words if fillers or bare(word.text) not in _FILLERS]
    found: dict[str, object] = {
        "transcript": " ".join(word.text if punctuate else bare(word.text) for word in kept),
        "confidence": round(sum(word.confidence for word in kept) / len(kept), 4) if kept else 0.0,
        "words": [
            {
                "word": bare(word.text),
                "start": round(word.start_ms / 1000, 3),
                "end": round(word.end_ms / 1000, 3),
                "confidence": word.confidence,
                **({"punctuated_word": word.text} if punctuate else {}),
            }
            for word in kept
        ],
    }
    if languages is not None and kept:
        found["languages"] = languages
    return found


def bare(word: str) -> str:
    """A word in lower case without its punctuation."""
    return re.sub(r"^\W+|\W+$", "", word.lower())


@lru_cache(maxsize=1)
def _recogniser() -> ProcessPoolExecutor:
    """A process of its own: the recogniser holds the interpreter's lock for as long as it listens."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_ignore_interrupts)


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _hear(language: str, sentences: tuple[str, ...], samples: bytes, rate: int, is_partial: bool) -> list[HeardWord]:
    sound = np.frombuffer(samples, dtype=np.float32).astype(np.float64)
    return closed_set(language, sentences).hear(resample(sound, rate, RATE), is_partial=is_partial)

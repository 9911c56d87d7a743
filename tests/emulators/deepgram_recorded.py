"""Deepgram's transcription of a whole recording."""

from __future__ import annotations

import asyncio
import hashlib
import io
from uuid import uuid4

import av
import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from tests.emulators.ear import Ear
from tests.emulators.recognising import HeardWord
from tests.emulators.settings import Settings
from tests.emulators.transcript import alternative, words_of

Floats = NDArray[np.float64]

_SILENCE_MS = 400
_PIECE = 32_000


class Unplayable(Exception):
    """The body holds no audio that can be read."""


def answer(body: bytes, request: Request, settings: Settings) -> dict[str, object]:
    """The document for a recording in any usual container. Blocking: runs in a thread. Raises `Unplayable`."""
    asked = request.query_params
    channels, rate = decoded(body)
    if asked.get("multichannel") != "true" and len(channels) > 1:
        channels = [np.mean(channels, axis=0)]
    language = asked.get("language", "en")
    punctuate = "true" in {asked.get("punctuate"), asked.get("smart_format")}
    heard = [transcribed(samples, rate, language, settings) for samples in channels]
    model = asked.get("model", "nova-3")
    return {
        "metadata": {
            "transaction_key": "deprecated",
            "request_id": str(uuid4()),
            "sha256": hashlib.sha256(body).hexdigest(),
            "created": "2026-01-01T00:00:00.000Z",
            "duration": round(len(channels[0]) / rate, 3),
            "channels": len(channels),
            "models": ["00000000-0000-4000-8000-000000000003"],
            "model_info": {
                "00000000-0000-4000-8000-000000000003": {"name": model, "version": "2026-01-01.0", "arch": model}
            },
        },
        "results": {
            "channels": [
                {"alternatives": [alternative(words, punctuate=punctuate, fillers=asked.get("filler_words") == "true")]}
                for words in heard
            ]
        },
    }


def transcribed(samples: Floats, rate: int, language: str, settings: Settings) -> list[HeardWord]:
    """The words of one channel."""
    return asyncio.run(_transcribed(samples, rate, language, settings))


def decoded(body: bytes) -> tuple[list[Floats], int]:
    """Each channel's samples, and their rate. Raises `Unplayable`."""
    try:
        with av.open(io.BytesIO(body), "r") as container:
            stream = container.streams.audio[0]
            resampler = av.AudioResampler(format="s16p", layout=stream.layout, rate=stream.rate)
            pieces = [piece.to_ndarray() for frame in container.decode(stream) for piece in resampler.resample(frame)]
            rate = stream.rate
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise Unplayable from error
    if not pieces:
        raise Unplayable
    return list(np.concatenate(pieces, axis=1).astype(np.float64) / 32_768), rate


async def _transcribed(samples: Floats, rate: int, language: str, settings: Settings) -> list[HeardWord]:
    ear = Ear(rate, language)
    pcm = (np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes() + bytes(rate * 2)
    words: list[HeardWord] = []
    for start in range(0, len(pcm), rate // 50 * 2):
        for moment in ear.feed(pcm[start : start + rate // 50 * 2]):
            if ear.began_ms is not None and moment.silent_ms >= _SILENCE_MS:
                words += await words_of(ear, settings, language)
                ear.close()
    return words + await words_of(ear, settings, language)

"""The number of an utterance in its own samples, so that a recogniser knows what it hears at no cost.

It stands in the lowest bits of the first samples of every frame with sound, far below what an ear or a model notices.
PCM, signed 16 bit, 320 samples a frame; a frame of zeros is silence.
"""

import re

import numpy as np
from numpy.typing import NDArray

from agents.audio import FRAME_BYTES

Samples = NDArray[np.int16]

BITS = 16
FRAME_SAMPLES = FRAME_BYTES // 2
SILENCE = bytes(FRAME_BYTES)
_LOWEST = BITS * 2
_WEIGHTS = tuple(1 << bit for bit in range(BITS))
_TOLD = re.compile(r"Answer (\d+) with (\d+) frames\.")


def marked(frames: Samples, number: int) -> list[bytes]:
    """Frames of shape (n, 320) as they are sent; those with sound carry `number` (1–65,535)."""
    numbered = frames.copy()
    loud = frames.any(axis=1)
    bits = np.array([number >> bit & 1 for bit in range(BITS)], dtype=np.int16)
    numbered[loud, :BITS] = (numbered[loud, :BITS] & ~1) | bits
    return [frame.tobytes() for frame in numbered]


def number_in(pcm: bytes) -> int:
    """The number that a frame with sound carries; 0 for silence."""
    return sum(weight for weight, low in zip(_WEIGHTS, pcm[:_LOWEST:2], strict=False) if low & 1)


def telling(number: int, frames: int) -> str:
    """The words by which a transcript tells how many frames of an utterance were heard."""
    return f"Answer {number} with {frames} frames."


def told(text: str) -> list[tuple[int, int]]:
    """The utterances of a transcript, each with the frames that were heard of it."""
    return [(int(number), int(frames)) for number, frames in _TOLD.findall(text)]

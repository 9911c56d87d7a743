"""What the candidates say: synthesised speech as frames of 20 ms, exactly silent where nobody speaks."""

from typing import Literal

import msgspec
import numpy as np

from benchmarks.voice.marking import FRAME_SAMPLES, Samples
from tests.emulators.candidate_speech import speech

Kind = Literal["plain", "between sentences", "within a sentence"]

FRAME_MS = 20
QUIETEST = 0.006
"""Root mean square, of full scale, of a frame that counts as sound."""
LONGEST_OWN_PAUSE_MS = 240
"""A plain clip has no silence in which a turn could end."""
PAUSES_MS = (600, 900, 1_200, 1_500)

_PLAIN = (
    "I moved our invoices to a new service and nobody had to wait for them again.",
    "My part was to talk with the three teams that used the old tables every day.",
    "The hardest thing was that nobody had written down how the nightly job worked.",
    "We agreed on a short list of changes and I did the first two of them myself.",
    "At the end of that month we had half as many failures as in the month before.",
    "I asked the customers which of the reports they really read every week.",
    "It took us a whole month longer than I had promised at the beginning.",
    "I would begin with a small test next time because we lost two days on a big one.",
)
_SENTENCES = (
    ("I was responsible for the payment service.", "It had grown for six years without a single test."),
    ("We had only four weeks for the whole move.", "I split the work so that everybody had one table."),
    ("One colleague did not agree with my plan.", "I listened to him first and then we tried both ways."),
    ("The old system lost a message now and then.", "I found the reason in how it closed its connections."),
)
_WITHIN = (
    ("The first thing that I did after this was to", "write down all the services that still used the table."),
    ("I think the main reason why it went well was", "that we had agreed on the numbers at the beginning."),
    ("My manager wanted to move everything at once but", "I was sure that the small steps would be faster."),
    ("What I had not expected at all was that", "the other team had already built half of the thing."),
)


class Clip(msgspec.Struct, frozen=True):
    """One utterance. Its last frame is its last with sound."""

    kind: Kind
    frames: Samples
    """int16, of shape (n, 320)."""

    @property
    def seconds(self) -> float:
        return len(self.frames) * FRAME_MS / 1000


def clips() -> dict[Kind, list[Clip]]:
    """All that is said; made once and kept on disk."""
    plain = [Clip("plain", _frames(text)) for text in _PLAIN]
    return {
        "plain": [clip for clip in plain if longest_pause_ms(clip.frames) <= LONGEST_OWN_PAUSE_MS],
        "between sentences": [_paused("between sentences", *parts, at) for at, parts in enumerate(_SENTENCES)],
        "within a sentence": [_paused("within a sentence", *parts, at) for at, parts in enumerate(_WITHIN)],
    }


def longest_pause_ms(frames: Samples) -> int:
    """The longest silence between two frames with sound."""
    longest = quiet = 0
    for loud in (bool(frame.any()) for frame in frames):
        quiet = 0 if loud else quiet + 1
        longest = max(longest, quiet)
    return longest * FRAME_MS


def _paused(kind: Kind, first: str, second: str, at: int) -> Clip:
    pause = np.zeros((PAUSES_MS[at % len(PAUSES_MS)] // FRAME_MS, FRAME_SAMPLES), dtype=np.int16)
    return Clip(kind, np.concatenate([_frames(first), pause, _frames(second)]))


def _frames(text: str) -> Samples:
    """Spoken text between its first and its last sound."""
    samples = np.frombuffer(speech(text), dtype="<i2").astype(np.int16)
    whole = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    level = np.sqrt((whole.astype(np.float64) ** 2).mean(axis=1)) / 32_768
    loud = level >= QUIETEST
    sounding = np.flatnonzero(loud)
    gated = np.where(loud[:, None], whole, 0).astype(np.int16)
    return gated[sounding[0] : sounding[-1] + 1]

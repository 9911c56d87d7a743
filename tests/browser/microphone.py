"""What Chromium's fake microphone plays: a recording that begins again whenever it has ended."""

from pathlib import Path

from tests.emulators.candidate_speech import speech
from tests.emulators.sounds import RATE, cough, noise, resampled, silence, wav

BROWSER_RATE = 48_000
"""Hz. Chromium plays nothing else at its right pace."""
BARGES_IN_AFTER_S = 4.0
"""From a sentence's end to the next: our reply to the first has begun by then, and is not over."""
LISTENS_FOR_S = 16.0
"""Time for a whole question."""


def flags(recording: Path) -> tuple[str, ...]:
    """Chromium's, with which `recording` is what its microphone hears, and nobody is asked for leave."""
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}",
    )


def record(path: Path, *parts: bytes) -> Path:
    """A recording of these, one after the other: PCM s16le mono, 16 kHz."""
    path.write_bytes(wav(resampled(b"".join(parts), RATE, BROWSER_RATE), BROWSER_RATE))
    return path


def talking(path: Path, text: str, language: str) -> Path:
    """Somebody who says a sentence, soon says it again, whoever speaks, and then listens for a while."""
    sentence = speech(text, language)
    return record(path, silence(2.0), sentence, silence(BARGES_IN_AFTER_S), sentence, silence(LISTENS_FOR_S - 2.0))


def quiet(path: Path) -> Path:
    return record(path, silence(10.0))


def noisy(path: Path) -> Path:
    """A fan that never stops."""
    return record(path, noise(10.0))


def coughing(path: Path, every_s: float) -> Path:
    sound = cough()
    return record(path, sound, silence(every_s - len(sound) / 2 / RATE))

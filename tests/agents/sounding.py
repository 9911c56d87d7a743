"""A recogniser and a voice that cost next to nothing and need nobody: energy in, words out; words in, tones out."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator

import numpy as np
from livekit import rtc
from livekit.agents import LanguageCode, stt
from livekit.agents.types import TimedString

from agents.audio import BYTES_A_MS, SAMPLE_RATE

LOUD = 0.01
"""Root mean square of a frame of speech, of full scale."""
QUIET_ENDS_MS = 200
INTERIM_EVERY_MS = 200


class EnergyRecogniser:
    """Takes every stretch of sound for the next text of its script; each final comes `final_s` after the sound."""

    def __init__(self, script: Iterator[str], *, final_s: float = 0.0) -> None:
        self.finals = 0
        self.is_behind = False
        self._script = script
        self._final_s = final_s

    async def listen(self, frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[stt.SpeechEvent]:
        """Ends with the frames."""
        heard_ms, began_ms, quiet_ms, told_ms = 0.0, -1.0, 0.0, 0.0
        text = ""
        async for frame in frames:
            length_ms = frame.samples_per_channel / SAMPLE_RATE * 1000
            heard_ms += length_ms
            if _level(frame) > LOUD:
                if began_ms < 0:
                    began_ms, text = heard_ms, next(self._script, "")
                quiet_ms = 0.0
            elif began_ms >= 0:
                quiet_ms += length_ms
            if began_ms < 0 or not text:
                continue
            if quiet_ms >= QUIET_ENDS_MS:
                if self._final_s:
                    await asyncio.sleep(self._final_s)
                self.finals += 1
                yield _final(text, began_ms, heard_ms - quiet_ms)
                began_ms, quiet_ms = -1.0, 0.0
            elif quiet_ms == 0 and heard_ms - told_ms >= INTERIM_EVERY_MS:
                told_ms = heard_ms
                yield stt.SpeechEvent(
                    type=stt.SpeechEventType.INTERIM_TRANSCRIPT,
                    alternatives=[
                        stt.SpeechData(language=LanguageCode("en"), text=text[: int(heard_ms - began_ms) // 50])
                    ],
                )


def _level(frame: rtc.AudioFrame) -> float:
    samples = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32)
    return float(np.sqrt(np.mean(samples * samples))) / 32_768


def _final(text: str, from_ms: float, to_ms: float) -> stt.SpeechEvent:
    words = text.split()
    each_s = (to_ms - from_ms) / 1000 / max(1, len(words))
    timed = [
        TimedString(
            word,
            start_time=from_ms / 1000 + number * each_s,
            end_time=from_ms / 1000 + (number + 1) * each_s,
            confidence=0.95,
        )
        for number, word in enumerate(words)
    ]
    return stt.SpeechEvent(
        type=stt.SpeechEventType.FINAL_TRANSCRIPT,
        alternatives=[stt.SpeechData(language=LanguageCode("en"), text=text, confidence=0.95, words=timed)],
    )


class CountingVoice:
    """Speaks each character for `character_ms`, as a sound made by `sound`; silence unless given."""

    def __init__(
        self,
        *,
        first_byte_s: float = 0.0,
        character_ms: int = 50,
        sound: Callable[[str], bytes] | None = None,
        fails_after: int | None = None,
    ) -> None:
        """`fails_after`: breaks after so many characters of each reply."""
        self.spoken: list[str] = []
        self._first_byte_s = first_byte_s
        self.character_ms = character_ms
        self._sound = sound
        self._fails_after = fails_after

    async def speak(self, words: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]:
        """Raises `ConnectionError` where it was told to fail."""
        self.spoken.append("")
        async for chunk in words:
            for character in chunk:
                if not self.spoken[-1] and self._first_byte_s:
                    await asyncio.sleep(self._first_byte_s)
                if self._fails_after is not None and len(self.spoken[-1]) >= self._fails_after:
                    raise ConnectionError
                self.spoken[-1] += character
                pcm = self._sound(character) if self._sound else bytes(self.character_ms * BYTES_A_MS)
                yield rtc.AudioFrame(
                    data=pcm, sample_rate=SAMPLE_RATE, num_channels=1, samples_per_channel=len(pcm) // 2
                )

"""The candidate's voice: real speech whose words can be counted where they arrive."""

import asyncio
import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from livekit import rtc
from livekit.agents import inference, vad

from tests.emulators import sounds
from tests.emulators.candidate_speech import SECOND_VOICES, clip, speech, spoken
from tests.emulators.marks import CLIPS, WORDS, Mark, MarkReader, mark

ANSWER = "I built the cache in the first week, and we measured it again."
SPANISH = "Construí la caché en la primera semana y volvimos a medir."


def read(pcm: bytes, *, piece: int = 640) -> list[Mark]:
    reader = MarkReader()
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64) / 32_768
    found = [heard for start in range(0, len(samples), piece) for heard in reader.feed(samples[start : start + piece])]
    return found + reader.flush()


@pytest.mark.parametrize(("text", "language"), [(ANSWER, "en"), (SPANISH, "es")])
@pytest.mark.parametrize("rate", [130, 170, 210])
def test_every_word_carries_its_mark_at_its_time(text: str, language: str, rate: int) -> None:
    pcm = speech(text, language, rate=rate)
    made = spoken(text, language, rate=rate)
    assert [word.text for word in made.words] == text.split()
    marks = read(pcm)
    assert [found.word for found in marks] == list(range(len(made.words)))
    assert {found.clip for found in marks} == {made.number}
    for found, word in zip(marks, made.words, strict=True):
        assert abs(found.at_ms - word.mark_ms) < 3
    assert made.words[-1].end_ms <= len(pcm) / 32


def test_numbers_short_words_and_dashes_keep_their_places() -> None:
    text = "In 2024 — as a team of 3 — it was I who did a lot, a whole lot, e.g. 3.5 times."
    made = spoken(text)
    assert [word.text for word in made.words] == [word for word in text.split() if word != "—"]
    starts = [word.start_ms for word in made.words]
    assert starts == sorted(starts)
    assert [found.word for found in read(speech(text))] == list(range(len(made.words)))


@given(clip=st.integers(0, CLIPS - 1), word=st.integers(0, WORDS - 1), offset=st.integers(0, 2_000))
@settings(deadline=None, max_examples=40)
def test_any_mark_is_read_wherever_it_begins(clip: int, word: int, offset: int) -> None:
    samples = np.concatenate((np.zeros(offset), mark(clip, word), np.zeros(800)))
    reader = MarkReader()
    found = [heard for start in range(0, len(samples), 320) for heard in reader.feed(samples[start : start + 320])]
    found += reader.flush()
    assert [(heard.clip, heard.word) for heard in found] == [(clip, word)]
    assert abs(found[0].at_ms - offset / 16) < 4


@given(start=st.integers(0, 150), frames=st.integers(1, 20))
@settings(deadline=None, max_examples=30)
def test_lost_frames_lose_words_and_never_make_others(start: int, frames: int) -> None:
    pcm = speech(ANSWER)
    kept = pcm[: start * 640] + pcm[(start + frames) * 640 :]
    words = [found.word for found in read(kept)]
    assert words == sorted(set(words))
    assert set(words) <= set(range(13))


def test_doubled_audio_doubles_words() -> None:
    pcm = speech(ANSWER)
    words = [found.word for found in read(pcm[:32_000] + pcm[16_000:])]
    assert len(words) > len(set(words)) == 13


@pytest.mark.parametrize("level", [0.01, 0.05])
def test_words_are_counted_through_noise(level: float) -> None:
    pcm = speech(ANSWER)
    noisy = sounds.two_people(pcm, sounds.noise(len(pcm) / 32_000, level=level))
    assert [found.word for found in read(noisy)] == list(range(13))


@pytest.mark.parametrize("seed", range(3))
def test_no_noise_is_taken_for_a_mark(seed: int) -> None:
    white = np.random.default_rng(seed).normal(0, 3_000, 16_000 * 20).astype("<i2").tobytes()
    for pcm in (white, sounds.noise(20, level=0.2, seed=seed), sounds.music(10), sounds.cough(seed=seed)):
        assert [found for found in read(pcm) if clip(found.clip)] == []


def test_a_clip_is_made_once_and_known_to_other_processes() -> None:
    text = "Only one process speaks this sentence."
    root = Path(__file__).parents[2]
    program = f"from tests.emulators.candidate_speech import spoken; print(spoken({text!r}).number)"
    number = int(subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, check=True).stdout)
    known = clip(number)
    assert known is not None
    assert known.text == text
    assert spoken(text) == known


def test_two_voices_are_two_clips() -> None:
    assert spoken(ANSWER).number != spoken(ANSWER, voice=SECOND_VOICES["en"]).number


def test_a_text_that_is_too_long_for_one_clip_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 256 words"):
        speech("word " * 257)


async def _speech_ms(pcm: bytes) -> float:
    """How long the product's own voice detection hears speech."""
    stream = inference.VAD().stream()
    for start in range(0, len(pcm), 640):
        piece = pcm[start : start + 640].ljust(640, b"\0")
        stream.push_frame(rtc.AudioFrame(piece, 16_000, 1, 320))
    stream.end_input()
    heard = 0.0
    async with asyncio.timeout(20):
        async for event in stream:
            if event.type is vad.VADEventType.END_OF_SPEECH:
                heard += event.speech_duration * 1000
    await stream.aclose()
    return heard


@pytest.mark.parametrize(("text", "language"), [(ANSWER, "en"), (SPANISH, "es")])
async def test_voice_activity_hears_our_speech_as_speech(text: str, language: str) -> None:
    pcm = sounds.silence(0.5) + speech(text, language) + sounds.silence(1.5)
    assert await _speech_ms(pcm) > 0.8 * spoken(text, language).words[-1].end_ms


async def test_voice_activity_hears_no_speech_in_noise() -> None:
    assert await _speech_ms(sounds.noise(3) + sounds.silence(1.5)) == 0


def test_sounds_have_the_length_and_level_that_were_asked_for() -> None:
    assert len(sounds.silence(1.5)) == 48_000
    samples = np.frombuffer(sounds.noise(2, level=0.1), dtype="<i2") / 32_768
    assert abs(float(np.sqrt((samples**2).mean())) - 0.1) < 0.01
    assert len(sounds.resampled(sounds.music(2), 16_000, 48_000)) == 2 * 48_000 * 2
    assert sounds.wav(sounds.cough(), 16_000)[:4] == b"RIFF"

"""Tones give the text back, whatever is cut, and show what was lost, doubled or paused."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from tests.emulators.tones import ALPHABET, CHARACTER_MS, DAMAGED, bursts, decode, encode, fold

TEXTS = st.text(st.sampled_from(ALPHABET), max_size=30)
WORDS = st.text(st.sampled_from(ALPHABET), min_size=4, max_size=20)
RATES = st.sampled_from([8_000, 16_000, 24_000])


@given(text=TEXTS, rate=RATES)
@settings(deadline=None, max_examples=60)
def test_every_text_comes_back(text: str, rate: int) -> None:
    pcm = encode(text, rate)
    assert len(pcm) == len(text) * rate * CHARACTER_MS // 1000 * 2
    assert decode(pcm, rate) == text


def test_what_the_alphabet_lacks_is_folded_one_to_one() -> None:
    assert fold("¿Qué tal, Zoë? “Fine” — 漢!") == '¿qué tal, zoe? "fine" - *!'
    assert len(fold("ﬁ…ß\n")) == 4


@given(text=WORDS, part=st.floats(0, 1), rate=RATES)
@settings(deadline=None, max_examples=60)
def test_audio_cut_at_its_end_gives_the_characters_that_were_wholly_played(text: str, part: float, rate: int) -> None:
    pcm = encode(text, rate)
    samples = int(len(pcm) // 2 * part)
    played_ms = samples / rate * 1000
    heard = decode(pcm[: samples * 2], rate)
    assert text.startswith(heard)
    assert abs(len(heard) * CHARACTER_MS - played_ms) <= CHARACTER_MS
    silent = pcm[: samples * 2] + bytes(rate)
    assert decode(silent, rate) == heard


@given(text=WORDS, part=st.floats(0, 1), rate=RATES)
@settings(deadline=None, max_examples=60)
def test_audio_joined_in_the_middle_gives_the_characters_that_follow(text: str, part: float, rate: int) -> None:
    pcm = encode(text, rate)
    samples = int(len(pcm) // 2 * part)
    heard = decode(pcm[samples * 2 :], rate)
    assert text.endswith(heard)
    assert abs((len(text) - len(heard)) * CHARACTER_MS - samples / rate * 1000) <= CHARACTER_MS


@given(text=WORDS, frame=st.integers(1, 10), count=st.integers(1, 5))
@settings(deadline=None, max_examples=80)
def test_lost_frames_show(text: str, frame: int, count: int) -> None:
    pcm = encode(text)
    lost = pcm[: frame * 640] + pcm[(frame + count) * 640 :]
    assert decode(lost) != text


@given(text=WORDS, frame=st.integers(0, 8), count=st.integers(1, 5))
@settings(deadline=None, max_examples=80)
def test_doubled_frames_show(text: str, frame: int, count: int) -> None:
    pcm = encode(text)
    piece = pcm[frame * 640 : (frame + count) * 640]
    doubled = pcm[: frame * 640] + piece + pcm[frame * 640 :]
    assert decode(doubled) != text


def test_a_character_said_twice_is_heard_twice() -> None:
    pcm = encode("tell me")
    character = CHARACTER_MS * 32
    assert decode(pcm[: 3 * character] + pcm[2 * character :]) == "telll me"


@given(text=WORDS, part=st.floats(0.01, 0.99), silence_ms=st.integers(0, 2_000))
@settings(deadline=None, max_examples=60)
def test_a_pause_anywhere_loses_nothing(text: str, part: float, silence_ms: int) -> None:
    pcm = encode(text)
    # Pauses shorter than a millisecond or two of sound leave a sliver that no ear would miss either.
    frame = int(len(pcm) // 640 * part) * 640
    assert decode(bytes(3_200) + pcm[:frame] + bytes(silence_ms * 32) + pcm[frame:]) == text


def test_noise_beneath_does_no_harm() -> None:
    noise = np.random.default_rng(1).normal(0, 60, 16_000 * 3)
    pcm = np.frombuffer(encode("what did you measure, and why?"), dtype="<i2")
    noise[: len(pcm)] += pcm
    assert decode(noise.astype("<i2").tobytes()) == "what did you measure, and why?"


def test_silence_noise_and_an_odd_byte_are_no_text() -> None:
    assert decode(b"") == decode(b"\0") == decode(bytes(32_001)) == ""
    loud = np.random.default_rng(1).normal(0, 3_000, 16_000).astype("<i2").tobytes()
    assert set(decode(loud)) <= {DAMAGED}


def test_each_character_has_its_time() -> None:
    heard = bursts(bytes(32_000) + encode("ok"))
    assert [burst.character for burst in heard] == ["o", "k"]
    assert [round(burst.start_ms / 10) for burst in heard] == [100, 106]

"""The closed set of sentences that a person can say: understood through the wires they come by, and nothing else."""

import io
from itertools import pairwise

import av
import numpy as np
import pytest

from tests.emulators import sounds
from tests.emulators.candidate_speech import speech
from tests.emulators.deepgram_recorded import decoded
from tests.emulators.recognising import ClosedSet, closed_set
from tests.emulators.street import SENTENCES

OUTSIDE = {
    "en": ["The weather is nice in the mountains today.", "Purple elephants dance quickly around fires."],
    "es": ["Hace buen tiempo hoy en las montañas verdes.", "Los elefantes bailan alrededor del fuego."],
}


def hear(recogniser: ClosedSet, pcm: bytes) -> str:
    samples = np.frombuffer(pcm, dtype="<i2") / 32_768
    return " ".join(word.text for word in recogniser.hear(samples))


def by_telephone(pcm: bytes) -> bytes:
    return sounds.resampled(sounds.resampled(pcm, 16_000, 8_000), 8_000, 16_000)


def by_opus(pcm: bytes) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=16_000)
        stream.bit_rate = 24_000
        stream.layout = "mono"
        samples = np.frombuffer(pcm, dtype="<i2")[None, :]
        for start in range(0, samples.shape[1], 320):
            piece = np.ascontiguousarray(samples[:, start : start + 320])
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate = 16_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    channels, rate = decoded(file.getvalue())
    heard = sounds.resample(channels[0], rate, 16_000)
    return (np.clip(heard, -1, 1) * 32_767).astype("<i2").tobytes()


def in_noise(pcm: bytes) -> bytes:
    return sounds.two_people(pcm, sounds.noise(len(pcm) / 32_000, level=0.005))


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("way", [bytes, by_telephone, by_opus, in_noise], ids=["clean", "telephone", "opus", "noise"])
def test_nearly_every_sentence_is_understood_by_every_way(language: str, way: object) -> None:
    recogniser = closed_set(language, tuple(SENTENCES[language]))
    said = [sounds.silence(0.2) + speech(text, language) + sounds.silence(0.3) for text in SENTENCES[language]]
    heard = [hear(recogniser, way(pcm)) for pcm in said]  # type: ignore[operator]
    missed = [text for text, got in zip(SENTENCES[language], heard, strict=True) if text != got]
    assert len(missed) <= 1, missed


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_is_outside_the_set_is_nothing(language: str) -> None:
    recogniser = closed_set(language, tuple(SENTENCES[language]))
    pieces = [speech(text, language) for text in OUTSIDE[language]]
    pieces += [sounds.noise(2), sounds.noise(2, seed=7), sounds.cough(), sounds.cough(seed=5), sounds.music(3)]
    assert [hear(recogniser, pcm + sounds.silence(0.3)) for pcm in pieces] == [""] * len(pieces)


def test_word_times_and_confidences_are_those_of_the_audio() -> None:
    recogniser = closed_set("en", tuple(SENTENCES["en"]))
    pcm = sounds.silence(0.5) + speech("I do not know the answer to that question.") + sounds.silence(0.3)
    words = recogniser.hear(np.frombuffer(pcm, dtype="<i2") / 32_768)
    assert 450 <= words[0].start_ms <= 600
    assert words[-1].end_ms <= len(pcm) / 32
    assert all(one.end_ms <= other.start_ms for one, other in pairwise(words))
    assert all(0.5 <= word.confidence <= 0.99 for word in words)


def test_while_somebody_still_speaks_the_beginning_is_heard() -> None:
    recogniser = closed_set("en", tuple(SENTENCES["en"]))
    pcm = speech("I built the cache in the first week, and we measured it again.")
    samples = np.frombuffer(pcm, dtype="<i2") / 32_768
    words = recogniser.hear(samples[: len(samples) * 7 // 10], is_partial=True)
    assert [word.text for word in words] == ["I", "built", "the", "cache", "in", "the", "first", "week,"]


def test_a_set_without_a_word_is_refused() -> None:
    with pytest.raises(ValueError, match="no sentence"):
        ClosedSet("en", ("…",))

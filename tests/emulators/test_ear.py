"""What reaches a recogniser: the same words however the samples are cut, and ends where sound ends."""

import hypothesis.strategies as st
from hypothesis import given, settings

from tests.emulators import sounds
from tests.emulators.candidate_speech import speech, spoken
from tests.emulators.ear import Ear

ANSWER = "I built the cache in the first week, and we measured it again."


def utterances(pcm: bytes, pieces: list[int], *, silence_ms: float = 400) -> list[tuple[float, float, list[str]]]:
    """Beginning, end and marked words of each, with the samples given in pieces of so many bytes."""
    ear = Ear(16_000, "en")
    found = []
    position = turn = 0
    while position < len(pcm):
        piece = pieces[turn % len(pieces)]
        for moment in ear.feed(pcm[position : position + piece]):
            if ear.began_ms is not None and moment.silent_ms >= silence_ms:
                began_ms = ear.began_ms
                found.append((began_ms, moment.at_ms, [word.text for word in ear.close()]))
        position += piece
        turn += 1
    return found


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=5))
@settings(deadline=None, max_examples=25)
def test_pieces_of_any_size_even_odd_ones_give_the_same(pieces: list[int]) -> None:
    pcm = sounds.silence(0.3) + speech(ANSWER) + sounds.silence(0.6)
    (whole,) = utterances(pcm, [len(pcm)])
    (cut,) = utterances(pcm, pieces)
    assert cut[2] == whole[2] == ANSWER.split()
    assert cut[:2] == whole[:2]


def test_an_utterance_begins_and_ends_with_its_sound() -> None:
    ((began_ms, ended_ms, words),) = utterances(sounds.silence(1) + speech(ANSWER) + sounds.silence(1), [640])
    assert abs(began_ms - 1_000) < 60
    assert abs(ended_ms - 400 - (1_000 + spoken(ANSWER).words[-1].end_ms)) < 120
    assert words == ANSWER.split()


def test_steady_noise_stops_being_speech_and_words_in_it_still_end() -> None:
    hum = sounds.noise(14, level=0.01)
    pcm = sounds.two_people(sounds.silence(5) + speech(ANSWER) + sounds.silence(5), hum)
    found = utterances(pcm, [640])
    assert [words for _, _, words in found if words] == [ANSWER.split()]


def test_words_carry_their_times_on_the_stream() -> None:
    ear = Ear(16_000, "en")
    ear.feed(sounds.silence(2) + speech(ANSWER) + sounds.silence(0.2))
    for word, said in zip(ear.words, spoken(ANSWER).words, strict=True):
        assert abs(word.start_ms - 2_000 - said.start_ms) < 4
        assert abs(word.end_ms - 2_000 - said.end_ms) < 4

"""How far a provider has got in the words, and what the listener may hear of it."""

from hypothesis import given
from hypothesis import strategies as st
from livekit.agents.types import TimedString

from agents.providers.attempt import RATE, Attempt, Piece
from agents.providers.script import Script

_A_CHARACTER = 0.06


def _script(text: str) -> Script:
    script = Script()
    script.add(text)
    script.end()
    return script


def _audio(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


def _words(text: str) -> list[TimedString]:
    """As the plugin tells them: the last one is not known until more comes."""
    words, at = [], 0
    for word in text.split(" ")[:-1]:
        end = at + len(word) + 1
        words.append(TimedString(word + " ", start_time=at * _A_CHARACTER, end_time=end * _A_CHARACTER))
        at = end
    return words


def _seconds(pieces: list[Piece]) -> float:
    return sum(len(pcm) for pcm, _ in pieces) / 2 / RATE


def _text(pieces: list[Piece]) -> str:
    return "".join(word for _, words in pieces for word in words)


_TEXT = "Tell me about it, please."


def test_audio_is_let_out_up_to_the_last_whole_word() -> None:
    attempt = Attempt(_script(_TEXT), 0, 0.0, is_aligned=True)
    assert attempt.push(len(_TEXT)) == _TEXT
    attempt.add(_audio(10 * _A_CHARACTER), _words("Tell me ab"))
    out = attempt.let_out(is_dry=False)
    assert _seconds(out) == 8 * _A_CHARACTER
    assert _text(out) == "Tell me "
    assert attempt.spoken == len("Tell me ")


def test_a_word_that_broke_off_is_left_for_the_next_provider() -> None:
    attempt = Attempt(_script(_TEXT), 0, 0.0, is_aligned=True)
    attempt.push(len(_TEXT))
    attempt.add(_audio(10 * _A_CHARACTER), _words("Tell me ab"))
    attempt.let_out(is_dry=True)
    assert _TEXT[attempt.spoken :] == "about it, please."


def test_the_last_word_of_a_sentence_does_not_wait_for_the_next_sentence() -> None:
    script = Script()
    script.add("Hello there. ")
    attempt = Attempt(script, 0, 0.0, is_aligned=True)
    attempt.push(13)
    attempt.add(_audio(12 * _A_CHARACTER), _words("Hello there."))
    assert _seconds(attempt.let_out(is_dry=False)) == 6 * _A_CHARACTER
    assert not attempt.is_owed
    attempt.let_out(is_dry=True)
    assert attempt.spoken == 13
    assert not attempt.has_held


def test_words_the_provider_says_otherwise_are_passed_over() -> None:
    text = "In 2020 we shipped."
    attempt = Attempt(_script(text), 0, 0.0, is_aligned=True)
    attempt.push(len(text))
    said = "In twenty twenty we shipped."
    attempt.add(_audio(len(said) * _A_CHARACTER), _words(said))
    out = attempt.let_out(is_dry=False)
    assert _text(out) == "In 2020 we "
    assert not attempt.is_cut
    assert _text([*out, *attempt.finish()]) == text


def test_an_end_in_the_middle_of_the_words_is_noticed() -> None:
    attempt = Attempt(_script(_TEXT), 0, 0.0, is_aligned=True)
    attempt.push(len(_TEXT))
    attempt.add(_audio(10 * _A_CHARACTER), _words("Tell me ab"))
    assert attempt.is_cut


def test_without_times_a_sentence_counts_when_it_ended() -> None:
    attempt = Attempt(_script(_TEXT), 0, 2.0, is_aligned=False)
    attempt.push(len(_TEXT))
    attempt.add(_audio(1.0), [])
    out = attempt.let_out(is_dry=False)
    assert _seconds(out) == 1.0
    assert attempt.spoken == 0
    words = [word for _, each in [*out, *attempt.finish()] for word in each]
    assert "".join(words) == _TEXT
    assert words[0].start_time == 2.0


@given(st.lists(st.integers(1, 4_000), max_size=30), st.booleans())
def test_whatever_comes_is_let_out_once_in_frames_of_20_to_100_ms(sizes: list[int], is_dry: bool) -> None:
    attempt = Attempt(_script(_TEXT), 0, 0.0, is_aligned=False)
    attempt.push(len(_TEXT))
    out: list[Piece] = []
    given = b""
    for number, size in enumerate(sizes):
        pcm = bytes([number]) * (size * 2)
        given += pcm
        attempt.add(pcm, [])
        out += attempt.let_out(is_dry=is_dry)
    assert all(640 <= len(pcm) <= 3_200 + 640 for pcm, _ in out)
    out += attempt.finish()
    heard = b"".join(pcm for pcm, _ in out)
    assert heard[: len(given)] == given
    assert not heard[len(given) :].strip(b"\0")
    assert _text(out) == _TEXT

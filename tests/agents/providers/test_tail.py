"""What a new stream is given when the old one broke."""

from hypothesis import given
from hypothesis import strategies as st

from agents.providers.tail import Tail


def _spoken(tail: Tail[int], frames: int, *, is_loud: bool = True, seconds: float = 0.5) -> None:
    first = round(tail.end / seconds)
    for number in range(first, first + frames):
        tail.push(number, seconds, is_loud=is_loud)


def test_it_keeps_what_was_said_since_the_last_final_words() -> None:
    tail: Tail[int] = Tail()
    _spoken(tail, 10)
    tail.settle(2.1)
    assert tail.frames == [4, 5, 6, 7, 8, 9]
    assert tail.start == 2.0
    assert tail.end == 5.0


def test_it_holds_thirty_seconds_at_most() -> None:
    tail: Tail[int] = Tail(limit=30)
    _spoken(tail, 100)
    assert len(tail.frames) == 60
    assert tail.start == 20.0


def test_silence_is_not_kept() -> None:
    tail: Tail[int] = Tail(quiet=1)
    _spoken(tail, 40, is_loud=False)
    assert len(tail.frames) == 2
    assert not tail.has_speech


def test_quiet_speech_that_is_being_recognised_is_kept() -> None:
    tail: Tail[int] = Tail(quiet=1)
    tail.is_in_flight = True
    _spoken(tail, 20, is_loud=False)
    assert len(tail.frames) == 20


def test_the_last_sound_of_a_final_word_keeps_no_silence() -> None:
    tail: Tail[int] = Tail(quiet=1)
    _spoken(tail, 4, seconds=0.02)
    tail.settle(0.05)
    assert not tail.has_speech


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("push"), st.booleans()),
            st.tuples(st.just("settle"), st.floats(0, 1)),
            st.tuples(st.just("flight"), st.booleans()),
        )
    )
)
def test_its_frames_are_always_the_last_ones_in_order(acts: list[tuple[str, float]]) -> None:
    tail: Tail[int] = Tail(limit=3, quiet=1)
    pushed = 0
    for act, value in acts:
        if act == "push":
            tail.push(pushed, 0.5, is_loud=bool(value))
            pushed += 1
        elif act == "settle":
            tail.settle(tail.start + (tail.end - tail.start) * value)
        else:
            tail.is_in_flight = bool(value)
        assert tail.frames == list(range(pushed - len(tail.frames), pushed))
        assert tail.end - tail.start == len(tail.frames) * 0.5
        assert len(tail.frames) <= 6

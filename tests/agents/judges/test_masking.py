"""A text with stretches hidden, and the way there and back."""

from hypothesis import given
from hypothesis import strategies as st

from agents.judges.masking import masked, masked_turn
from agents.scoring import AnswerTurn, HeardWord


def test_neighbours_share_a_label_and_quotes_find_their_way_back() -> None:
    text = "I did it badly twice. Then well."
    mask = masked(text, [(9, 14), (15, 21)], "[x]")
    assert mask.text == "I did it [x] Then well."
    assert mask.hidden == ((9, 21),)
    assert mask.span(13, 22) == (22, 31)
    assert mask.span(0, 8) == (0, 8)
    assert mask.span(6, 16) is None
    assert mask.span(10, 11) is None
    assert mask.place(22, 31) == (13, 22)
    assert mask.place(9, 14) is None


def test_nothing_hidden_changes_nothing() -> None:
    turn = AnswerTurn(3, "All of it.")
    mask = masked(turn.text, [(4, 4)], "[x]")
    assert (mask.text, mask.hidden) == (turn.text, ())
    assert masked_turn(turn, mask) is turn


def test_a_turn_keeps_the_words_that_still_stand() -> None:
    words = tuple(HeardWord(text, at, at + 2, at, at + 1) for text, at in (("so", 0), ("it", 3), ("is", 6)))
    turn = masked_turn(AnswerTurn(3, "so it is", None, words), masked("so it is", [(3, 5)], "[unheard]"))
    assert [(turn.text[word.start : word.end], word.from_ms) for word in turn.words] == [("so", 0), ("is", 6)]


_SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=6)


@given(st.text(max_size=60), _SPANS, st.data())
def test_every_stretch_that_still_stands_is_the_same_there_and_back(
    text: str, spans: list[tuple[int, int]], data: st.DataObject
) -> None:
    mask = masked(text, [(min(a, len(text)), min(b, len(text))) for a, b in spans], "[label]")
    start = data.draw(st.integers(0, len(mask.text)))
    end = data.draw(st.integers(start, len(mask.text)))
    there = mask.span(start, end)
    if there is not None:
        assert text[slice(*there)] == mask.text[start:end]
        assert mask.place(*there) == (start, end)
    visible = "".join(text[a : a + length] for _, a, length in mask.pieces)
    hidden = sum(b - a for a, b in mask.hidden)
    assert len(visible) + hidden == len(text)

"""A quote is evidence only where it stands in its turn, and then it is kept exactly as it stands there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.quoting import LONGEST_QUOTE, Cited, found
from agents.scoring import AnswerTurn

SAID = "We moved  the tables\none by one. I said “don’t stop”, and it took <2 weeks & a day. Great."
TURNS = (AnswerTurn(4, SAID), AnswerTurn(7, "It was my own plan."), AnswerTurn(9, "Yes"))


def texts(*cited: tuple[int, str]) -> list[str]:
    return [quote.text for quote in found([Cited(seq, text) for seq, text in cited], TURNS, most=3)]


@pytest.mark.parametrize(
    ("quote", "kept"),
    [
        ("one by one.", "one by one."),
        ("We moved the tables one by one", "We moved  the tables\none by one"),
        ('I said "don\'t stop"', "I said “don’t stop”"),
        ("'one by one'", "one by one"),
        ('"We moved the tables"', "We moved  the tables"),
        ("it took &lt;2 weeks &amp; a day", "it took <2 weeks & a day"),
        ("  one by one ", "one by one"),
        ("one\u200b by one", "one by one"),
    ],
)
def test_spaces_and_the_shape_of_marks_do_not_matter(quote: str, kept: str) -> None:
    assert texts((4, quote)) == [kept]


@pytest.mark.parametrize(
    "quote",
    ["we moved the tables", "We moved tables", "ne by one", "one by on", "it took two weeks", "", "…", "Great.",
     "Great", "We moved … one by one", "It was my own plan."],
)  # fmt: skip
def test_anything_else_is_refused(quote: str) -> None:
    assert texts((4, quote)) == []


def test_one_word_is_a_quote_only_where_it_is_the_whole_answer() -> None:
    assert texts((9, "Yes")) == ["Yes"]
    assert texts((7, "plan.")) == []


def test_a_turn_that_is_not_there_has_no_quotes() -> None:
    assert texts((5, "one by one")) == []


def test_quotes_stand_in_the_answers_order_each_once_and_no_more_than_asked_for() -> None:
    cited = [
        (7, "my own plan"),
        (4, "one by one"),
        (4, "We moved the tables one by one"),
        (4, "one by one"),
        (4, "it took"),
    ]
    assert texts(*cited) == ["We moved  the tables\none by one", "it took", "my own plan"]
    assert len(texts(*cited, (4, "and it took"), (9, "Yes"))) == 3


def test_a_quote_that_goes_on_and_on_is_cut_at_a_word() -> None:
    long = "word " * 200
    (quote,) = found([Cited(1, long)], [AnswerTurn(1, long)], most=3)
    assert len(quote.text) <= LONGEST_QUOTE
    assert quote.text.endswith("word")


@given(st.text(max_size=120), st.text(max_size=40), st.integers(0, 120), st.integers(0, 120))
def test_every_quote_is_its_turn_to_the_letter(text: str, made_up: str, start: int, end: int) -> None:
    turn = AnswerTurn(3, text)
    for quote in found([Cited(3, made_up), Cited(3, text[start:end])], [turn], most=3):
        assert quote.text != ""
        assert text[quote.start : quote.end] == quote.text

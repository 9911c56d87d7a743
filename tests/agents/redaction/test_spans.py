"""Places in a text that was written anew, and in the text before."""

from hypothesis import given
from hypothesis import strategies as st

from agents.redaction.spans import Edit, Rewriting, rewritten

TEXT = "I asked Emily Walsh in Lagos twice."
WRITTEN = rewritten(TEXT, [Edit(23, 28, "[place]"), Edit(8, 19, "[name]")])


def test_edits_are_made_in_their_places_whatever_their_order() -> None:
    assert WRITTEN.text == "I asked [name] in [place] twice."


def test_what_was_not_touched_is_found_again_to_the_letter() -> None:
    start = WRITTEN.text.index("twice")
    before = WRITTEN.before(start, start + 5)
    assert TEXT[slice(*before)] == "twice"
    assert WRITTEN.after(*before) == (start, start + 5)


def test_a_stretch_that_cuts_into_what_was_written_anew_stands_for_all_of_it() -> None:
    start = WRITTEN.text.index("me] in [pl")
    assert TEXT[slice(*WRITTEN.before(start, start + len("me] in [pl")))] == "Emily Walsh in Lagos"
    assert WRITTEN.text[slice(*WRITTEN.after(9, 12))] == "[name]"


def test_a_stretch_that_ends_where_something_was_written_anew_does_not_take_it_in() -> None:
    end = WRITTEN.text.index("[name]")
    assert TEXT[slice(*WRITTEN.before(0, end))] == "I asked "
    begin = end + len("[name]")
    assert TEXT[slice(*WRITTEN.before(begin, begin + 3))] == " in"


def test_an_empty_stretch_stays_empty() -> None:
    for at in range(len(WRITTEN.text) + 1):
        start, end = WRITTEN.before(at, at)
        assert start == end


@st.composite
def rewritings(draw: st.DrawFn) -> tuple[str, Rewriting]:
    text = draw(st.text(min_size=1, max_size=40))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=10)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    return text, rewritten(text, [Edit(start, end, draw(st.text(min_size=1, max_size=8))) for start, end in spans])


@given(rewritings(), st.data())
def test_there_and_back_holds_at_least_what_one_set_out_with(made: tuple[str, Rewriting], data: st.DataObject) -> None:
    text, written = made
    start = data.draw(st.integers(0, len(written.text)))
    end = data.draw(st.integers(start, len(written.text)))
    before = written.before(start, end)
    assert 0 <= before[0] <= before[1] <= len(text)
    again = written.after(*before)
    assert start == end or (again[0] <= start and end <= again[1])

"""Where each heard word stands in a turn's text, when it was said and how surely."""

from hypothesis import given
from hypothesis import strategies as st

from agents.events import Word
from agents.judges.heard import heard_words


def words(*texts: str, confidence: float | None = 0.9) -> list[Word]:
    return [Word(text, 100 * at, 100 * at + 80, confidence) for at, text in enumerate(texts)]


def test_every_word_stands_where_it_is_written_whatever_its_case_and_punctuation() -> None:
    text = "So, I moved  the tables.\nOne by one!"
    heard = heard_words(text, words("so", "i", "moved", "the", "tables", "one", "by", "one"))
    assert [text[word.start : word.end] for word in heard] == [word.text for word in heard] == text.split()
    assert [word.from_ms for word in heard] == [100 * at for at in range(8)]


def test_a_figure_takes_the_times_of_the_words_it_stands_for_and_is_as_sure_as_the_least_of_them() -> None:
    said = [Word("it", 0, 80, 0.9), Word("took", 100, 180, 0.9), Word("four", 200, 280, 0.4)]
    said += [Word("hundred", 300, 380, 0.9), Word("dollars", 400, 480, 0.9)]
    heard = heard_words("it took $400", said)
    assert [(word.text, word.from_ms, word.to_ms, word.confidence) for word in heard][-1] == ("$400", 200, 480, 0.4)


def test_words_that_nobody_wrote_and_words_that_nobody_said_have_no_place() -> None:
    heard = heard_words("I led it", words("um", "I", "led"))
    assert [(word.text, word.from_ms) for word in heard] == [("I", 100), ("led", 200)]
    assert heard_words("I led it", []) == ()
    assert heard_words("", words("I")) == ()
    assert heard_words("…", words("?")) == ()


def test_a_word_without_a_confidence_has_none() -> None:
    assert heard_words("yes", words("yes", confidence=None))[0].confidence is None


@given(st.text(max_size=80), st.lists(st.text(max_size=8), max_size=12))
def test_whatever_was_heard_the_words_stand_in_order_and_apart(text: str, said: list[str]) -> None:
    heard = heard_words(text, words(*said))
    end = 0
    for word in heard:
        assert end <= word.start < word.end <= len(text)
        assert text[word.start : word.end] == word.text
        assert word.from_ms <= word.to_ms
        end = word.end

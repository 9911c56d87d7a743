"""Sentences as soon as they are whole."""

from hypothesis import given
from hypothesis import strategies as st

from agents.providers.script import Script


def _sentences(pieces: list[str]) -> list[str]:
    script = Script()
    found, at = [], 0
    for piece in [*pieces, None]:
        if piece is None:
            script.end()
        else:
            script.add(piece)
        while (end := script.sentence_end(at)) is not None:
            found.append(script.text[at:end])
            at = end
    return found


def test_a_sentence_is_whole_once_the_next_begins() -> None:
    script = Script()
    script.add("Thank you. ")
    assert script.sentence_end(0) == 11
    script.add("Tell me mo")
    assert script.sentence_end(11) is None
    script.add("re!")
    assert script.sentence_end(11) is None
    script.end()
    assert script.sentence_end(11) == len(script.text)


def test_titles_initials_and_numbers_end_no_sentence() -> None:
    assert _sentences(["Dr. Gray saw 3.5 of them, e.g. J. Smith. Good."]) == [
        "Dr. Gray saw 3.5 of them, e.g. J. Smith. ",
        "Good.",
    ]
    assert _sentences(["Hola, Sra. Ruiz. ¿Empezamos?"]) == ["Hola, Sra. Ruiz. ", "¿Empezamos?"]


def test_marks_alone_are_no_sentence() -> None:
    assert _sentences(["... ", "Well. ", " — "]) == ["... Well. "]


@given(st.lists(st.text(alphabet='ab .!?\n"é1', max_size=8), max_size=20))
def test_however_it_comes_every_word_is_in_one_sentence(pieces: list[str]) -> None:
    text = "".join(pieces)
    found = _sentences(pieces)
    assert text.startswith("".join(found))
    assert not any(character.isalnum() for character in text[len("".join(found)) :])
    assert [each.split() for each in found] == [each.split() for each in _sentences([text])]

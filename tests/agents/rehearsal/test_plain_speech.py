import pytest

from agents.plans import Language
from agents.rehearsal.plain_speech import plain_words, written_words


def _read(text: str, language: Language = "en") -> str:
    return " ".join(token.word for token in plain_words(text, language))


@pytest.mark.parametrize(
    ("language", "said", "plain"),
    [
        ("en", "I, um, moved the, the table, you know, in March.", "I moved the table in March."),
        ("en", "I was going to, I was going to ask them.", "I was going to ask them."),
        ("en", "I'd ask them 'cause we'd lose it.", "I would ask them because we would lose it."),
        ("en", "My name is Ana Souza and I moved it.", "and I moved it."),
        ("en", "I am fifty-eight, so I moved it.", "so I moved it."),
        ("es", "Moví, eh, la tabla, o sea, en en marzo.", "Moví la tabla en marzo."),
        ("es", "Me llamo Ana Souza y moví la tabla.", "y moví la tabla."),
        ("es", "Tengo cincuenta y siete años y moví la tabla.", "y moví la tabla."),
        ("es", "Ahorita miro el ordenador.", "Ahora miro la computadora."),
    ],
)
def test_what_is_only_the_way_it_was_said_is_not_read(language: Language, said: str, plain: str) -> None:
    assert _read(said, language) == _read(plain, language)


def test_articles_that_learners_leave_out_are_left_out_for_everybody() -> None:
    assert _read("I moved the table to a server") == _read("I moved table to server")
    assert _read("Moví la tabla al servidor", "es") == _read("Moví tabla al servidor", "es")


@pytest.mark.parametrize(
    "text", ["I like it very much", "very very slow data", "what we had had", "after twenty years of data"]
)
def test_ordinary_words_are_read(text: str) -> None:
    assert len(_read(text).split()) >= len([word for word in text.split() if word != "the"])


def test_every_word_keeps_its_place() -> None:
    text = "Um, I'd, I would ask the — the\u200b team."
    for token in plain_words(text, "en"):
        assert 0 <= token.start < token.end <= len(text)
        assert text[token.start : token.end].strip()


def test_nobody_hesitates_in_a_text_of_ours() -> None:
    assert [token.word for token in written_words("like, well", "en")] == ["like", "well"]

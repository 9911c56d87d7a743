from hypothesis import given
from hypothesis import strategies as st

from agents.rehearsal.words import LONGEST_SENTENCE, fold, sentences, stem, tokens

FAMILIES_EN = [
    ("measure", "measured", "measuring"),
    ("migration", "migrate", "migrated"),
    ("query", "queries"),
    ("plan", "planned", "planning"),
    ("prioritise", "prioritized"),
    ("build", "built", "building"),
    ("decision", "decided"),
]
FAMILIES_ES = [
    ("propuse", "propusimos", "propuesta"),
    ("decidí", "decidimos", "decisión"),
    ("reunión", "reuniones"),
    ("cliente", "clientes"),
    ("acordamos", "acuerdo"),
    ("medí", "medimos", "midió"),
]


def test_the_forms_of_an_english_word_share_a_stem() -> None:
    for family in FAMILIES_EN:
        assert len({stem(fold(word), "en") for word in family}) == 1, family


def test_the_forms_of_a_spanish_word_share_a_stem() -> None:
    for family in FAMILIES_ES:
        assert len({stem(fold(word), "es") for word in family}) == 1, family


def test_different_words_keep_different_stems() -> None:
    assert len({stem(word, "en") for word in ("deploy", "delay", "deadline", "test", "team")}) == 5
    assert len({stem(word, "es") for word in ("equipo", "plazo", "prueba", "cliente", "cola")}) == 5


def test_accents_and_apostrophes_do_not_make_another_word() -> None:
    assert fold("PRÓXIMO") == fold("proximo")
    assert [t.word for t in tokens("I didn’t, you didn't")] == ["i", "didn't", "you", "didn't"]


def test_numbers_keep_their_points_and_units() -> None:
    assert [t.word for t in tokens("1,200 users, 3.5 s and 40ms.")] == ["1,200", "users", "3.5", "s", "and", "40ms"]


def test_a_text_is_cut_at_the_ends_of_its_sentences() -> None:
    text = "We shipped v2.1 on Friday. It held! Did Dr. Ruiz notice? ¡Claro que sí! a las 3.30\nFin"
    assert [text[s.start : s.end] for s in sentences(text)] == [
        "We shipped v2.1 on Friday.",
        "It held!",
        "Did Dr. Ruiz notice?",
        "¡Claro que sí!",
        "a las 3.30",
        "Fin",
    ]


def test_speech_without_a_full_stop_is_cut_into_readable_pieces() -> None:
    text = "and then we talked, and we tried it again " * 400
    spans = sentences(text)
    assert all(s.end - s.start <= LONGEST_SENTENCE for s in spans)
    assert "".join(text[s.start : s.end] for s in spans).replace(" ", "") == text.replace(" ", "")


@given(st.text())
def test_sentences_are_in_order_and_none_is_empty(text: str) -> None:
    end = 0
    for span in sentences(text):
        assert end <= span.start < span.end
        assert text[span.start : span.end].strip() == text[span.start : span.end]
        end = span.end

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.plans import Language
from agents.rehearsal.short_answers import figures_of, short_question

QUESTION = "Why does a database keep an index on a column?"
REFERENCE = (
    "It finds the rows with a value quickly, without a scan of the whole table. It costs space and makes writes slower."
)
RIGHT = "So that rows with some value are found fast without scanning the table; inserts get slower, it needs space."
HALF = "So that you find the rows faster."
WRONG = "To make sure that nobody can delete the table."
FILLER = (
    " The office was near the river and the street was quiet. It rained on most of those days. Somebody had painted "
    "the door green and nobody liked it."
)


def _worth(answer: str, question: str = QUESTION, reference: str = REFERENCE, language: Language = "en") -> float:
    return figures_of(short_question(question, reference, language), answer, language).worth()


def test_more_of_what_was_asked_for_is_worth_more() -> None:
    assert _worth(REFERENCE) >= _worth(RIGHT) > _worth(HALF) > _worth(WRONG)
    assert _worth(REFERENCE) >= 0.9
    assert _worth(WRONG) <= 0.35


@pytest.mark.parametrize("answer", ["", "   ", "...", "I don't know", "No idea, sorry.", "idk"])
def test_no_answer_is_worth_nothing(answer: str) -> None:
    assert _worth(answer) == 0.0


def test_an_answer_with_no_in_it_is_an_answer() -> None:
    reference = "A node without children."
    assert _worth("a node with no children", "What is a leaf?", reference) >= 0.6
    assert _worth("No.", "Is a set ordered?", "No.") > _worth("Yes.", "Is a set ordered?", "No.")


def test_three_right_words_are_enough_where_three_words_were_asked_for() -> None:
    assert _worth("last in, first out", "In what order does a stack give its elements?", "Last in, first out.") >= 0.8
    assert _worth("LIFO", "In what order does a stack give its elements?", "Last in, first out.") >= 0.5


@pytest.mark.parametrize("answer", [RIGHT, HALF, WRONG])
def test_words_about_something_else_add_nothing(answer: str) -> None:
    assert _worth(answer + FILLER) <= _worth(answer) + 0.03


@pytest.mark.parametrize("answer", [RIGHT, HALF, WRONG])
def test_saying_it_twice_adds_nothing(answer: str) -> None:
    assert _worth(f"{answer} {answer}") == pytest.approx(_worth(answer), abs=0.02)


def test_the_question_given_back_is_worth_next_to_nothing() -> None:
    assert _worth(QUESTION) <= 0.1
    assert _worth("A database keeps an index on a column because the column needs an index.") <= 0.3
    for answer in (HALF, RIGHT):
        assert _worth(f"{QUESTION} {QUESTION} {answer}") <= _worth(answer) + 0.03


@pytest.mark.parametrize("answer", [HALF, WRONG])
@pytest.mark.parametrize("between", [", ", "; ", "\n", " "])
def test_terms_that_are_named_beside_an_answer_add_nothing(answer: str, between: str) -> None:
    named = between.join("index rows value quickly scan whole table space slower writes".split())
    assert _worth(f"{answer} Keywords: {named}.") <= _worth(answer) + 0.03


def test_terms_that_the_reference_names_as_well_count() -> None:
    reference = "Physical, data link, network, transport, session, presentation, application."
    named = "physical, link, network, transport, session, presentation and application"
    assert _worth(named, "Which are the layers of the OSI model?", reference) >= 0.8


def test_a_list_of_the_right_words_is_worth_little() -> None:
    listed = "rows, value, quickly, scan, whole table, space, writes, slower, index"
    assert _worth(listed) <= 0.4
    assert _worth(listed) < _worth(HALF) + 0.2


def test_a_list_is_right_where_a_list_was_asked_for() -> None:
    question, reference = "Name the layers of the internet protocols.", "Link, internet, transport, application."
    assert _worth("application, transport, internet, link", question, reference) >= 0.8


def test_levels_and_labels_are_matter_in_an_examination() -> None:
    question, reference = "Where is the root of a tree?", "At the highest level of the tree, it has no parent."
    assert _worth("Root: the highest level, without a parent.", question, reference) >= 0.7


def test_each_answer_is_read_by_itself() -> None:
    first = [_worth(answer) for answer in (RIGHT, HALF, WRONG)]
    assert [_worth(answer) for answer in (WRONG, HALF, RIGHT)][::-1] == first


def test_spanish_is_read_as_spanish() -> None:
    question = "¿Para qué sirve un índice en una tabla?"
    reference = "Encuentra rápido las filas con un valor sin recorrer toda la tabla. Ocupa espacio."
    right = "Para hallar filas más rápido sin tener que leer la tabla entera, aunque gasta disco."
    wrong = "Para que nadie pueda borrar datos."
    assert _worth(right, question, reference, "es") > 2 * _worth(wrong, question, reference, "es")


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=60)
def test_no_text_breaks_it_and_a_worth_is_a_share(answer: str) -> None:
    assert 0.0 <= _worth(answer) <= 1.0

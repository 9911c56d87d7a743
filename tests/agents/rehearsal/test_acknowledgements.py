import pytest

from agents.plans import Language
from agents.rehearsal.acknowledgements import acknowledgement, naming
from tests.agents.rehearsal.answers import LIBRARY

QUESTION = LIBRARY.plans["behavioural"].question("q1")


@pytest.mark.parametrize(
    ("language", "said", "named"),
    [
        ("en", "Well, I was in charge of the migration, and it was late.", "You mentioned the migration."),
        ("en", "It was about our budget.", "You mentioned the budget."),
        ("es", "Yo estaba a cargo de la migración, que iba tarde.", "Mencionaste la migración."),
        ("es", "El tema era nuestro presupuesto.", "Mencionaste el presupuesto."),
    ],
)
def test_a_thing_the_candidate_surely_named_is_named_back(language: Language, said: str, named: str) -> None:
    assert naming(said, QUESTION, language, []) == named


@pytest.mark.parametrize(
    "said",
    [
        "We release every week.",
        "It was the client library that failed.",
        "I told the elephant about it.",
        "I love the EXCELLENT.",
        "You know, people.",
        "migration",
        "",
    ],
)
def test_what_is_not_surely_a_thing_of_work_is_not_named(said: str) -> None:
    assert naming(said, QUESTION, "en", []) == ""


def test_what_the_question_itself_speaks_of_is_not_named() -> None:
    question = LIBRARY.plans["backend-engineer"].question("q2")
    assert naming("I would look at the query, first of all.", question, "en", []) == ""
    assert naming("I would look at the query, first of all.", QUESTION, "en", []) == "You mentioned the query."


def test_a_thing_is_named_once_in_an_interview() -> None:
    said = "I was in charge of the migration."
    assert naming(said, QUESTION, "en", ["Thank you. You mentioned the migration."]) == ""


def test_the_last_phrases_are_not_said_again() -> None:
    before: list[str] = []
    for turn in range(12):
        opening = acknowledgement("told", "en", turn, before, staying=False)
        assert not any(line == opening for line in before[-3:])
        before.append(opening)

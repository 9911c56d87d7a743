import pytest

from agents.plans import Language
from agents.rehearsal.short_answers import figures_of, short_question


def _turned(question: str, reference: str, answer: str, language: Language = "en") -> float:
    return figures_of(short_question(question, reference, language), answer, language).turned


PROTOCOLS = "What is the difference between TCP and UDP?"
STACK = "What is the order of a stack?"


@pytest.mark.parametrize(
    ("language", "question", "reference", "turned"),
    [
        (
            "en",
            PROTOCOLS,
            "TCP is connection oriented and guarantees ordered delivery; UDP sends datagrams without a guarantee.",
            "UDP is connection oriented and guarantees ordered delivery, TCP sends datagrams without a guarantee.",
        ),
        (
            "en",
            STACK,
            "The last element that was added is removed first.",
            "The first element that was added is removed first.",
        ),
        (
            "es",
            "¿Qué diferencia hay entre una pila y una cola?",
            "En una pila sale el último elemento que entró; en una cola sale el más antiguo.",
            "En una cola sale el último elemento que entró; en una pila sale el más antiguo.",
        ),
    ],
)
def test_a_sentence_turned_round_is_seen(language: Language, question: str, reference: str, turned: str) -> None:
    assert _turned(question, reference, reference, language) == 0
    assert _turned(question, reference, turned, language) > 0.15


@pytest.mark.parametrize(
    ("question", "reference", "answer"),
    [
        (
            PROTOCOLS,
            "TCP is connection oriented and guarantees ordered delivery; UDP sends datagrams without a guarantee.",
            "With UDP packets may get lost, TCP takes care that all of them arrive in the right order.",
        ),
        (
            "Why are indexes used?",
            "They let the database find rows without reading the whole table.",
            "So the database does not have to read every row of the table to find one.",
        ),
        (
            "What is a constant?",
            "A value that does not change.",
            "It keeps its value, nobody can assign to it.",
        ),
    ],
)
def test_the_same_said_otherwise_is_not_turned_round(question: str, reference: str, answer: str) -> None:
    assert _turned(question, reference, answer) <= 0.08

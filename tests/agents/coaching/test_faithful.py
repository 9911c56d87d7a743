"""A better version tells nothing that the candidate did not: figures, names, deeds, denials."""

import pytest

from agents.coaching.faithful import Faithful
from agents.plans import Language
from agents.rehearsal.words import sentences
from tests.agents.rehearsal.answers import GOOD, WEAK

SAID = (
    "Last year I was on a team of five at Acme in Lima. We did not test the import, and 40,000 records were wrong.",
    "I would ask the customers first. I wrote the scripts and we finished in two weeks. Maria checked 3 tables.",
    "Complaints fell by 30 percent.",
)
DICHO = (
    "Éramos cinco en Lima y decidimos no probar la importación. Yo escribí los programas y terminamos en dos semanas.",
    "Primero hablaría con el cliente. Las quejas bajaron un 30 por ciento.",
)


@pytest.fixture
def english() -> Faithful:
    return Faithful(SAID, "en")


@pytest.fixture
def spanish() -> Faithful:
    return Faithful(DICHO, "es")


@pytest.mark.parametrize(
    "sentence",
    [
        "Last year I was on a team of five at Acme.",
        "First, I wrote the scripts, and as a result we finished in 2 weeks.",
        "We did not test the import.",
        "Because we did not test the import, 40000 records were wrong.",
        "Maria checked three tables.",
        "In the end, complaints fell by 30%.",
        "I would first ask the customers.",
        "",
    ],
)
def test_what_was_said_may_be_said_in_another_order(english: Faithful, sentence: str) -> None:
    assert english.new_in(sentence) == ()


@pytest.mark.parametrize(
    ("sentence", "new"),
    [
        ("I led a team of five.", "led"),
        ("We finished in three weeks.", "three"),
        ("We finished in 40,000 weeks.", "40,000"),
        ("Five records were wrong.", "Five"),
        ("Complaints fell by 35%.", "35"),
        ("I was at Google in Lima.", "Google"),
        ("We finished in May.", "May"),
        ("All records were wrong.", "All"),
        ("I wrote the scripts myself.", "myself"),
        ("I proudly wrote the scripts.", "proudly"),
    ],
)
def test_a_fact_a_figure_a_name_or_an_adjective_that_was_not_said_is_found(
    english: Faithful, sentence: str, new: str
) -> None:
    assert new in english.new_in(sentence)


@pytest.mark.parametrize(
    ("sentence", "turned"),
    [
        ("We tested the import.", "tested"),
        ("I asked the customers first.", "asked"),
        ("I checked three tables.", "checked"),
        ("We did not finish in two weeks.", "finish"),
    ],
)
def test_what_was_denied_supposed_or_done_by_others_stays_so(english: Faithful, sentence: str, turned: str) -> None:
    assert turned in english.new_in(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Éramos cinco y decidimos no probar la importación.",
        "Primero, yo escribí los programas y así terminamos en 2 semanas.",
        "Hablaría con el cliente.",
        "Al final las quejas bajaron un 30%.",
    ],
)
def test_the_same_holds_in_spanish(spanish: Faithful, sentence: str) -> None:
    assert spanish.new_in(sentence) == ()


@pytest.mark.parametrize(
    ("sentence", "new"),
    [
        ("Decidí no probar la importación.", "Decidí"),
        ("Decidimos probar la importación.", "probar"),
        ("Hablé con el cliente.", "Hablé"),
        ("Terminé en dos semanas.", "Terminé"),
        ("Éramos seis en Lima.", "seis"),
        ("Éramos cinco en Bogotá.", "Bogotá"),
        ("Todos los programas bajaron.", "Todos"),
    ],
)
def test_and_nothing_new_passes_in_spanish(spanish: Faithful, sentence: str, new: str) -> None:
    assert new in spanish.new_in(sentence)


@pytest.mark.parametrize("key", sorted({**GOOD, **WEAK}))
def test_an_answer_is_faithful_to_itself(key: tuple[str, str, Language]) -> None:
    text = {**GOOD, **WEAK}[key]
    faithful = Faithful([text], key[2])
    assert {faithful.new_in(text[span.start : span.end]) for span in sentences(text)} == {()}


def test_advice_may_use_its_own_words_but_no_figure_or_name_that_nobody_said(english: Faithful) -> None:
    advice = "Say how many of the 40,000 records you repaired yourself in Lima."
    assert english.new_names_in(advice) == ()
    assert english.new_names_in("Say how you saved 90% at Google.") == ("90", "Google")
    assert english.new_names_in("Say what PostgreSQL did.", known="You know PostgreSQL.") == ()


def test_nobody_who_said_nothing_is_given_words() -> None:
    assert Faithful([], "en").new_in("I finished it.") == ("finished",)

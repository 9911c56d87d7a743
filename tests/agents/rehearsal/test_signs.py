import pytest

from agents.plans import Language
from agents.rehearsal.passages import told
from agents.rehearsal.signs import Sign, find_signs
from agents.scoring import AnswerTurn
from tests.agents.rehearsal.answers import LIBRARY

QUESTION = LIBRARY.plans["behavioural"].question("q5")

SHOWN: list[tuple[Language, Sign, str]] = [
    ("en", "result", "As a result the customer renewed the contract for a year."),
    ("en", "result", "The error rate dropped from nine percent to one."),
    ("en", "own_part", "So I rewrote the import and I asked two people to test it."),
    ("en", "own_part", "My part was the data and the tests around it."),
    ("en", "we", "We talked about it and then we changed the order of the steps."),
    ("en", "number", "It took us about twenty minutes on each of the servers."),
    ("en", "number", "After that only 3% of the calls were failing for them."),
    ("en", "example", "Last year the warehouse had to move to another building."),
    ("en", "example", "They were using Postgres for all of the reports then."),
    ("en", "reason", "I went that way because the others could not wait."),
    ("en", "tradeoff", "We lost some speed in exchange for fewer mistakes, which was the point."),
    ("en", "hedge", "I guess it was kind of fine for everybody in the end."),
    ("en", "evasion", "Nothing comes to mind right now about that, to be honest."),
    ("en", "hostile", "This is a waste of time and you are stupid."),
    ("en", "non_answer", "I don't know."),
    ("es", "result", "Al final el cliente renovó el contrato por un año."),
    ("es", "result", "Los errores bajaron y la espera cayó de nueve minutos a uno."),
    ("es", "own_part", "Reescribí la importación y les pedí a dos personas que la probaran."),
    ("es", "own_part", "A mí me encargaron poco, pero mejoré el proceso de carga."),
    ("es", "own_part", "Generé el informe a mano durante toda esa semana."),
    ("es", "we", "Hablamos con ellos y cambiamos el orden de los pasos."),
    ("es", "number", "Tardamos unos veinte minutos en cada uno de los servidores."),
    ("es", "example", "El año pasado el depósito tuvo que mudarse a otro edificio."),
    ("es", "reason", "Fui por ese lado porque los demás no podían esperar."),
    ("es", "tradeoff", "Perdimos algo de velocidad a cambio de menos errores."),
    ("es", "evasion", "La verdad es que no se me ocurre nada sobre eso ahora."),
    ("es", "hostile", "Esto es una pérdida de tiempo y una pregunta estúpida."),
    ("es", "non_answer", "No sé."),
]

NOT_SHOWN: list[tuple[Language, Sign, str]] = [
    ("en", "result", "I never saw the result of all that work we had done."),
    ("en", "own_part", "We built the page together and the others tested it for us."),
    ("en", "own_part", "I was there when they did all of it in the office."),
    ("en", "number", "It was in 2019 that we had to move the warehouse."),
    ("en", "hostile", "It was a difficult time for the whole team, and we were tired."),
    ("es", "own_part", "Haré todo lo que haga falta para que esto salga bien."),
    ("es", "own_part", "Así fue aquí con el equipo y también con los demás."),
    ("es", "own_part", "No decidí nada de eso porque estaba de viaje con ellos."),
    ("es", "number", "Fue en 2019 cuando tuvimos que mudar el depósito."),
]


def _signs(language: Language, text: str) -> set[Sign]:
    passages = told([AnswerTurn(seq=1, text=text)], QUESTION, None, language).passages
    return {sign for sign, places in find_signs(passages, language).places.items() if places}


@pytest.mark.parametrize(("language", "sign", "text"), SHOWN)
def test_a_sign_is_seen_where_it_shows(language: Language, sign: Sign, text: str) -> None:
    assert sign in _signs(language, text)


@pytest.mark.parametrize(("language", "sign", "text"), NOT_SHOWN)
def test_a_sign_is_not_seen_where_it_does_not_show(language: Language, sign: Sign, text: str) -> None:
    assert sign not in _signs(language, text)


def test_a_list_of_terms_shows_nothing_that_earns() -> None:
    assert not _signs("en", "result, outcome, 30 percent, because, Postgres, last year") & {
        "result",
        "number",
        "reason",
        "example",
    }

"""What is taken for a request and what stays an answer: short turns that are nothing but the request, and no more."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.events import Request
from agents.intents import LONGEST_WORDS, request_in, says_no, says_nothing_more, says_yes
from agents.plans import Language

REQUESTS: dict[Language, dict[Request, list[str]]] = {
    "en": {
        "repeat": [
            "Could you repeat the question, please?",
            "Can you repeat that?",
            "Sorry, can you say that again?",
            "Repeat, please.",
            "Pardon?",
            "I didn’t catch that.",
            "I did not understand the question",
            "I don't understand the question, sorry",
            "What was the question?",
            "Come again?",
            "Um, could you say it again?",
            "can you please repeat the question once more",
            "What did you say?",
        ],
        "hint": [
            "Can I have a hint?",
            "Could you give me a hint?",
            "hint",
            "May I have another hint?",
            "Can you give me another hint please",
        ],
        "skip": [
            "Can we skip this one?",
            "I'd like to skip this question.",
            "Skip",
            "Pass.",
            "I'll pass on this one",
            "Next question, please",
            "Let's move on",
            "OK, skip",
            "Can I skip?",
        ],
        "pause": [
            "Can we take a short break?",
            "I need a break",
            "Pause",
            "Let's take a break",
            "May I pause?",
        ],
        "wait": [
            "One moment, please",
            "Give me a second",
            "Let me think about it",
            "Hold on",
            "Wait a minute",
            "Just a sec",
            "I need to think",
            "I need a minute",
            "Give me a minute to think",
        ],
        "end": [
            "Please stop.",
            "I want to stop",
            "I would like to end the interview now",
            "Can we stop here?",
            "Let's finish",
            "Stop the interview",
            "May I stop now?",
        ],
    },
    "es": {
        "repeat": [
            "¿Puedes repetir la pregunta?",
            "¿Me puedes repetir la pregunta, por favor?",
            "Perdón, ¿podría repetir?",
            "Repite, por favor",
            "¿Cómo dijiste?",
            "No entendí la pregunta",
            "No entiendo la pregunta",
            "No escuché bien",
            "Otra vez, por favor",
            "¿Cuál era la pregunta?",
            "¿Me lo puedes repetir?",
            "¿La puedes repetir?",
            "¿Puede repetirlo?",
            "No te oí",
        ],
        "hint": [
            "Dame una pista",
            "¿Me das una pista?",
            "¿Puedes darme una pista?",
            "Una pista, por favor",
            "¿Me puede dar otra pista?",
        ],
        "skip": [
            "Paso",
            "Yo paso de esta",
            "Prefiero pasar",
            "¿Podemos saltar esta pregunta?",
            "Siguiente pregunta",
            "La siguiente, por favor",
            "Sigamos",
            "Quiero saltar esta pregunta",
            "Bueno, paso",
            "¿Podemos pasar a la siguiente?",
            "Pasemos a la siguiente",
        ],
        "pause": [
            "¿Podemos hacer una pausa?",
            "Necesito un descanso",
            "Pausa",
            "Quiero pausar la entrevista",
        ],
        "wait": [
            "Un momento, por favor",
            "Dame un segundo",
            "Déjame pensarlo",
            "Déjame pensar un momento",
            "Espera un momento",
            "Tengo que pensarlo",
            "Necesito pensarlo",
            "Un momentito",
        ],
        "end": [
            "Quiero terminar la entrevista",
            "Me gustaría parar aquí",
            "¿Podemos terminar ya?",
            "Terminemos",
            "Prefiero terminar aquí",
            "Quiero parar",
        ],
    },
}
LANGUAGES: dict[Language, list[str]] = {
    "es": [
        "Could we switch to Spanish?",
        "In Spanish, please",
        "Can we continue in Spanish?",
        "Could you speak Spanish?",
        "Prefiero seguir en español",
        "¿Podemos hablar en español?",
    ],
    "en": [
        "¿Podemos seguir en inglés?",
        "En inglés, por favor",
        "Cambiar a inglés",
        "¿Podemos hablar en inglés?",
        "Can we speak English?",
        "In English, please.",
    ],
}
ANSWERS = [
    "We decided to stop the rollout",
    "I wanted to stop the rollout before the weekend.",
    "Please stop shouting, I told him, and he did.",
    "I had to skip two releases.",
    "We skipped it",
    "We would skip this if we could, I said to my manager.",
    "I pass the request on to the team.",
    "I passed",
    "Next question we asked ourselves was the cost",
    "We moved on",
    "Let's move on to Postgres, I proposed.",
    "We took a break and came back the next day.",
    "We paused the migration",
    "The pause button did not work",
    "I repeated the experiment",
    "Repeat customers grew by ten percent",
    "Could you repeat that result, my lead asked me.",
    "I did not understand the customer at first",
    "I didn't get the job",
    "I asked for a hint and found the bug",
    "Wait times fell by half",
    "I waited a minute and tried again",
    "Hold on to your users",
    "I had to think about it for a week",
    "It took one minute instead of ten",
    "I speak Spanish",
    "English",
    "In Spanish class I led the group",
    "We switched to English after the merger",
    "I finished",
    "The interview was hard to finish",
    "Stop",
    "I ended the contract",
    "Thank you",
    "Sorry",
    "Please",
    "",
    "...",
    "Decidimos parar el despliegue",
    "Quería terminar el proyecto a tiempo",
    "Quiero terminar la carrera este año",
    "Paso a paso lo fuimos resolviendo",
    "Paso mucho tiempo con el equipo",
    "Pasé dos años en ese proyecto",
    "Saltamos esa fase",
    "La siguiente versión fue mejor",
    "Siguiente paso: medir",
    "Hicimos una pausa de dos días",
    "La pausa nos ayudó",
    "Repetí la prueba tres veces",
    "No entendí al cliente hasta el final",
    "No escuché bien al cliente",
    "Pedí una pista a mi jefa",
    "Esperé un momento y lo intenté otra vez",
    "Tardó un minuto y no diez",
    "Tuve que pensarlo mucho",
    "Hablo inglés",
    "Presenté el proyecto en inglés",
    "Cambiamos a inglés en las reuniones",
    "Terminamos la entrevista con el cliente",
    "Gracias",
    "Perdón",
]


@pytest.mark.parametrize(
    ("words", "request_"),
    [(words, request) for kinds in REQUESTS.values() for request, several in kinds.items() for words in several],
)
def test_a_plain_request_is_heard(words: str, request_: Request) -> None:
    assert request_in(words) == (request_, None)


@pytest.mark.parametrize(("words", "language"), [(words, to) for to, several in LANGUAGES.items() for words in several])
def test_a_change_of_language_is_heard_with_the_language(words: str, language: Language) -> None:
    assert request_in(words) == ("language", language)


@pytest.mark.parametrize("words", ANSWERS)
def test_an_answer_that_holds_the_words_of_a_request_stays_an_answer(words: str) -> None:
    assert request_in(words) is None


@pytest.mark.parametrize("language", REQUESTS)
def test_the_table_is_wide_enough(language: Language) -> None:
    assert sum(map(len, REQUESTS[language].values())) >= 40


def test_case_accents_and_typographic_quotes_make_no_difference() -> None:
    assert request_in("¿PUEDES REPETIR?") == request_in("puedes repetir") == ("repeat", None)
    assert request_in("I DIDN’T CATCH THAT") == request_in("i didnt catch that") == ("repeat", None)


@given(
    st.lists(st.sampled_from("please repeat skip stop pass the question hint wait ok paso pausa".split()), min_size=13)
)
def test_a_long_turn_is_never_a_request(words: list[str]) -> None:
    assert len(words) > LONGEST_WORDS
    assert request_in(" ".join(words)) is None


@given(st.text(max_size=200))
def test_any_text_is_read_and_nobody_agrees_and_declines_at_once(words: str) -> None:
    assert not (says_yes(words) and says_no(words))
    found = request_in(words)
    assert found is None or (found[1] is not None) == (found[0] == "language")


@pytest.mark.parametrize(
    "junk", ["skip" + "!" * 8_000 + "x", "ok," * 2_600 + "x", "¿" * 8_000, "no" * 60, "hm" * 4_000]
)
def test_a_text_made_to_be_hard_is_read_at_once(junk: str) -> None:
    began = time.process_time()
    assert request_in(junk) is None
    assert not says_yes(junk)
    assert not says_no(junk)
    says_nothing_more(junk)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "words",
    [
        "Yes", "Yes, I do.", "Yes, I agree to go on.", "I do", "Sure, go ahead", "That is fine", "OK", "ok, thanks",
        "I agree", "I consent", "yes please", "Yes, that's okay", "Absolutely", "Sounds good", "Let's go",
        "Sí", "Sí, acepto", "Claro que sí", "Sí, estoy de acuerdo", "De acuerdo, gracias", "Está bien", "Sí, adelante",
        "Por supuesto", "Vale", "Sí, continuemos", "¡Sí!",
    ],
)  # fmt: skip
def test_a_plain_yes_is_consent(words: str) -> None:
    assert says_yes(words)
    assert not says_no(words)


@pytest.mark.parametrize(
    "words",
    [
        "No", "No, thanks", "I do not agree", "I don't consent", "No, I don't", "nope", "I'd rather not", "No, sorry",
        "No acepto", "No, gracias", "No estoy de acuerdo", "Prefiero que no", "No quiero",
    ],
)  # fmt: skip
def test_a_plain_no_is_none(words: str) -> None:
    assert says_no(words)
    assert not says_yes(words)


@pytest.mark.parametrize(
    "words",
    [
        "", "thanks", "gracias", "please", "No problem", "No hay problema", "I don't mind", "yes and no", "sí y no",
        "Yes, but what happens with my answers?", "Is it kept for long?", "I do not know", "No lo sé",
        "Okay what is it", "Agree to what?", "¿A qué?",
    ],
)  # fmt: skip
def test_what_is_neither_yes_nor_no_is_asked_again(words: str) -> None:
    assert not says_yes(words)
    assert not says_no(words)


@pytest.mark.parametrize(
    ("words", "is_all"),
    [
        ("", True), ("No", True), ("No, nothing else", True), ("That's all, thank you", True), ("Nope", True),
        ("I'm good, thanks", True), ("No, I don't have any questions", True), ("I have no questions", True),
        ("No tengo preguntas", True), ("No, nada más", True), ("Eso es todo, gracias", True), ("Por ahora no", True),
        ("No tengo ninguna pregunta", True), ("What is the salary?", False), ("¿Cuánto dura?", False),
        ("No salary was named: what is it?", False), ("Nothing was said about the team. Who is in it?", False),
        ("No se habló del equipo, ¿quiénes son?", False),
    ],
)  # fmt: skip
def test_somebody_with_nothing_more_to_ask_is_let_go(words: str, is_all: bool) -> None:
    assert says_nothing_more(words) is is_all

"""What a report says, written in each language. In braces, what is filled in."""

from typing import Literal

import msgspec

from agents.plans import Language
from agents.scoring import NullReason


class FeedbackWords(msgspec.Struct, frozen=True):
    one_question: str
    many_questions: str
    judged: str
    nothing_judged: str
    strongest: str
    change: str
    no_change: str
    strength: str
    strength_plain: str
    improvement: str
    at_the_top: str
    unjudged: dict[NullReason, str]
    again: str
    exercises: dict[Literal["story", "decision", "stock", "aloud"], str]

    def questions(self, count: int) -> str:
        """The count in words: `7 questions`."""
        return self.one_question if count == 1 else self.many_questions.format(count=count)


def words_in(language: Language) -> FeedbackWords:
    """The words of that language."""
    return _WORDS[language]


_ENGLISH = FeedbackWords(
    one_question="one question",
    many_questions="{count} questions",
    judged="You were asked {asked}; {judged} of your answers could be judged.",
    nothing_judged=(
        "You were asked {asked}. None of the answers told enough to be judged, so there is no score. "
        "Start with one question and one small, true example."
    ),
    strongest="Your strongest side was “{competency}”.",
    change="If you change one thing next time, let it be this. {suggestion}",
    no_change="Nothing expected was missing from your answers.",
    strength="{competency}: your answer told what was looked for ({points}).",
    strength_plain="{competency}: {anchor}",
    improvement="{competency}: at the next level, an answer looks like this: {anchor}",
    at_the_top="{competency}: this answer is at the top level already; one detail could still be added.",
    unjudged={
        "too_little": "{competency}: the answer was too short to be judged.",
        "not_answered": "{competency}: the question was left without an answer in your own words.",
        "off_topic": "{competency}: the answer was about something else than the question.",
        "uncertain_transcript": "{competency}: your words were not heard clearly enough to judge them.",
        "no_evidence": "{competency}: the scorer could not show its judgement in your own words, so there is none.",
        "timed_out": "{competency}: the scoring did not finish for this answer.",
    },
    again="Take this question again and answer it aloud in two minutes.",
    exercises={
        "story": (
            "Tell it in four steps: what was going on, what had to be done, what you did, how it ended. "
            "Write one line for each, then tell it aloud in two minutes without reading."
        ),
        "decision": (
            "Take a technical choice you made. Say aloud what you chose, one other way you could have gone, "
            "what your way costs, and how you would see that it was wrong."
        ),
        "stock": (
            "Make a small stock of stories: five things that really happened to you at work or in your studies, "
            "a line each. Most questions fit one of them."
        ),
        "aloud": (
            "Record yourself answering one question in two minutes and listen once: "
            "is it clear what you did and what changed because of it?"
        ),
    },
)

_SPANISH = FeedbackWords(
    one_question="una pregunta",
    many_questions="{count} preguntas",
    judged="Te hicimos {asked}; respuestas que se pudieron evaluar: {judged}.",
    nothing_judged=(
        "Te hicimos {asked}. Ninguna respuesta contó lo suficiente para evaluarla, así que no hay puntaje. "
        "Empieza con una sola pregunta y un ejemplo pequeño y verdadero."
    ),
    strongest="Tu lado más fuerte fue «{competency}».",
    change="Si la próxima vez cambias una sola cosa, que sea esta. {suggestion}",
    no_change="A tus respuestas no les faltó nada de lo esperado.",
    strength="{competency}: tu respuesta contó lo que se buscaba ({points}).",
    strength_plain="{competency}: {anchor}",
    improvement="{competency}: en el nivel siguiente, una respuesta se ve así: {anchor}",
    at_the_top="{competency}: esta respuesta ya está en el nivel más alto; todavía cabe un detalle más.",
    unjudged={
        "too_little": "{competency}: la respuesta fue demasiado corta para evaluarla.",
        "not_answered": "{competency}: la pregunta quedó sin una respuesta con tus propias palabras.",
        "off_topic": "{competency}: la respuesta trató de algo distinto de la pregunta.",
        "uncertain_transcript": "{competency}: tus palabras no se oyeron con suficiente claridad para evaluarlas.",
        "no_evidence": "{competency}: no se pudo mostrar la evaluación con tus propias palabras, así que no hay.",
        "timed_out": "{competency}: la evaluación de esta respuesta no llegó a terminar.",
    },
    again="Toma esta pregunta otra vez y respóndela en voz alta en dos minutos.",
    exercises={
        "story": (
            "Cuéntalo en cuatro pasos: qué pasaba, qué había que lograr, qué hiciste tú y cómo terminó. "
            "Escribe una línea por paso y luego cuéntalo en voz alta en dos minutos, sin leer."
        ),
        "decision": (
            "Toma una decisión técnica tuya. Di en voz alta qué elegiste, qué otro camino había, "
            "qué cuesta el tuyo y cómo notarías que fue un error."
        ),
        "stock": (
            "Arma una pequeña reserva de historias: cinco cosas que de verdad te pasaron en el trabajo o los estudios, "
            "una línea cada una. Casi cualquier pregunta encaja con alguna."
        ),
        "aloud": (
            "Grábate respondiendo una pregunta en dos minutos y escúchate una vez: "
            "¿queda claro qué hiciste y qué cambió gracias a eso?"
        ),
    },
)

_WORDS: dict[Language, FeedbackWords] = {"en": _ENGLISH, "es": _SPANISH}

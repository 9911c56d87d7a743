"""The candidate's own questions: which of the plan's facts answers one, if any does. Nothing is made up."""

from collections.abc import Sequence

from agents.plans import Language, Words
from agents.rehearsal.passages import content_stems
from agents.rehearsal.words import stems

_Subject = tuple[str, str]
"""Words a candidate asks with, and words of the fact that answers."""

_SUBJECTS: dict[Language, tuple[_Subject, ...]] = {
    "en": (
        ("long minutes time hours duration last left take many questions", "minutes questions"),
        (
            "score scored scoring grade graded points marks evaluated judged level levels rubric assessed",
            "levels compared",
        ),
        ("accent voice pronunciation english mistakes grammar", "accent voice"),
        ("record recorded recording keep kept stored saved data privacy private deleted transcript", "kept read"),
        (
            "person human robot bot machine computer ai artificial real decide decides decision",
            "program person decides",
        ),
        ("repeat hint pause skip break help", "repeat hint pause"),
        ("language languages technology product framework tools", "language product"),
    ),
    "es": (
        ("dura duración tiempo minutos horas tarda falta cuántas preguntas", "minutos preguntas"),
        ("puntaje puntos nota calificación califica evalúa evaluación nivel niveles rúbrica puntúa", "niveles compara"),
        ("acento voz pronunciación errores gramática", "acento voz"),
        ("graba grabación guarda guardado datos privacidad privado borra transcripción", "guarda leer"),
        (
            "persona humano humana robot máquina computadora inteligencia artificial real decide decisión",
            "programa decide",
        ),
        ("repetir repita pista pausa saltar descanso ayuda", "repita pista pausa"),
        ("lenguaje lenguajes tecnología producto herramientas", "lenguaje producto"),
    ),
}

_BEYOND: dict[Language, str] = {
    "en": (
        "salary pay paid money benefits vacation holidays remote office hybrid visa team teammates manager boss role "
        "job position company culture contract hear back next steps other candidates hired pass passed weather"
    ),
    "es": (
        "sueldo salario pago dinero beneficios vacaciones remoto oficina híbrido visa equipo jefe jefa puesto cargo "
        "empresa cultura contrato próximos pasos otros candidatos contratado pasé clima"
    ),
}
"""What is asked of the job or of the outcome, which this interviewer cannot know."""


def fact_for(asked: str, facts: Sequence[Words], language: Language) -> str | None:
    """The fact that answers, in that language; None where none surely does."""
    words = set(stems(asked, language))
    if words & content_stems(_BEYOND[language], language):
        return None
    best, most = None, 0
    for fact in facts:
        told = content_stems(fact[language], language)
        score = len(told & words)
        for asking, answering in _SUBJECTS[language]:
            if words & set(stems(asking, language)):
                score += 2 * len(told & set(stems(answering, language)))
        if score > most:
            best, most = fact[language], score
    return best if most >= 2 else None

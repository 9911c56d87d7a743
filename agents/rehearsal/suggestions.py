"""One kind, concrete sentence on what would help an answer most."""

from agents.plans import ExpectedPoint, Language, Missing
from agents.scoring import NullReason

_MISSING: dict[Language, dict[Missing, str]] = {
    "en": {
        "result": "Say how it ended: one sentence on what changed because of what you did.",
        "own_part": "Say what you did yourself: one sentence that begins with “I”.",
        "number": "Add one figure: how many, how long, or by how much.",
        "example": "Tie it to one real moment: when it was, where, and what depended on it.",
        "depth": "Say why you chose that way, and what you gave up for it.",
        "point": "A fuller answer also tells this: “{point}”.",
    },
    "es": {
        "result": "Cuenta cómo terminó: una frase sobre lo que cambió gracias a lo que hiciste.",
        "own_part": "Di qué hiciste tú: una frase en primera persona.",
        "number": "Agrega una cifra: cuántos, cuánto tiempo o en qué medida.",
        "example": "Llévalo a un momento real: cuándo fue, dónde y qué dependía de eso.",
        "depth": "Di por qué elegiste ese camino y a qué renunciaste con él.",
        "point": "Una respuesta más completa también cuenta esto: «{point}».",
    },
}

_NULL: dict[Language, dict[NullReason, str]] = {
    "en": {
        "too_little": "Tell it in three or four sentences: what was going on, what you did, and how it ended.",
        "not_answered": "A small example is enough: think of one day, and say what you did on it.",
        "off_topic": "Begin with one case that fits the question, and stay with it to its end.",
        "uncertain_transcript": "Say it again a little more slowly, or type it.",
        "no_evidence": "Say in plain words what you did and what came of it, so that your own words can be shown.",
        "timed_out": "This answer can be scored again later; nothing of it is lost.",
    },
    "es": {
        "too_little": "Cuéntalo en tres o cuatro frases: qué pasaba, qué hiciste y cómo terminó.",
        "not_answered": "Basta un ejemplo pequeño: piensa en un día concreto y di qué hiciste.",
        "off_topic": "Empieza por un caso que responda a la pregunta y quédate en él hasta el final.",
        "uncertain_transcript": "Dilo otra vez un poco más despacio, o escríbelo.",
        "no_evidence": "Di con palabras sencillas qué hiciste y en qué terminó, para poder citar tus palabras.",
        "timed_out": "Esta respuesta se puede evaluar más tarde; no se pierde nada.",
    },
}


def for_missing(missing: Missing, language: Language, point: ExpectedPoint | None = None) -> str:
    """What to add. `point` is the expected point that was not made, where that is what is missing."""
    said = point.text[language].strip().rstrip(".") if point is not None else ""
    return _MISSING[language][missing].format(point=said)


def for_null(reason: NullReason, language: Language) -> str:
    """What would make the answer one that can be judged."""
    return _NULL[language][reason]

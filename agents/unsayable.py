"""What no interviewer says, by its wording in English and Spanish: verdicts, outcomes, talk of its own making.

A list of phrases is no understanding. It catches what models most often let slip; the rest is the prompt's.
"""

import re

from agents.intents import folded


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrases))


_OWN_MAKING = re.compile(
    r"\b(?:(?:my|these|the|your) (?:system )?(?:instructions?|prompts?|rules) (?:are|is|says?|tells?|as follows)|"
    r"system (?:prompt|message)|language model|prompt del? sistema|mensaje del? sistema|modelo de lenguaje|"
    r"(?:mis|estas|las) (?:instrucciones|reglas) (?:son|dicen|es)|verbatim (?:yes|no)|"
    r"your_questions|move_on|welcome_back|warm_up)\b"
)
_OUTCOME = _any(
    r"\byou(?:'re| are|'ve been| have been)(?: now)? (?:hired|selected|accepted|rejected|approved|shortlisted)\b",
    r"\byou(?:'ve| have)? (?:got|get|won) (?:the|this|your) (?:job|position|role|offer)\b",
    r"\byou(?:'ve| have)? (?:passed|failed)(?: (?:the|this|your) (?:interview|test|screening))?(?:[.,!]|$)",
    r"\bthe (?:job|position|role) is yours\b",
    r"\b(?:we|i)(?: will|'ll| would| can) (?:hire|recommend|offer) you\b",
    r"\b(?:estas|quedas?|has sido|fuiste) (?:contratad|seleccionad|aceptad|rechazad|aprobad)[oa]\b",
    r"\bhas (?:pasado|aprobado|suspendido|reprobado)(?: la (?:entrevista|prueba))?(?:[.,!]|$)",
    r"\b(?:aprobaste|reprobaste)\b",
    r"\b(?:el puesto|el trabajo) es (?:tuyo|suyo)\b",
    r"\bte (?:contratamos|contrataremos|vamos a contratar)\b",
)
_FINE = (
    r"(?:great|good|excellent|perfect|strong|impressive|amazing|awesome|fantastic|wonderful|brilliant|nice|solid|"
    r"superb|outstanding|insightful|fascinating|bad|wrong|weak|poor|incorrect|correct|disappointing)"
)
_THING = (
    r"(?:answer|response|reply|point|example|job|work|story|thinking|approach|experience|explanation|start|question)"
)
_BE = r"(?:(?:that|this|it) (?:is|was|sounds)|that's|it's)"
_VERY = r"(?:(?:a|an|very|really|so|quite|absolutely|just) )*"
_FINE_ES = (
    r"(?:buen[oa]?|excelentes?|perfect[oa]|gran|genial|fantastic[oa]|estupend[oa]|brillante|impresionante|"
    r"solid[oa]|mal[oa]?|debil|incorrect[oa]|correct[oa]|floj[oa]|muy bien)"
)
_THING_ES = (
    r"(?:respuesta|punto|ejemplo|trabajo|historia|idea|enfoque|experiencia|explicacion|comienzo|contestacion|pregunta)"
)
_BE_ES = r"(?:(?:eso|esto) (?:es|fue|esta|suena)|es|fue)"
_VERY_ES = r"(?:(?:un|una|muy|realmente|tan|que) )*"
_GRADE = _any(
    rf"^(?:ok(?:ay)?,? |wow,? )?{_VERY}(?:{_FINE}|exactly)\b(?! (?:morning|afternoon|evening))",
    rf"\b{_BE} {_VERY}{_FINE}\b",
    rf"\b{_FINE} {_THING}s?\b",
    rf"\b{_THING}s? (?:is|was|were|are) {_VERY}{_FINE}\b",
    r"\bwell (?:done|said|put|answered|explained)\b",
    r"\bi(?:'m| am) (?:very |really )?impressed\b",
    r"\byou (?:did|are doing|answered|explained)(?: \w+){0,2} (?:well|great|badly|poorly)\b",
    r"\b(?:your|the) (?:score|grade|mark|rating)\b",
    r"\b(?:level|score|grade) (?:of )?[1-5]\b",
    rf"^{_VERY_ES}(?:{_FINE_ES}|exacto)\b(?! (?:dias?|tardes?|que))",
    rf"\b{_BE_ES} {_VERY_ES}{_FINE_ES}\b",
    rf"\b{_FINE_ES} {_THING_ES}s?\b",
    rf"\b{_THING_ES}s? (?:(?:es|fue|son) )?{_VERY_ES}{_FINE_ES}\b",
    r"\bbien (?:hecho|dicho|explicado|contestado|respondido)\b",
    r"\bme impresiona",
    r"\b(?:tu|su) (?:puntaje|puntuacion|nota|calificacion)\b",
    r"\bnivel [1-5]\b",
)


def talks_of_itself(sentence: str) -> bool:
    """Whether it tells of the instructions, or is made of them."""
    return bool(_OWN_MAKING.search(_read(sentence)))


def tells_outcome(sentence: str) -> bool:
    """Whether it says that somebody passed or failed, is hired or is not. That is for people to say."""
    return bool(_OUTCOME.search(_read(sentence)))


def grades(sentence: str) -> bool:
    """Whether it says how good an answer was."""
    return bool(_GRADE.search(_read(sentence)))


def _read(sentence: str) -> str:
    return folded(sentence).strip("¿¡ \"'“”«»")

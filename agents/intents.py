"""What a candidate asks for in words, where it is plain: "could you repeat that?", "paso", "un momento".

Only a short turn that is nothing but the request counts, so that an answer which happens to contain the words is
never taken from the candidate. When in doubt it is an answer.
"""

import re
import unicodedata
from typing import Literal

from agents.events import Request

LONGEST_WORDS = 12

_POLITE = (
    r"(?:(?:please|sorry|ok(?:ay)?|hi|hello|well|um+|uh+|hmm+|so|oh|por favor|perdon|disculpa|disculpe|bueno|eh+|este|"
    r"vale|pues|hola)\W+)*"
)
_TAIL = r"(?:\W+(?:please|thanks|thank you|sorry|por favor|gracias))*\W*"

_REQUESTS: dict[Request, tuple[str, ...]] = {
    "repeat": (
        (
            r"(?:can|could|would|will) you (?:please )?(?:repeat|say)(?: (?:that|it|the question|this))?"
            r"(?: again| once more)?"
        ),
        r"(?:please )?repeat(?: (?:that|it|the question|this))?(?: again| once more)?",
        r"(?:say (?:that|it) again|come again|pardon(?: me)?|what was (?:that|the question)|what did you say)",
        r"i (?:did not|didn'?t) (?:hear|catch|get|understand) (?:that|it|you|the question)",
        r"i (?:do not|don'?t) understand (?:that|it|you|the question)",
        (
            r"(?:me )?(?:lo |la )?(?:puedes|puede|podrias|podria) repetir(?:lo|la|me)?(?: (?:la pregunta|eso|esto))?"
            r"(?: otra vez| de nuevo)?"
        ),
        r"(?:repite|repita|repetir)(?:lo|me)?(?: (?:la pregunta|eso|esto))?(?: otra vez| de nuevo)?",
        r"(?:como dijiste|como dice|que dijiste|otra vez|de nuevo|cual era la pregunta)",
        r"no (?:te |le |lo |la )?(?:oi|escuche|entendi|entiendo|capte)(?: bien)?(?: (?:eso|la pregunta))?",
    ),
    "hint": (
        r"(?:can|could|may) (?:i|you) (?:have|get|give me) (?:a|another|one more) hint",
        r"(?:give me )?(?:a |another )?hint",
        r"(?:me )?(?:puedes|puede|podrias|podria) dar(?:me)? (?:una|otra) pista",
        r"(?:dame |deme |me das |me da )?(?:una |otra )?pista",
    ),
    "skip": (
        r"(?:can|could|may) (?:we|i) (?:skip|pass)(?: (?:this|that|it|this one|this question|that one))?",
        (
            r"(?:i would like to |i want to |i'?d like to |i'?d rather |let'?s |i will |i'?ll )?(?:skip|pass)"
            r"(?: (?:this|that|it|this one|this question|on this(?: one)?))?"
        ),
        r"(?:next question|next one|let'?s move on|move on)",
        (
            r"(?:podemos |puedo |quiero |prefiero |mejor )?(?:saltar|pasar|omitir)(?:la|me)?"
            r"(?: (?:esta|esa|de)(?: (?:pregunta|esta))?)?"
        ),
        r"(?:yo )?paso(?: (?:de )?(?:esta|esa)(?: pregunta)?)?",
        r"(?:siguiente(?: pregunta)?|la siguiente|sigamos)",
        r"(?:podemos pasar|pasemos) a (?:la siguiente|otra)(?: pregunta)?",
    ),
    "pause": (
        r"(?:can|could|may) (?:we|i) (?:pause|take a (?:short )?break|have a (?:short )?break)",
        r"(?:i need (?:a break|to pause)|pause(?: the interview)?|let'?s pause|let'?s take a break)",
        (
            r"(?:podemos |puedo |quiero |necesito )?(?:pausar|hacer una pausa|tomar un descanso|un descanso)"
            r"(?: la entrevista)?"
        ),
        r"pausa",
    ),
    "wait": (
        (
            r"(?:just |give me |i need )?(?:just )?(?:a|one) (?:moment|second|minute|sec)"
            r"(?: to think(?: about (?:it|that))?)?"
        ),
        (
            r"(?:let me think|i need to think|hold on|wait|wait a (?:moment|second|minute))"
            r"(?: (?:about (?:it|that)|for a (?:moment|second)))?"
        ),
        r"(?:dame |deme )?un (?:momento|segundo|minuto|momentito|segundito)",
        r"(?:dejame|dejeme) pensar(?:lo)?(?: un (?:momento|segundo|poco))?",
        r"(?:espera|espere|tengo que pensar(?:lo)?|necesito pensar(?:lo)?)(?: un (?:momento|segundo|poco))?",
    ),
    "end": (
        (
            r"(?:i (?:want|would like|need) to|i'?d like to|can we|could we|may i|please|let'?s) "
            r"(?:stop|end|finish|quit)(?: (?:here|now|it|this|the interview|this interview))*"
        ),
        r"(?:stop|end|finish|quit)(?: (?:the|this))? interview(?: (?:here|now))?",
        r"please stop",
        (
            r"(?:quiero|quisiera|necesito|prefiero|me gustaria|podemos|puedo) "
            r"(?:terminar|parar|acabar|finalizar|detener)(?: (?:aqui|ya|ahora|esto|la entrevista))*"
        ),
        r"(?:termina|termine|terminemos|paremos)(?: (?:aqui|ya|ahora|la entrevista))*",
    ),
}
_COMPILED: list[tuple[Request, re.Pattern[str]]] = [
    (request, re.compile(_POLITE + "(?:" + "|".join(patterns) + ")" + _TAIL)) for request, patterns in _REQUESTS.items()
]
_LANGUAGES: dict[Literal["en", "es"], re.Pattern[str]] = {
    "en": re.compile(
        _POLITE + r"(?:(?:can|could|may) (?:we|i|you) )?(?:please )?(?:switch to|change to|speak|continue in|go on in|"
        r"use|in|podemos (?:seguir|hablar|cambiar) (?:en|a)|seguir en|cambiar a|en) (?:english|ingles)" + _TAIL
    ),
    "es": re.compile(
        _POLITE + r"(?:(?:can|could|may) (?:we|i|you) )?(?:please )?(?:switch to|change to|speak|continue in|go on in|"
        r"use|in|(?:podemos |puedo |prefiero )?(?:seguir|hablar|cambiar|continuar) (?:en|a)|en) "
        r"(?:spanish|espanol|castellano)" + _TAIL
    ),
}
_YES = re.compile(
    r"(?:(?:yes|yeah|yep|sure|ok(?:ay)?|i (?:do )?(?:agree|accept|consent)(?: to (?:that|this|it|go on|continue))?|"
    r"i do|agreed|absolutely|of course|go ahead|that(?:'?s| is) (?:fine|ok(?:ay)?)|fine|sounds good|"
    r"si|claro(?: que si)?|de acuerdo|acepto|estoy de acuerdo|por supuesto|vale|adelante|si acepto|dale|esta bien|"
    r"perfecto|continuemos|"
    r"let'?s (?:go|start|begin)|i'?m ready|empecemos|please|por favor|gracias|thanks|thank you)\W*){1,4}"
)
_NO = re.compile(
    r"(?:(?:no|nope|i (?:do not|don'?t)(?: (?:agree|accept|consent|want (?:to|that)))?|i(?:'?d| would) rather not|"
    r"no (?:acepto|estoy de acuerdo|quiero)|prefiero (?:que )?no|thanks?(?: you)?|gracias|sorry|perdon)\W*){1,4}"
)
_NOTHING_MORE = re.compile(
    r"(?:(?:no(?: (?:tengo|questions?|preguntas?|otras?|other|more|mas|further|ninguna|nada))*|nope|not really|"
    r"i have no(?: (?:other|more|further))? questions?|"
    r"nothing(?: else| more)?|none|that'?s (?:all|it)|that is (?:all|it)|i'?m (?:good|fine)|all good|todo bien|"
    r"i (?:do not|don'?t)(?: have any(?:thing)?(?: (?:more|other))?(?: questions)?)?|nada(?: mas)?|ninguna?|"
    r"eso es todo|ya no|for now|por ahora|thanks?(?: you)?(?: very much)?|(?:muchas )?gracias)\W*){1,5}"
)
_PLEASANTRY = re.compile(r"(?:(?:thanks?(?: you)?|gracias|please|por favor|sorry|perdon)\W*)+")


def folded(text: str) -> str:
    """Lower case, without accents, one space between words."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).replace("’", "'").split())


def request_in(text: str) -> tuple[Request, Literal["en", "es"] | None] | None:
    """What is asked for, with the language where it is a change of language; None for an answer."""
    plain = folded(text).strip("¿¡ ")
    if not plain or len(plain.split()) > LONGEST_WORDS:
        return None
    for language, pattern in _LANGUAGES.items():
        if pattern.fullmatch(plain):
            return "language", language
    for request, compiled in _COMPILED:
        if compiled.fullmatch(plain):
            return request, None
    return None


def says_yes(text: str) -> bool:
    """Whether the turn is a plain yes to what was asked."""
    plain = folded(text).strip("¿¡ ")
    return len(plain) < 120 and bool(_YES.fullmatch(plain)) and not _PLEASANTRY.fullmatch(plain)


def says_no(text: str) -> bool:
    """Whether the turn is a plain no to what was asked."""
    plain = folded(text).strip("¿¡ ")
    return len(plain) < 120 and bool(_NO.fullmatch(plain)) and not _PLEASANTRY.fullmatch(plain)


def says_nothing_more(text: str) -> bool:
    """Whether the turn says that there is nothing more to ask."""
    plain = folded(text).strip("¿¡ ")
    return not plain or (len(plain) < 120 and bool(_NOTHING_MORE.fullmatch(plain)))

"""What coaching says by itself, written in each language."""

import msgspec

from agents.events import BetterKind
from agents.plans import Language


class CoachingWords(msgspec.Struct, frozen=True):
    points: str
    """Why a moment is strong, with the expected points that it makes."""
    gaps: dict[BetterKind, str]
    """What stands where a part of an answer is missing."""


def coaching_words(language: Language) -> CoachingWords:
    """The words of that language."""
    return _WORDS[language]


_WORDS: dict[Language, CoachingWords] = {
    "en": CoachingWords(
        points="These words tell what was looked for: {points}.",
        gaps={
            "situation": "[your situation here: when, where, what was at stake]",
            "action": "[your own part here: what you did yourself]",
            "result": "[your result here: what changed, with a figure]",
            "answer": "[your answer here]",
            "reason": "[your reason here: why this way]",
            "tradeoff": "[the price here: what you give up for it]",
        },
    ),
    "es": CoachingWords(
        points="Estas palabras dicen lo que se buscaba: {points}.",
        gaps={
            "situation": "[aquí tu situación: cuándo, dónde, qué estaba en juego]",
            "action": "[aquí tu parte: qué hiciste tú]",
            "result": "[aquí tu resultado: qué cambió, con una cifra]",
            "answer": "[aquí tu respuesta]",
            "reason": "[aquí tu razón: por qué de este modo]",
            "tradeoff": "[aquí el precio: a qué renuncias con ello]",
        },
    ),
}

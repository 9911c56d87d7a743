"""Short openings that show an answer was heard, and judge nothing. None holds a word that is not written here or in
the lists of topics, so that nothing a candidate says can speak through the interviewer.
"""

from collections.abc import Sequence
from typing import Literal

from agents.plans import Language, Question
from agents.rehearsal.lexicon import LEXICONS
from agents.rehearsal.passages import content_stems, is_content
from agents.rehearsal.words import fold, stem, tokens

Mood = Literal["told", "unknown", "evasive", "hostile"]
"""How the candidate's last words came."""

_GOING_ON: dict[Language, dict[Mood, tuple[str, ...]]] = {
    "en": {
        "told": (
            "Thank you.",
            "I see, thank you.",
            "All right, thank you.",
            "Understood.",
            "Thank you for telling me.",
        ),
        "unknown": ("That is all right.", "That is all right, not every question fits."),
        "evasive": ("All right.", "That is fine."),
        "hostile": ("I hear you. Let us go on.", "I understand. We can leave that one."),
    },
    "es": {
        "told": ("Gracias.", "Entiendo, gracias.", "De acuerdo, gracias.", "Entendido.", "Gracias por contármelo."),
        "unknown": ("Está bien.", "Está bien, no todas las preguntas encajan."),
        "evasive": ("De acuerdo.", "No hay problema."),
        "hostile": ("Te escucho. Sigamos.", "Entiendo. Podemos dejar esa pregunta."),
    },
}
_STAYING: dict[Language, dict[Mood, tuple[str, ...]]] = {
    "en": {
        "told": ("Thank you.", "I see.", "Understood.", "Thank you, one more thing on that."),
        "unknown": ("That is all right. Perhaps this way is easier.", "That is all right. Let me ask it another way."),
        "evasive": ("All right. Perhaps this way is easier.", "All right. Let me ask it another way."),
        "hostile": ("I hear you.", "I understand."),
    },
    "es": {
        "told": ("Gracias.", "Entiendo.", "Entendido.", "Gracias, una cosa más sobre eso."),
        "unknown": ("Está bien. Quizás así es más fácil.", "Está bien. Te lo pregunto de otra manera."),
        "evasive": ("De acuerdo. Quizás así es más fácil.", "De acuerdo. Te lo pregunto de otra manera."),
        "hostile": ("Te escucho.", "Entiendo."),
    },
}
_NAMED: dict[Language, str] = {"en": "You mentioned {topic}.", "es": "Mencionaste {topic}."}
_DETERMINERS: dict[Language, frozenset[str]] = {
    "en": frozenset(["the", "our", "my", "a", "an", "this", "that"]),
    "es": frozenset(["el", "la", "los", "las", "un", "una", "mi", "nuestro", "nuestra", "este", "esta", "ese", "esa"]),
}
_RECENT = 3
"""Of the interviewer's last lines, how many a phrase must not have opened."""


def acknowledgement(mood: Mood, language: Language, turn: int, said_before: list[str], *, staying: bool) -> str:
    """A phrase for that mood, another one than lately. `staying` where a probe follows, not the next question."""
    phrases = (_STAYING if staying else _GOING_ON)[language][mood]
    rotated = phrases[turn % len(phrases) :] + phrases[: turn % len(phrases)]
    recent = said_before[-_RECENT:]
    return next((phrase for phrase in rotated if not any(line.startswith(phrase) for line in recent)), rotated[0])


def naming(said: str, question: Question, language: Language, said_before: Sequence[str]) -> str:
    """`You mentioned the migration.`, where the candidate surely did and it has not been said; else nothing.

    A topic is a noun of our own list that stands after a determiner and before no other word of meaning.
    """
    asked = content_stems(question.text[language], language)
    found = tokens(said)
    for at, token in enumerate(found[1:], start=1):
        topic = LEXICONS[language].topics.get(_as_listed(said[token.start : token.end], language))
        if topic is None or stem(token.word, language) in asked:
            continue
        after = found[at + 1] if at + 1 < len(found) else None
        follows_on = after is not None and said[token.end : after.start].isspace() and is_content(after.word, language)
        sentence = _NAMED[language].format(topic=topic)
        is_new = not any(sentence in line for line in said_before)
        if is_new and not follows_on and found[at - 1].word in _DETERMINERS[language]:
            return sentence
    return ""


def _as_listed(written: str, language: Language) -> str:
    return fold(written) if language == "en" else written.casefold()

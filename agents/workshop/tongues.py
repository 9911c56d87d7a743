"""A text that is not in the language it stands under: left untranslated, or put into the wrong half."""

import re
from collections.abc import Iterator

from agents.library.document import At
from agents.plans import Language, Plan, Rubric, Words
from agents.workshop.findings import LONGEST_READ, Finding, texts_of, written
from agents.workshop.plain import plain, words

FEWEST_WORDS = 4
"""A shorter text may be the same in both languages: `Marketing`, `API design`."""
_WORD = re.compile(r"[^\W\d_]+")
_SIGNS: dict[Language, frozenset[str]] = {
    "en": frozenset(
        "the and of to you your is are was were with that what how for this it they their from when which who would "
        "did do does have has could about there them at by an or be if where why should tell".split()
    ),
    "es": frozenset(
        "el la los las de que y en un una por para con tu tus su sus se del al es lo como cuando donde cual quien este "
        "esta esto eso mas pero si fue era son hay te le les ese esa cuentame sobre desde sin porque".split()
    ),
}
"""Small words that one of the two languages has and the other has not."""
_NAMES: dict[Language, Words] = {
    "en": {"en": "English", "es": "inglés"},
    "es": {"en": "Spanish", "es": "español"},
}


def language_of(text: str) -> Language | None:
    """The language of a text by its small words; None where they do not tell."""
    # A name in the middle of a text is in no language: `Los Angeles`.
    spoken = [word for place, word in enumerate(_WORD.findall(text)) if place == 0 or word[0].islower()]
    spoken = [plain(word) for word in spoken]
    counts = {language: sum(word in signs for word in spoken) for language, signs in _SIGNS.items()}
    if counts["en"] == counts["es"]:
        return None
    likelier: Language = "en" if counts["en"] > counts["es"] else "es"
    other: Language = "es" if likelier == "en" else "en"
    return likelier if counts[likelier] >= 2 and counts[likelier] > 2 * counts[other] else None


def untranslated(plan: Plan, rubric: Rubric) -> Iterator[Finding]:
    """Texts that are the same in two languages, or in another than the one they stand under."""
    for at, place, by_language in texts_of(plan, rubric):
        # A name may stay what it is in the language that it comes from.
        yield from _one(at, by_language) if place != "named" else _same(at, by_language)
    for i, question in enumerate(plan.questions):
        for j, point in enumerate(question.points):
            cues = {language: " ".join(listed) for language, listed in point.cues.items()}
            yield from _same(("questions", i, "points", j, "cues"), cues)


def _one(at: At, by_language: Words) -> Iterator[Finding]:
    told = False
    for language, text in by_language.items():
        found = language_of(text[:LONGEST_READ])
        if found is not None and found != language and len(words(text)) >= FEWEST_WORDS:
            told = True
            message = _other(language, found)
            yield Finding(
                "translation.other_language", "warning", written((*at, language)), language, text[:160], message
            )
    if not told:
        yield from _same(at, by_language)


def _same(at: At, by_language: Words) -> Iterator[Finding]:
    if len(by_language) < 2:
        return
    first, *others = by_language.items()
    for language, text in others:
        spoken = words(text)
        if spoken == words(first[1]) and len(spoken) >= FEWEST_WORDS:
            yield Finding("translation.same", "warning", written((*at, language)), language, text[:160], _SAME)


_SAME: Words = {
    "en": "This is the same in both languages. One of the two was not translated.",
    "es": "Esto es igual en los dos idiomas. Uno de los dos no se tradujo.",
}


def _other(meant: Language, found: Language) -> Words:
    return {
        "en": f"This stands under {_NAMES[meant]['en']} and is written in {_NAMES[found]['en']}. Translate it.",
        "es": f"Esto está en la parte en {_NAMES[meant]['es']} y se escribió en {_NAMES[found]['es']}. Tradúcelo.",
    }

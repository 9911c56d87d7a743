"""How a question is asked: one thing at a time, openly, without its answer in it, and short enough to be heard."""

import re
from collections.abc import Iterator

from agents.library.document import At
from agents.plans import Language, Plan, Question, Words
from agents.workshop.findings import LONGEST_READ, Finding, Severity, written
from agents.workshop.phrasings import (
    ADDRESSED,
    BACK_REFERENCES,
    CLOSED,
    FILLERS,
    GOES_ON,
    REQUESTS,
    SECOND_ASK,
    SHORTHAND,
    asks,
    turns,
)
from agents.workshop.plain import lowered, plain, words

LONG_QUESTION, LONGEST_QUESTION, LONG_PROBE = 45, 80, 25
"""Words that are still heard well; words beyond which nobody remembers the beginning."""
SHORTEST_SECOND_ASK: dict[Language, int] = {"en": 4, "es": 3}
LONG_WHY = 7

_SENTENCE = re.compile(r"[^.?!]*[.?!]|[^.?!]+$")


def asking_findings(plan: Plan) -> Iterator[Finding]:
    """Of the warm-up, the core questions and their probes."""
    for language, text in plan.warm_up.items():
        yield from _told_of(text, ("warm_up", language), language, is_core=True, is_technical=False)
    for i, question in enumerate(plan.questions):
        yield from _of_question(question, ("questions", i))


def _of_question(question: Question, at: At) -> Iterator[Finding]:
    is_technical = question.type == "technical"
    for language, text in question.text.items():
        here = (*at, "text", language)
        yield from _told_of(text, here, language, is_core=True, is_technical=is_technical)
    for j, probe in enumerate(question.probes):
        for language, text in probe.text.items():
            here = (*at, "probes", j, "text", language)
            yield from _told_of(text, here, language, is_core=False, is_technical=is_technical)


def _told_of(text: str, at: At, language: Language, *, is_core: bool, is_technical: bool) -> Iterator[Finding]:
    text = text[:LONGEST_READ]

    def finding(rule: str, severity: Severity, message: Words, excerpt: str) -> Finding:
        return Finding(rule, severity, written(at), language, excerpt.strip()[:160], message)

    second = second_ask(text, language)
    if second:
        yield finding("question.double", "warning", _DOUBLE, second)
    leading = turns("leading", language).search(plain(text))
    if leading:
        yield finding("question.leading", "hint", _LEADING, text[leading.start() : leading.end()])
    elif is_core and is_closed(text, language):
        yield finding("question.closed", "hint", _CLOSED, text)
    count = len(words(text))
    most = LONG_QUESTION if is_core else LONG_PROBE
    if count > most:
        severity: Severity = "warning" if count > LONGEST_QUESTION else "hint"
        yield finding("question.long", severity, _long(count, most), text)
    jargon = turns("jargon", language).search(plain(text))
    if jargon is None and not is_technical:
        jargon = SHORTHAND.search(text)
    if jargon:
        yield finding("question.jargon", "hint", _JARGON, text[jargon.start() : jargon.end()])


def second_ask(text: str, language: Language) -> str:
    """The second thing that is asked for in the same breath; empty where there is one.

    What goes on from the first is not another: `what did you do and why`, `and what came of it`.
    """
    marks = [found.start() for found in re.finditer(r"\?+", text)]
    if len(marks) > 1:
        # A question that only goes on asking after the same (`…? Why?`) is one.
        after = text[marks[0] + 1 : marks[1]]
        if not _goes_on(after, language) or len(marks) > 2:
            return after
    folded = plain(text)
    pair = turns("pairs", language).search(folded)
    if pair:
        return text[pair.start() : pair.end()]
    for found in SECOND_ASK[language].finditer(lowered(text)):
        clause = _until_end(lowered(text), found.start("ask"))
        if language == "es" and not ADDRESSED.search(clause):
            continue
        if not _goes_on(clause, language) and _asks_before(folded[: found.start()], language):
            return text[found.start("ask") : found.start("ask") + len(clause)]
    return ""


def is_closed(text: str, language: Language) -> bool:
    """Whether yes or no would answer it: its last question begins with the verb, and does not invite to tell."""
    folded = plain(text)
    if "?" not in folded:
        return False
    asked = [part for part in _SENTENCE.findall(folded) if part.endswith("?")]
    last = asked[-1].rpartition("¿")[2] if asked else ""
    # `When you disagree, do you …?`: what stands before the comma sets the scene.
    last = re.sub(r"^.*,\s+(?=\w+ )", "", last.strip()) if language == "en" else last.strip()
    return bool(CLOSED[language].match(last)) and not REQUESTS[language].match(last)


def _asks_before(text: str, language: Language) -> bool:
    """Whether something was asked for already, and not only a scene set."""
    return bool(asks(language).search(text))


def _goes_on(clause: str, language: Language) -> bool:
    """Whether a clause says more of what was asked before, or is too short to be about anything else."""
    spoken = words(clause)
    if GOES_ON[language].search(lowered(clause)):
        return True
    if len(spoken) < SHORTEST_SECOND_ASK[language] or BACK_REFERENCES[language] & set(spoken):
        return True
    # `and why that long?` asks for the reason; `and why did you leave your last job?` is another question.
    is_why = " ".join(spoken).startswith(("why", "por que"))
    return not set(spoken) - FILLERS[language] or (is_why and len(spoken) < LONG_WHY)


def _until_end(folded: str, start: int) -> str:
    end = re.search(r"[.?!;]", folded[start:])
    return folded[start : start + end.start()] if end else folded[start:]


_DOUBLE: Words = {
    "en": "This asks two things at once. A candidate answers one of them, and two people score different halves: "
    "make two questions of it, or ask for the second with a probe.",
    "es": "Esto pregunta dos cosas a la vez. La persona responde una, y dos evaluadores puntúan mitades distintas: "
    "haz dos preguntas, o pide la segunda con una repregunta.",
}
_LEADING: Words = {
    "en": "The question tells which answer is wanted. Leave that part out.",
    "es": "La pregunta dice qué respuesta se espera. Quita esa parte.",
}
_CLOSED: Words = {
    "en": "Yes or no would answer this. Begin with how, what or which, or with “Tell me about a time when …”.",
    "es": "Esto se responde con sí o no. Empieza con cómo, qué o cuál, o con «Cuéntame de una vez en que …».",
}
_JARGON: Words = {
    "en": "Not everybody who could do the job knows this expression. Say it in plain words.",
    "es": "No todas las personas que podrían hacer el trabajo conocen esta expresión. Dilo con palabras corrientes.",
}


def _long(count: int, most: int) -> Words:
    return {
        "en": f"This has {count} words; it is heard, not read. Up to {most} are easily kept in mind.",
        "es": f"Esto tiene {count} palabras; se oye, no se lee. Hasta {most} se retienen con facilidad.",
    }

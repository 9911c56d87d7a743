"""Whether plan and rubric fit each other: competencies and questions, points and cues, time, and what is told of it."""

import re
from collections.abc import Iterator, Sequence

from agents.library.checks import AROUND_QUESTIONS_SECONDS
from agents.library.document import At
from agents.plans import Language, Plan, Question, Rubric, Words
from agents.workshop.composing import NUMBERS
from agents.workshop.findings import RUBRIC, Finding, Severity, written
from agents.workshop.plain import plain, spaced

FEWEST_CUES = 3
HEAVY = 0.6
"""Share of all weights above which one competency decides nearly alone."""
SHORT = 0.35
"""Share of the time meant below which the questions do not fill it."""
_MINUTES = re.compile(r"\b(\d{1,3}) minut")
_COUNTS: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"\b(\w+) questions\b"),
    "es": re.compile(r"\b(\w+) preguntas\b"),
}
_LIMITS: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"\bnever (?:more|longer) than (\d{1,3})\b"),
    "es": re.compile(r"\bnunca mas de (\d{1,3})\b"),
}


def covering_findings(plan: Plan, rubric: Rubric) -> Iterator[Finding]:
    yield from _competencies(plan, rubric)
    for i, question in enumerate(plan.questions):
        yield from _cues(question, ("questions", i))
        yield from _help(question, ("questions", i))
    yield from _time(plan)
    yield from _told(plan)


def _competencies(plan: Plan, rubric: Rubric) -> Iterator[Finding]:
    asked = {question.competency for question in plan.questions}
    total = sum(competency.weight for competency in rubric.competencies)
    for i, competency in enumerate(rubric.competencies):
        at: At = (RUBRIC, "competencies", i)
        name = next(iter(competency.name.values()), competency.id)
        if plan.questions and competency.id not in asked:
            message: Words = {
                "en": f"No question is for “{name}”, so it would never get a level. Ask for it, or take it out.",
                "es": f"Ninguna pregunta es para «{name}», así que nunca tendría nivel. Pregunta por ella o quítala.",
            }
            yield Finding("cover.competency", "warning", written(at), None, "", message)
        if len(rubric.competencies) > 2 and total > 0 and competency.weight / total > HEAVY:
            share = round(100 * competency.weight / total)
            message = {
                "en": f"“{name}” has {share} % of all weight and nearly decides alone. Spread the weights.",
                "es": f"«{name}» tiene el {share} % del peso y casi decide sola. Reparte los pesos.",
            }
            yield Finding("cover.weight", "hint", written((*at, "weight")), None, "", message)


def _cues(question: Question, at: At) -> Iterator[Finding]:
    for language, text in question.text.items():
        asked = spaced(text)
        said: list[tuple[int, str]] = []
        owner: dict[str, int] = {}
        for j, point in enumerate(question.points):
            cues = point.cues.get(language, ())
            here = written((*at, "points", j, "cues", language))
            if 0 < len(cues) < FEWEST_CUES:
                yield Finding("cue.few", "hint", here, language, ", ".join(cues), _few(len(cues)))
            for cue in cues:
                if owner.setdefault(plain(cue), j) != j:
                    yield Finding("cue.shared", "warning", here, language, cue, _SHARED)
            heard = next((cue for cue in cues if spaced(cue) in asked), None)
            if heard is not None:
                said.append((j, heard))
        for j, cue in said:
            here = written((*at, "points", j, "cues", language))
            # One may be unavoidable; with two, whoever repeats the question has shown half the answer.
            severity: Severity = "warning" if len(said) > 1 else "hint"
            yield Finding("cue.in_question", severity, here, language, cue, _IN_QUESTION)


def _help(question: Question, at: At) -> Iterator[Finding]:
    if not question.probes:
        yield Finding("question.no_probe", "hint", written((*at, "probes")), None, "", _NO_PROBE)
    if not question.hints:
        yield Finding("question.no_hint", "hint", written((*at, "hints")), None, "", _NO_HINT)


def _time(plan: Plan) -> Iterator[Finding]:
    asked = sum(question.seconds for question in plan.questions)
    meant = plan.target_duration_minutes * 60
    path = "target_duration_minutes"
    if asked > meant:
        message: Words = {
            "en": f"The questions take {asked / 60:.0f} minutes and {plan.target_duration_minutes} are meant: the "
            "last ones would be asked without probes. Raise it, or give some questions fewer seconds.",
            "es": f"Las preguntas llevan {asked / 60:.0f} minutos y se prevén {plan.target_duration_minutes}: las "
            "últimas irían sin repreguntas. Súbelo o da menos segundos a algunas preguntas.",
        }
        yield Finding("time.target", "warning", path, None, "", message)
    elif plan.questions and asked + AROUND_QUESTIONS_SECONDS < SHORT * meant:
        message = {
            "en": f"The questions take {asked / 60:.0f} minutes of {plan.target_duration_minutes}. Tell candidates a "
            "shorter time, or ask more.",
            "es": f"Las preguntas llevan {asked / 60:.0f} minutos de {plan.target_duration_minutes}. Anuncia menos "
            "tiempo o pregunta más.",
        }
        yield Finding("time.short", "hint", path, None, "", message)


def _told(plan: Plan) -> Iterator[Finding]:
    """Whether facts and summary tell the length and the number of questions as they are."""
    texts = [(("summary",), plan.summary), *((("facts", i), fact) for i, fact in enumerate(plan.facts))]
    lengths = {plan.target_duration_minutes, plan.hard_limit_minutes}
    for at, by_language in texts:
        for language, text in by_language.items():
            folded = plain(text)
            found = (*_MINUTES.finditer(folded), *_LIMITS[language].finditer(folded))
            wrong = next((each for each in found if int(each[1]) not in lengths), None)
            if wrong is not None:
                yield _wrong("time.told", (*at, language), language, text[wrong.start() : wrong.end()], _WRONG_LENGTH)
            for each in _COUNTS[language].finditer(folded):
                number = _number(each[1], NUMBERS[language])
                if number is not None and plan.questions and number != len(plan.questions):
                    excerpt = text[each.start() : each.end()]
                    yield _wrong("count.told", (*at, language), language, excerpt, _wrong_count(len(plan.questions)))


def _number(word: str, names: Sequence[str]) -> int | None:
    if word.isdecimal() and len(word) < 4:
        return int(word)
    return names.index(word) if word in names[2:] else None


def _wrong(rule: str, at: At, language: Language, excerpt: str, message: Words) -> Finding:
    return Finding(rule, "warning", written(at), language, excerpt, message)


_SHARED: Words = {
    "en": "Another point of this question has this cue too: one word would show both. Leave it with one.",
    "es": "Otro punto de esta pregunta tiene también esta pista: una palabra mostraría los dos. Déjala en uno.",
}
_IN_QUESTION: Words = {
    "en": "The question itself says this, so whoever repeats it seems to have made the point. Choose another cue.",
    "es": "La propia pregunta lo dice, así que quien la repita parecería cumplir el punto. Elige otra pista.",
}
_NO_PROBE: Words = {
    "en": "There is no probe: whatever an answer lacks, nothing will be asked after it.",
    "es": "No hay repreguntas: aunque a la respuesta le falte algo, no se preguntará más.",
}
_NO_HINT: Words = {
    "en": "There is no hint for whoever does not know how to begin in a practice.",
    "es": "No hay ninguna ayuda para quien no sepa cómo empezar en una práctica.",
}
_WRONG_LENGTH: Words = {
    "en": "Candidates are told another length than the plan has. Write the minutes of the plan.",
    "es": "Se anuncia una duración distinta de la del plan. Escribe los minutos del plan.",
}


def _few(count: int) -> Words:
    return {
        "en": f"Only {count} cues: the rehearsal scorer knows this point by them alone. Write at least {FEWEST_CUES}.",
        "es": f"Solo {count} pistas: el evaluador sin modelo reconoce el punto por ellas. Escribe {FEWEST_CUES} o más.",
    }


def _wrong_count(count: int) -> Words:
    return {
        "en": f"Candidates are told another number of questions than the {count} there are.",
        "es": f"Se anuncia un número de preguntas distinto de las {count} que hay.",
    }

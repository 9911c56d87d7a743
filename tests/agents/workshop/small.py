"""A small plan with nothing to mend, and that plan with one thing changed."""

from typing import Any

import msgspec

from agents.plans import Competency, ExpectedPoint, Language, Plan, Probe, Question, Rubric, Words

ANCHORS: tuple[Words, Words, Words, Words, Words] = (
    {"en": "Speaks about something else.", "es": "Habla de otra cosa."},
    {
        "en": "Tells what the team did and no step of their own.",
        "es": "Cuenta lo que hizo el equipo y ningún paso propio.",
    },
    {"en": "Names one step of their own.", "es": "Nombra un paso propio."},
    {"en": "Names the steps and the reason for each.", "es": "Nombra los pasos y la razón de cada uno."},
    {
        "en": "Compares the way taken with another by what came of it.",
        "es": "Compara el camino elegido con otro por lo que resultó.",
    },
)
CARE = Competency(
    id="care",
    name={"en": "Care", "es": "Cuidado"},
    definition={"en": "Sees a task through to its end.", "es": "Lleva una tarea hasta el final."},
    anchors=ANCHORS,
)
QUESTION = Question(
    id="q1",
    type="behavioral",
    competency="care",
    text={
        "en": "Tell me about a task that you saw through.",
        "es": "Cuéntame de una tarea que llevaste hasta el final.",
    },
    points=(
        ExpectedPoint(
            id="q1.a",
            text={"en": "What came of it", "es": "Qué resultó"},
            cues={"en": ("result", "in the end", "finally"), "es": ("resultado", "al fin", "por fin")},
        ),
    ),
    probes=(
        Probe(id="q1.result", text={"en": "What came of it?", "es": "¿Qué resultó?"}, seeks="result"),
        Probe(id="q1.part", text={"en": "What was your part?", "es": "¿Cuál fue tu parte?"}, seeks="own_part"),
    ),
    hints=({"en": "It may be a small one.", "es": "Puede ser pequeña."},),
    seconds=240,
)
RUBRIC = Rubric("small", {"en": "Small", "es": "Pequeña"}, ("en", "es"), (CARE,))
PLAN = Plan(
    slug="small",
    title={"en": "Small", "es": "Pequeña"},
    summary={"en": "One question about care.", "es": "Una pregunta sobre el cuidado."},
    interview_type="behavioral",
    role_level="mid",
    difficulty_level="medium",
    target_duration_minutes=8,
    hard_limit_minutes=12,
    languages=("en", "es"),
    rubric="small",
    warm_up={"en": "How has your day been so far?", "es": "¿Cómo va tu día hasta ahora?"},
    facts=(
        {"en": "It takes about 8 minutes, and never more than 12.", "es": "Dura unos 8 minutos, y nunca más de 12."},
    ),
    questions=(QUESTION,),
)


def plan(**changes: Any) -> Plan:
    return msgspec.structs.replace(PLAN, **changes)


def asking(text: str, language: Language, **changes: Any) -> Plan:
    """The plan with that question in one of its languages."""
    words: Words = {**QUESTION.text, language: text}
    return plan(questions=(msgspec.structs.replace(QUESTION, text=words, **changes),))


def anchored(text: str, language: Language, level: int = 3) -> Rubric:
    """The rubric with that anchor in one of its languages; levels count from 1."""
    anchors = list(ANCHORS)
    anchors[level - 1] = {**anchors[level - 1], language: text}
    return rubric(anchors=tuple(anchors))


def rubric(**changes: Any) -> Rubric:
    """The rubric with its one competency changed."""
    return msgspec.structs.replace(RUBRIC, competencies=(msgspec.structs.replace(CARE, **changes),))

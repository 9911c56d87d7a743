"""Where in a plan a change is, in words. Pure."""

import re
from collections.abc import Sequence

import msgspec

from server.pages.texts import LANGUAGES, Texts
from server.pages.workshop_saving import Standing

_STEP = re.compile(r"([a-z_]+)(?:\[([^\]]+)\])?|\[([^\]]+)\]")


class Place(msgspec.Struct, frozen=True):
    """`block` is the question, competency or part of the plan, `part` what in it; `language` the text's, or empty."""

    block: str
    part: str
    language: str = ""


def place_of(path: str, both: Sequence[Standing], t: Texts) -> Place:
    """The place that a change's path leads to, such as `questions[q3].probes[q3.result].text.es`.

    `both` are the versions that are compared; what is in the later one is named by its place there.
    """
    steps = [(found[1] or "", found[2] or found[3] or "") for found in _STEP.finditer(path)]
    language = steps[-1][0] if steps and steps[-1][0] in LANGUAGES else ""
    if language:
        steps.pop()
    if steps and steps[0][0] == "rubric":
        steps = steps[1:] or steps
    if not steps:
        return Place(t("workshop.the_plan"), "", language)
    (name, key), *inner = steps
    if name == "questions" and key:
        return Place(_question(key, both, t), _parts(inner, t), language)
    if name == "competencies" and key:
        return Place(_competency(key, both, t), _parts(inner, t), language)
    return Place(t("workshop.the_plan"), _parts(steps, t), language)


def _question(key: str, both: Sequence[Standing], t: Texts) -> str:
    for kept in reversed(both):
        for number, question in enumerate(kept.plan.questions, 1):
            if question.id == key:
                return t("workshop.question", number=number)
    return t("workshop.questions")


def _competency(key: str, both: Sequence[Standing], t: Texts) -> str:
    for kept in reversed(both):
        for competency in kept.rubric.competencies:
            if competency.id == key:
                language = t.language if t.language in kept.rubric.languages else kept.rubric.languages[0]
                return t("workshop.competency_called", name=competency.name[language])
    return t("workshop.competencies")


def _parts(steps: Sequence[tuple[str, str]], t: Texts) -> str:
    words = []
    for name, key in steps:
        if name == "anchors" and key.isdecimal():
            words.append(t("rubric.anchor", level=int(key)))
        elif t.has(f"workshop.part_{name}"):
            numbered = f" {key}" if key.isdecimal() else ""
            words.append(t(f"workshop.part_{name}") + numbered)
        else:
            words.append(name)
    return " · ".join(words)

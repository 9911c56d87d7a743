"""What the editor's buttons do to the form: add, take out, move. Pure.

An act is a verb and the path of what it is done to: `add:questions`, `remove:questions.2.points.0`, `up:questions.1`.
"""

import re
from collections.abc import Callable
from typing import Any, Literal, cast, get_args

import msgspec

from server.pages.workshop_form import (
    LANGUAGES,
    CompetencyForm,
    Halves,
    PlanForm,
    PointForm,
    ProbeForm,
    QuestionForm,
    UnreadableForm,
)

Verb = Literal["add", "remove", "up", "down"]

LISTS = ("questions", "points", "probes", "hints", "facts", "competencies")
_ACT = re.compile(r"(add|remove|up|down):([a-z_]+(?:\.(?:[a-z_]+|\d{1,3}))*)")


def acted(form: PlanForm, act: str) -> str:
    """Do it to the form, and give the path of what it was done to: where the reader goes on.

    An act on what is not there does nothing. Raises UnreadableForm where it is no act.
    """
    found = _ACT.fullmatch(act)
    if not found:
        raise UnreadableForm
    verb, path = cast("Verb", found[1]), found[2].split(".")
    name, at = (path[-1], None) if verb == "add" else (path[-2] if len(path) > 1 else "", path[-1])
    holder = _reached(form, path[:-1] if at is None else path[:-2])
    if name not in LISTS or not hasattr(holder, name):
        raise UnreadableForm
    items: list[Any] = getattr(holder, name)
    if at is None:
        items.append(_new(form, holder, name))
        return f"{found[2]}.{len(items) - 1}"
    if not at.isdecimal():
        raise UnreadableForm
    place = _moved(items, int(at), verb)
    within = found[2].rpartition(".")[0]
    return f"{within}.{place}" if items else within


def is_act(act: str) -> bool:
    """Whether a button's word is one of these acts."""
    return act.partition(":")[0] in get_args(Verb)


def _moved(items: list[Any], at: int, verb: Verb) -> int:
    """Take the item out or move it by one; where to look afterwards."""
    if at >= len(items):
        return max(0, len(items) - 1)
    if verb == "remove":
        del items[at]
        return min(at, max(0, len(items) - 1))
    to = at - 1 if verb == "up" else at + 1
    if not 0 <= to < len(items):
        return at
    items[at], items[to] = items[to], items[at]
    return to


def _reached(form: PlanForm, path: list[str]) -> object:
    at: object = form
    for step in path:
        if isinstance(at, list) and step.isdecimal() and int(step) < len(at):
            at = at[int(step)]
        elif isinstance(at, msgspec.Struct) and step in at.__struct_fields__:
            at = getattr(at, step)
        else:
            raise UnreadableForm
    return at


def _new(form: PlanForm, holder: object, name: str) -> object:
    """A new item of a list, with an id that nothing in the plan has."""
    halves: Halves = dict.fromkeys(LANGUAGES, "")
    taken = _ids(form)
    if name == "questions":
        last = form.questions[-1] if form.questions else QuestionForm()
        first = next(iter(form.rubric.competencies), CompetencyForm())
        made = QuestionForm(id=_free(taken, "q{}".format), type=last.type, competency=last.competency or first.id)
        made.points.append(PointForm(id=_free(taken, f"{made.id}.p{{}}".format)))
        return made
    if name == "competencies":
        return CompetencyForm(id=_free(taken, "competency-{}".format))
    if name == "points":
        return PointForm(id=_free(taken, f"{cast('QuestionForm', holder).id}.p{{}}".format))
    if name == "probes":
        return ProbeForm(id=_free(taken, f"{cast('QuestionForm', holder).id}.f{{}}".format))
    return halves


def _ids(form: PlanForm) -> set[str]:
    found = {competency.id for competency in form.rubric.competencies}
    for question in form.questions:
        found.add(question.id)
        found.update(point.id for point in question.points)
        found.update(probe.id for probe in question.probes)
    return found


def _free(taken: set[str], name: Callable[[int], str]) -> str:
    return next(free for number in range(1, 10_000) if (free := name(number)) not in taken)

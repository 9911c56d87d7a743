"""What must hold in a plan or rubric beyond its shape. Pure: a fault says where, what, and how to mend it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from agents.library.document import At
from agents.plans import Plan, Question, Rubric

ID = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
MAX_ID = 40
SECONDS = range(30, 901)
TARGET_MINUTES = range(5, 121)
HARD_MINUTES = range(6, 181)
PROBES = range(6)
MAX_WEIGHT = 10
AROUND_QUESTIONS_SECONDS = 180
"""What the greeting, the warm-up, the candidate's own questions and the goodbye take at least."""


class Fault(msgspec.Struct, frozen=True):
    at: At
    problem: str
    mend: str


def meant(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the known name nearest to a wrong one, or all of them."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Use one of: {', '.join(names) or '(there is none)'}."


def rubric_faults(rubric: Rubric) -> Iterator[Fault]:
    yield from _id_faults(rubric.slug, ("slug",))
    yield from _language_faults(rubric.languages)
    if not rubric.competencies:
        yield Fault(("competencies",), "the rubric has no competency", "Add at least one.")
    yield from _repeated((item.id, ("competencies", i, "id")) for i, item in enumerate(rubric.competencies))
    for i, competency in enumerate(rubric.competencies):
        at: At = ("competencies", i)
        yield from _id_faults(competency.id, (*at, "id"))
        if not 0 < competency.weight <= MAX_WEIGHT:
            problem = f"the weight {competency.weight:g} is out of range"
            yield Fault((*at, "weight"), problem, f"Write a number above 0, up to {MAX_WEIGHT}.")
    yield from _text_faults(rubric, (), rubric.languages)


def plan_faults(plan: Plan, rubrics: Mapping[str, Rubric]) -> Iterator[Fault]:
    yield from _id_faults(plan.slug, ("slug",))
    yield from _language_faults(plan.languages)
    yield from _text_faults(plan, (), plan.languages)
    yield from _repeated(_ids(plan))
    if not plan.questions:
        yield Fault(("questions",), "the plan has no question", "Add at least one.")
    for i, question in enumerate(plan.questions):
        yield from _question_faults(question, ("questions", i))
    yield from _time_faults(plan)
    rubric = rubrics.get(plan.rubric)
    if rubric is None:
        yield Fault(("rubric",), f"there is no rubric `{plan.rubric}`", meant(plan.rubric, rubrics))
        return
    for language in plan.languages:
        if language not in rubric.languages:
            problem = f"the plan speaks `{language}` and its rubric `{rubric.slug}` does not"
            yield Fault(("languages",), problem, "Write the rubric in that language too, or take it out.")
    known = [competency.id for competency in rubric.competencies]
    for i, question in enumerate(plan.questions):
        if question.competency not in known:
            problem = f"the rubric `{rubric.slug}` has no competency `{question.competency}`"
            yield Fault(("questions", i, "competency"), problem, meant(question.competency, known))


def _question_faults(question: Question, at: At) -> Iterator[Fault]:
    yield from _within(question.seconds, SECONDS, (*at, "seconds"), "seconds")
    yield from _within(question.max_probes, PROBES, (*at, "max_probes"), "probes")
    if question.max_probes > len(question.probes):
        problem = f"up to {question.max_probes} probes are allowed and {len(question.probes)} are written"
        # `max_probes` has a default: where it is not written, the line is the question's.
        yield Fault((*at, "max_probes"), problem, "Write more probes, or lower `max_probes`.")
    if not question.points:
        yield Fault((*at, "points"), "the question expects nothing", "Add at least one point.")
    points = [point.id for point in question.points]
    for i, probe in enumerate(question.probes):
        here: At = (*at, "probes", i)
        if probe.seeks == "point" and probe.point is None:
            problem = f"the probe `{probe.id}` seeks a point and does not say which"
            yield Fault((*here, "seeks"), problem, f"Add `point:`. {meant('', points)}")
        elif probe.seeks != "point" and probe.point is not None:
            problem = f"the probe `{probe.id}` names a point and seeks `{probe.seeks}`"
            yield Fault((*here, "point"), problem, "Write `seeks: point`, or take `point` out.")
        elif probe.point is not None and probe.point not in points:
            problem = f"the question `{question.id}` has no point `{probe.point}`"
            yield Fault((*here, "point"), problem, meant(probe.point, points))
    for i, point in enumerate(question.points):
        for language, cues in point.cues.items():
            yield from _cue_faults(cues, (*at, "points", i, "cues", language))


def _cue_faults(cues: Sequence[str], at: At) -> Iterator[Fault]:
    for i, cue in enumerate(cues):
        if cue != cue.lower():
            problem = f"the cue `{cue}` has capital letters"
            yield Fault((*at, i), problem, "Write it in lower case; cues are compared so.")
    yield from _repeated(((cue, (*at, i)) for i, cue in enumerate(cues)), "cue")


def _time_faults(plan: Plan) -> Iterator[Fault]:
    target, hard = plan.target_duration_minutes, plan.hard_limit_minutes
    yield from _within(target, TARGET_MINUTES, ("target_duration_minutes",), "minutes")
    yield from _within(hard, HARD_MINUTES, ("hard_limit_minutes",), "minutes")
    if target >= hard:
        problem = f"the hard limit ({hard} min) is not past the target ({target} min)"
        yield Fault(("hard_limit_minutes",), problem, "Raise the limit, or lower the target.")
    asked = sum(question.seconds for question in plan.questions)
    left = hard * 60 - AROUND_QUESTIONS_SECONDS
    if asked > left:
        problem = f"the questions need {asked} seconds, and {hard} minutes leave {left} for them"
        mend = "Give some questions fewer `seconds`, or raise `hard_limit_minutes`."
        yield Fault(("hard_limit_minutes",), problem, mend)


def _within(number: int, allowed: range, at: At, unit: str) -> Iterator[Fault]:
    if number not in allowed:
        mend = f"Write a whole number from {allowed[0]} to {allowed[-1]}."
        yield Fault(at, f"{number} {unit} is out of range", mend)


def _ids(plan: Plan) -> Iterator[tuple[str, At]]:
    for i, question in enumerate(plan.questions):
        yield question.id, ("questions", i, "id")
        for j, point in enumerate(question.points):
            yield point.id, ("questions", i, "points", j, "id")
        for j, probe in enumerate(question.probes):
            yield probe.id, ("questions", i, "probes", j, "id")


def _repeated(names: Iterable[tuple[str, At]], kind: str = "id") -> Iterator[Fault]:
    seen: set[str] = set()
    for name, at in names:
        if kind == "id":
            yield from _id_faults(name, at)
        if name in seen:
            problem = f"the {kind} `{name}` is here a second time"
            yield Fault(at, problem, f"Give one of the two another {kind}, or take it out.")
        seen.add(name)


def _id_faults(name: str, at: At) -> Iterator[Fault]:
    if not ID.fullmatch(name) or len(name) > MAX_ID:
        mend = f"Use up to {MAX_ID} lower-case letters, digits, and single `.`, `-` or `_` between them."
        yield Fault(at, f"`{name}` cannot be an id", mend)


def _language_faults(languages: Sequence[str]) -> Iterator[Fault]:
    if not languages:
        yield Fault(("languages",), "no language is named", "Write for instance `languages: [en, es]`.")
    for i, language in enumerate(languages):
        if language in languages[:i]:
            yield Fault(("languages", i), f"`{language}` is named twice", "Take one of the two out.")


def _text_faults(value: object, at: At, languages: Sequence[str]) -> Iterator[Fault]:
    """Every mapping in these documents is by language, so each must hold all of them and no other."""
    if isinstance(value, str):
        yield from _line_faults(value, at)
        return
    inner: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, msgspec.Struct):
        inner = ((name, getattr(value, name)) for name in value.__struct_fields__)
    elif isinstance(value, tuple):
        inner = enumerate(value)
    elif isinstance(value, dict):
        yield from _speech_faults(value, at, languages)
        inner = value.items()
    for step, item in inner:
        yield from _text_faults(item, (*at, step), languages)


def _speech_faults(by_language: Mapping[str, object], at: At, languages: Sequence[str]) -> Iterator[Fault]:
    for language in languages:
        if language not in by_language:
            yield Fault(at, f"the text in `{language}` is missing", f"Add a line `{language}:` here.")
    for language, said in by_language.items():
        # Where none is named, that alone is the mistake.
        if languages and language not in languages:
            problem = f"`{language}` is not among the document's languages"
            yield Fault((*at, language), problem, "Name it in `languages`, or take this text out.")
        if said == ():
            yield Fault((*at, language), "this list is empty", "Write at least one.")


def _line_faults(text: str, at: At) -> Iterator[Fault]:
    if not text.strip():
        yield Fault(at, "this text is empty", "Write the text.")
    elif not text.isprintable():
        # A reply's header ends at its first newline, so no wording of ours may hold one.
        problem = "there is a line break or an invisible character in this text"
        yield Fault(at, problem, "Write it as one line; a long one can be folded with `>-`.")
    elif text != text.strip():
        yield Fault(at, "the text begins or ends with a space", "Take the space out.")

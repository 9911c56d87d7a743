"""What must hold in a plan or rubric beyond its shape. Pure: a fault says where, what, and how to mend it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from agents.library.document import At
from agents.plans import Plan, Question, Rubric, Words

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
    """`rule` is the name it goes by; `problem` and `mend` are in every language that Viva speaks."""

    rule: str
    at: At
    problem: Words
    mend: Words


def meant(word: str, known: Iterable[str]) -> Words:
    """A sentence that offers the known name nearest to a wrong one, or all of them."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    if near:
        return {"en": f"Did you mean `{near[0]}`?", "es": f"¿Querías decir `{near[0]}`?"}
    listed = ", ".join(names)
    return {"en": f"Use one of: {listed or '(there is none)'}.", "es": f"Usa uno de estos: {listed or '(no hay)'}."}


def rubric_faults(rubric: Rubric) -> Iterator[Fault]:
    yield from _id_faults(rubric.slug, ("slug",))
    yield from _language_faults(rubric.languages)
    if not rubric.competencies:
        yield _fault(
            "empty",
            ("competencies",),
            ("the rubric has no competency", "Add at least one."),
            ("la rúbrica no tiene ninguna competencia", "Agrega al menos una."),
        )
    yield from _repeated((item.id, ("competencies", i, "id")) for i, item in enumerate(rubric.competencies))
    for i, competency in enumerate(rubric.competencies):
        if not 0 < competency.weight <= MAX_WEIGHT:
            yield _fault(
                "weight",
                ("competencies", i, "weight"),
                (f"the weight {competency.weight:g} is out of range", f"Write a number above 0, up to {MAX_WEIGHT}."),
                (f"el peso {competency.weight:g} no es válido", f"Escribe un número mayor que 0, hasta {MAX_WEIGHT}."),
            )
    yield from _text_faults(rubric, (), rubric.languages)


def plan_faults(plan: Plan, rubrics: Mapping[str, Rubric]) -> Iterator[Fault]:
    yield from _id_faults(plan.slug, ("slug",))
    yield from _language_faults(plan.languages)
    yield from _text_faults(plan, (), plan.languages)
    yield from _repeated(_ids(plan))
    if not plan.questions:
        yield _fault(
            "empty",
            ("questions",),
            ("the plan has no question", "Add at least one."),
            ("el plan no tiene ninguna pregunta", "Agrega al menos una."),
        )
    for i, question in enumerate(plan.questions):
        yield from _question_faults(question, ("questions", i))
    yield from _time_faults(plan)
    rubric = rubrics.get(plan.rubric)
    if rubric is None:
        problem: Words = {"en": f"there is no rubric `{plan.rubric}`", "es": f"no hay una rúbrica `{plan.rubric}`"}
        yield Fault("reference", ("rubric",), problem, meant(plan.rubric, rubrics))
        return
    for language in plan.languages:
        if language not in rubric.languages:
            yield _fault(
                "translation",
                ("languages",),
                (
                    f"the plan speaks `{language}` and its rubric `{rubric.slug}` does not",
                    "Write the rubric in that language too, or take it out.",
                ),
                (
                    f"el plan habla `{language}` y su rúbrica `{rubric.slug}` no",
                    "Escribe también la rúbrica en ese idioma, o quítalo.",
                ),
            )
    known = [competency.id for competency in rubric.competencies]
    for i, question in enumerate(plan.questions):
        if question.competency not in known:
            yield Fault(
                "reference",
                ("questions", i, "competency"),
                {
                    "en": f"the rubric `{rubric.slug}` has no competency `{question.competency}`",
                    "es": f"la rúbrica `{rubric.slug}` no tiene la competencia `{question.competency}`",
                },
                meant(question.competency, known),
            )


def _question_faults(question: Question, at: At) -> Iterator[Fault]:
    yield from _within(question.seconds, SECONDS, (*at, "seconds"), ("seconds", "segundos"))
    yield from _within(question.max_probes, PROBES, (*at, "max_probes"), ("probes", "repreguntas"))
    if question.max_probes > len(question.probes):
        allowed, written = question.max_probes, len(question.probes)
        # `max_probes` has a default: where it is not written, the line is the question's.
        yield _fault(
            "probes",
            (*at, "max_probes"),
            (
                f"up to {allowed} probes are allowed and {written} are written",
                "Write more probes, or lower `max_probes`.",
            ),
            (
                f"se permiten hasta {allowed} repreguntas y hay {written} escritas",
                "Escribe más repreguntas o baja `max_probes`.",
            ),
        )
    if not question.points:
        yield _fault(
            "empty",
            (*at, "points"),
            ("the question expects nothing", "Add at least one point."),
            ("la pregunta no espera nada", "Agrega al menos un punto."),
        )
    yield from _probe_faults(question, at)
    for i, point in enumerate(question.points):
        for language, cues in point.cues.items():
            yield from _cue_faults(cues, (*at, "points", i, "cues", language))


def _probe_faults(question: Question, at: At) -> Iterator[Fault]:
    points = [point.id for point in question.points]
    for i, probe in enumerate(question.probes):
        here: At = (*at, "probes", i)
        if probe.seeks == "point" and probe.point is None:
            offered = meant("", points)
            yield _fault(
                "reference",
                (*here, "seeks"),
                (f"the probe `{probe.id}` seeks a point and does not say which", f"Add `point:`. {offered['en']}"),
                (f"la repregunta `{probe.id}` busca un punto y no dice cuál", f"Agrega `point:`. {offered['es']}"),
            )
        elif probe.seeks != "point" and probe.point is not None:
            yield _fault(
                "reference",
                (*here, "point"),
                (
                    f"the probe `{probe.id}` names a point and seeks `{probe.seeks}`",
                    "Write `seeks: point`, or take `point` out.",
                ),
                (
                    f"la repregunta `{probe.id}` nombra un punto y busca `{probe.seeks}`",
                    "Escribe `seeks: point` o quita `point`.",
                ),
            )
        elif probe.point is not None and probe.point not in points:
            yield Fault(
                "reference",
                (*here, "point"),
                {
                    "en": f"the question `{question.id}` has no point `{probe.point}`",
                    "es": f"la pregunta `{question.id}` no tiene el punto `{probe.point}`",
                },
                meant(probe.point, points),
            )


def _cue_faults(cues: Sequence[str], at: At) -> Iterator[Fault]:
    for i, cue in enumerate(cues):
        if cue != cue.lower():
            yield _fault(
                "cue",
                (*at, i),
                (f"the cue `{cue}` has capital letters", "Write it in lower case; cues are compared so."),
                (f"la pista `{cue}` tiene mayúsculas", "Escríbela en minúsculas; así se comparan."),
            )
    yield from _repeated(((cue, (*at, i)) for i, cue in enumerate(cues)), "cue")


def _time_faults(plan: Plan) -> Iterator[Fault]:
    target, hard = plan.target_duration_minutes, plan.hard_limit_minutes
    yield from _within(target, TARGET_MINUTES, ("target_duration_minutes",), ("minutes", "minutos"))
    yield from _within(hard, HARD_MINUTES, ("hard_limit_minutes",), ("minutes", "minutos"))
    if target >= hard:
        yield _fault(
            "time",
            ("hard_limit_minutes",),
            (
                f"the hard limit ({hard} min) is not past the target ({target} min)",
                "Raise the limit, or lower the target.",
            ),
            (f"el límite ({hard} min) no supera lo previsto ({target} min)", "Sube el límite o baja lo previsto."),
        )
    asked = sum(question.seconds for question in plan.questions)
    left = hard * 60 - AROUND_QUESTIONS_SECONDS
    if asked > left:
        yield _fault(
            "time",
            ("hard_limit_minutes",),
            (
                f"the questions need {asked} seconds, and {hard} minutes leave {left} for them",
                "Give some questions fewer `seconds`, or raise `hard_limit_minutes`.",
            ),
            (
                f"las preguntas necesitan {asked} segundos, y {hard} minutos les dejan {left}",
                "Da menos `seconds` a algunas preguntas o sube `hard_limit_minutes`.",
            ),
        )


def _within(number: int, allowed: range, at: At, unit: tuple[str, str]) -> Iterator[Fault]:
    if number not in allowed:
        least, most = allowed[0], allowed[-1]
        yield _fault(
            "range",
            at,
            (f"{number} {unit[0]} is out of range", f"Write a whole number from {least} to {most}."),
            (f"{number} {unit[1]} está fuera de lo permitido", f"Escribe un número entero de {least} a {most}."),
        )


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
            es = "el id" if kind == "id" else "la pista"
            yield _fault(
                kind,
                at,
                (f"the {kind} `{name}` is here a second time", f"Give one of the two another {kind}, or take it out."),
                (f"{es} `{name}` está aquí por segunda vez", "Cambia o quita una de las dos veces."),
            )
        seen.add(name)


def _id_faults(name: str, at: At) -> Iterator[Fault]:
    if not ID.fullmatch(name) or len(name) > MAX_ID:
        yield _fault(
            "id",
            at,
            (
                f"`{name}` cannot be an id",
                f"Use up to {MAX_ID} lower-case letters, digits, and single `.`, `-` or `_` between them.",
            ),
            (
                f"`{name}` no puede ser un id",
                f"Usa hasta {MAX_ID} letras minúsculas, cifras y, entre ellas, un `.`, `-` o `_`.",
            ),
        )


def _language_faults(languages: Sequence[str]) -> Iterator[Fault]:
    if not languages:
        yield _fault(
            "translation",
            ("languages",),
            ("no language is named", "Write for instance `languages: [en, es]`."),
            ("no se nombra ningún idioma", "Escribe por ejemplo `languages: [en, es]`."),
        )
    for i, language in enumerate(languages):
        if language in languages[:i]:
            yield _fault(
                "translation",
                ("languages", i),
                (f"`{language}` is named twice", "Take one of the two out."),
                (f"`{language}` se nombra dos veces", "Quita uno de los dos."),
            )


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
            yield _fault(
                "translation",
                at,
                (f"the text in `{language}` is missing", f"Add a line `{language}:` here."),
                (f"falta el texto en `{language}`", f"Agrega aquí una línea `{language}:`."),
            )
    for language, said in by_language.items():
        # Where none is named, that alone is the mistake.
        if languages and language not in languages:
            yield _fault(
                "translation",
                (*at, language),
                (
                    f"`{language}` is not among the document's languages",
                    "Name it in `languages`, or take this text out.",
                ),
                (
                    f"`{language}` no está entre los idiomas del documento",
                    "Nómbralo en `languages` o quita este texto.",
                ),
            )
        if said == ():
            yield _fault(
                "empty",
                (*at, language),
                ("this list is empty", "Write at least one."),
                ("esta lista está vacía", "Escribe al menos una."),
            )


def _line_faults(text: str, at: At) -> Iterator[Fault]:
    if not text.strip():
        yield _fault("empty", at, ("this text is empty", "Write the text."), ("este texto está vacío", "Escríbelo."))
    elif not text.isprintable():
        # A reply's header ends at its first newline, so no wording of ours may hold one.
        yield _fault(
            "line",
            at,
            (
                "there is a line break or an invisible character in this text",
                "Write it as one line; a long one can be folded with `>-`.",
            ),
            (
                "hay un salto de línea o un carácter invisible en este texto",
                "Escríbelo en una línea; una larga se puede plegar con `>-`.",
            ),
        )
    elif text != text.strip():
        yield _fault(
            "line",
            at,
            ("the text begins or ends with a space", "Take the space out."),
            ("el texto empieza o termina con un espacio", "Quita el espacio."),
        )


def _fault(rule: str, at: At, en: tuple[str, str], es: tuple[str, str]) -> Fault:
    """A fault from its problem and its mend, in English and in Spanish."""
    return Fault(rule, at, {"en": en[0], "es": es[0]}, {"en": en[1], "es": es[1]})

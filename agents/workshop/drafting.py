"""A first plan for a job, from its description: written by a model where there is one, else chosen by rules."""

from typing import Literal
from uuid import UUID

import msgspec

from agents.calls import CallError, Door
from agents.library import Library, load_library
from agents.plans import Language, Plan, Rubric, Words
from agents.workshop.beside import beside
from agents.workshop.checking import check
from agents.workshop.choosing import OTHERWISE, chosen
from agents.workshop.findings import Finding
from agents.workshop.job import MOST_CHARACTERS, read_job
from agents.workshop.writing import write

_MOST_NAMED = 8


class EmptyJobError(Exception):
    """The description says nothing."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that nobody has looked at yet; it is not saved. `notes` say how it was made, for the person."""

    plan: Plan
    rubric: Rubric
    by: Literal["model", "rules"]
    model: str | None = None
    """Name of the model that wrote it."""
    notes: tuple[Words, ...] = ()
    findings: tuple[Finding, ...] = ()


async def draft(
    job: str,
    language: Language,
    minutes: int,
    *,
    door: Door | None = None,
    tenant_id: UUID | None = None,
    library: Library | None = None,
) -> Draft:
    """A plan of about so many minutes (5 to 120). Raises `EmptyJobError`.

    The description is data: its words are read, and nothing in it is done. Where no model can be had, rules choose
    questions of the library. `tenant_id` is whose the model's calls are.
    """
    library = library or load_library()
    ruled = await beside(by_rules, job, language, minutes, library=library)
    if door is None or tenant_id is None:
        return ruled
    read = await beside(read_job, job)
    # Its facts hold for any interview; those of a special plan tell of its own questions.
    like = library.plans[OTHERWISE]
    try:
        made = await write(job, read, minutes, door, like=like, tenant_id=tenant_id)
    except CallError:
        return msgspec.structs.replace(ruled, notes=(_NO_MODEL, *ruled.notes))
    notes = [_by_model_note(made.model)]
    if made.dropped:
        notes.append(_dropped_note(made.dropped))
    if read.is_cut:
        notes.append(cut_note())
    plan, rubric = _turned(language, made.plan, made.rubric)
    findings = await beside(check, plan, rubric)
    return Draft(plan=plan, rubric=rubric, by="model", model=made.model, notes=tuple(notes), findings=findings)


def by_rules(description: str, language: Language, minutes: int, *, library: Library) -> Draft:
    """A plan of questions of the library, chosen by the words of the description. Raises `EmptyJobError`."""
    if not any(c.isalnum() for c in description):
        raise EmptyJobError
    job = read_job(description)
    made = chosen(job, minutes, library)
    plan, rubric = _turned(language, made.plan, made.rubric)
    notes = [_by_rules_note(made.by_words)]
    if job.is_cut:
        notes.append(cut_note())
    return Draft(plan=plan, rubric=rubric, by="rules", notes=tuple(notes), findings=check(plan, rubric))


def cut_note() -> Words:
    """Says that the end of a long description was not read."""
    return {
        "en": f"The description is long: only its first {MOST_CHARACTERS:,} characters were read.",
        "es": f"La descripción es larga: solo se leyeron sus primeros {MOST_CHARACTERS:,} caracteres.",
    }


def _by_rules_note(words: tuple[str, ...]) -> Words:
    if not words:
        return {
            "en": "Chosen by rules from the plans that come with Viva, without a model. The description has no word "
            "that they know, so the questions are general ones.",
            "es": "Elegido por reglas entre los planes que vienen con Viva, sin un modelo. La descripción no tiene "
            "palabras que conozcan, así que las preguntas son generales.",
        }
    named = ", ".join(words[:_MOST_NAMED])
    return {
        "en": f"Chosen by rules from the plans that come with Viva, without a model, by the words: {named}.",
        "es": f"Elegido por reglas entre los planes que vienen con Viva, sin un modelo, por las palabras: {named}.",
    }


def _by_model_note(model: str) -> Words:
    return {
        "en": f"Written by the model {model}. Nobody has read it yet: read every question before you ask it.",
        "es": f"Escrito por el modelo {model}. Nadie lo ha leído aún: lee cada pregunta antes de hacerla.",
    }


def _dropped_note(count: int) -> Words:
    return {
        "en": f"{count} of the questions that the model wrote could not be used and were left out.",
        "es": f"{count} de las preguntas que escribió el modelo no se podían usar y se quitaron.",
    }


_NO_MODEL: Words = {
    "en": "No model could be had for this just now.",
    "es": "En este momento no hubo un modelo para hacerlo.",
}


def _turned(language: Language, plan: Plan, rubric: Rubric) -> tuple[Plan, Rubric]:
    """Both with the language first that the draft was asked for in."""
    languages = (language, *(other for other in plan.languages if other != language))
    return (
        msgspec.structs.replace(plan, languages=languages),
        msgspec.structs.replace(rubric, languages=languages),
    )

"""All that is looked for in a plan and its rubric, in one pass."""

from collections.abc import Iterable, Iterator, Sequence

from agents.library.checks import ID, Fault, plan_faults, rubric_faults
from agents.library.document import At
from agents.plans import Language, Plan, Rubric, Words
from agents.workshop.anchors import anchor_findings
from agents.workshop.asking import asking_findings
from agents.workshop.covering import covering_findings
from agents.workshop.findings import ORDER, RUBRIC, Finding, said, written
from agents.workshop.laws import unlawful
from agents.workshop.tongues import untranslated
from agents.workshop.wording import biased

LONGEST_EXCERPT = 160


def check(plan: Plan, rubric: Rubric, jurisdictions: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Every finding, errors first. Questions are held against the laws of these places; where none is named, against
    those of all that are known (`agents.workshop.laws.JURISDICTIONS`), for nobody has said where people are hired.
    """
    found = [
        *_faults(plan_faults(plan, {rubric.slug: rubric}), (), plan),
        *_faults(rubric_faults(rubric), (RUBRIC,), rubric),
        *_address(plan),
        *_spoken(plan, rubric, jurisdictions),
        *asking_findings(plan),
        *anchor_findings(rubric),
        *untranslated(plan, rubric),
        *covering_findings(plan, rubric),
    ]
    # One thing is told once, though two rules may come upon it.
    told = {(finding.rule, finding.path, finding.excerpt, finding.message["en"]): finding for finding in found}
    return tuple(sorted(told.values(), key=lambda finding: ORDER[finding.severity]))


def _address(plan: Plan) -> Iterator[Finding]:
    """A plan is found under its name: what is no part of an address cannot be one."""
    if ID.fullmatch(plan.slug) and not plan.slug.replace("-", "").isalnum():
        message: Words = {
            "en": f"`{plan.slug}` cannot be the name of a plan. Use lower-case letters, digits and single `-`.",
            "es": f"`{plan.slug}` no puede ser el nombre de un plan. Usa minúsculas, cifras y, entre ellas, un `-`.",
        }
        yield Finding("structure.id", "error", "slug", None, plan.slug, message)


def _spoken(plan: Plan, rubric: Rubric, jurisdictions: Sequence[str]) -> Iterator[Finding]:
    for each in said(plan, rubric):
        # Facts and summaries tell what an interview does not ask about; nobody is asked anything by them.
        if each.place == "asked" or "hints" in each.at:
            yield from unlawful(each, jurisdictions)
        yield from biased(each)


def _faults(faults: Iterable[Fault], before: At, document: Plan | Rubric) -> Iterator[Finding]:
    """What the library refuses in a file of its own, as errors."""
    for fault in faults:
        message: Words = {language: _sentence(fault, language) for language in fault.problem}
        language = next((step for step in reversed(fault.at) if step in ("en", "es")), None)
        path = written((*before, *fault.at))
        yield Finding(f"structure.{fault.rule}", "error", path, _language(language), _at(document, fault.at), message)


def _sentence(fault: Fault, language: Language) -> str:
    problem = fault.problem[language]
    return f"{problem[:1].upper()}{problem[1:]}. {fault.mend[language]}"


def _language(step: str | int | None) -> Language | None:
    return "en" if step == "en" else "es" if step == "es" else None


def _at(document: object, at: At) -> str:
    """The text that stands there; empty where it is something else."""
    found = document
    for step in at:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, tuple) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            found = getattr(found, str(step), None)
    return found[:LONGEST_EXCERPT] if isinstance(found, str) else ""

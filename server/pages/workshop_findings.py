"""What the check finds in a plan, beside the fields it is about. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from agents.plans import Language
from agents.workshop import Finding, Severity
from server.pages.texts import Texts
from server.pages.workshop_form import PlanForm

_SHOWN_AT = {"rubric.title": "title", "rubric.slug": "slug", "rubric.languages": "languages"}
"""What the form does not show of the rubric follows the plan."""


class Told(msgspec.Struct, frozen=True):
    """A finding as its reader is told of it."""

    severity: Severity
    message: str


class Findings(msgspec.Struct, frozen=True):
    """All of them, by the place in the form where they stand."""

    told: dict[str, tuple[Told, ...]]
    errors: int
    warnings: int
    hints: int

    def within(self, path: str) -> Counter[Severity]:
        """How many of each kind there are at or below a path."""
        found: Counter[Severity] = Counter()
        for place, several in self.told.items():
            if place == path or place.startswith(f"{path}."):
                found.update(each.severity for each in several)
        return found


class Remarks(msgspec.Struct, frozen=True):
    """What a script is told: for each place its findings with their word, for each block its count, and in sum."""

    told: dict[str, list[dict[str, str]]]
    counts: dict[str, str]
    summary: str
    errors: int


def placed(findings: Iterable[Finding], form: PlanForm, language: Language) -> Findings:
    """Each finding at its field, or at the nearest thing around it that the form has; the same is told once."""
    slots = set(_slots(msgspec.to_builtins(form)))
    told: dict[str, dict[Told, None]] = {}
    for finding in findings:
        words = finding.message
        message = words.get(language) or next(iter(words.values()), "")
        told.setdefault(_slot(finding.path, slots), {})[Told(finding.severity, message)] = None
    kinds = Counter(each.severity for several in told.values() for each in several)
    return Findings(
        {place: tuple(several) for place, several in told.items()}, kinds["error"], kinds["warning"], kinds["hint"]
    )


def counted(kinds: Mapping[Severity, int], t: Texts) -> str:
    """`2 to mend, 1 to look at`; empty where there is nothing. Hints are not counted: one may leave them."""
    parts = []
    if kinds.get("error"):
        parts.append(t.n("workshop.to_mend", kinds["error"]))
    if kinds.get("warning"):
        parts.append(t.n("workshop.to_look_at", kinds["warning"]))
    return ", ".join(parts)


def summed(findings: Findings, t: Texts) -> str:
    """The line under the form."""
    kinds: dict[Severity, int] = {"error": findings.errors, "warning": findings.warnings}
    return counted(kinds, t) or t("workshop.all_well")


def remarks(findings: Findings, form: PlanForm, t: Texts) -> Remarks:
    """The findings for a script that puts them where they belong."""
    told = {
        place: [
            {"severity": each.severity, "kind": t(f"workshop.severity_{each.severity}"), "message": each.message}
            for each in several
        ]
        for place, several in findings.told.items()
    }
    counts = {path: counted(findings.within(path), t) for path in blocks(form)}
    return Remarks(told, counts, summed(findings, t), findings.errors)


def blocks(form: PlanForm) -> list[str]:
    """The paths of what the form shows folded: its questions and competencies."""
    questions = [f"questions.{at}" for at in range(len(form.questions))]
    return questions + [f"rubric.competencies.{at}" for at in range(len(form.rubric.competencies))]


def _slots(value: object, path: str = "") -> Iterable[str]:
    yield path
    if isinstance(value, dict):
        for name, each in value.items():
            if name != "id":
                yield from _slots(each, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list) and path != "languages":
        for at, each in enumerate(value):
            yield from _slots(each, f"{path}.{at}")


def _slot(path: str, slots: set[str]) -> str:
    for hidden, shown in _SHOWN_AT.items():
        if path == hidden or path.startswith(f"{hidden}."):
            path = shown + path.removeprefix(hidden)
    while path not in slots:
        path = path.rpartition(".")[0]
    return path

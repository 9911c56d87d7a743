"""A plan and its rubric as a form: every field by its path, everything as it was typed. Pure.

The names of the fields are the paths of the documents, `questions.2.text.es`, those of the rubric under `rubric.`. A
half-written plan keeps what stands in it, so numbers are text here and lists of cues one line; `documents` makes a
plan and a rubric of it.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast, get_args

import msgspec

from agents.plans import (
    Difficulty,
    InterviewType,
    Language,
    Missing,
    Patience,
    Plan,
    QuestionType,
    RoleLevel,
    Rubric,
)
from server.errors import Unprocessable

LEVELS = 5
LANGUAGES: tuple[Language, ...] = get_args(Language)

_DIGITS = re.compile(r"\d{1,6}")

Halves = dict[Language, str]
"""One text in each language; a language the plan does not speak may be there, and is left out of the documents."""


class UnreadableForm(Unprocessable):
    """What was sent is not the editor's form."""

    code, title = "unreadable_form", "This form cannot be read"

    def __init__(self) -> None:
        super().__init__("What was sent is not the workshop's form. Load the page again, and send it from there.")


def _halves() -> Halves:
    return dict.fromkeys(LANGUAGES, "")


class PointForm(msgspec.Struct):
    id: str = ""
    text: Halves = msgspec.field(default_factory=_halves)
    cues: Halves = msgspec.field(default_factory=_halves)
    """Separated by commas; by lines where one of them has a comma in it."""


class ProbeForm(msgspec.Struct):
    id: str = ""
    text: Halves = msgspec.field(default_factory=_halves)
    seeks: Missing = "example"
    point: str = ""


class QuestionForm(msgspec.Struct):
    id: str = ""
    type: QuestionType = "behavioral"
    competency: str = ""
    text: Halves = msgspec.field(default_factory=_halves)
    points: list[PointForm] = []
    probes: list[ProbeForm] = []
    hints: list[Halves] = []
    seconds: str = "180"
    max_probes: str = "0"


class CompetencyForm(msgspec.Struct):
    id: str = ""
    name: Halves = msgspec.field(default_factory=_halves)
    definition: Halves = msgspec.field(default_factory=_halves)
    anchors: list[Halves] = msgspec.field(default_factory=lambda: [_halves() for _ in range(LEVELS)])
    weight: str = "1"


class RubricForm(msgspec.Struct):
    slug: str = ""
    title: Halves = msgspec.field(default_factory=_halves)
    competencies: list[CompetencyForm] = []


class PlanForm(msgspec.Struct):
    slug: str = ""
    title: Halves = msgspec.field(default_factory=_halves)
    summary: Halves = msgspec.field(default_factory=_halves)
    interview_type: InterviewType = "behavioral"
    role_level: RoleLevel = "mid"
    difficulty_level: Difficulty = "medium"
    target_duration_minutes: str = "20"
    hard_limit_minutes: str = "30"
    languages: list[str] = msgspec.field(default_factory=lambda: list(LANGUAGES))
    warm_up: Halves = msgspec.field(default_factory=_halves)
    facts: list[Halves] = []
    questions: list[QuestionForm] = []
    patience: Patience = "normal"
    judges: str = "1"
    rubric: RubricForm = msgspec.field(default_factory=RubricForm)

    @property
    def spoken(self) -> tuple[Language, ...]:
        """The languages that are ticked."""
        return tuple(each for each in LANGUAGES if each in self.languages)


def form_of_documents(plan: Plan, rubric: Rubric) -> PlanForm:
    """The form of a plan and its rubric."""
    document: dict[str, Any] = msgspec.to_builtins(plan)
    for name in ("target_duration_minutes", "hard_limit_minutes", "judges"):
        document[name] = str(document[name])
    for question in document["questions"]:
        question["seconds"], question["max_probes"] = str(question["seconds"]), str(question["max_probes"])
        for point in question["points"]:
            point["cues"] = {language: _one_line(cues) for language, cues in point["cues"].items()}
        for probe in question["probes"]:
            probe["point"] = probe["point"] or ""
    kept: dict[str, Any] = msgspec.to_builtins(rubric)
    for competency in kept["competencies"]:
        competency["weight"] = f"{competency['weight']:g}"
    form = msgspec.convert(document | {"rubric": kept}, PlanForm)
    complete(form)
    return form


def documents(form: PlanForm) -> tuple[Plan, Rubric]:
    """The plan and the rubric that the form makes; a number that is none becomes 0, which no check lets pass.

    Raises UnreadableForm where a choice is none of those offered.
    """
    spoken = form.spoken
    built: dict[str, Any] = msgspec.to_builtins(form)
    document = cast("dict[str, Any]", _spoken(built, spoken))
    document["languages"] = list(spoken)
    for name in ("target_duration_minutes", "hard_limit_minutes", "judges"):
        document[name] = _whole(document[name])
    for question in document["questions"]:
        question["seconds"] = _whole(question["seconds"])
        question["max_probes"] = _whole(question["max_probes"])
        for point in question["points"]:
            point["cues"] = {language: _cues(text) for language, text in point["cues"].items()}
        for probe in question["probes"]:
            probe["point"] = probe["point"] or None if probe["seeks"] == "point" else None
    # What was typed there becomes a name that can stand in an address.
    document["slug"] = slug_of({"en": form.slug}) or slug_of(form.title)
    rubric = document.pop("rubric")
    rubric["slug"] = rubric["slug"] or document["slug"]
    rubric["title"] = {language: text or document["title"][language] for language, text in rubric["title"].items()}
    rubric["languages"] = list(spoken)
    for competency in rubric["competencies"]:
        competency["weight"] = _number(competency["weight"])
    document["rubric"] = rubric["slug"]
    try:
        return msgspec.convert(document, Plan), msgspec.convert(rubric, Rubric)
    except msgspec.ValidationError:
        raise UnreadableForm from None


def slug_of(titles: Mapping[Language, str]) -> str:
    """A name for the address from a title: `senior-cook`. Empty where there is no title."""
    title = next((text for language in LANGUAGES if (text := titles.get(language, "").strip())), "")
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-")


def complete(form: PlanForm) -> None:
    """Every text has each language and every competency its levels, however little was sent."""
    for halves in _all_halves(form):
        for language in LANGUAGES:
            halves.setdefault(language, "")
    for competency in form.rubric.competencies:
        missing = LEVELS - len(competency.anchors)
        competency.anchors.extend(_halves() for _ in range(missing))


def _all_halves(value: object) -> Iterable[Halves]:
    if isinstance(value, dict):
        yield cast("Halves", value)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _all_halves(getattr(value, name))
    elif isinstance(value, list):
        for each in value:
            yield from _all_halves(each)


def _spoken(value: Any, spoken: Sequence[Language]) -> Any:
    """Every text in the languages that are spoken alone."""
    if isinstance(value, dict):
        if value and set(value) <= set(LANGUAGES):
            return {language: value[language] for language in spoken}
        return {name: _spoken(each, spoken) for name, each in value.items()}
    return [_spoken(each, spoken) for each in value] if isinstance(value, list) else value


def _one_line(cues: Sequence[str]) -> str:
    return "\n".join((*cues, "")) if any("," in cue for cue in cues) else ", ".join(cues)


def _cues(text: str) -> list[str]:
    parts = text.split("\n" if "\n" in text else ",")
    return [cue for part in parts if (cue := " ".join(part.split()))]


def _whole(text: str) -> int:
    return int(text) if _DIGITS.fullmatch(text) else 0


def _number(text: str) -> float:
    return float(text.replace(",", ".")) if re.fullmatch(r"\d{1,3}(?:[.,]\d{1,3})?", text) else 0.0

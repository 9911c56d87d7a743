"""The editor as it is shown: the form with its choices in words, and what is found in it beside its fields."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from agents.plans import Difficulty, InterviewType, Missing, Patience, QuestionType, RoleLevel
from agents.workshop import Finding, check
from agents.workshop.beside import beside
from server.pages.language import language_of
from server.pages.rendering import page, rendered
from server.pages.texts import LANGUAGES, Texts, texts_in
from server.pages.workshop_findings import blocks, counted, placed, summed
from server.pages.workshop_form import PlanForm, documents

PART = "x-part"
"""The header by which the page's script asks for the form alone."""

Notice = Literal["", "saved", "mend", "moved_on", "drafted", "read"]
Choice = tuple[str, str]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the editor. `base` is the version that it was made from; None for a plan that is new."""

    form: PlanForm
    base: int | None
    slug: str = ""
    """Of the plan that is edited; empty for a new one."""
    is_own: bool = True
    is_clean: bool = False
    """Whether it stands there as it is kept."""
    is_untouched: bool = False
    """Nothing was written yet, so nothing is said of what is missing."""
    was_checked: bool = False
    """Whether it was asked what has to be mended: then that stands open."""
    focus: str = ""
    """Where the reader goes on: a path in the form."""
    moved: Literal["", "up", "down"] = ""
    """With `focus`: that it was moved there, and may be moved on."""
    notice: Notice = ""
    current: int | None = None
    """With `moved_on`: the version that somebody else made of it."""
    taken: str = ""
    """With `moved_on`: the name under which it stands."""
    drafted_by: str = ""
    notes: tuple[str, ...] = ()


async def checked(form: PlanForm) -> tuple[Finding, ...]:
    """All that is found in the form. It takes long enough to be done beside the interviews that are held here.

    Raises UnreadableForm.
    """
    return await beside(check, *documents(form))


async def drawn(request: Request, draft: Draft, status: int = 200) -> Response:
    """The page of the editor; its form alone where the page's script asks."""
    found = () if draft.is_untouched else await checked(draft.form)
    values = shown(draft, found, texts_in(language_of(request)))
    if PART in request.headers:
        return HTMLResponse(rendered(request, "workshop/form.html", **values), status)
    return page(request, "workshop/editor.html", status, **values)


def shown(draft: Draft, found: Sequence[Finding], t: Texts) -> dict[str, Any]:
    """What the templates need. Pure."""
    form = draft.form
    findings = placed(found, form, t.language)
    first = t.language if t.language in form.spoken else (*form.spoken, LANGUAGES[0])[0]
    named = {each.id: each.name[first] or t("workshop.competency_new") for each in form.rubric.competencies}
    with_errors = [path for path in blocks(form) if findings.within(path)["error"]]
    return {
        "draft": draft,
        "form": form,
        "base": "" if draft.base is None else draft.base,
        "is_new": not draft.slug,
        "is_clean": draft.is_clean,
        "action": f"/workshop/{draft.slug}" if draft.slug else "/workshop/new/blank",
        "kept_as": draft.slug or "+",
        "focus": _mover(form, draft) if draft.moved else _first_field(form, draft.focus),
        "told": findings.told,
        "summary": "" if draft.is_untouched else summed(findings, t),
        "counted": lambda path: counted(findings.within(path), t),
        "open": _opened(form, draft, with_errors),
        "first": first,
        "names": named,
        "competencies": list(named.items()),
        "title": form.title[first] or t("workshop.new_plan"),
        **choices(t),
    }


def choices(t: Texts) -> Mapping[str, list[Choice]]:
    """What is chosen among, in words."""
    return {
        "question_types": [(each, t(f"workshop.type_{each}")) for each in get_args(QuestionType)],
        "interview_types": [(each, t(f"workshop.kind_{each}")) for each in get_args(InterviewType)],
        "role_levels": [(each, t(f"rubric.role_{each}")) for each in get_args(RoleLevel)],
        "difficulties": [(each, t(f"difficulty.{each}")) for each in get_args(Difficulty)],
        "patiences": [(each, t(f"workshop.patience_{each}")) for each in get_args(Patience)],
        "seeks": [(each, t(f"workshop.seeks_{each}")) for each in get_args(Missing)],
        "judges": [(each, t(f"workshop.judges_{each}")) for each in ("1", "3")],
    }


def _opened(form: PlanForm, draft: Draft, with_errors: list[str]) -> set[str]:
    """The blocks that stand open: where the reader goes on, and where something has to be mended before saving."""
    wanted = {path for path in blocks(form) if draft.focus == path or draft.focus.startswith(f"{path}.")}
    if draft.was_checked or draft.notice == "mend":
        wanted.update(with_errors)
    return wanted | set(blocks(form)) if len(form.questions) <= 1 else wanted


def _first_field(form: PlanForm, path: str) -> str:
    """The first thing to write in what stands at a path."""
    if not path:
        return ""
    language = (*form.spoken, LANGUAGES[0])[0]
    name = path.split(".")
    if name[-1].isdecimal() and name[-2] in ("hints", "facts", "anchors"):
        return f"{path}.{language}"
    if name[-1].isdecimal() and name[-2] == "competencies":
        return f"{path}.name.{language}"
    # Nothing is left in the list: another one can be added.
    return f"{path}.text.{language}" if name[-1].isdecimal() else f"add:{path}"


def _mover(form: PlanForm, draft: Draft) -> str:
    """The button that moves on what was moved; at the end of its way the one that moves it back."""
    within, _, place = draft.focus.rpartition(".")
    last = len(form.questions if within == "questions" else form.rubric.competencies) - 1
    ends = {"up": 0, "down": last}
    back = "down" if draft.moved == "up" else "up"
    return f"{back if int(place) == ends[draft.moved] else draft.moved}:{draft.focus}"

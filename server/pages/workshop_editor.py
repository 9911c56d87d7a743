"""The editor of a plan and its rubric: one form, which its buttons change, check, save, and try out.

Every button sends the whole form. With the page's script an answer to a button that only changes the form takes the
form's place; without it, it is the next page.
"""

from datetime import timedelta
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agents.opening import Wish, open_interview
from agents.plans import Plan
from server.api.endpoint import json_response
from server.errors import NoSuchPlan
from server.pages.language import language_of
from server.pages.texts import texts_in
from server.pages.workshop_acts import acted, is_act
from server.pages.workshop_drawing import Draft, checked, drawn
from server.pages.workshop_fields import form_of_fields, read_fields
from server.pages.workshop_findings import placed, remarks
from server.pages.workshop_form import (
    CompetencyForm,
    PlanForm,
    PointForm,
    QuestionForm,
    UnreadableForm,
    documents,
    form_of_documents,
)
from server.pages.workshop_saving import is_same, save, slug_in, standing
from server.principal import Principal, principal
from server.services import Services
from storage.plans import PlanMovedOn

_LOOKS = frozenset({"check", "show"})
_KEEPS = frozenset({"save", "over", "interview"})


async def blank(request: Request) -> Response:
    """`GET /workshop/new/blank`: a plan of which nothing is written yet."""
    await principal(request)
    first = CompetencyForm(id="competency-1")
    question = QuestionForm(id="q1", competency=first.id, points=[PointForm(id="q1.p1")])
    form = PlanForm(questions=[question])
    form.rubric.competencies.append(first)
    return await drawn(request, Draft(form=form, base=None, is_clean=True, is_untouched=True))


async def editor(request: Request) -> Response:
    """`GET /workshop/{slug}`. Raises NoSuchPlan."""
    who = await principal(request)
    slug = slug_in(request)
    kept = await standing(request.app.state.services, who, slug)
    saved = request.query_params.get("saved") == str(kept.number)
    draft = Draft(
        form=form_of_documents(kept.plan, kept.rubric),
        base=kept.number,
        slug=slug,
        is_own=kept.is_own,
        is_clean=True,
        notice="saved" if saved else "",
    )
    return await drawn(request, draft)


async def change(request: Request) -> Response:
    """`POST /workshop/new/blank` and `POST /workshop/{slug}`: what the form's buttons do.

    What has to be mended first comes back with status 422, and with 409 a plan that somebody saved meanwhile.
    Raises UnreadableForm.
    """
    who = await principal(request)
    slug = slug_in(request) if "slug" in request.path_params else ""
    fields = read_fields(await request.body())
    form = form_of_fields(fields)
    sent = dict(fields)
    draft = Draft(form=form, base=_base(sent), slug=slug, is_own=not sent.get("shared"))
    do = sent.get("do", "save")
    if is_act(do):
        moved = do.partition(":")[0]
        done = msgspec.structs.replace(draft, focus=acted(form, do))
        return await drawn(request, msgspec.structs.replace(done, moved=moved) if moved in ("up", "down") else done)
    if do in _LOOKS:
        return await drawn(request, msgspec.structs.replace(draft, was_checked=do == "check"))
    if do not in _KEEPS:
        raise UnreadableForm
    return await _keep(request, who, draft, do)


async def remark(request: Request) -> Response:
    """`POST /workshop/new/check`: what the check finds in the form as it stands, for the page's script."""
    await principal(request)
    form = form_of_fields(read_fields(await request.body()))
    language = language_of(request)
    findings = placed(await checked(form), form, language)
    return json_response(remarks(findings, form, texts_in(language)))


async def _keep(request: Request, who: Principal, draft: Draft, do: str) -> Response:
    """Save the form, unless nothing changed; then lead to the plan, or into an interview on it."""
    services: Services = request.app.state.services
    if draft.slug:
        draft.form.slug = draft.slug
    plan, rubric = documents(draft.form)
    if any(finding.severity == "error" for finding in await checked(draft.form)):
        return await drawn(request, msgspec.structs.replace(draft, notice="mend"), HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        kept = await standing(services, who, plan.slug)
    except NoSuchPlan:
        kept = None
    base = draft.base if do != "over" else kept.number if kept else None
    if kept is None or not is_same(kept, plan, rubric):
        try:
            kept = await save(services, who, plan, rubric, base=base)
        except PlanMovedOn as moved:
            behind = msgspec.structs.replace(draft, notice="moved_on", current=moved.current, taken=plan.slug)
            return await drawn(request, behind, HTTPStatus.CONFLICT)
    if do == "interview":
        return await _interview(request, who, plan)
    return RedirectResponse(f"/workshop/{plan.slug}?saved={kept.number}", HTTPStatus.SEE_OTHER)


async def _interview(request: Request, who: Principal, plan: Plan) -> Response:
    """Into a typed practice on the plan, in the reader's language where it speaks it."""
    services: Services = request.app.state.services
    reads = language_of(request)
    opened = await open_interview(
        services.database,
        who.tenant_id,
        who.user_id,
        Wish(plan=plan.slug, language=reads if reads in plan.languages else plan.languages[0], channel="text"),
        now=services.now(),
        ticket_life=timedelta(seconds=services.settings.ticket_seconds),
        versions=services.versions,
    )
    return RedirectResponse(f"/interviews/{opened.interview_id}/room", HTTPStatus.SEE_OTHER)


def _base(sent: dict[str, str]) -> int | None:
    """The number of the version that the form was made from; None for a new plan."""
    base = sent.get("base", "")
    return int(base) if base.isascii() and base.isdecimal() and len(base) < 7 else None

"""Runs of scores over one interview: the live one, those begun later beside it, and what moved from one to another."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from agents.pricing import load_prices
from agents.rescoring.again import Unscored, scorer_version
from agents.rescoring.compared_runs import live_run_of, pair_of
from agents.rescoring.comparing import Agreement, CompetencyShift, Move, OverallShift, compare
from server.api.endpoint import Call, Endpoint, Nothing
from server.errors import NoSuchInterview, NoSuchRun, NothingToScore, RescoringRefused, RunGoesOn
from server.rescoring import (
    RescoringError,
    batch_account,
    begin_by_model,
    begin_by_rules,
    estimate_of,
    refuse_over_budget,
    work_on,
)
from storage import interviews, scores
from storage.database import Connection
from storage.errors import NotFound
from storage.ids import uuid7

LONGEST = timedelta(days=3)
"""Two batches of a day each, and some waiting."""
RETRY_SECONDS = {"rehearsal": 2, "model": 60}


class NewScoringRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By what the answers are scored once more."""

    by: Literal["rehearsal", "model"] = msgspec.field(name="with")
    """`rehearsal`: by this release's arithmetic, at once; `model`: by a model in batches, within a day."""


class ScoringRunView(msgspec.Struct, frozen=True, kw_only=True):
    """One pass of one scorer over the interview. The current one is what its report tells of."""

    id: UUID
    reason: Literal["live", "rescore"]
    scorer_version: str
    model: str | None
    prompt_version: str | None
    status: Literal["running", "completed", "failed"]
    """`failed` where an answer is left without a score; what was scored is there."""
    started_at: datetime
    finished_at: datetime | None
    is_current: bool
    unscored: tuple[Unscored, ...]
    """The answers that have no score in it, with why."""


class ScoringRunList(msgspec.Struct, frozen=True):
    """The latest first."""

    runs: tuple[ScoringRunView, ...]


class Against(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    against: Annotated[UUID | None, msgspec.Meta(description="Another run; the live one by default.")] = None


class ComparisonView(msgspec.Struct, frozen=True, kw_only=True):
    """What moved from one run to another, and why as far as it can be told."""

    before: ScoringRunView
    after: ScoringRunView
    moves: tuple[Move, ...]
    """Every answer, also those that did not move."""
    agreement: Agreement
    competencies: tuple[CompetencyShift, ...]
    overall: OverallShift


async def begin(call: Call[NewScoringRun, Nothing]) -> ScoringRunView:
    services, tenant_id = call.services, call.principal.tenant_id
    interview_id = call.id("interview_id", "an interview")
    async with services.database.tenant(tenant_id) as connection:
        await interviews.interview(connection, interview_id)
        if not await scores.rescorable(connection, only=[interview_id]):
            raise NothingToScore
        for run in await scores.runs_of(connection, interview_id):
            if run.reason == "rescore" and run.status == "running" and _is_the_same(call, run):
                # Sent twice, it is not paid twice.
                return _view(run)
    rescoring_id = uuid7()
    if call.body.by == "rehearsal":
        return _view(await begin_by_rules(services.database, tenant_id, interview_id, rescoring_id, services.now))
    try:
        account = batch_account(services.settings)
        work = await work_on(services.database, tenant_id, [interview_id], account)
        estimate = estimate_of(work, account, load_prices(services.settings.prices_file))
        async with services.database.tenant(tenant_id) as connection:
            await refuse_over_budget(connection, estimate, services.settings, services.now)
        (run_id,) = await begin_by_model(services.database, tenant_id, work, account, rescoring_id, services.now)
    except RescoringError as refused:
        raise RescoringRefused(str(refused)) from refused
    async with services.database.tenant(tenant_id) as connection:
        return _view(await scores.run(connection, run_id))


def _is_the_same(call: Call[NewScoringRun, Nothing], run: scores.ScoringRun) -> bool:
    """Whether a run that goes on is what is asked for. One that came with an import goes on for ever, elsewhere."""
    return run.scorer_version == scorer_version(call.body.by) and call.services.now() - run.started_at < LONGEST


async def runs(call: Call[Nothing, Nothing]) -> ScoringRunList:
    interview_id = call.id("interview_id", "an interview")
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        await interviews.interview(connection, interview_id)
        found = await scores.runs_of(connection, interview_id)
    return ScoringRunList(tuple(map(_view, found)))


async def comparison(call: Call[Nothing, Against]) -> ComparisonView:
    interview_id, run_id = call.id("interview_id", "an interview"), call.id("run_id", "a run of scores")
    async with call.services.database.tenant(call.principal.tenant_id) as connection:
        await interviews.interview(connection, interview_id)
        after = await _run(connection, interview_id, run_id)
        before = await _run(connection, interview_id, call.query.against)
        for run in (before, after):
            if run.status == "running" and run.reason == "rescore":
                raise RunGoesOn(RETRY_SECONDS["rehearsal" if run.model is None else "model"])
        compared = compare([await pair_of(connection, before, after)])
    return ComparisonView(
        before=_view(before),
        after=_view(after),
        moves=compared.moves,
        agreement=compared.agreement,
        competencies=compared.competencies,
        overall=compared.overall,
    )


async def _run(connection: Connection, interview_id: UUID, run_id: UUID | None) -> scores.ScoringRun:
    """The interview's run of that id, or its live one."""
    try:
        run = await (live_run_of(connection, interview_id) if run_id is None else scores.run(connection, run_id))
    except NotFound:
        raise NoSuchRun from None
    if run.interview_id != interview_id:
        raise NoSuchRun
    return run


def _view(run: scores.ScoringRun) -> ScoringRunView:
    return ScoringRunView(
        id=run.id,
        reason="live" if run.reason == "live" else "rescore",
        scorer_version=run.scorer_version,
        model=run.model,
        prompt_version=run.prompt_version,
        status=msgspec.convert(run.status, Literal["running", "completed", "failed"]),
        started_at=run.started_at,
        finished_at=run.finished_at,
        is_current=run.is_current,
        unscored=msgspec.convert(run.unscored, tuple[Unscored, ...]),
    )


_RUNS = "/api/v1/interviews/{interview_id}/scoring-runs"
ENDPOINTS = (
    Endpoint(
        method="POST",
        path=_RUNS,
        name="begin_scoring_run",
        summary="Score an interview that is over once more, beside its scores as they are",
        handle=begin,
        answer=ScoringRunView,
        body=NewScoringRun,
        query=Nothing,
        status=202,
        errors=(NoSuchInterview, NothingToScore, RescoringRefused),
    ),
    Endpoint(
        method="GET",
        path=_RUNS,
        name="scoring_runs",
        summary="Every run of scores over an interview",
        handle=runs,
        answer=ScoringRunList,
        body=Nothing,
        query=Nothing,
        errors=(NoSuchInterview,),
    ),
    Endpoint(
        method="GET",
        path=_RUNS + "/{run_id}/comparison",
        name="scoring_run_comparison",
        summary="What moved from the live scores, or another run's, to this run's",
        handle=comparison,
        answer=ComparisonView,
        body=Nothing,
        query=Against,
        errors=(NoSuchInterview, NoSuchRun, RunGoesOn),
    ),
)

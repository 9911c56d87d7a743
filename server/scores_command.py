"""`viva scores`: hold scores against what they rest on, score once more, and tell what moved."""

import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import NoReturn
from uuid import UUID

import msgspec
import typer

from agents.pricing import PriceFileError, load_prices
from agents.rescoring.again import Estimate, With, Work, score_by_rules, start_run
from agents.rescoring.compared_runs import live_run_of, pair_of
from agents.rescoring.comparing import Comparison, Pair, compare
from server import interviews_command
from server.comparison_lines import json_lines, lines
from server.rescoring import (
    NoBatches,
    RescoringError,
    batch_account,
    begin_by_model,
    estimate_of,
    refuse_over_budget,
    work_on,
)
from server.scores_audit import audit_scores
from server.settings import Settings
from storage import identity, scores
from storage.database import Database
from storage.errors import NotFound
from storage.ids import uuid7
from storage.scores import ScoringRun


class Audited(msgspec.Struct, frozen=True):
    """What an audit came to."""

    interviews: int
    scores: int
    quotes: int
    faults: int


class RunLine(msgspec.Struct, frozen=True):
    """A run that was begun, or has ended. `unscored` names the answers that have no score in it, with why."""

    interview: UUID
    run: UUID
    scorer: str
    status: str
    unscored: tuple[dict[str, object], ...] = ()


class Rescored(msgspec.Struct, frozen=True):
    """What scoring once more came to, or has begun."""

    rescoring: UUID
    interviews: int
    completed: int
    running: int
    failed: int
    estimate: Estimate | None = None


class _Chosen(msgspec.Struct, frozen=True):
    """Interviews of one tenant, and what a model would be asked about them."""

    tenant_id: UUID
    interview_ids: tuple[UUID, ...]
    work: tuple[Work, ...] = ()


def audit(held: Settings, interview_ids: list[UUID] | None) -> int:
    """Print every fault as a line of JSON, then what it came to. Returns 1 where there is any."""

    async def run(database: Database) -> Audited:
        interviews = given = quotes = faults = 0
        async for found in audit_scores(database, interview_ids):
            interviews += 1
            given, quotes, faults = given + found.scores, quotes + found.quotes, faults + len(found.faults)
            for fault in found.faults:
                typer.echo(msgspec.json.encode(fault))
        return Audited(interviews, given, quotes, faults)

    came = interviews_command.run_on(held, run)
    typer.echo(msgspec.json.encode(came))
    return 1 if came.faults else 0


def rescore(
    held: Settings,
    interview_ids: list[UUID] | None,
    plan: str | None,
    by: With,
    *,
    ask: bool,
    as_json: bool,
) -> int:
    """Score interviews once more: by rules here and now, by a model through the worker.

    Returns 1 where an answer, or an interview that was named, is left without a score.
    """
    try:
        account = batch_account(held) if by == "model" else None
        prices = load_prices(held.prices_file)
    except (NoBatches, PriceFileError) as wrong:
        _fail(str(wrong), interviews_command.MISCONFIGURED)

    async def choose(database: Database) -> list[_Chosen]:
        chosen = [each async for each in _chosen(database, interview_ids, plan)]
        if account is None:
            return chosen
        return [
            msgspec.structs.replace(
                each, work=tuple(await work_on(database, each.tenant_id, each.interview_ids, account))
            )
            for each in chosen
        ]

    chosen = interviews_command.run_on(held, choose)
    count = sum(len(each.interview_ids) for each in chosen)
    if not count:
        _fail("There is no interview to score: none of these is over and was scored. Name others, or --all.", 1)
    left_out = set(interview_ids or ()) - {each for one in chosen for each in one.interview_ids}
    for missing in sorted(left_out):
        _say(f"Interview {missing} is left out: it is not over, was never scored, or is nowhere.")
    estimate = None
    if account is not None:
        estimate = estimate_of([work for each in chosen for work in each.work], account, prices)
        _say(_estimated(estimate))
        if ask:
            typer.confirm("Score them once more?", abort=True, err=True)

    rescoring_id = uuid7()

    async def begin(database: Database) -> list[ScoringRun]:
        runs: list[ScoringRun] = []
        if account is not None:
            for each in chosen:
                async with database.tenant(each.tenant_id) as connection:
                    part = estimate_of(each.work, account, prices)
                    await refuse_over_budget(connection, part, held, _now)
        for each in chosen:
            if account is not None:
                await begin_by_model(database, each.tenant_id, each.work, account, rescoring_id, _now)
            else:
                await _score_here(database, each, rescoring_id)
            async with database.tenant(each.tenant_id) as connection:
                runs += await scores.runs_of_rescoring(connection, rescoring_id)
        return runs

    try:
        runs = interviews_command.run_on(held, begin)
    except RescoringError as refused:
        _fail(str(refused), 1)
    for run in runs:
        line = RunLine(run.interview_id, run.id, run.scorer_version, run.status, tuple(run.unscored))
        typer.echo(msgspec.json.encode(line).decode() if as_json else _run_line(line))
    statuses = [run.status for run in runs]
    came = Rescored(
        rescoring=rescoring_id,
        interviews=len(runs),
        completed=statuses.count("completed"),
        running=statuses.count("running"),
        failed=statuses.count("failed"),
        estimate=estimate,
    )
    typer.echo(msgspec.json.encode(came).decode() if as_json else _rescored(came))
    return 1 if came.failed or left_out else 0


async def _score_here(database: Database, chosen: _Chosen, rescoring_id: UUID) -> None:
    for interview_id in chosen.interview_ids:
        async with database.tenant(chosen.tenant_id) as connection:
            run_id = await start_run(connection, interview_id, "rehearsal", rescoring_id, _now())
        await score_by_rules(database, chosen.tenant_id, run_id, _now)


async def _chosen(database: Database, only: Sequence[UUID] | None, plan: str | None) -> AsyncIterator[_Chosen]:
    for tenant_id in await identity.tenant_ids(database):
        async with database.tenant(tenant_id) as connection:
            found = await scores.rescorable(connection, only=only, plan=plan)
        if found:
            yield _Chosen(tenant_id, tuple(found))


def compare_runs(held: Settings, first: UUID, second: UUID, *, as_json: bool) -> int:
    """Print what moved from one run to another over the same interview."""

    async def run(database: Database) -> Pair:
        for tenant_id in await identity.tenant_ids(database):
            async with database.tenant(tenant_id) as connection:
                try:
                    before, after = await scores.run(connection, first), await scores.run(connection, second)
                except NotFound:
                    continue
                if before.interview_id != after.interview_id:
                    _fail("These are runs over two interviews. Name two runs over the same one.", 1)
                return await pair_of(connection, before, after)
        _fail("There are no two such runs in one place. `viva scores rescore --json` names a run when it begins it.", 1)

    _print(compare([interviews_command.run_on(held, run)]), as_json=as_json)
    return 0


def compare_last(held: Settings, *, as_json: bool) -> int:
    """Print what moved from the live scores to those of the latest asking. Returns 1 where runs of it go on."""

    async def run(database: Database) -> tuple[list[Pair], int]:
        found: list[tuple[UUID, UUID]] = []
        for tenant_id in await identity.tenant_ids(database):
            async with database.tenant(tenant_id) as connection:
                last = await scores.last_rescoring(connection)
            if last is not None:
                found.append((last, tenant_id))
        latest = max((last for last, _ in found), default=None)
        pairs, running = [], 0
        for tenant_id in (tenant_id for last, tenant_id in found if last == latest):
            async with database.tenant(tenant_id) as connection:
                for each in await scores.runs_of_rescoring(connection, latest or tenant_id):
                    running += each.status == "running"
                    try:
                        live = await live_run_of(connection, each.interview_id)
                        if each.status != "running":
                            pairs.append(await pair_of(connection, live, each))
                    except NotFound:
                        # Deleted since.
                        continue
        return pairs, running

    pairs, running = interviews_command.run_on(held, run)
    if not pairs and not running:
        _fail("No interview has been scored once more yet. Begin with `viva scores rescore`.", 1)
    if running:
        _say(f"Runs that go on and are not compared yet: {running}.")
    _print(compare(pairs), as_json=as_json)
    return 1 if running else 0


def _print(comparison: Comparison, *, as_json: bool) -> None:
    for line in (json_lines if as_json else lines)(comparison):
        typer.echo(line)


def _estimated(estimate: Estimate) -> str:
    cost = "its price is not in the file of prices"
    if estimate.usd is not None and estimate.usd_at_most is not None:
        cost = f"about {estimate.usd:.2f} USD, at most {estimate.usd_at_most:.2f} USD"
    return (
        f"{estimate.interviews} interviews, {estimate.answers} answers, {estimate.calls} calls of {estimate.model} in "
        f"batches: {cost}."
    )


def _run_line(line: RunLine) -> str:
    missing = f", without a score: {len(line.unscored)}" if line.unscored else ""
    return f"{line.interview}  run {line.run}  {line.scorer}  {line.status}{missing}"


def _rescored(came: Rescored) -> str:
    if came.running:
        return (
            f"Interviews: {came.interviews}. The worker goes on with them; an hour is usual, a day the most. Then see "
            "what moved with `viva scores compare --last`."
        )
    return f"Interviews: {came.interviews}. Completed: {came.completed}. Failed: {came.failed}."


def _now() -> datetime:
    return datetime.now(UTC)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def _fail(sentence: str, status: int) -> NoReturn:
    _say(sentence)
    raise typer.Exit(status)

"""`viva scores` as its own process, on a real database, with the vendor's own client against an emulated vendor."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from agents.rescoring.auditing import Fault
from server.cli import MISCONFIGURED
from server.scores_command import Audited, Rescored, RunLine
from server.settings import Settings
from server.tasks.rescoring import Rescorings
from storage import queue, scores
from storage.database import Database
from storage.ids import uuid7
from tests.agents.providers.batching import Vendor, vendor
from tests.agents.sitting import Sitting
from tests.conftest import DatabaseUrls, Person
from tests.server.carrying.held import Desk, answered

ROOT = Path(__file__).parents[2]
BREAKS = "update interview.events set payload = payload - 'text' where interview_id = $1 and type = 'turn.closed'"
MOVES_ALL = "update interview.scores set level = 1, anchor = 'x', evidence = '[]' where interview_id = $1 and level > 1"


class Shell:
    """Runs `viva scores` in a folder of its own."""

    def __init__(self, folder: Path, database_url: str | None, **environ: str) -> None:
        self.folder = folder
        self._environ = {"DATABASE_URL": database_url} if database_url else {}
        self._environ |= environ

    async def viva(self, *arguments: str, says: str = "") -> tuple[int, str, str]:
        """The command's status, what it printed, and what it said beside that."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "server", "scores", *arguments),
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "HOME": str(self.folder),
                "NO_PROXY": "127.0.0.1,localhost",
                **self._environ,
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(120):
            out, err = await process.communicate(says.encode())
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return process.returncode, out.decode(), err.decode()

    async def lines(self, *arguments: str) -> tuple[int, list[Any], Any]:
        """The command's status, the lines of JSON it printed, and the last of them."""
        status, out, _ = await self.viva(*arguments)
        *lines, last = map(msgspec.json.decode, out.splitlines())
        return status, lines, last


@pytest.fixture
def desk(database: Database, tenant: Person, database_urls: DatabaseUrls) -> Desk:
    return Desk(database, tenant, database_urls.admin)


@pytest.fixture
def shell(tmp_path: Path, database_urls: DatabaseUrls) -> Shell:
    return Shell(tmp_path, database_urls.app)


@pytest.fixture
async def held() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        yield opened


def with_key(folder: Path, urls: DatabaseUrls, held: Vendor) -> Shell:
    return Shell(folder, urls.app, ANTHROPIC_API_KEY="emulated", VIVA_ANTHROPIC_URL=held.url)


async def worked(desk: Desk, held: Vendor, runs: list[UUID]) -> None:
    """What the worker's tasks do until these runs have ended."""
    settings = Settings(anthropic_key="emulated", anthropic_url=held.url)
    rescorings = Rescorings(desk.database, settings, desk.clock)
    tenant_id = desk.person.tenant_id
    try:
        for run_id in runs:
            for _ in range(20):
                async with desk.database.tenant(tenant_id) as connection:
                    run = await scores.run(connection, run_id)
                if run.status != "running":
                    break
                assert run.batch_id is not None
                await rescorings.carry_on(queue.Job(tenant_id, run.batch_id))
    finally:
        await rescorings.close()


# --- audit -----------------------------------------------------------------------------------------------------------


async def test_sound_scores_end_with_0_and_are_counted(desk: Desk, shell: Shell) -> None:
    interview_id = await desk.holds()
    status, faults, summary = await shell.lines("audit", str(interview_id))
    came = msgspec.convert(summary, Audited)
    assert (status, faults, came.interviews, came.scores, came.faults) == (0, [], 1, 3, 0)
    assert came.quotes >= 2


async def test_each_fault_is_a_line_of_json_and_ends_with_1(desk: Desk, shell: Shell) -> None:
    sound, damaged = await desk.holds(), await desk.holds(answered("q1"))
    await desk.damages("update interview.scores set lineage_id = null where interview_id = $1 and level > 0", damaged)
    status, lines, summary = await shell.lines("audit", "--all")
    found = msgspec.convert(lines, list[Fault])
    assert status == 1
    assert [fault.rule for fault in found if fault.interview == damaged] == ["lineage_missing"]
    assert not [fault for fault in found if fault.interview == sound]
    assert summary["faults"] == len(found)
    assert summary["interviews"] >= 2


async def test_an_unknown_interview_is_a_fault(shell: Shell) -> None:
    status, (fault,), _ = await shell.lines("audit", str(uuid7()))
    assert (status, fault["rule"]) == (1, "no_such_interview")


# --- rescore and compare ---------------------------------------------------------------------------------------------


async def test_the_rehearsal_scorer_scores_here_and_now_and_the_difference_is_told(desk: Desk, shell: Shell) -> None:
    interview_id = await desk.holds()
    await desk.damages(MOVES_ALL, interview_id)
    status, (line,), last = await shell.lines("rescore", str(interview_id), "--with", "rehearsal", "--json")
    run, came = msgspec.convert(line, RunLine), msgspec.convert(last, Rescored)
    assert (status, run.interview, run.status, run.unscored) == (0, interview_id, "completed", ())
    assert (came.interviews, came.completed, came.running, came.failed, came.estimate) == (1, 1, 0, 0, None)

    async with desk.database.tenant(desk.person.tenant_id) as connection:
        live = next(each for each in await scores.runs_of(connection, interview_id) if each.reason == "live")
    status, moves, summary = await shell.lines("compare", str(live.id), str(run.run), "--json")
    assert status == 0
    assert len(moves) == summary["answers"] == 3
    moved = [move for move in moves if move["why"]]
    assert [move["shift"] > 0 for move in moved] == [True, True]
    assert all("other_quotes" in move["why"] for move in moved)
    assert summary["overall"]["shift"] > 0
    status, out, _ = await shell.viva("compare", str(run.run), str(live.id))
    assert status == 0
    assert "-> 1  " in out
    assert "Quadratic weighted kappa" in out
    assert "Overall: " in out


async def test_interviews_of_a_plan_are_scored_by_a_model_after_the_cost_was_said(
    desk: Desk, tmp_path: Path, database_urls: DatabaseUrls, held: Vendor
) -> None:
    ids = [await desk.holds(answered("q1")), await desk.holds()]
    shell = with_key(tmp_path, database_urls, held)
    chosen = [str(each) for each in ids]
    status, out, err = await shell.viva("rescore", *chosen, "--with", "model", says="n\n")
    assert (status, out.strip()) == (1, "")
    assert "2 interviews, 5 answers, 3 calls of claude-sonnet-5-5 in batches: about 0.0" in err
    assert held.batches.made == []

    status, lines, last = await shell.lines("rescore", *chosen, "--with", "model", "--yes", "--json")
    runs = msgspec.convert(lines, list[RunLine])
    assert (status, [run.status for run in runs], last["running"]) == (0, ["running"] * 2, 2)
    assert float(last["estimate"]["usd"]) < float(last["estimate"]["usd_at_most"])

    status, _, err = await shell.viva("compare", "--last")
    assert (status, "Runs that go on and are not compared yet: 2." in err) == (1, True)
    await worked(desk, held, [run.run for run in runs])
    status, moves, summary = await shell.lines("compare", "--last", "--json")
    assert (status, len(moves), summary["overall"]["over"]) == (0, 5, "interviews")
    assert {move["interview_id"] for move in moves} == set(chosen)
    assert (await shell.lines("audit", *chosen))[0] == 0


async def test_what_might_cost_more_than_is_left_is_not_begun(
    desk: Desk, tmp_path: Path, database_urls: DatabaseUrls, held: Vendor
) -> None:
    interview_id = str(await desk.holds())
    shell = Shell(
        tmp_path,
        database_urls.app,
        ANTHROPIC_API_KEY="emulated",
        VIVA_ANTHROPIC_URL=held.url,
        VIVA_MONTH_BUDGET_USD="0.001",
    )
    status, out, err = await shell.viva("rescore", interview_id, "--with", "model", "--yes")
    assert (status, out) == (1, "")
    assert "left of the month's budget" in err
    async with desk.database.tenant(desk.person.tenant_id) as connection:
        assert len(await scores.runs_of(connection, UUID(interview_id))) == 1


async def test_one_that_is_left_out_is_named(desk: Desk, shell: Shell) -> None:
    begun = Sitting()
    begun.joins()
    open_one, over = await desk.holds(begun), await desk.holds(answered("q1"))
    status, out, err = await shell.viva("rescore", str(open_one), str(over), "--with", "rehearsal")
    assert status == 1
    assert err.splitlines() == [f"Interview {open_one} is left out: it is not over, was never scored, or is nowhere."]
    assert out.splitlines()[-1] == "Interviews: 1. Completed: 1. Failed: 0."


async def test_one_that_cannot_be_read_does_not_keep_the_others(desk: Desk, shell: Shell) -> None:
    broken, sound = await desk.holds(answered("q1")), await desk.holds(answered("q1"))
    await desk.damages(
        "update interview.events set payload = payload - 'text' where interview_id = $1 and type = 'turn.closed'",
        broken,
    )
    status, lines, last = await shell.lines("rescore", str(broken), str(sound), "--with", "rehearsal", "--json")
    found = {run.interview: run for run in msgspec.convert(lines, list[RunLine])}
    assert (status, last["completed"], last["failed"]) == (1, 1, 1)
    assert found[sound].status == "completed"
    assert found[broken].unscored == ({"question_id": "*", "version": 0, "why": "log_unreadable"},)


async def test_a_plan_or_all_can_be_named(desk: Desk, shell: Shell) -> None:
    interview_id = await desk.holds(answered("q1"))
    status, lines, last = await shell.lines("rescore", "--plan", "behavioural", "--with", "rehearsal", "--json")
    found = {run.interview: run.status for run in msgspec.convert(lines, list[RunLine])}
    assert found[interview_id] == "completed"
    assert (status, len(found)) == (1 if last["failed"] else 0, last["completed"] + last["failed"])
    status, _, err = await shell.viva("rescore", "--plan", "no-such-plan", "--with", "rehearsal")
    assert (status, "There is no interview to score" in err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit",),
        ("audit", "--all", str(UUID(int=1))),
        ("audit", "no-id"),
        ("rescore", "--all"),
        ("rescore", "--all", "--with", "magic"),
        ("rescore", "--with", "rehearsal"),
        ("rescore", "--all", "--plan", "behavioural", "--with", "rehearsal"),
        ("compare",),
        ("compare", str(UUID(int=1))),
        ("compare", str(UUID(int=1)), str(UUID(int=2)), "--last"),
    ],
)
async def test_what_is_not_asked_rightly_ends_with_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    status, out, _ = await shell.viva(*arguments)
    assert (status, out) == (2, "")


async def test_what_cannot_be_done_is_a_sentence(desk: Desk, shell: Shell, tmp_path: Path) -> None:
    one, other = await desk.holds(answered("q1")), await desk.holds(answered("q1"))
    async with desk.database.tenant(desk.person.tenant_id) as connection:
        runs = [str((await scores.runs_of(connection, each))[0].id) for each in (one, other)]
    wishes: list[tuple[tuple[str, ...], int, str]] = [
        (("rescore", str(one), "--with", "model"), MISCONFIGURED, "no key for Anthropic is set"),
        (("rescore", str(uuid7()), "--with", "rehearsal"), 1, "There is no interview to score"),
        (("compare", *runs), 1, "runs over two interviews"),
        (("compare", runs[0], str(uuid7())), 1, "no two such runs"),
    ]
    for arguments, expected, says in wishes:
        status, out, err = await shell.viva(*arguments)
        assert (status, out) == (expected, ""), arguments
        assert says in " ".join(err.split()), arguments
    status, _, err = await Shell(tmp_path, None).viva("audit", "--all")
    assert (status, "Set DATABASE_URL, or VIVA_HOME" in err) == (MISCONFIGURED, True)

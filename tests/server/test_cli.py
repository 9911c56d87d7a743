"""The command line as its own process: what it prints, and the status it ends with."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from server.cli import MISCONFIGURED
from server.settings import ENTRIES, MASK
from server.supervisor import NO_RESTART
from storage.ids import uuid7
from storage.migration_files import read_folder
from tests.conftest import DatabaseUrls

ROOT = Path(__file__).parents[2]
COMMANDS = (
    *("run", "serve", "work", "settings", "practise", "simulate", "migrate", "providers", "interviews"),
    *("scores", "plans"),
)
MIGRATIONS = [file.name for file in read_folder()]
WITHIN_S = 60.0

Ran = subprocess.CompletedProcess[str]


class Shell:
    """Runs `viva` in a folder of its own, with nothing of ours in the environment but what is given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def viva(self, *arguments: str, **environ: str) -> Ran:
        own = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200", "HOME": str(self.folder)}
        return subprocess.run(
            [sys.executable, "-m", "server", *arguments],
            cwd=self.folder,
            env=own | environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_S,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        yield port


@pytest.fixture
async def empty_database(database_urls: DatabaseUrls) -> AsyncIterator[str]:
    """The administrator's address of a database with nothing in it."""
    name = f"cli_{uuid7().hex}"
    connection = await asyncpg.connect(database_urls.admin)
    await connection.execute(f"create database {name}")
    yield urlunsplit(urlsplit(database_urls.admin)._replace(path=f"/{name}"))
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


def refused(ran: Ran, status: int) -> str:
    """The sentence of a command that could not be carried out; never a traceback."""
    assert ran.returncode == status, ran.stderr
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    return ran.stderr.strip()


# --- help ------------------------------------------------------------------------------------------------------


def test_help_names_every_command_with_a_sentence(shell: Shell) -> None:
    ran = shell.viva("--help")
    assert ran.returncode == 0
    listed = [line.split(maxsplit=1) for line in ran.stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert sorted(name for name, _ in listed) == sorted(COMMANDS)
    assert all(sentence[0].isupper() for _, sentence in listed)


def test_viva_alone_shows_its_help(shell: Shell) -> None:
    ran = shell.viva()
    assert ran.returncode == 2
    assert "Viva holds interviews." in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("run", "with nothing installed"),
        ("migrate", "Say what is applied"),
        ("simulate", "--interviews"),
    ],
)
def test_a_command_explains_itself(shell: Shell, command: str, says: str) -> None:
    ran = shell.viva(command, "--help")
    assert ran.returncode == 0
    assert says in " ".join(ran.stdout.split())


def test_what_is_no_command_or_option_is_refused(shell: Shell) -> None:
    assert "No such command" in refused(shell.viva("dance"), 2)
    assert "greater than or equal to 1" in refused(shell.viva("migrate", "down", "0"), 2)
    assert "language must be one of en, es" in refused(shell.viva("practise", "--language", "fr"), 2)


# --- settings --------------------------------------------------------------------------------------------------


def test_settings_are_printed_with_their_source_and_secrets_masked(shell: Shell) -> None:
    (shell.folder / ".env").write_text("# here\n\nVIVA_LOG_LEVEL=debug\nVIVA_APP_PASSWORD=hunter2\n", "utf-8")
    ran = shell.viva(
        "settings",
        VIVA_PORT="9001",
        DATABASE_URL="postgresql://viva_app:hunter2@db.example:5432/viva",
    )
    assert ran.returncode == 0
    assert "hunter2" not in ran.stdout + ran.stderr
    rows = {line.split()[0]: line.split() for line in ran.stdout.splitlines()[1:]}
    assert list(rows) == [entry.variable for entry in ENTRIES]
    assert rows["VIVA_PORT"][1:3] == ["9001", "environment"]
    assert rows["VIVA_LOG_LEVEL"][1:5] == ["debug", ".env", "line", "3"]
    assert rows["VIVA_HOST"][1:3] == ["127.0.0.1", "default"]
    assert rows["VIVA_APP_PASSWORD"][1:5] == [MASK, ".env", "line", "4"]
    assert rows["DATABASE_URL"][1] == f"postgresql://viva_app:{MASK}@db.example:5432/viva"


@pytest.mark.parametrize("command", ["settings", "run", "serve"])
def test_a_wrong_setting_stops_every_command_with_a_sentence(shell: Shell, command: str) -> None:
    sentence = refused(shell.viva(command, VIVA_PORT="eighty"), MISCONFIGURED)
    assert sentence == "VIVA_PORT (environment) cannot be 'eighty': it should be a whole number from 1 to 65535."


def test_a_mistake_in_the_file_names_its_line_and_the_mend(shell: Shell) -> None:
    (shell.folder / ".env").write_text("VIVA_HOST=127.0.0.1\nVIVA_PROT=9000\nVIVA_HOME=my folder\n", "utf-8")
    sentence = refused(shell.viva("settings"), MISCONFIGURED)
    assert ".env:2) is not a setting: did you mean VIVA_PORT?" in sentence
    assert ".env:3 has a blank or a quote" in sentence


def test_the_status_for_a_wrong_setting_is_the_one_that_is_not_started_again() -> None:
    assert MISCONFIGURED == NO_RESTART


# --- serving ---------------------------------------------------------------------------------------------------


def test_a_busy_port_is_told_before_anything_is_started(shell: Shell, busy_port: int) -> None:
    sentence = refused(shell.viva("run", VIVA_PORT=str(busy_port)), MISCONFIGURED)
    assert f"Port {busy_port} on 127.0.0.1 is in use." in sentence
    assert "set VIVA_PORT to a free port" in sentence
    assert not (shell.folder / ".viva").exists()


def test_working_needs_its_addresses(shell: Shell) -> None:
    sentence = refused(shell.viva("work", DATABASE_URL="postgresql://viva_app@127.0.0.1:1/viva"), MISCONFIGURED)
    assert "VIVA_MAINTENANCE_DATABASE_URL" in sentence


def test_a_database_that_is_away_ends_the_worker_so_that_it_is_started_again(shell: Shell) -> None:
    nowhere = "postgresql://viva_app:hunter2@127.0.0.1:1/viva"
    sentence = refused(shell.viva("work", DATABASE_URL=nowhere, VIVA_MAINTENANCE_DATABASE_URL=nowhere), 1)
    assert sentence.splitlines()[-1].startswith("The database does not answer")
    assert "hunter2" not in sentence


def test_a_server_refuses_no_database_and_one_that_lacks_migrations(shell: Shell, empty_database: str) -> None:
    sentence = refused(shell.viva("serve", VIVA_PORT=_free_port()), MISCONFIGURED)
    assert "Set DATABASE_URL, or start with `viva run`" in sentence
    sentence = refused(shell.viva("serve", DATABASE_URL=empty_database, VIVA_PORT=_free_port()), MISCONFIGURED)
    assert f"The database lacks {len(MIGRATIONS)} migrations" in sentence
    assert "Run `viva migrate up`" in sentence


def test_practising_without_a_server_says_how_to_start_one(shell: Shell) -> None:
    ran = shell.viva("practise", "--url", "http://127.0.0.1:1")
    assert ran.returncode == 1
    assert "Start one with `viva run`" in " ".join((ran.stdout + ran.stderr).split())
    assert "Traceback" not in ran.stderr


# --- migrate ---------------------------------------------------------------------------------------------------


def test_migrating_needs_an_address_that_may(shell: Shell) -> None:
    assert "set VIVA_OWNER_DATABASE_URL" in refused(shell.viva("migrate", "up"), MISCONFIGURED)


def test_a_schema_is_brought_up_looked_at_and_taken_back(shell: Shell, empty_database: str) -> None:
    def migrate(*arguments: str) -> Ran:
        return shell.viva("migrate", *arguments, VIVA_OWNER_DATABASE_URL=empty_database)

    before = migrate("status")
    assert before.returncode == 1
    assert before.stdout.splitlines() == [f"{'pending':<8} {name}" for name in MIGRATIONS]
    up = migrate("up")
    assert (up.returncode, up.stderr) == (0, "")
    assert up.stdout.splitlines() == [*(f"applied {name}" for name in MIGRATIONS), "The database is up to date."]
    assert migrate("up").stdout == "The database is up to date.\n"
    current = migrate("status")
    assert current.returncode == 0
    assert current.stdout.splitlines() == [f"{'applied':<8} {name}" for name in MIGRATIONS]
    down = migrate("down", "2")
    assert down.returncode == 0
    assert down.stdout.splitlines() == [f"undone {name}" for name in reversed(MIGRATIONS[-2:])]
    after = migrate("status")
    assert after.returncode == 1
    assert [line.split()[0] for line in after.stdout.splitlines()] == ["applied"] * (len(MIGRATIONS) - 2) + [
        "pending"
    ] * 2


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])

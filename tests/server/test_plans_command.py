"""`viva plans` as its own process: files are checked without a database, and carried into one and out of it."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec
import pytest

from agents.library import load_library
from agents.workshop import document_of, read_document
from server.services import import_library
from storage.database import Database
from tests.agents.workshop.small import PLAN, RUBRIC, asking
from tests.conftest import DatabaseUrls

ROOT = Path(__file__).parents[2]
SLUG = "command-line"


class Shell:
    """Runs `viva plans` in a folder of its own."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        self.database_url = database_url

    async def viva(self, *arguments: str) -> tuple[int, str, str]:
        """The command's status, what it printed, and what it said beside that."""
        url = {"DATABASE_URL": self.database_url} if self.database_url else {}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "server", "plans", *arguments),
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(self.folder), **url},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(120):
            out, err = await process.communicate()
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return process.returncode, out.decode(), err.decode()

    def file(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, "utf-8")
        return name


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


async def test_a_file_without_a_fault_ends_with_nothing_and_0(shell: Shell) -> None:
    status, out, _ = await shell.viva("check", shell.file("good.yaml", document_of(PLAN, RUBRIC)))
    assert (status, out) == (0, "good.yaml: nothing.\n")


async def test_an_error_is_told_at_its_line_with_its_law_and_ends_with_1(shell: Shell) -> None:
    text = document_of(asking("How old are you?", "en"), RUBRIC)
    name = shell.file("bad.yaml", text)
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if "How old" in each)
    status, out, _ = await shell.viva("check", name, "--where", "UK", "--where", "US-CA")
    assert status == 1
    assert f"bad.yaml:{line}: error unlawful.age (questions.0.text.en) “How old are you”" in out
    assert "US-CA: FEHA" in out
    status, out, _ = await shell.viva("check", name, "--where", "UK", "--json")
    first = msgspec.json.decode(out.splitlines()[0])
    assert (status, first["severity"], first["rule"]) == (0, "warning", "unlawful.age")
    status, out, _ = await shell.viva("check", name, "--language", "es")
    assert "Esto pregunta por la edad" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plan: [", "Line 2: this is not YAML"),
        ("a: b\n", "Line 1: a: this name is not known here"),
        (None, "cannot be read"),
    ],
)
async def test_a_file_that_is_no_plan_is_refused_with_a_sentence(shell: Shell, text: str | None, said: str) -> None:
    name = shell.file("x.yaml", text) if text is not None else "nowhere.yaml"
    status, out, err = await shell.viva("check", name)
    assert (status, out) == (1, "")
    assert said in err


async def test_unknown_places_and_languages_are_refused(shell: Shell) -> None:
    name = shell.file("good.yaml", document_of(PLAN, RUBRIC))
    status, _, err = await shell.viva("check", name, "--where", "Atlantis")
    assert (status, "Known are: EU, ES" in err) == (1, True)
    status, _, err = await shell.viva("check", name, "--language", "fr")
    assert (status, "one of en, es" in err) == (2, True)


async def test_a_plan_is_imported_changed_compared_and_exported(
    shell: Shell, database_urls: DatabaseUrls, database: Database
) -> None:
    shell.database_url = database_urls.app
    await import_library(database, load_library())
    plan = msgspec.structs.replace(PLAN, slug=SLUG)
    status, out, err = await shell.viva("import", shell.file("one.yaml", document_of(plan, RUBRIC)))
    assert (status, out) == (0, f"The plan {SLUG} is now version 1.\n"), err
    other = msgspec.structs.replace(asking("What did you finish?", "en"), slug=SLUG)
    _, out, _ = await shell.viva("import", shell.file("two.yaml", document_of(other, RUBRIC)))
    assert out == f"The plan {SLUG} is now version 2.\n"
    _, out, _ = await shell.viva("diff", SLUG, "1", "2")
    assert out == (
        "changed  questions[q1].text.en: Tell me about a task that you saw through. → What did you finish?\n"
    )
    _, out, _ = await shell.viva("export", SLUG, "--version", "1")
    assert read_document(out) == (plan, RUBRIC)
    _, out, _ = await shell.viva("export", SLUG, "--output", "three.yaml")
    assert out == "three.yaml\n"
    assert read_document((shell.folder / "three.yaml").read_text("utf-8")) == (other, RUBRIC)
    _, out, _ = await shell.viva("import", "one.yaml")
    assert out == f"The plan {SLUG} had this text before, and is again version 1.\n"
    _, out, _ = await shell.viva("export", "case-study")
    assert read_document(out)[0] == load_library().plans["case-study"]


async def test_a_file_with_an_error_is_not_imported_and_what_is_not_there_is_told(
    shell: Shell, database_urls: DatabaseUrls
) -> None:
    shell.database_url = database_urls.app
    bad = msgspec.structs.replace(asking("Are you married?", "en"), slug="never-imported")
    status, out, err = await shell.viva("import", shell.file("bad.yaml", document_of(bad, RUBRIC)))
    assert (status, out) == (1, "")
    assert "unlawful.family" in err
    assert "nothing was imported" in err
    for arguments in (("export", "never-imported"), ("export", SLUG, "--version", "99"), ("diff", "nothing", "1", "2")):
        status, out, err = await shell.viva(*arguments)
        assert (status, out) == (1, "")
        assert "There is no plan" in err


async def test_without_a_database_it_says_what_to_set(shell: Shell) -> None:
    status, _, err = await shell.viva("export", "behavioural")
    assert status == 78
    assert "DATABASE_URL" in err

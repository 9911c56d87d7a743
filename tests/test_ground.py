"""The ground: make explains itself, the documents lead somewhere, and the shell scripts say what is missing."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ("chromium", "environment", "node", "run")
PAGES = ["README.md", "CHANGELOG.md", *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md")))]


def ran(*argv: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command's result, in a bare environment: nothing of ours may be needed."""
    env = {"PATH": "/usr/bin:/bin", **environ}
    return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_make_alone_lists_every_public_target_with_a_sentence() -> None:
    listed = ran("make").stdout
    for target in ("run", "test", "check", "bench", "format", "pages", "clean"):
        assert re.search(rf"^  {target} +[A-Z].*\.$", listed, re.MULTILINE), target
    assert ran("make", "help").stdout == listed


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_executable_and_well_formed(name: str) -> None:
    script = ROOT / ".ci" / name
    assert os.access(script, os.X_OK)
    shell = script.read_text(encoding="utf-8").splitlines()[0].split()[-1].rpartition("/")[2]
    done = ran(shell, "-n", str(script))
    assert done.returncode == 0, done.stderr


def test_the_continuous_run_asks_for_checks_and_tests_and_fails_with_either(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    for checks, tests in ((0, 0), (1, 0), (0, 1)):
        makefile = f"check:\n\t@echo checked; exit {checks}\ntest:\n\t@echo tested; exit {tests}\n"
        (tmp_path / "Makefile").write_text(makefile, encoding="utf-8")
        done = ran("bash", ".ci/run", cwd=tmp_path)
        assert [line for line in done.stdout.splitlines() if line in ("checked", "tested")] == ["checked", "tested"]
        assert (done.returncode == 0) == (checks == tests == 0)


def test_a_machine_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    for tool in ("id", "mkdir", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "")
    done = ran(str(ROOT / ".ci" / "environment"), "run", cwd=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "needs Python 3.11 or later" in done.stderr


def test_a_python_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    for tool in ("id", "mkdir", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "")
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "python3").chmod(0o755)
    done = ran(str(ROOT / ".ci" / "environment"), "run", cwd=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert not (tmp_path / ".venv").exists()


def test_a_chromium_that_cannot_be_run_is_named() -> None:
    done = ran(".ci/chromium", VIVA_CHROMIUM="/nowhere/chromium")
    assert done.returncode == 1
    assert "/nowhere/chromium" in done.stderr
    assert ran(".ci/chromium", VIVA_CHROMIUM="/bin/sh").returncode == 0


@pytest.mark.parametrize("page", PAGES)
def test_every_link_between_documents_leads_to_a_file(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_every_decision_is_listed_and_has_its_parts() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert listed == records
    assert len(records) >= 5
    for name in records:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {name[:4]} ")
        parts = re.findall(r"^## (.+)$|^(Status): ", text, re.MULTILINE)
        assert ["".join(part) for part in parts] == ["Status", "Context", "Decision", "Consequence"]

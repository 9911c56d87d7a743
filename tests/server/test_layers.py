"""Who may import what, beyond what import-linter can say: it is a matter of processes, and of single modules."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOADED = """
import json, sys
{statement}
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def loaded_by(statement: str) -> set[str]:
    """The packages that a fresh process has loaded after it."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED.format(statement=statement)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(ran.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    """Runs a command of `viva` to where it refuses, so that all that it imports has been imported."""
    argv = ["viva", *arguments]
    return f"""
from contextlib import suppress, redirect_stdout
from io import StringIO
from server.cli import main
sys.argv = {argv!r}
with suppress(SystemExit), redirect_stdout(StringIO()):
    main()
"""


@pytest.mark.parametrize(
    ("statement", "not_loaded"),
    [
        (command("settings"), {"livekit", "asyncpg", "uvicorn", "starlette", "websockets"}),
        (command("migrate", "status"), {"livekit", "uvicorn"}),
        (command("work"), {"livekit", "uvicorn"}),
        ("import server.supervisor, server.embedded, storage.migrations", {"livekit", "uvicorn", "starlette"}),
        ("import server.terminal.practise, server.terminal.simulation", {"livekit", "uvicorn", "asyncpg"}),
    ],
    ids=["settings", "migrate", "work", "run", "terminal"],
)
def test_a_light_command_stays_light(statement: str, not_loaded: set[str]) -> None:
    assert loaded_by(statement) & not_loaded == set()


def test_serving_is_what_loads_livekit_and_no_voice_model_with_it() -> None:
    loaded = loaded_by("import server.serving")
    assert "livekit" in loaded
    assert loaded & {"torch", "onnxruntime", "transformers"} == set()


def imports() -> dict[str, set[str]]:
    """What each module of ours imports at its top or inside it, by full name."""
    found: dict[str, set[str]] = {}
    for package in ("server", "agents", "storage", "prompts"):
        for path in (ROOT / package).rglob("*.py"):
            names: set[str] = set()
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    names.add(node.module or "")
            found[".".join(path.relative_to(ROOT).with_suffix("").parts)] = names
    return found


def importers(package: str) -> set[str]:
    """Our modules that import from that package."""
    return {module for module, names in imports().items() if any(name.split(".")[0] == package for name in names)}


def test_livekit_is_met_where_sound_is_and_nowhere_else() -> None:
    outside = {module for module in importers("livekit") if not module.startswith("agents.providers.")}
    assert outside == {"agents.audio", "agents.senses", "agents.session"}


def test_only_the_storage_speaks_to_the_database_and_redis() -> None:
    outside = {module for module in importers("asyncpg") | importers("redis") if not module.startswith("storage.")}
    assert {module for module in outside if not module.startswith("server.embedded.")} == set()


def test_the_talking_world_knows_no_socket() -> None:
    for package in ("starlette", "uvicorn", "websockets", "httpx"):
        # The providers' clients are made here, and what they raise is told apart here.
        ours = {module for module in importers(package) if not module.startswith("agents.providers.")}
        assert {module for module in ours if module.startswith(("agents.", "storage."))} == set()

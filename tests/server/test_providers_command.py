"""`viva providers`, its accounts at the emulated vendors."""

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from agents.providers.checking import Check, VoiceChoice, check
from server import providers_command, settings
from server.accounts import accounts_of
from tests.emulators import anthropic, deepgram, elevenlabs, openai_text
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings as Emulated

ROOT = Path(__file__).parents[2]
KEY = "a-key-to-be-kept"
OTHER_KEY = "a-key-that-is-wrong"
REFUSED = "The key was refused. Create a new one at the provider and set it."


class Vendors:
    """Every vendor at one address, and the environment that has an account with each."""

    def __init__(self, url: str, faults: Faults) -> None:
        self.faults = faults
        self.environ = {
            "ANTHROPIC_API_KEY": KEY,
            "VIVA_ANTHROPIC_URL": f"{url}/anthropic",
            "VIVA_MODEL_FAST": anthropic.MODELS[-1],
            "VIVA_MODEL_BALANCED": anthropic.MODELS[1],
            "VIVA_MODEL_POWERFUL": anthropic.MODELS[1],
            "VIVA_LLM_URL": f"{url}/openai/v1",
            "VIVA_LLM_KEY": KEY,
            "VIVA_LLM_MODEL": "gpt-5-mini",
            "DEEPGRAM_API_KEY": KEY,
            "VIVA_DEEPGRAM_URL": f"{url}/deepgram",
            "ELEVEN_API_KEY": KEY,
            "VIVA_ELEVENLABS_URL": f"{url}/elevenlabs",
            "VIVA_ELEVENLABS_VOICE_EN": "EmulatedVoiceEnglish1",
            "VIVA_ELEVENLABS_VOICE_ES": "EmulatedVoiceSpanish1",
            "OPENAI_API_KEY": KEY,
            "VIVA_OPENAI_URL": f"{url}/openai/v1",
        }

    async def checks(self, **changed: str) -> list[Check]:
        """What the command would print, where some of the environment is otherwise."""
        held, _ = settings.load(self.environ | changed, None)
        return await check(accounts_of(held))


@asynccontextmanager
async def vendors() -> AsyncIterator[Vendors]:
    faults, emulated = Faults(), Emulated(key=KEY)
    routes: dict[str, Sequence[BaseRoute]] = {
        "anthropic": anthropic.routes(faults, emulated),
        "openai": openai_text.routes(faults, emulated),
        "deepgram": deepgram.routes(faults, emulated),
        "elevenlabs": elevenlabs.routes(faults, emulated),
    }
    app = Starlette(routes=[Mount(f"/{name}", routes=each) for name, each in routes.items()])
    async with serving(app) as url:
        yield Vendors(url, faults)


async def viva_providers(home: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """The command's status and output, in a process of its own; no key may be in anything it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "server", "providers", *arguments),
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "NO_PROXY": "127.0.0.1",
            **environ,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    assert b"Traceback" not in err
    assert all(key.encode() not in out + err for key in (KEY, OTHER_KEY))
    return process.returncode, out.decode()


def shown(checks: list[Check], *, with_models: bool = False, with_voices: bool = False) -> str:
    """What stands in the terminal."""
    console = Console(file=io.StringIO(), width=200)
    providers_command.show(checks, console, with_models=with_models, with_voices=with_voices)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def rows(printed: str) -> list[list[str]]:
    """A table without its heading; columns stand two blanks apart."""
    lines = printed.splitlines()[1:]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


@pytest.fixture(autouse=True)
def straight_to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


async def test_a_refused_key_is_told_with_what_to_do_and_ends_with_1(tmp_path: Path) -> None:
    async with vendors() as place:
        status, out = await viva_providers(tmp_path, **place.environ | {"DEEPGRAM_API_KEY": OTHER_KEY})
    assert status == 1
    assert rows(out) == [
        ["writing", "anthropic", "claude-haiku-4-5, claude-sonnet-5-5", "works"],
        ["writing", "openai", "gpt-5-mini", "works"],
        ["hearing", "deepgram", "nova-3", "key refused", REFUSED],
        ["voice", "elevenlabs", "eleven_flash_v2_5", "works"],
        ["embeddings", "openai", "text-embedding-3-small", "works"],
    ]


async def test_a_machine_reads_all_of_it_as_json(tmp_path: Path) -> None:
    async with vendors() as place:
        status, out = await viva_providers(tmp_path, "--json", **place.environ)
    checks = msgspec.json.decode(out, type=list[Check])
    assert [(each.service, each.provider, each.cause) for each in checks] == [
        ("llm", "anthropic", "ok"),
        ("llm", "openai", "ok"),
        ("stt", "deepgram", "ok"),
        ("tts", "elevenlabs", "ok"),
        ("embedding", "openai", "ok"),
    ]
    assert "EmulatedVoiceEnglish1" in [voice.id for voice in checks[3].voices]
    assert status == 0


async def test_nothing_configured_is_nothing_wrong(tmp_path: Path) -> None:
    status, out = await viva_providers(tmp_path)
    assert (status, " ".join(out.split())) == (0, providers_command.NONE_CONFIGURED)
    assert providers_command.as_json([]) == "[]"


async def test_a_model_that_the_key_may_not_use_is_named() -> None:
    async with vendors() as place:
        checks = await place.checks(VIVA_DEEPGRAM_MODEL="nova-9")
    assert rows(shown(checks))[2][3:] == ["refused", "The account has no model nova-9. Choose one of those it offers."]
    assert providers_command.status(checks) == 1


async def test_an_outage_is_no_fault_of_the_key() -> None:
    async with vendors() as place:
        place.faults.plan("anthropic", Fault(kind="refuse", status=529, times=None))
        checks = await place.checks(VIVA_DEEPGRAM_URL="http://127.0.0.1:1")
    assert [row[3] for row in rows(shown(checks))] == ["busy", "works", "unreachable", "works", "works"]
    assert providers_command.status(checks) == 1


async def test_models_and_voices_are_listed_where_asked_for() -> None:
    async with vendors() as place:
        checks = await place.checks()
    offered = shown(checks, with_models=True, with_voices=True)
    assert "hearing, deepgram: models\n" in offered
    assert "nova-3" in offered.partition("hearing, deepgram: models\n")[2].partition("\n\n")[0].split()
    voices = rows(offered.partition("voice, elevenlabs: voices\n")[2].partition("\n\n")[0])
    assert {voice[0] for voice in voices} >= {"EmulatedVoiceEnglish1", "EmulatedVoiceSpanish1"}
    assert "voices" not in shown(checks)


def test_a_server_that_lists_no_models_says_so() -> None:
    checks = [Check(service="llm", provider="openai", model="our-own", cause="ok", advice="")]
    assert "writing, openai: lists no models" in shown(checks, with_models=True)


def test_a_name_from_outside_cannot_command_the_terminal() -> None:
    voice = VoiceChoice("one", "Sarah\x1b[2J[bold]")
    checks = [Check(service="tts", provider="elevenlabs", model="m", cause="ok", advice="", voices=(voice,))]
    printed = shown(checks, with_voices=True)
    assert "\x1b[2J" not in printed
    assert "Sarah�[2J[bold]" in printed

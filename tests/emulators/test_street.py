"""All emulators together, as a person starts them: in a process of their own, on one port."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anthropic
import httpx
import openai
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.environment import DeepgramClientEnvironment
from elevenlabs.client import AsyncElevenLabs

from tests.emulators.recognising import closed_set
from tests.emulators.street import SENTENCES

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def environment(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, str]]:
    """What the process prints; it is ended by SIGTERM and must end well."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.emulators", "--port", "0", "--voice", "tones",
        cwd=ROOT, env={**os.environ}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(60):
        found: dict[str, str] = {}
        while line := (await process.stdout.readline()).decode().strip():
            name, _, value = line.partition("=")
            found[name] = value
    yield found
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await process.wait() == 0


async def test_each_vendor_answers_under_its_own_address_and_faults_reach_each(environment: dict[str, str]) -> None:
    deepgram_url = environment["VIVA_DEEPGRAM_URL"]
    sockets = deepgram_url.replace("http", "ws")
    where = DeepgramClientEnvironment(base=deepgram_url, production=sockets, agent=sockets, agent_rest=deepgram_url)
    hearing = AsyncDeepgramClient(api_key=environment["DEEPGRAM_API_KEY"], environment=where)
    assert (await hearing.manage.v1.projects.list()).projects
    voice = AsyncElevenLabs(api_key=environment["ELEVEN_API_KEY"], base_url=environment["VIVA_ELEVENLABS_URL"])
    assert environment["VIVA_ELEVENLABS_VOICE_ES"] in {item.voice_id for item in (await voice.voices.get_all()).voices}
    writer = anthropic.AsyncAnthropic(
        api_key=environment["ANTHROPIC_API_KEY"], base_url=environment["VIVA_ANTHROPIC_URL"], max_retries=0
    )
    assert (await writer.models.list()).data
    vectors = openai.AsyncOpenAI(
        api_key=environment["OPENAI_API_KEY"], base_url=environment["VIVA_OPENAI_URL"], max_retries=0
    )
    assert (await vectors.models.list()).data

    board = deepgram_url.removesuffix("/deepgram") + "/faults"
    async with httpx.AsyncClient(trust_env=False) as client:
        for service in ("anthropic", "openai"):
            planned = {"service": service, "fault": {"kind": "refuse", "status": 529}}
            assert (await client.post(board, json=planned)).status_code == 204
    with pytest.raises(anthropic.APIStatusError):
        await writer.models.list()
    with pytest.raises(openai.APIStatusError):
        await vectors.models.list()


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_sentences_that_a_person_is_told_can_all_be_listened_for(language: str) -> None:
    assert closed_set(language, tuple(SENTENCES[language]))

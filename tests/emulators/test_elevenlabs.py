"""ElevenLabs' emulator before its real clients: livekit's plugin and the vendor's own SDK."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError
from livekit.agents import APIConnectOptions, APIError, APIStatusError, APITimeoutError
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT
from livekit.plugins.elevenlabs import TTS
from starlette.applications import Starlette

from tests.emulators import elevenlabs, tones
from tests.emulators.ear import Ear
from tests.emulators.elevenlabs import VOICES
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings

VOICE = next(iter(VOICES))
TEXT = "Thank you. What did you measure before you built the cache? And what came after?"
SPANISH = "Gracias. ¿Qué midió usted antes de construir la caché?"
NO_RETRY = APIConnectOptions(max_retry=0, timeout=1.0)


class House:
    """The emulator, and its clients."""

    def __init__(self, url: str, http: aiohttp.ClientSession, faults: Faults, settings: Settings) -> None:
        self.url = url
        self.http = http
        self.faults = faults
        self.settings = settings

    def voice(self, key: str = "emulated", **options: Any) -> TTS:
        wanted: dict[str, Any] = {"encoding": "pcm_16000", "voice_id": VOICE, "auto_mode": True} | options
        return TTS(base_url=f"{self.url}/v1", api_key=key, http_session=self.http, **wanted)

    def sdk(self, key: str = "emulated") -> AsyncElevenLabs:
        return AsyncElevenLabs(api_key=key, base_url=self.url, httpx_client=httpx.AsyncClient(trust_env=False))


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    faults, settings = Faults(), Settings()
    async with serving(Starlette(routes=elevenlabs.routes(faults, settings))) as url, aiohttp.ClientSession() as http:
        yield House(url, http, faults, settings)


class Said:
    """What came out of a stream, until it ended or raised."""

    def __init__(self) -> None:
        self.pcm = b""
        self.words: list[Any] = []
        self.error: APIError | None = None

    @property
    def text(self) -> str:
        return tones.decode(self.pcm)


async def speak(voice: TTS, text: str, *, options: APIConnectOptions = NO_RETRY) -> Said:
    said = Said()
    stream = voice.stream(conn_options=options)
    stream.push_text(text)
    stream.end_input()
    try:
        async with asyncio.timeout(10):
            async for audio in stream:
                said.pcm += audio.frame.data.tobytes()
                said.words += audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
    except APIError as error:
        said.error = error
    finally:
        await stream.aclose()
    return said


@pytest.mark.parametrize("text", [TEXT, SPANISH])
async def test_every_character_is_spoken_once_and_each_word_has_its_time(house: House, text: str) -> None:
    voice = house.voice()
    said = await speak(voice, text)
    assert said.text.rstrip() == tones.fold(text)
    assert "".join(said.words).split() == text.split()
    heard = tones.bursts(said.pcm)
    place = 0
    for word in said.words:
        if str(word).strip():
            assert abs(word.start_time * 1000 - heard[place].start_ms) < 5
        place += len(word)
    await voice.aclose()


async def test_many_replies_share_a_connection_and_keep_apart(house: House) -> None:
    voice = house.voice()
    first, second = await asyncio.gather(speak(voice, "One and two."), speak(voice, "Three and four."))
    third = await speak(voice, "Five.")
    assert [said.text.strip() for said in (first, second, third)] == ["one and two.", "three and four.", "five."]
    # One connection, and three contexts on it.
    assert house.faults.asked("elevenlabs") == 4
    await voice.aclose()


@pytest.mark.parametrize(("encoding", "rate"), [("pcm_16000", 16_000), ("pcm_24000", 24_000)])
async def test_each_rate_carries_the_text(house: House, encoding: str, rate: int) -> None:
    voice = house.voice(encoding=encoding)
    said = await speak(voice, "Rates differ.")
    assert tones.decode(said.pcm, rate).strip() == "rates differ."
    await voice.aclose()


async def test_the_first_byte_comes_after_the_latency_that_is_set(house: House) -> None:
    house.settings.first_byte_ms = 300
    voice = house.voice()
    began = time.monotonic()
    assert (await speak(voice, "Late.")).text.strip() == "late."
    assert time.monotonic() - began >= 0.3
    await voice.aclose()


async def test_a_person_hears_words_when_speech_is_set(house: House) -> None:
    house.settings.voice = "speech"
    voice = house.voice()
    said = await speak(voice, TEXT)
    assert "".join(said.words).split() == TEXT.split()
    starts = [word.start_time for word in said.words]
    assert starts == sorted(starts)
    assert 2 < starts[-1] < len(said.pcm) / 32_000 < 8
    ear = Ear(16_000, "en")
    assert any(moment.kind == "began" for moment in ear.feed(said.pcm))
    await voice.aclose()


async def test_a_wrong_key_is_refused_at_the_handshake(house: House) -> None:
    voice = house.voice(key="wrong")
    said = await speak(voice, TEXT)
    assert isinstance(said.error, APIStatusError)
    assert said.error.status_code == 401
    await voice.aclose()


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_a_refused_handshake_has_its_status(house: House, status: int) -> None:
    house.faults.plan("elevenlabs", Fault(kind="refuse", status=status))
    voice = house.voice()
    said = await speak(voice, TEXT)
    assert isinstance(said.error, APIStatusError)
    assert said.error.status_code == status
    await voice.aclose()


async def test_a_spent_quota_is_told_in_place_of_audio(house: House) -> None:
    voice = house.voice()
    house.faults.plan("elevenlabs", Fault(kind="refuse", status=402))
    said = await speak(voice, TEXT)
    assert said.pcm == b""
    assert said.error is not None
    assert "quota_exceeded" in str(said.error.__cause__)
    await voice.aclose()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="disconnect", after=1_500),
        Fault(kind="refuse", status=500, after=1_500),
        Fault(kind="malformed", after=1_500),
        Fault(kind="stall", seconds=30, after=1_500),
    ],
    ids=["cut", "error", "garbage", "stall"],
)
async def test_a_break_in_mid_speech_leaves_what_was_spoken_whole(house: House, fault: Fault) -> None:
    voice = house.voice()
    await speak(voice, "Before.")
    house.faults.plan("elevenlabs", fault)
    said = await speak(voice, TEXT)
    assert said.error is not None or fault.kind == "stall"
    assert tones.fold(TEXT).startswith(said.text)
    assert 1_500 // tones.CHARACTER_MS - 3 <= len(said.text) < len(TEXT)
    # A line that stalls does so for every reply on it; each other break lets the next one begin anew.
    after = await speak(voice, "After.")
    assert after.text.strip() == ("" if fault.kind == "stall" else "after.")
    await voice.aclose()


@pytest.mark.parametrize("kind", ["stall", "disconnect"])
async def test_a_voice_that_never_begins_is_an_error(house: House, kind: Any) -> None:
    house.faults.plan("elevenlabs", Fault(kind=kind, seconds=30, times=2))
    voice = house.voice()
    said = await speak(voice, TEXT)
    assert said.pcm == b""
    assert isinstance(said.error, APITimeoutError if kind == "stall" else APIError)
    await voice.aclose()


async def test_audio_that_ends_early_looks_whole_to_the_client(house: House) -> None:
    house.faults.plan("elevenlabs", Fault(kind="truncate", after=600))
    voice = house.voice()
    said = await speak(voice, TEXT)
    assert said.error is None
    assert said.text == tones.fold(TEXT[:10])
    await voice.aclose()


async def test_a_pause_in_mid_speech_loses_nothing(house: House) -> None:
    house.faults.plan("elevenlabs", Fault(kind="delay", seconds=0.4, after=600))
    voice = house.voice()
    began = time.monotonic()
    said = await speak(voice, TEXT)
    assert said.text.rstrip() == tones.fold(TEXT)
    assert time.monotonic() - began >= 0.4
    await voice.aclose()


async def test_an_idle_connection_is_closed_and_the_next_reply_opens_another(house: House) -> None:
    voice = house.voice(inactivity_timeout=1)
    assert (await speak(voice, "One.")).text.strip() == "one."
    async with asyncio.timeout(5):
        while not voice._TTS__current_connection._closed:  # type: ignore[attr-defined] # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await speak(voice, "Two.")).text.strip() == "two."
    await voice.aclose()


async def test_the_sdk_makes_a_phrase_in_the_format_it_asks_for(house: House) -> None:
    client = house.sdk()
    pcm = b"".join(
        [piece async for piece in client.text_to_speech.convert(VOICE, text=TEXT, output_format="pcm_16000")]
    )
    assert tones.decode(pcm) == tones.fold(TEXT)
    stream = client.text_to_speech.stream(VOICE, text="Streamed.", output_format="pcm_24000")
    assert tones.decode(b"".join([piece async for piece in stream]), 24_000) == "streamed."
    mp3 = b"".join([piece async for piece in client.text_to_speech.convert(VOICE, text="An mp3.")])
    assert mp3[:3] == b"ID3" or mp3[0] == 0xFF
    timed = await client.text_to_speech.convert_with_timestamps(VOICE, text="Timed.", output_format="pcm_16000")
    assert timed.alignment is not None
    assert "".join(timed.alignment.characters) == "Timed."


async def test_the_sdk_checks_a_key_and_lists_voices_and_models(house: House) -> None:
    client = house.sdk()
    assert (await client.user.get()).subscription.character_limit == 100_000
    assert {voice.voice_id for voice in (await client.voices.get_all()).voices} == set(VOICES)
    assert {voice.voice_id for voice in (await client.voices.search()).voices} == set(VOICES)
    assert "eleven_flash_v2_5" in {model.model_id for model in await client.models.list()}
    with pytest.raises(ApiError) as refused:
        await house.sdk(key="wrong").user.get()
    assert refused.value.status_code == 401
    assert refused.value.body["detail"]["status"] == "invalid_api_key"


async def test_the_sdk_sees_a_spent_quota_apart_from_a_wrong_key(house: House) -> None:
    house.faults.plan("elevenlabs", Fault(kind="refuse", status=402, times=None))
    with pytest.raises(ApiError) as refused:
        async for _ in house.sdk().text_to_speech.convert(VOICE, text=TEXT, request_options={"max_retries": 0}):
            pass
    assert refused.value.status_code == 401
    assert refused.value.body["detail"]["status"] == "quota_exceeded"


async def test_a_connection_cut_in_mid_answer_raises_in_the_sdk(house: House) -> None:
    house.faults.plan("elevenlabs", Fault(kind="disconnect", after=500))
    heard = bytearray()

    async def listen() -> None:
        async for piece in house.sdk().text_to_speech.stream(VOICE, text=TEXT, output_format="pcm_16000"):
            heard.extend(piece)

    with pytest.raises(httpx.HTTPError):
        await listen()
    assert tones.fold(TEXT).startswith(tones.decode(bytes(heard)))


async def test_an_unknown_voice_is_not_found(house: House) -> None:
    with pytest.raises(ApiError) as refused:
        async for _ in house.sdk().text_to_speech.convert("no-such-voice", text=TEXT):
            pass
    assert refused.value.status_code == 404

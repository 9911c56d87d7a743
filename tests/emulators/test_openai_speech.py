"""The emulator of OpenAI's speech endpoints before livekit's plugin and the vendor's own SDK."""

from collections.abc import AsyncIterator

import openai
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APIStatusError
from livekit.plugins.openai import STT, TTS
from openai import AsyncOpenAI
from starlette.applications import Starlette

from tests.emulators import openai_speech, sounds, tones
from tests.emulators.candidate_speech import speech
from tests.emulators.ear import Ear
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings

ANSWER = "I built the cache in the first week, and we measured it again."
TEXT = "What did you measure before you built the cache?"
NO_RETRY = APIConnectOptions(max_retry=0, timeout=1.0)


class House:
    """The emulator, and its clients."""

    def __init__(self, url: str, faults: Faults, settings: Settings) -> None:
        self.url = f"{url}/v1"
        self.faults = faults
        self.settings = settings

    def sdk(self, key: str = "emulated") -> AsyncOpenAI:
        return AsyncOpenAI(api_key=key, base_url=self.url, max_retries=0)


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    faults, settings = Faults(), Settings()
    async with serving(Starlette(routes=openai_speech.routes(faults, settings))) as url:
        yield House(url, faults, settings)


async def speak(house: House, text: str, *, key: str = "emulated", model: str = "gpt-4o-mini-tts") -> bytes:
    voice = TTS(base_url=house.url, api_key=key, model=model, response_format="pcm")
    try:
        async with voice.synthesize(text, conn_options=NO_RETRY) as stream:
            return b"".join([audio.frame.data.tobytes() async for audio in stream])
    finally:
        await voice.aclose()


def frame(pcm: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(pcm, 16_000, 1, len(pcm) // 2)


@pytest.mark.parametrize("model", ["gpt-4o-mini-tts", "tts-1"], ids=["events", "bytes"])
async def test_the_plugin_speaks_every_character(house: House, model: str) -> None:
    assert tones.decode(await speak(house, TEXT, model=model), 24_000) == tones.fold(TEXT)


async def test_the_plugin_decodes_the_usual_mp3(house: House) -> None:
    voice = TTS(base_url=house.url, api_key="emulated")
    async with voice.synthesize(TEXT, conn_options=NO_RETRY) as stream:
        pcm = b"".join([audio.frame.data.tobytes() async for audio in stream])
    await voice.aclose()
    assert abs(len(pcm) / 48_000 - len(TEXT) * tones.CHARACTER_MS / 1000) < 0.2


async def test_the_sdk_streams_speech_in_its_formats(house: House) -> None:
    async with house.sdk().audio.speech.with_streaming_response.create(
        input=TEXT, model="tts-1", voice="alloy", response_format="wav"
    ) as answer:
        audio = await answer.read()
    assert audio[:4] == b"RIFF"
    assert tones.decode(audio[44:], 24_000) == tones.fold(TEXT)


async def test_the_plugin_hears_an_utterance(house: House) -> None:
    for model in ("whisper-1", "gpt-4o-mini-transcribe"):
        hearing = STT(base_url=house.url, api_key="emulated", model=model, language="en")
        heard = await hearing.recognize(frame(speech(ANSWER)), conn_options=NO_RETRY)
        assert heard.alternatives[0].text == ANSWER


async def test_the_sdk_gets_words_with_their_times(house: House) -> None:
    heard = await house.sdk().audio.transcriptions.create(
        file=("answer.wav", sounds.wav(speech(ANSWER))),
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    assert heard.words is not None
    assert [word.word for word in heard.words][:3] == ["i", "built", "the"]
    assert heard.words[0].end <= heard.words[1].start + 0.01
    plain = await house.sdk().audio.transcriptions.create(
        file=("answer.wav", sounds.wav(speech(ANSWER))), model="whisper-1"
    )
    assert plain.text == ANSWER


async def test_silence_and_noise_are_no_words(house: House) -> None:
    for pcm in (sounds.silence(1), sounds.noise(2)):
        heard = await house.sdk().audio.transcriptions.create(file=("n.wav", sounds.wav(pcm)), model="whisper-1")
        assert heard.text == ""


async def test_a_wrong_key_and_a_spent_quota_are_told_apart(house: House) -> None:
    with pytest.raises(openai.AuthenticationError):
        await house.sdk(key="wrong").audio.speech.create(input=TEXT, model="tts-1", voice="alloy")
    house.faults.plan(openai_speech.SERVICE, Fault(kind="refuse", status=402))
    with pytest.raises(openai.RateLimitError) as spent:
        await house.sdk().audio.speech.create(input=TEXT, model="tts-1", voice="alloy")
    assert spent.value.code == "insufficient_quota"


@pytest.mark.parametrize("status", [401, 429, 500])
async def test_the_plugin_sees_the_status_of_a_refusal(house: House, status: int) -> None:
    house.faults.plan(openai_speech.SERVICE, Fault(kind="refuse", status=status, retry_after=2))
    with pytest.raises(APIStatusError) as refused:
        await speak(house, TEXT)
    assert refused.value.status_code == status


@pytest.mark.parametrize("kind", ["disconnect", "stall"])
async def test_a_voice_that_breaks_off_is_an_error(house: House, kind: str) -> None:
    fault = Fault(kind="disconnect" if kind == "disconnect" else "stall", after=500, seconds=0.2)
    house.faults.plan(openai_speech.SERVICE, fault)
    with pytest.raises(APIError):
        await speak(house, TEXT)


async def test_audio_that_ends_early_looks_whole(house: House) -> None:
    house.faults.plan(openai_speech.SERVICE, Fault(kind="truncate", after=600))
    heard = tones.decode(await speak(house, TEXT), 24_000)
    assert heard == tones.fold(TEXT)[: len(heard)]
    assert 8 <= len(heard) <= 11


async def test_a_body_that_is_no_audio_is_refused(house: House) -> None:
    with pytest.raises(openai.BadRequestError):
        await house.sdk().audio.transcriptions.create(file=("a.wav", b"nothing"), model="whisper-1")


async def test_a_person_hears_words_when_speech_is_set(house: House) -> None:
    house.settings.voice = "speech"
    ear = Ear(24_000, "en")
    assert any(moment.kind == "began" for moment in ear.feed(await speak(house, TEXT)))

"""Deepgram's emulator before its real clients: livekit's plugins and the vendor's own SDK."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment
from livekit import rtc
from livekit.agents import APIConnectOptions, APIError, APIStatusError, stt
from livekit.plugins.deepgram import STT, STTv2
from starlette.applications import Starlette

from tests.emulators import deepgram, sounds
from tests.emulators.candidate_speech import SECOND_VOICES, speech, spoken
from tests.emulators.ear import Ear
from tests.emulators.faults import Fault, Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings
from tests.emulators.transcript import words_of

ANSWER = "I built the cache in the first week, and we measured it again."
OTHER = "We had two databases and one of them was slow."
SPANISH = "Construí la caché en la primera semana y volvimos a medir."
NO_RETRY = APIConnectOptions(max_retry=0, timeout=2.0)
SILENCE = sounds.silence(1)
LAST = "Over and out."


class House:
    """The emulator, and its clients."""

    def __init__(self, url: str, http: aiohttp.ClientSession, faults: Faults, settings: Settings) -> None:
        self.url = url
        self.http = http
        self.faults = faults
        self.settings = settings

    def hearing(self, key: str = "emulated", language: str = "en", **options: object) -> STT:
        return STT(base_url=f"{self.url}/v1/listen", api_key=key, language=language, http_session=self.http, **options)  # type: ignore[arg-type]

    def flux(self, **options: object) -> STTv2:
        return STTv2(base_url=f"{self.url}/v2/listen", api_key="emulated", http_session=self.http, **options)  # type: ignore[arg-type]

    def sdk(self, key: str = "emulated") -> AsyncDeepgramClient:
        sockets = self.url.replace("http", "ws")
        where = DeepgramClientEnvironment(base=self.url, production=sockets, agent=sockets, agent_rest=self.url)
        return AsyncDeepgramClient(api_key=key, environment=where)


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    faults, settings = Faults(), Settings()
    async with serving(Starlette(routes=deepgram.routes(faults, settings))) as url, aiohttp.ClientSession() as http:
        yield House(url, http, faults, settings)


def frames(pcm: bytes) -> list[rtc.AudioFrame]:
    pieces = [pcm[start : start + 640] for start in range(0, len(pcm), 640)]
    return [rtc.AudioFrame(piece, 16_000, 1, len(piece) // 2) for piece in pieces]


async def hear(stream: stt.RecognizeStream, pcm: bytes) -> list[stt.SpeechEvent]:
    """Every event of a stream that was given all of `pcm`, until words of ours behind it are heard too."""
    for frame in frames(pcm + SILENCE + speech(LAST) + SILENCE):
        stream.push_frame(frame)
    events: list[stt.SpeechEvent] = []
    try:
        async with asyncio.timeout(20):
            async for event in stream:
                if finals([event]) == LAST:
                    starts = [
                        i for i, earlier in enumerate(events) if earlier.type is stt.SpeechEventType.START_OF_SPEECH
                    ]
                    return events[: starts[-1]]
                events.append(event)
    finally:
        await stream.aclose()
    raise AssertionError("The stream ended before all was heard.")


async def fail(stream: stt.RecognizeStream) -> None:
    """Talk to a stream until it raises."""
    for frame in frames(speech(ANSWER) + SILENCE):
        stream.push_frame(frame)
    try:
        async with asyncio.timeout(4):
            async for _ in stream:
                pass
    finally:
        await stream.aclose()


def finals(events: list[stt.SpeechEvent]) -> str:
    return " ".join(
        event.alternatives[0].text for event in events if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT
    )


def kinds(events: list[stt.SpeechEvent]) -> list[str]:
    return [event.type.value for event in events if event.type is not stt.SpeechEventType.RECOGNITION_USAGE]


async def test_spoken_words_come_back_with_their_times_and_confidences(house: House) -> None:
    events = await hear(house.hearing().stream(conn_options=NO_RETRY), SILENCE + speech(ANSWER) + SILENCE)
    assert finals(events) == ANSWER
    assert kinds(events)[0] == "start_of_speech"
    assert kinds(events)[-1] == "end_of_speech"
    assert "interim_transcript" in kinds(events)
    words = [
        word
        for event in events
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT
        for word in event.alternatives[0].words or []
    ]
    assert [str(word) for word in words] == ANSWER.split()
    for word, said in zip(words, spoken(ANSWER).words, strict=True):
        assert isinstance(word.start_time, float)
        assert isinstance(word.end_time, float)
        assert abs(word.start_time - 1 - said.start_ms / 1000) < 0.02
        assert abs(word.end_time - 1 - said.end_ms / 1000) < 0.02
        assert word.confidence == 0.98


async def test_lost_and_doubled_audio_show_in_the_words(house: House) -> None:
    pcm = speech(ANSWER)
    lost = pcm[: 32 * 600] + pcm[32 * 1_600 :]
    doubled = pcm[: 32 * 1_600] + pcm[32 * 600 :]
    heard_less = finals(await hear(house.hearing().stream(conn_options=NO_RETRY), lost + SILENCE))
    heard_more = finals(await hear(house.hearing().stream(conn_options=NO_RETRY), doubled + SILENCE))
    assert len(heard_less.split()) < len(ANSWER.split()) < len(heard_more.split())


@pytest.mark.parametrize("rate", [130, 210])
async def test_speech_without_marks_is_recognised_from_a_closed_set(house: House, rate: int) -> None:
    house.settings.sentences = {"en": [ANSWER, OTHER], "es": [SPANISH]}
    unmarked = _without_marks(speech(ANSWER, rate=rate))
    events = await hear(house.hearing().stream(conn_options=NO_RETRY), SILENCE + unmarked + SILENCE)
    assert finals(events) == ANSWER
    spanish = _without_marks(speech(SPANISH, "es", rate=rate))
    assert finals(await hear(house.hearing(language="es").stream(conn_options=NO_RETRY), spanish + SILENCE)) == SPANISH


async def test_recognising_does_not_hold_up_the_loop(house: House) -> None:
    house.settings.sentences = {"en": [ANSWER, OTHER]}
    unmarked = _without_marks((speech(ANSWER) + sounds.silence(0.3) + speech(OTHER)) * 3)
    await hear(house.hearing().stream(conn_options=NO_RETRY), _without_marks(speech(OTHER)))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.001)
            longest = max(longest, time.monotonic() - began)

    ear = Ear(16_000, "en")
    ear.feed(unmarked)
    watching = asyncio.create_task(watch())
    began = time.monotonic()
    words = await words_of(ear, house.settings, "en")
    took = time.monotonic() - began
    watching.cancel()
    assert [word.text for word in words] == f"{ANSWER} {OTHER}".split() * 3
    assert longest < took / 2


@pytest.mark.parametrize(
    "pcm",
    [
        sounds.silence(3),
        sounds.noise(3),
        sounds.cough(),
        sounds.music(4),
        sounds.two_people(sounds.cough(seed=5), sounds.noise(2, level=0.2)),
    ],
    ids=["silence", "noise", "cough", "music", "noise-and-cough"],
)
async def test_what_is_no_speech_has_no_words(house: House, pcm: bytes) -> None:
    house.settings.sentences = {"en": [ANSWER, OTHER, "Yes.", "No."]}
    events = await hear(house.hearing().stream(conn_options=NO_RETRY), pcm + SILENCE)
    assert finals(events) == ""


async def test_words_outside_the_closed_set_are_not_forced_into_it(house: House) -> None:
    house.settings.sentences = {"en": [ANSWER, OTHER]}
    unmarked = _without_marks(speech("Purple elephants dance quickly around fires."))
    assert finals(await hear(house.hearing().stream(conn_options=NO_RETRY), unmarked + SILENCE)) == ""


async def test_of_two_people_at_once_only_clear_words_are_heard(house: House) -> None:
    both = sounds.two_people(speech(ANSWER), speech(OTHER, voice=SECOND_VOICES["en"]))
    heard = finals(await hear(house.hearing().stream(conn_options=NO_RETRY), both + SILENCE)).split()
    assert set(heard) <= set(ANSWER.split()) | set(OTHER.split())
    assert len(heard) < len(ANSWER.split()) + len(OTHER.split())


async def test_words_of_another_language_are_heard_with_little_confidence(house: House) -> None:
    events = await hear(house.hearing(language="en").stream(conn_options=NO_RETRY), speech(SPANISH, "es") + SILENCE)
    final = next(event for event in events if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT)
    assert final.alternatives[0].confidence < 0.5
    both = await hear(house.hearing(language="multi").stream(conn_options=NO_RETRY), speech(SPANISH, "es") + SILENCE)
    final = next(event for event in both if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT)
    assert final.alternatives[0].confidence > 0.9


async def test_flux_finds_turns_eager_ends_and_resumed_speech(house: House) -> None:
    pcm = speech("First I looked at the queue") + sounds.silence(0.5) + speech("and then at the cache.") + SILENCE
    stream = house.flux(eager_eot_threshold=0.4).stream(conn_options=NO_RETRY)
    events = await hear(stream, pcm + speech(OTHER) + SILENCE)
    assert finals(events) == f"First I looked at the queue and then at the cache. {OTHER}"
    seen = kinds(events)
    assert seen.count("start_of_speech") == seen.count("end_of_speech") == 2
    assert seen.count("preflight_transcript") == 3
    eager = next(event for event in events if event.type is stt.SpeechEventType.PREFLIGHT_TRANSCRIPT)
    assert eager.alternatives[0].text == "First I looked at the queue"


async def test_flux_takes_new_settings_without_reconnecting(house: House) -> None:
    hearing = house.flux()
    stream = hearing.stream(conn_options=NO_RETRY)
    for frame in frames(speech("Let me think") + sounds.silence(0.3)):
        stream.push_frame(frame)
    await _until(lambda: house.faults.asked("deepgram") == 1)
    hearing.update_options(keyterm=["valkey"], eot_timeout_ms=700)
    events = await hear(stream, SILENCE)
    assert finals(events) == "Let me think"
    assert house.faults.asked("deepgram") == 1


async def test_finals_wait_for_the_latency_that_is_set_and_keep_their_order(house: House) -> None:
    house.settings.first_final_ms = 300
    began = time.monotonic()
    events = await hear(house.hearing().stream(conn_options=NO_RETRY), speech(ANSWER) + SILENCE + speech(OTHER))
    assert time.monotonic() - began >= 0.3
    assert finals(events) == f"{ANSWER} {OTHER}"


async def test_a_key_that_is_wrong_is_refused_at_the_handshake(house: House) -> None:
    with pytest.raises(APIStatusError) as refused:
        await hear(house.hearing(key="wrong").stream(conn_options=NO_RETRY), SILENCE)
    assert refused.value.status_code == 401


@pytest.mark.parametrize("status", [401, 402, 429, 500])
async def test_a_refusal_reaches_both_protocols_with_its_status(house: House, status: int) -> None:
    for make in (house.hearing, house.flux):
        house.faults.plan("deepgram", Fault(kind="refuse", status=status, retry_after=3))
        with pytest.raises(APIStatusError) as refused:
            await hear(make().stream(conn_options=NO_RETRY), SILENCE)
        assert refused.value.status_code == status


@pytest.mark.parametrize(
    "fault",
    [
        # Twice: the HTTP client under the plugins tries a dropped handshake once more by itself.
        Fault(kind="disconnect", times=2),
        Fault(kind="disconnect", after=1_000),
        Fault(kind="refuse", status=500, after=1_000),
        Fault(kind="truncate", after=1_000),
        Fault(kind="stall", seconds=5),
        Fault(kind="stall", seconds=0.3, after=1_000),
    ],
    ids=["no-handshake", "cut", "error", "closed", "never-answers", "stalls-then-drops"],
)
async def test_a_line_that_ends_early_is_an_error_for_the_client(house: House, fault: Fault) -> None:
    for make in (house.hearing, house.flux):
        house.faults.plan("deepgram", fault)
        stream = make().stream(conn_options=APIConnectOptions(max_retry=0, timeout=0.5))
        with pytest.raises(APIError):
            await fail(stream)


async def test_a_delayed_handshake_is_late_and_well(house: House) -> None:
    house.faults.plan("deepgram", Fault(kind="delay", seconds=0.3))
    began = time.monotonic()
    assert finals(await hear(house.hearing().stream(conn_options=NO_RETRY), speech(ANSWER) + SILENCE)) == ANSWER
    assert time.monotonic() - began >= 0.3


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
async def test_garbage_in_mid_stream_reaches_the_client_and_the_words_go_on(house: House) -> None:
    house.faults.plan("deepgram", Fault(kind="malformed", after=1_000))
    assert finals(await hear(house.hearing().stream(conn_options=NO_RETRY), speech(ANSWER) + SILENCE)) == ANSWER
    assert house.faults.struck("deepgram") == 1


async def test_a_recording_is_transcribed_by_the_sdk_channel_by_channel(house: House) -> None:
    first, second = speech(ANSWER), speech(OTHER, voice=SECOND_VOICES["en"])
    length = max(len(first), len(second)) // 2
    stereo = b"".join(
        first[i * 2 : i * 2 + 2].ljust(2, b"\0") + second[i * 2 : i * 2 + 2].ljust(2, b"\0") for i in range(length)
    )
    heard = await house.sdk().listen.v1.media.transcribe_file(
        request=sounds.wav(stereo, channels=2), model="nova-3", smart_format=True, multichannel=True, language="en"
    )
    assert heard.results is not None
    channels = heard.results.channels
    texts = [channel.alternatives[0].transcript for channel in channels if channel.alternatives]
    assert texts == [ANSWER, OTHER]
    words = channels[0].alternatives[0].words
    assert words is not None
    assert words[-1].punctuated_word == "again."
    assert words[0].confidence == 0.98


async def test_the_sdk_checks_a_key_and_lists_models(house: House) -> None:
    projects = await house.sdk().manage.v1.projects.list()
    assert projects.projects
    models = await house.sdk().manage.v1.models.list()
    assert "nova-3" in {model.canonical_name for model in models.stt or []}
    with pytest.raises(ApiError) as refused:
        await house.sdk(key="wrong").manage.v1.projects.list()
    assert refused.value.status_code == 401


@pytest.mark.parametrize("status", [402, 429, 500])
async def test_the_sdk_sees_refusals_of_a_recording(house: House, status: int) -> None:
    house.faults.plan("deepgram", Fault(kind="refuse", status=status, times=None))
    with pytest.raises(ApiError) as refused:
        await house.sdk().listen.v1.media.transcribe_file(
            request=sounds.wav(SILENCE), request_options={"max_retries": 0}
        )
    assert refused.value.status_code == status


async def test_a_body_that_is_no_audio_is_a_bad_request(house: House) -> None:
    with pytest.raises(ApiError) as refused:
        await house.sdk().listen.v1.media.transcribe_file(request=b"not audio at all")
    assert refused.value.status_code == 400


async def test_the_plugin_transcribes_a_whole_utterance(house: House) -> None:
    heard = await house.hearing().recognize(frames(speech(ANSWER)), conn_options=NO_RETRY)
    assert heard.alternatives[0].text == ANSWER


def _without_marks(pcm: bytes) -> bytes:
    """As a codec would leave it: nothing above 5,500 Hz."""
    return sounds.resampled(sounds.resampled(pcm, 16_000, 11_000), 11_000, 16_000)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

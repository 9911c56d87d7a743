"""Speech against emulated services: what a session would hear, say and be told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from livekit import rtc
from livekit.agents import stt
from starlette.applications import Starlette
from starlette.routing import Mount

from agents.plans import Language
from agents.providers.accounts import Accounts, HearingAccount, Served, Trouble, VoiceAccount
from agents.providers.breaker import Tolerance
from agents.providers.hearing import Hearing
from agents.providers.phrasebook import Shelf
from agents.providers.speech import Speech
from agents.providers.watching import Limits
from tests.emulators import deepgram, elevenlabs, openai_speech
from tests.emulators.candidate_speech import speech
from tests.emulators.faults import Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings
from tests.emulators.sounds import silence

QUICK = Limits(
    connect=0.6,
    stall=0.6,
    backoff=(0.02, 0.05),
    drain=1.5,
    settle=0.2,
    first_audio=0.5,
    audio_stall=0.5,
)
"""Limits short enough for a test; what they are compared with is quicker still."""
FRAME = 640


class Notes:
    """A watch that keeps what it is told."""

    def __init__(self) -> None:
        self.served_by: list[Served] = []
        self.troubles: list[Trouble] = []
        self.on_trouble: Callable[[], object] = lambda: None

    def served(self, served: Served) -> None:
        self.served_by.append(served)

    def troubled(self, trouble: Trouble) -> None:
        self.troubles.append(trouble)
        self.on_trouble()

    @property
    def causes(self) -> list[tuple[str, str]]:
        return [(f"{each.provider}/{each.model}", each.cause) for each in self.troubles]

    @property
    def servers(self) -> list[str]:
        return [f"{each.provider}/{each.model}" for each in self.served_by]


class Service:
    """One house of emulators with its own faults."""

    def __init__(self, url: str, faults: Faults, settings: Settings) -> None:
        self.url = url
        self.faults = faults
        self.settings = settings

    def hears(self, model: str = "nova-3", *, key: str = "emulated") -> HearingAccount:
        return HearingAccount(provider="deepgram", key=key, url=f"{self.url}/deepgram", model=model)

    def hears_stretches(self) -> HearingAccount:
        return HearingAccount(provider="openai", key="emulated", url=f"{self.url}/openai/v1", model="whisper-1")

    def speaks_sentences(self) -> VoiceAccount:
        return VoiceAccount(
            provider="openai",
            key="emulated",
            url=f"{self.url}/openai/v1",
            model="tts-1",
            voices={"en": "alloy", "es": "nova"},
        )

    def speaks(self, voice: str = "one", *, key: str = "emulated") -> VoiceAccount:
        return VoiceAccount(
            provider="elevenlabs",
            key=key,
            url=f"{self.url}/elevenlabs",
            model="eleven_flash_v2_5",
            voices={"en": voice, "es": voice},
        )


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    """Deepgram, ElevenLabs and OpenAI's speech on loopback."""
    faults, settings = Faults(), Settings()
    vendors = {"deepgram": deepgram, "elevenlabs": elevenlabs, "openai": openai_speech}
    routes = [Mount(f"/{name}", routes=vendor.routes(faults, settings)) for name, vendor in vendors.items()]
    async with serving(Starlette(routes=routes)) as url:
        yield Service(url, faults, settings)


@asynccontextmanager
async def talking(
    *,
    hearing: tuple[HearingAccount, ...] = (),
    voices: tuple[VoiceAccount, ...] = (),
    limits: Limits = QUICK,
    phrases: Mapping[Language, Sequence[str]] | None = None,
    shelf: Shelf | None = None,
) -> AsyncIterator[Speech]:
    """An open `Speech` whose breakers give a failed provider another try after half a second."""
    made = Speech(
        Accounts(hearing=hearing, voices=voices),
        monotonic=time.monotonic,
        limits=limits,
        tolerance=Tolerance(pause=0.5),
        phrases=phrases,
        shelf=shelf,
    )
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def frame(pcm: bytes) -> rtc.AudioFrame:
    return rtc.AudioFrame(data=pcm, sample_rate=16_000, num_channels=1, samples_per_channel=len(pcm) // 2)


class Microphone:
    """A candidate's audio, `pace` times faster than real time; silence follows until `stop`, unless it `ends`."""

    def __init__(self, *clips: bytes, pace: float = 8.0, ends: bool = False) -> None:
        self.pcm = b"".join(clips)
        self._pace = pace
        self._ends = ends
        self._is_stopped = False
        self.sent_s = 0.0

    def stop(self) -> None:
        """End once all is said."""
        self._is_stopped = True

    @property
    def is_quiet(self) -> bool:
        return self.sent_s * 32_000 >= len(self.pcm)

    async def frames(self) -> AsyncIterator[rtc.AudioFrame]:
        while not (self.is_quiet and (self._is_stopped or self._ends)):
            at = round(self.sent_s * 16_000) * 2
            piece = self.pcm[at : at + FRAME]
            yield frame(piece + bytes(FRAME - len(piece)))
            self.sent_s += 0.02
            await asyncio.sleep(0.02 / self._pace)


class Heard:
    """What a session was told, read until all of `words` were final and then the microphone stops."""

    def __init__(self, hearing: Hearing, microphone: Microphone) -> None:
        self.events: list[stt.SpeechEvent] = []
        self._hearing = hearing
        self._microphone = microphone

    async def until(self, words: int, *, seconds: float = 15.0) -> "Heard":
        """Listen until so many words are final and the candidate has said everything."""
        async with asyncio.timeout(seconds):
            async for event in self._hearing.listen(self._microphone.frames()):
                self.events.append(event)
                if len(self.text.split()) >= words:
                    self._microphone.stop()
        return self

    @property
    def finals(self) -> list[stt.SpeechData]:
        final = stt.SpeechEventType.FINAL_TRANSCRIPT
        return [event.alternatives[0] for event in self.events if event.type == final]

    @property
    def text(self) -> str:
        return " ".join(each.text for each in self.finals)

    @property
    def kinds(self) -> list[str]:
        return [event.type.value for event in self.events]

    @property
    def times(self) -> list[tuple[float, float]]:
        return [
            (float(word.start_time or 0), float(word.end_time or 0))
            for each in self.finals
            for word in each.words or ()
        ]


def said(*texts: str, language: str = "en", pause: float = 0.6) -> bytes:
    """Texts spoken one after the other, with pauses between them."""
    return b"".join(silence(pause) + speech(text, language) for text in texts) + silence(pause)

"""Phrases made ahead sound at once, in the interview's voice."""

import asyncio
import time
from collections.abc import Callable

from agents.plans import Language
from tests.agents.providers.rooms import Notes, service, talking
from tests.agents.providers.test_voice import Ear
from tests.emulators import tones
from tests.emulators.faults import Fault

PHRASES: dict[Language, list[str]] = {"en": ["Welcome back.", "One moment, please."], "es": ["Un momento, por favor."]}


class Cupboard:
    """A shelf in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    async def put(self, key: str, data: bytes) -> None:
        self.kept[key] = data


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it is another task's work that is awaited, by its outcome
            await asyncio.sleep(0.01)


async def test_phrases_are_made_once_and_kept() -> None:
    cupboard = Cupboard()
    async with service() as one:
        async with talking(voices=(one.speaks(),), phrases=PHRASES, shelf=cupboard) as speech:
            await until(lambda: speech.fixed("Un momento, por favor.", "es") is not None)
            frames = speech.fixed("Welcome back.", "en")
            assert frames is not None
            assert tones.decode(b"".join(frame.data.tobytes() for frame in frames)) == "welcome back."
            assert {frame.sample_rate for frame in frames} == {16_000}
            assert speech.fixed("Welcome back.", "es") is None
            assert speech.fixed("Something else.", "en") is None
        assert len(cupboard.kept) == 3
        asked = one.faults.asked("elevenlabs")
        async with talking(voices=(one.speaks(),), phrases=PHRASES, shelf=cupboard) as speech:
            await until(lambda: speech.fixed("Un momento, por favor.", "es") is not None)
        assert one.faults.asked("elevenlabs") == asked


async def test_a_reply_that_begins_with_a_phrase_is_heard_even_when_the_voice_is_away() -> None:
    cupboard = Cupboard()
    async with service() as one, service() as two:
        accounts = (one.speaks(), two.speaks_sentences())
        async with talking(voices=accounts, phrases=PHRASES, shelf=cupboard) as speech:
            await until(lambda: speech.fixed("One moment, please.", "en") is not None)
            one.faults.plan("elevenlabs", Fault(kind="refuse", status=500, times=None))
            notes = Notes()
            voice = speech.voice("en", notes)
            ear = await Ear().listen(voice, "One moment, please.")
            assert ear.text == "one moment, please."
            assert ear.captions == "One moment, please."
            assert notes.causes == []
            assert voice.usage == {}
            ear = await Ear().listen(voice, "Welcome back. Let us go on.")
            assert ear.letters == "welcomeback.letusgoon."
            assert ear.captions == "Welcome back. Let us go on."


async def test_a_phrase_that_cannot_be_made_delays_nobody() -> None:
    async with service() as slow:
        account = slow.speaks()
        slow.faults.plan("elevenlabs", Fault(kind="stall", seconds=30, times=None))
        started = time.monotonic()
        async with talking(voices=(account,), phrases=PHRASES, shelf=Cupboard()) as speech:
            assert speech.fixed("Welcome back.", "en") is None
        assert time.monotonic() - started < 5

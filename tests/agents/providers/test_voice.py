"""A reply is heard once and in order, whatever happens to the services that speak."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from agents.providers.voice import Voice, VoiceLost
from tests.agents.providers.rooms import Notes, service, talking
from tests.emulators import tones
from tests.emulators.faults import Fault

REPLY = (
    "Thank you, that is clear. You said that you moved the service to a queue, and that it took three weeks. "
    "What would you do differently today?"
)

LETTERS = tones.fold(REPLY).replace(" ", "")


async def written(text: str, *, pause: float = 0.0) -> AsyncIterator[str]:
    """Words as a model writes them."""
    for word in text.split(" "):
        yield f"{word} "
        await asyncio.sleep(pause)


class Ear:
    """What a listener hears of one reply."""

    def __init__(self) -> None:
        self.frames: list[rtc.AudioFrame] = []

    async def listen(self, voice: Voice, text: str, *, pause: float = 0.0) -> "Ear":
        async with asyncio.timeout(20):
            async for frame in voice.speak(written(text, pause=pause)):
                self.frames.append(frame)
        return self

    @property
    def text(self) -> str:
        """The characters that sounded; a doubled, lost or damaged one shows."""
        pcm = b"".join(frame.data.tobytes() for frame in self.frames)
        return " ".join(tones.decode(pcm).split())

    @property
    def letters(self) -> str:
        """The same without spaces: a provider of single sentences says none between them."""
        return self.text.replace(" ", "")

    @property
    def words(self) -> list[TimedString]:
        return [word for frame in self.frames for word in frame.userdata[USERDATA_TIMED_TRANSCRIPT]]

    @property
    def captions(self) -> str:
        return " ".join("".join(self.words).split())

    @property
    def seconds(self) -> float:
        return sum(frame.duration for frame in self.frames)


async def test_a_reply_is_heard_as_it_is_written() -> None:
    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        notes = Notes()
        voice = speech.voice("en", notes)
        ear = await Ear().listen(voice, REPLY, pause=0.01)
        assert ear.text == tones.fold(REPLY)
        assert ear.captions == REPLY
        ends = [float(word.end_time or 0) for word in ear.words]
        assert ends == sorted(ends)
        assert abs(ends[-1] - ear.seconds) < 0.2
        assert {frame.sample_rate for frame in ear.frames} == {16_000}
        assert all(0.02 <= frame.duration <= 0.121 for frame in ear.frames[:-1])
        assert notes.servers == ["elevenlabs/eleven_flash_v2_5"]
        assert notes.causes == []
        assert len(REPLY) - 4 <= voice.usage["elevenlabs/eleven_flash_v2_5"] <= len(REPLY)


async def test_the_first_sentence_sounds_while_the_rest_is_being_written() -> None:
    writing = asyncio.Event()

    async def words() -> AsyncIterator[str]:
        yield "Thank you, that is clear. "
        yield "What "
        await writing.wait()
        yield "else?"

    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        ear = Ear()
        async with asyncio.timeout(10):
            async for frame in speech.voice("en", Notes()).speak(words()):
                ear.frames.append(frame)
                if ear.text.endswith("clear."):
                    writing.set()
        assert ear.text == "thank you, that is clear. what else?"


async def test_a_long_pause_in_the_writing_is_no_stall() -> None:
    async def words() -> AsyncIterator[str]:
        yield "Thank you, that is clear. And "
        await asyncio.sleep(1.2)
        yield "now the next one."

    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        notes = Notes()
        ear = Ear()
        async for frame in speech.voice("en", notes).speak(words()):
            ear.frames.append(frame)
        assert ear.text == "thank you, that is clear. and now the next one."
        assert notes.causes == []


async def test_another_language_has_its_own_voice() -> None:
    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        ear = await Ear().listen(speech.voice("es", Notes()), "Gracias. ¿Cuántos años duró?")
        assert ear.text == "gracias. ¿cuántos años duró?"


@pytest.mark.parametrize("after", [100, 700, 1_500, 2_900, 5_000, 7_300])
@pytest.mark.parametrize("kind", ["disconnect", "malformed"])
async def test_a_break_in_mid_speech_loses_and_doubles_nothing(kind: str, after: int) -> None:
    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        one.faults.plan("elevenlabs", Fault(kind=kind, after=after))  # type: ignore[arg-type]
        notes = Notes()
        ear = await Ear().listen(speech.voice("en", notes), REPLY)
        assert ear.text == tones.fold(REPLY)
        assert ear.captions == REPLY
        assert notes.causes == [
            ("elevenlabs/eleven_flash_v2_5", "garbage" if kind == "malformed" else "broke_off"),
        ]
        assert notes.servers == ["elevenlabs/eleven_flash_v2_5"]


async def test_an_early_end_is_noticed_and_the_rest_is_spoken() -> None:
    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        one.faults.plan("elevenlabs", Fault(kind="truncate", after=2_000))
        notes = Notes()
        ear = await Ear().listen(speech.voice("en", notes), REPLY)
        assert ear.text == tones.fold(REPLY)
        assert len(notes.causes) == 1


async def test_a_stall_in_mid_speech_is_left_for_the_next_provider() -> None:
    async with service() as one, service() as two, talking(voices=(one.speaks(), two.speaks_sentences())) as speech:
        one.faults.plan("elevenlabs", Fault(kind="stall", after=1_500, seconds=30))
        notes = Notes()
        ear = await Ear().listen(speech.voice("en", notes), REPLY)
        assert ear.letters == LETTERS
        assert ear.captions == REPLY
        assert notes.causes == [("elevenlabs/eleven_flash_v2_5", "timed_out")]
        assert notes.servers == ["elevenlabs/eleven_flash_v2_5", "openai/tts-1"]
        assert notes.served_by[1].fallback_from == "elevenlabs/eleven_flash_v2_5"


async def test_a_voice_that_never_begins_is_left_for_the_next_provider() -> None:
    async with service() as one, service() as two, talking(voices=(one.speaks(), two.speaks_sentences())) as speech:
        one.faults.plan("elevenlabs", Fault(kind="stall", seconds=30, times=None))
        notes = Notes()
        ear = await Ear().listen(speech.voice("en", notes), REPLY)
        assert ear.letters == LETTERS
        assert notes.causes == [("elevenlabs/eleven_flash_v2_5", "timed_out")]
        assert notes.servers == ["openai/tts-1"]


@pytest.mark.parametrize(
    ("status", "cause"), [(401, "key_refused"), (402, "quota_spent"), (429, "busy"), (500, "busy")]
)
async def test_the_next_provider_speaks_when_the_first_refuses(status: int, cause: str) -> None:
    async with service() as one, service() as two, talking(voices=(one.speaks(), two.speaks_sentences())) as speech:
        one.faults.plan("elevenlabs", Fault(kind="refuse", status=status, times=None))
        notes = Notes()
        ear = await Ear().listen(speech.voice("en", notes), REPLY)
        assert ear.letters == LETTERS
        assert notes.causes == [("elevenlabs/eleven_flash_v2_5", cause)]
        assert notes.served_by[0].fallback_from == "elevenlabs/eleven_flash_v2_5"


async def test_a_quota_spent_in_mid_speech_is_named() -> None:
    async with service() as one, service() as two, talking(voices=(one.speaks(), two.speaks_sentences())) as speech:
        one.faults.plan("elevenlabs", Fault(kind="refuse", status=402, after=1_500))
        notes = Notes()
        ear = await Ear().listen(speech.voice("en", notes), REPLY)
        assert ear.letters == LETTERS
        assert notes.causes == [("elevenlabs/eleven_flash_v2_5", "quota_spent")]


async def test_sentences_by_a_provider_without_times_are_heard_once() -> None:
    async with service() as one, talking(voices=(one.speaks_sentences(),)) as speech:
        ear = await Ear().listen(speech.voice("en", Notes()), REPLY)
        assert ear.letters == LETTERS
        assert ear.captions == REPLY


async def test_when_every_voice_fails_the_caller_learns_what_was_spoken() -> None:
    async with service() as one, talking(voices=(one.speaks(key="wrong"),)) as speech:
        notes = Notes()
        voice = speech.voice("en", notes)
        ear = Ear()
        with pytest.raises(VoiceLost) as lost:
            await ear.listen(voice, REPLY)
        assert lost.value.spoken == 0
        assert ear.frames == []
        assert notes.causes == [("elevenlabs/eleven_flash_v2_5", "key_refused")]
        with pytest.raises(VoiceLost):
            await Ear().listen(voice, REPLY)
        assert len(notes.causes) == 1


async def test_what_was_spoken_before_every_voice_failed_is_counted_in_characters() -> None:
    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        one.faults.plan("elevenlabs", Fault(kind="refuse", status=402, after=3_000))
        ear = Ear()
        with pytest.raises(VoiceLost) as lost:
            await ear.listen(speech.voice("en", Notes()), REPLY)
        assert 20 < lost.value.spoken < len(REPLY)
        assert ear.text == tones.fold(REPLY[: lost.value.spoken].strip())
        assert ear.captions == REPLY[: lost.value.spoken].strip()


async def test_without_a_provider_the_voice_is_lost_at_once() -> None:
    async with talking() as speech:
        with pytest.raises(VoiceLost):
            await Ear().listen(speech.voice("en", Notes()), REPLY)


async def test_nothing_to_say_is_silence() -> None:
    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        assert (await Ear().listen(speech.voice("en", Notes()), " ")).frames == []


async def test_replies_after_a_socket_that_was_closed_for_idleness_are_heard() -> None:
    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        notes = Notes()
        voice = speech.voice("en", notes)
        one.faults.plan("elevenlabs", Fault(kind="disconnect", after=0))
        for _ in range(3):
            assert (await Ear().listen(voice, "One moment, please.")).text == "one moment, please."


async def test_a_reply_that_is_cut_short_stops_at_once() -> None:
    async with service() as one, talking(voices=(one.speaks(),)) as speech:
        voice = speech.voice("en", Notes())
        speaking = voice.speak(written(REPLY))
        await anext(speaking)
        await speaking.aclose()  # type: ignore[attr-defined]
        assert (await Ear().listen(voice, "Go on.")).text == "go on."


async def test_nothing_of_a_reply_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with service() as one, talking(voices=(one.speaks(key="my-own-key"), one.speaks())) as speech:
        one.faults.plan("elevenlabs", Fault(kind="delay", seconds=0, times=2))
        one.faults.plan("elevenlabs", Fault(kind="malformed", after=1_500))
        await Ear().listen(speech.voice("en", Notes()), REPLY)
    records = [record for record in caplog.records if record.name.startswith(("livekit", "asyncio", "agents"))]
    logged = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in records)
    assert "queue" not in logged
    assert "my-own-key" not in logged

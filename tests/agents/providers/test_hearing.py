"""A candidate is heard once and in order, whatever happens to the services that hear."""

import logging

import msgspec
import pytest

from agents.providers.watching import Limits
from tests.agents.providers.rooms import QUICK, Heard, Microphone, Notes, said, service, talking
from tests.emulators.faults import Fault
from tests.emulators.sounds import cough, noise, silence

FIRST = "We moved the billing service to a queue, because requests were lost at night."
SECOND = "It took three weeks and halved the errors."
WORDS = f"{FIRST} {SECOND}"
COUNT = len(WORDS.split())


async def test_an_answer_is_heard_word_by_word_with_its_times() -> None:
    async with service() as one, talking(hearing=(one.hears(),)) as speech:
        notes = Notes()
        hearing = speech.hearing("en", notes)
        heard = await Heard(hearing, Microphone(said(FIRST, SECOND))).until(COUNT)
    assert heard.text == WORDS
    assert heard.times == sorted(heard.times)
    assert heard.kinds.count("start_of_speech") == heard.kinds.count("end_of_speech") >= 2
    assert "interim_transcript" in heard.kinds
    assert notes.servers == ["deepgram/nova-3"]
    assert notes.served_by[0].fallback_from is None
    assert notes.causes == []
    assert list(hearing.usage) == ["deepgram/nova-3"]
    assert hearing.usage["deepgram/nova-3"] > 8


async def test_spanish_is_heard() -> None:
    words = "Cambiamos el servicio de pagos en tres semanas."
    async with service() as one, talking(hearing=(one.hears("flux-general-en"),)) as speech:
        notes = Notes()
        heard = await Heard(speech.hearing("es", notes), Microphone(said(words, language="es"))).until(8)
    assert heard.text == words
    assert notes.servers == ["deepgram/nova-3"]


async def test_flux_hears_turns_and_tells_of_them_early() -> None:
    async with service() as one, talking(hearing=(one.hears("flux-general-en"),)) as speech:
        notes = Notes()
        heard = await Heard(speech.hearing("en", notes), Microphone(said(FIRST, SECOND, pause=1.5))).until(COUNT)
    assert heard.text == WORDS
    assert "preflight_transcript" in heard.kinds
    assert notes.servers == ["deepgram/flux-general-en"]


@pytest.mark.parametrize("model", ["nova-3", "flux-general-en"])
@pytest.mark.parametrize("after", [900, 2_300, 3_700, 5_200])
async def test_a_drop_in_mid_word_loses_and_doubles_nothing(model: str, after: int) -> None:
    async with service() as one, talking(hearing=(one.hears(model),)) as speech:
        one.faults.plan("deepgram", Fault(kind="disconnect", after=after))
        notes = Notes()
        heard = await Heard(speech.hearing("en", notes), Microphone(said(FIRST, SECOND, pause=1.3))).until(COUNT)
    assert heard.text == WORDS
    assert heard.times == sorted(heard.times)
    assert notes.causes == [(f"deepgram/{model}", "broke_off")]
    assert notes.servers == [f"deepgram/{model}"]
    assert heard.kinds.count("start_of_speech") == heard.kinds.count("end_of_speech")


async def test_a_drop_in_a_turn_longer_than_what_is_kept_loses_no_word() -> None:
    limits = msgspec.structs.replace(QUICK, tail=1.5)
    async with service() as one, talking(hearing=(one.hears("flux-general-en"),), limits=limits) as speech:
        one.faults.plan("deepgram", Fault(kind="disconnect", after=5_000))
        heard = await Heard(speech.hearing("en", Notes()), Microphone(said(WORDS))).until(COUNT)
    assert heard.text == WORDS
    assert heard.times == sorted(heard.times)


async def test_word_times_run_on_over_a_drop() -> None:
    clip = said(FIRST, SECOND)
    async with service() as one, talking(hearing=(one.hears(),)) as speech:
        whole = await Heard(speech.hearing("en", Notes()), Microphone(clip)).until(COUNT)
        one.faults.plan("deepgram", Fault(kind="disconnect", after=4_000))
        broken = await Heard(speech.hearing("en", Notes()), Microphone(clip)).until(COUNT)
    assert broken.text == whole.text
    for (start, end), (whole_start, whole_end) in zip(broken.times, whole.times, strict=True):
        assert abs(start - whole_start) < 0.03
        assert abs(end - whole_end) < 0.03


@pytest.mark.parametrize(
    ("status", "cause"), [(401, "key_refused"), (402, "quota_spent"), (429, "busy"), (500, "busy")]
)
async def test_the_next_provider_hears_when_the_first_refuses(status: int, cause: str) -> None:
    async with (
        service() as one,
        service() as two,
        talking(hearing=(one.hears(), two.hears("nova-2-general"))) as speech,
    ):
        one.faults.plan("deepgram", Fault(kind="refuse", status=status, times=None))
        notes = Notes()
        heard = await Heard(speech.hearing("en", notes), Microphone(said(FIRST, SECOND))).until(COUNT)
    assert heard.text == WORDS
    assert {each for each in notes.causes if "nova-2" not in each[0]} == {("deepgram/nova-3", cause)}
    assert notes.served_by[0].model == "nova-2-general"
    assert notes.served_by[0].fallback_from == "deepgram/nova-3"


async def test_a_wrong_key_is_named_and_not_tried_again() -> None:
    async with service() as one, service() as two, talking(hearing=(one.hears(key="wrong"), two.hears())) as speech:
        notes = Notes()
        heard = await Heard(speech.hearing("en", notes), Microphone(said(FIRST))).until(len(FIRST.split()))
        assert speech.breakers["stt/0/deepgram/nova-3"] == "open"
    assert heard.text == FIRST
    assert notes.causes == [("deepgram/nova-3", "key_refused")]


async def test_a_provider_that_never_answers_is_left() -> None:
    async with (
        service() as one,
        service() as two,
        talking(hearing=(one.hears(), two.hears("nova-2-general"))) as speech,
    ):
        one.faults.plan("deepgram", Fault(kind="stall", seconds=30, times=None))
        notes = Notes()
        heard = await Heard(speech.hearing("en", notes), Microphone(said(FIRST, SECOND), pace=4)).until(COUNT)
    assert heard.text == WORDS
    assert set(notes.causes) == {("deepgram/nova-3", "timed_out")}
    assert notes.servers == ["deepgram/nova-2-general"]


async def test_a_provider_that_stalls_is_left_and_nothing_is_lost() -> None:
    async with (
        service() as one,
        service() as two,
        talking(hearing=(one.hears(), two.hears("nova-2-general"))) as speech,
    ):
        for _ in range(2):
            one.faults.plan("deepgram", Fault(kind="stall", after=2_000, seconds=30))
        notes = Notes()
        heard = await Heard(speech.hearing("en", notes), Microphone(said(WORDS), pace=4)).until(COUNT)
    assert heard.text == WORDS
    assert ("deepgram/nova-3", "timed_out") in notes.causes


async def test_garbage_ends_a_connection_and_loses_no_word() -> None:
    async with service() as one, talking(hearing=(one.hears(),)) as speech:
        one.faults.plan("deepgram", Fault(kind="malformed", after=2_000))
        notes = Notes()
        heard = await Heard(speech.hearing("en", notes), Microphone(said(FIRST, SECOND))).until(COUNT)
    assert heard.text == WORDS
    assert notes.causes == [("deepgram/nova-3", "garbage")]


async def test_what_was_said_while_nobody_heard_is_heard_afterwards() -> None:
    async with service() as one, talking(hearing=(one.hears(),)) as speech:
        one.faults.plan("deepgram", Fault(kind="refuse", status=500, times=5))
        notes = Notes()
        hearing = speech.hearing("en", notes)
        downs: list[bool] = []
        notes.on_trouble = lambda: downs.append(hearing.is_down)
        heard = await Heard(hearing, Microphone(said(FIRST, SECOND), pace=3)).until(COUNT)
    assert heard.text == WORDS
    assert len(notes.causes) == 5
    assert True in downs


async def test_a_better_provider_hears_again_from_the_next_silence_on() -> None:
    async with (
        service() as one,
        service() as two,
        talking(hearing=(one.hears(), two.hears("nova-2-general"))) as speech,
    ):
        one.faults.plan("deepgram", Fault(kind="refuse", status=500, times=2))
        notes = Notes()
        microphone = Microphone(said(FIRST) + silence(6) + said(SECOND), pace=4)
        heard = await Heard(speech.hearing("en", notes), microphone).until(COUNT)
    assert heard.text == WORDS
    assert notes.servers == ["deepgram/nova-2-general", "deepgram/nova-3"]
    assert notes.served_by[-1].fallback_from is None


async def test_noise_and_a_cough_are_neither_words_nor_a_stall() -> None:
    clip = silence(0.5) + cough() + silence(1) + noise(6) + said(FIRST)
    # The emulated service is slow to tell noise from words on a busy machine: the product's own patience, not a test's.
    limits = msgspec.structs.replace(QUICK, stall=Limits().stall)
    async with service() as one, talking(hearing=(one.hears(),), limits=limits) as speech:
        notes = Notes()
        heard = await Heard(speech.hearing("en", notes), Microphone(clip, pace=4)).until(len(FIRST.split()))
    assert heard.text == FIRST
    assert notes.causes == []


async def test_the_last_words_are_heard_when_the_frames_end() -> None:
    clip = said(FIRST)[: -int(0.6 * 32_000)]
    async with service() as one, talking(hearing=(one.hears(),)) as speech:
        heard = await Heard(speech.hearing("en", Notes()), Microphone(clip, ends=True)).until(1_000)
    assert heard.text == FIRST


async def test_nothing_that_was_said_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with service() as one, talking(hearing=(one.hears(key="wrong-key-of-mine"), one.hears())) as speech:
        one.faults.plan("deepgram", Fault(kind="delay", seconds=0))
        one.faults.plan("deepgram", Fault(kind="malformed", after=2_000))
        await Heard(speech.hearing("en", Notes()), Microphone(said(FIRST))).until(len(FIRST.split()))
    logged = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if record.name.startswith("livekit")
    )
    assert "garbage" in logged
    assert "billing" not in logged
    assert "wrong-key-of-mine" not in logged

"""Hearing by a service that takes whole stretches of speech only."""

from tests.agents.providers.rooms import Heard, Microphone, Notes, said, service, talking
from tests.emulators.faults import Fault

FIRST = "We moved the billing service to a queue, because requests were lost at night."
SECOND = "It took three weeks and halved the errors."
WORDS = f"{FIRST} {SECOND}"
COUNT = len(WORDS.split())


async def test_stretches_of_speech_are_heard_with_their_places() -> None:
    async with service() as one, talking(hearing=(one.hears_stretches(),)) as speech:
        notes = Notes()
        hearing = speech.hearing("en", notes)
        heard = await Heard(hearing, Microphone(said(FIRST, SECOND, pause=1.2), pace=4)).until(COUNT)
    assert heard.text == WORDS
    first, *_, last = heard.finals
    assert 0.3 < first.start_time < 1.3
    assert first.end_time < last.end_time
    assert heard.kinds.count("start_of_speech") == heard.kinds.count("end_of_speech")
    assert notes.servers == ["openai/whisper-1"]
    assert notes.causes == []


async def test_they_are_heard_again_after_an_error() -> None:
    async with service() as one, talking(hearing=(one.hears_stretches(),)) as speech:
        one.faults.plan("openai_speech", Fault(kind="refuse", status=500))
        notes = Notes()
        clip = said(FIRST, SECOND, pause=1.2)
        heard = await Heard(speech.hearing("en", notes), Microphone(clip, pace=4)).until(COUNT)
    assert heard.text == WORDS
    assert notes.causes == [("openai/whisper-1", "busy")]


async def test_they_serve_where_the_streaming_provider_fails() -> None:
    async with service() as one, talking(hearing=(one.hears(key="wrong"), one.hears_stretches())) as speech:
        notes = Notes()
        clip = said(FIRST, SECOND, pause=1.2)
        heard = await Heard(speech.hearing("en", notes), Microphone(clip, pace=4)).until(COUNT)
    assert heard.text == WORDS
    assert notes.causes == [("deepgram/nova-3", "key_refused")]
    assert notes.servers == ["openai/whisper-1"]

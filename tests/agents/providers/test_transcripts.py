"""Nothing twice, nothing lost, when a recogniser hears the same audio again."""

from livekit.agents import LanguageCode
from livekit.agents.stt import SpeechData
from livekit.agents.types import TimedString

from agents.providers.transcripts import end_of, heard_before, without_heard


def _data(*words: tuple[str, float, float]) -> SpeechData:
    return SpeechData(
        language=LanguageCode("en"),
        text=" ".join(word for word, _, _ in words),
        start_time=words[0][1],
        end_time=words[-1][2],
        confidence=0.9,
        words=[TimedString(word, start_time=start, end_time=end, confidence=0.9) for word, start, end in words],
    )


_SAID = _data(("We", 1.0, 1.2), ("shipped", 1.2, 1.6), ("it.", 1.7, 2.0))


def test_words_that_were_final_before_are_taken_out() -> None:
    left = without_heard(_SAID, 1.55)
    assert left is not None
    assert left.text == "it."
    assert (left.start_time, left.end_time) == (1.7, 2.0)


def test_a_transcript_of_old_words_alone_is_dropped() -> None:
    assert without_heard(_SAID, 2.0) is None


def test_new_words_pass_untouched() -> None:
    assert without_heard(_SAID, 1.0) is _SAID


def test_words_without_times_pass_unless_their_audio_is_old() -> None:
    plain = SpeechData(language=LanguageCode("en"), text="We shipped it.", start_time=1.0, end_time=2.0)
    assert without_heard(plain, 0.9) is plain
    assert without_heard(plain, 2.0) is None


def test_unfinished_words_whose_audio_is_gone_are_kept() -> None:
    kept = heard_before(_SAID, 1.65)
    assert kept is not None
    assert kept.text == "We shipped"
    assert end_of(kept) == 1.6
    assert heard_before(_SAID, 0.5) is None

"""What one recogniser says twice, and what a broken one had said already: words by their place in time. Pure."""

from dataclasses import replace

from livekit.agents.stt import SpeechData
from livekit.agents.types import TimedString


def without_heard(data: SpeechData, until: float) -> SpeechData | None:
    """The transcript without the words that were final before, at or before `until` seconds; None where none is left.

    A word belongs to the past when its middle does: recognisers place the same word a little differently each time.
    """
    if not data.words:
        return data if data.text.strip() and (data.end_time <= 0 or data.end_time > until + 0.02) else None
    left = [word for word in data.words if _middle(word) > until]
    if len(left) == len(data.words):
        return data
    return _of_words(data, left)


def heard_before(data: SpeechData, until: float) -> SpeechData | None:
    """The words of an unfinished transcript whose audio is not whole any more, it being kept from `until` on only."""
    gone = [word for word in data.words or () if _seconds(word.start_time) < until]
    return _of_words(data, gone)


def end_of(data: SpeechData) -> float:
    """Where the transcript's last word ends, in seconds."""
    return _seconds(data.words[-1].end_time) if data.words else data.end_time


def _of_words(data: SpeechData, words: list[TimedString]) -> SpeechData | None:
    if not words:
        return None
    return replace(
        data,
        text=" ".join(str(word) for word in words),
        words=words,
        start_time=_seconds(words[0].start_time),
        end_time=_seconds(words[-1].end_time),
    )


def _middle(word: TimedString) -> float:
    return (_seconds(word.start_time) + _seconds(word.end_time)) / 2


def _seconds(time: object) -> float:
    return time if isinstance(time, float | int) else 0.0

"""Days on which the interviewer's voice fails: each fault with nobody to take over, and with somebody."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents import audio
from storage.cache import Cache
from storage.database import Database
from tests.conftest import Person
from tests.server.live.bad_days import (
    ANSWER,
    MORE,
    WITHIN_S,
    WRONG_KEY,
    BadDay,
    Street,
    answer,
    open_street,
    turns,
)

MID_WORD_MS = 1_010
"""Within the third word of a reply, and within a letter."""


@pytest.fixture
async def street(
    database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Street]:
    # A reply is played as soon as it comes.
    monkeypatch.setattr(audio, "LEAD_MS", 1e9)
    async with open_street(database, tenant, redis_cache, tmp_path) as opened:
        yield opened


async def is_answered(
    day: BadDay, cause: str, *said: str, truths: tuple[str, ...] = ("audio",), is_spoken: bool = True, **fault: Any
) -> None:
    """After the first answer the voice fails: the candidate hears or reads the reply, and goes on.

    `is_spoken`: whether every reply is heard to its end as well.
    """
    talker = await day.reaches_question()
    if fault:
        day.plan("elevenlabs", **fault)
    talker.switch_on()
    for text in said:
        spoken = await talker.says(answer(text))
        closed = await talker.fact("turn.closed")
        await talker.asked_after(closed.seq)
        waited_s, what = talker.true_after(spoken)
        assert waited_s < WITHIN_S
        assert what in truths
    log = await day.ends()
    assert turns(log) == list(said)
    for text, sound in day.sounded(log):
        assert text == sound if is_spoken else text.startswith(sound)
    told = {what for _, what in talker.came}
    assert is_spoken or "tts lost" in told
    assert ("elevenlabs", cause) in day.causes("tts")
    assert ("tts", "elevenlabs", cause) in day.counted()
    day.assert_nothing_private_in_log(log)


FOR_GOOD: dict[str, tuple[dict[str, Any], str]] = {
    "wrong_key": ({"kind": "refuse", "status": 401}, "key_refused"),
    "exhausted_quota": ({"kind": "refuse", "status": 402}, "quota_spent"),
    "too_many_requests": ({"kind": "refuse", "status": 429, "retry_after": 30.0}, "busy"),
    "server_error": ({"kind": "refuse", "status": 500}, "busy"),
    "never_answers": ({"kind": "stall"}, "timed_out"),
    "garbage": ({"kind": "malformed"}, "garbage"),
    "drop_in_mid_word": ({"kind": "disconnect", "after": MID_WORD_MS}, "broke_off"),
    "stall_of_30_s": ({"kind": "stall", "after": MID_WORD_MS}, "timed_out"),
    "garbage_in_mid_word": ({"kind": "malformed", "after": MID_WORD_MS}, "garbage"),
    "cut_as_if_whole": ({"kind": "truncate", "after": MID_WORD_MS}, "broke_off"),
}
"""What goes wrong with every reply from then on, and the cause that the operator reads."""


async def test_a_wrong_key_from_the_start_leaves_the_words_to_be_read(street: Street) -> None:
    async with street.day(elevenlabs_key=WRONG_KEY) as day:
        await is_answered(day, "key_refused", ANSWER, MORE, truths=("words",), is_spoken=False)


@pytest.mark.parametrize("name", FOR_GOOD)
async def test_without_another_voice_the_words_are_there_to_be_read(street: Street, name: str) -> None:
    fault, cause = FOR_GOOD[name]
    async with street.day() as day:
        truths = ("audio", "words", "tts lost")
        await is_answered(day, cause, ANSWER, truths=truths, is_spoken=False, times=None, **fault)


@pytest.mark.parametrize("name", FOR_GOOD)
async def test_another_voice_says_what_the_first_did_not(street: Street, name: str) -> None:
    fault, cause = FOR_GOOD[name]
    async with street.day(has_fallback=True) as day:
        await is_answered(
            day, cause, ANSWER, truths=("audio", "words", "tts lost", "tts fallback"), times=None, **fault
        )


@pytest.mark.parametrize("name", ["drop_in_mid_word", "garbage_in_mid_word", "cut_as_if_whole", "stall_of_30_s"])
async def test_a_voice_that_breaks_once_in_mid_word_says_each_word_once(street: Street, name: str) -> None:
    fault, cause = FOR_GOOD[name]
    async with street.day() as day:
        await is_answered(day, cause, ANSWER, **fault)

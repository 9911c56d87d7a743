"""Days on which what hears the candidate fails: each fault with nobody to take over, and with somebody."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents import audio
from agents.audio import BYTES_A_MS
from storage.cache import Cache
from storage.database import Database
from tests.conftest import Person
from tests.server.live.bad_days import (
    ANSWER,
    TYPED,
    WITHIN_S,
    WRONG_KEY,
    BadDay,
    Street,
    answer,
    open_street,
    turns,
)

MID_WORD_MS = 1_130
"""Within the fourth word of the answer."""


@pytest.fixture
async def street(
    database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Street]:
    # A reply is played as soon as it comes: what is tested here are the ears.
    monkeypatch.setattr(audio, "LEAD_MS", 1e9)
    async with open_street(database, tenant, redis_cache, tmp_path) as opened:
        yield opened


async def answers_by_voice(day: BadDay, provider: str, cause: str, *, truths: tuple[str, ...] = ("audio",)) -> None:
    """The candidate speaks, is heard in spite of the fault, and is asked the next thing."""
    talker = await day.reaches_question()
    talker.switch_on()
    spoken = await talker.says(answer())
    await talker.asked_after(await talker.closes(ANSWER))
    waited_s, what = talker.true_after(spoken)
    assert waited_s < WITHIN_S
    assert what in truths
    await whole(day, [ANSWER], provider, cause)


async def answers_by_typing(day: BadDay, provider: str, cause: str) -> None:
    """Nobody hears the candidate, who is told so, types, and is asked the next thing."""
    talker = await day.reaches_question()
    talker.switch_on()
    spoken = await talker.says(answer())
    await talker.until_told("stt lost")
    assert talker.was_told("stt lost") - spoken < WITHIN_S
    closed_as = await talker.say(TYPED)
    await talker.asked_after(talker.ack(closed_as)[0] if talker.ack(closed_as) else talker.last_seq)
    log = await whole(day, [], provider, cause)
    assert turns(log, "typed")[-1] == TYPED


async def whole(day: BadDay, said: list[str], provider: str, cause: str) -> Any:
    log = await day.ends()
    assert turns(log) == said
    for text, sound in day.sounded(log):
        assert sound == text
    assert (provider, cause) in day.causes("stt")
    assert {each for each, _ in day.causes("stt")} == {provider}
    assert ("stt", provider, cause) in day.counted()
    day.assert_nothing_private_in_log(log)
    return log


# --- nobody to take over --------------------------------------------------------------------------------------------


async def test_a_wrong_key_leaves_typing_and_says_so(street: Street) -> None:
    async with street.day(deepgram_key=WRONG_KEY) as day:
        await answers_by_typing(day, "deepgram", "key_refused")


async def test_an_exhausted_quota_leaves_typing_and_says_so(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="refuse", status=402, times=None)
        await answers_by_typing(day, "deepgram", "quota_spent")


async def test_too_many_requests_leave_typing_and_say_so(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="refuse", status=429, retry_after=30.0, times=None)
        await answers_by_typing(day, "deepgram", "busy")


async def test_a_server_that_fails_leaves_typing_and_says_so(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="refuse", status=500, times=None)
        await answers_by_typing(day, "deepgram", "busy")


async def test_a_service_that_never_answers_leaves_typing_and_says_so(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="stall", seconds=30.0, times=None)
        await answers_by_typing(day, "deepgram", "timed_out")


async def test_a_drop_in_mid_word_loses_no_word(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="disconnect", after=MID_WORD_MS)
        await answers_by_voice(day, "deepgram", "broke_off")


async def test_a_stall_of_thirty_seconds_loses_no_word(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="stall", seconds=30.0, after=MID_WORD_MS)
        await answers_by_voice(day, "deepgram", "timed_out")


@pytest.mark.parametrize("before_end_ms", [150, -60])
async def test_a_stall_in_the_last_syllable_loses_no_word(street: Street, before_end_ms: int) -> None:
    async with street.day() as day:
        after = len(answer()) // BYTES_A_MS - before_end_ms
        day.plan("deepgram", kind="stall", seconds=30.0, after=after)
        await answers_by_voice(day, "deepgram", "timed_out")


async def test_garbage_in_mid_word_loses_no_word(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="malformed", after=MID_WORD_MS)
        await answers_by_voice(day, "deepgram", "garbage")


async def test_garbage_and_nothing_else_leaves_typing_and_says_so(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="malformed", times=None)
        await answers_by_typing(day, "deepgram", "garbage")


async def test_a_service_that_is_back_hears_again(street: Street) -> None:
    async with street.day() as day:
        day.plan("deepgram", kind="refuse", status=500, times=2)
        talker = await day.reaches_question()
        talker.switch_on()
        spoken = await talker.says(answer())
        await talker.asked_after(await talker.closes(ANSWER))
        assert talker.true_after(spoken)[0] < WITHIN_S
        await whole(day, [ANSWER], "deepgram", "busy")


# --- somebody to take over ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"kind": "refuse", "status": 401}, "key_refused"),
        ({"kind": "refuse", "status": 402}, "quota_spent"),
        ({"kind": "refuse", "status": 429, "retry_after": 30.0}, "busy"),
        ({"kind": "refuse", "status": 500}, "busy"),
        ({"kind": "stall"}, "timed_out"),
        ({"kind": "malformed"}, "garbage"),
        ({"kind": "disconnect", "after": MID_WORD_MS}, "broke_off"),
        ({"kind": "stall", "after": MID_WORD_MS}, "timed_out"),
        ({"kind": "malformed", "after": MID_WORD_MS}, "garbage"),
    ],
    ids=[
        "wrong_key",
        "exhausted_quota",
        "too_many_requests",
        "server_error",
        "never_answers",
        "garbage",
        "drop_in_mid_word",
        "stall_of_30_s",
        "garbage_in_mid_word",
    ],
)
async def test_another_service_hears_what_the_first_did_not(street: Street, fault: dict[str, Any], cause: str) -> None:
    async with street.day(has_fallback=True) as day:
        day.plan("deepgram", times=None, **fault)
        await answers_by_voice(day, "deepgram", cause, truths=("audio", "stt fallback", "stt lost"))


# --- Flux -----------------------------------------------------------------------------------------------------------


async def test_flux_with_a_wrong_key_leaves_typing_and_says_so(street: Street) -> None:
    async with street.day(deepgram_model="flux-general-en", deepgram_key=WRONG_KEY) as day:
        await answers_by_typing(day, "deepgram", "key_refused")


@pytest.mark.parametrize(
    ("kind", "cause"), [("disconnect", "broke_off"), ("stall", "timed_out"), ("malformed", "garbage")]
)
async def test_flux_that_breaks_in_mid_word_loses_no_word(street: Street, kind: str, cause: str) -> None:
    async with street.day(deepgram_model="flux-general-en") as day:
        day.plan("deepgram", kind=kind, seconds=30.0, after=MID_WORD_MS)
        await answers_by_voice(day, "deepgram", cause)

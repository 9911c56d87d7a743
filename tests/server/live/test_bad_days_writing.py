"""Days on which what writes the interviewer's words fails: each fault with nobody to take over, and with somebody."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agents import audio
from storage.cache import Cache
from storage.database import Database
from tests.conftest import Person
from tests.server.live.bad_days import TYPED, WITHIN_S, WRONG_KEY, BadDay, Street, open_street, turns

MID_WORD = 12
"""Characters: the header, and a part of the first words."""


@pytest.fixture
async def street(
    database: Database, tenant: Person, redis_cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Street]:
    # A reply is played as soon as it comes.
    monkeypatch.setattr(audio, "LEAD_MS", 1e9)
    async with open_street(database, tenant, redis_cache, tmp_path) as opened:
        yield opened


async def is_answered(day: BadDay, cause: str, *said: str, told: str | None, **fault: Any) -> None:
    """After an answer the model fails: the candidate is asked the next thing all the same, and answers that.

    `told`: what the interview makes known of who writes.
    """
    talker = await day.reaches_question()
    if fault:
        day.plan("anthropic", **fault)
    said = said or (TYPED, f"{TYPED} And we measured it.")
    for text in said:
        sent = await talker.say(text)
        closed = await talker.fact("turn.closed")
        owed = talker.came_at(closed.seq)
        await talker.asked_after(closed.seq)
        waited_s, what = talker.true_after(owed)
        assert waited_s < WITHIN_S
        assert what in ("words", "audio", told)
        assert talker.ack(sent)
    if told is not None:
        await talker.until_told(told)
    log = await day.ends()
    assert turns(log, "typed")[1:] == list(said)
    for text, sound in day.sounded(log):
        assert text == sound
    assert ("anthropic", cause) in day.causes("llm")
    assert ("llm", "anthropic", cause) in day.counted()
    day.assert_nothing_private_in_log(log)


BEFORE_WORDS: dict[str, tuple[dict[str, Any], str]] = {
    "exhausted_quota": ({"kind": "refuse", "status": 402}, "quota_spent"),
    "wrong_key": ({"kind": "refuse", "status": 401}, "key_refused"),
    "too_many_requests": ({"kind": "refuse", "status": 429, "retry_after": 30.0}, "busy"),
    "overloaded": ({"kind": "refuse", "status": 529}, "busy"),
    "server_error": ({"kind": "refuse", "status": 500}, "unreachable"),
    "garbage": ({"kind": "malformed", "after": 0}, "garbage"),
    "drop": ({"kind": "disconnect"}, "unreachable"),
}
AFTER_WORDS: dict[str, tuple[dict[str, Any], str]] = {
    "drop_in_mid_word": ({"kind": "disconnect", "after": MID_WORD}, "unreachable"),
    "stall_of_30_s": ({"kind": "stall", "after": MID_WORD}, "timed_out"),
    "garbage_in_mid_word": ({"kind": "malformed", "after": MID_WORD}, "garbage"),
    "overloaded_in_mid_word": ({"kind": "refuse", "status": 529, "after": MID_WORD}, "busy"),
    "cut_as_if_whole": ({"kind": "truncate", "after": MID_WORD}, "broke_off"),
}


async def test_a_wrong_key_from_the_start_leaves_the_directors_words(street: Street) -> None:
    async with street.day(anthropic_key=WRONG_KEY) as day:
        await is_answered(day, "key_refused", told="llm fallback")


@pytest.mark.parametrize("name", BEFORE_WORDS)
async def test_without_another_model_the_rehearsal_interviewer_writes_and_it_is_said(street: Street, name: str) -> None:
    fault, cause = BEFORE_WORDS[name]
    async with street.day() as day:
        await is_answered(day, cause, told="llm fallback", times=None, **fault)


@pytest.mark.parametrize("name", BEFORE_WORDS)
async def test_another_model_writes_what_the_first_did_not(street: Street, name: str) -> None:
    fault, cause = BEFORE_WORDS[name]
    async with street.day(has_fallback=True) as day:
        await is_answered(day, cause, told="llm fallback", times=None, **fault)


async def test_another_model_writes_where_the_first_never_answers(street: Street) -> None:
    async with street.day(has_fallback=True) as day:
        await is_answered(day, "timed_out", told="llm fallback", kind="stall", times=None)


async def test_a_model_that_never_answers_costs_two_seconds_a_reply_and_is_soon_not_asked(street: Street) -> None:
    async with street.day() as day:
        more = [f"{TYPED} This was part {number}." for number in ("two", "three", "four")]
        await is_answered(day, "timed_out", TYPED, *more, told="llm fallback", kind="stall", times=None)


@pytest.mark.parametrize("name", AFTER_WORDS)
async def test_a_model_that_breaks_off_is_finished_by_the_directors_wording(street: Street, name: str) -> None:
    fault, cause = AFTER_WORDS[name]
    async with street.day() as day:
        await is_answered(day, cause, told=None, **fault)

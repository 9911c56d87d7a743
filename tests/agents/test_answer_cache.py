"""What makes two calls the same call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from agents.answer_cache import AnswerCache, key_of
from agents.calls import Call, Message
from storage.answers_cache import forget_answers
from storage.cache import Cache
from storage.ids import uuid7

CALL = Call(
    task="score",
    tier="balanced",
    prompt_name="score",
    prompt_version="2",
    system=("Judge.", "Anchors."),
    messages=(Message("user", "An answer."),),
    max_tokens=500,
    schema={"type": "object", "required": ["level"]},
    tenant_id=UUID(int=1),
    entity_type="answer",
    request_id="score/1",
    is_deterministic=True,
)


def test_another_act_that_asks_the_same_is_the_same_call() -> None:
    again = msgspec.structs.replace(CALL, request_id="score/2", interview_id=UUID(int=9), priority="later")
    assert key_of(again, "small") == key_of(CALL, "small")
    assert len(key_of(CALL, "small")) == 64
    swapped = msgspec.structs.replace(CALL, schema={"required": ["level"], "type": "object"})
    assert key_of(swapped, "small") == key_of(CALL, "small")


@pytest.mark.parametrize(
    "change",
    [
        {"prompt_version": "3"},
        {"prompt_name": "judge"},
        {"system": ("Judge.Anchors.",)},
        {"messages": (Message("user", "An answer?"),)},
        {"schema": None},
        {"effort": "high"},
        {"max_tokens": 501},
        {"tenant_id": UUID(int=2)},
    ],
)
def test_whatever_decides_the_answer_makes_another_call(change: dict[str, Any]) -> None:
    assert key_of(msgspec.structs.replace(CALL, **change), "small") != key_of(CALL, "small")


def test_another_model_is_another_call() -> None:
    assert key_of(CALL, "small") != key_of(CALL, "large")


async def test_what_was_kept_for_an_interview_is_forgotten_with_it(redis_cache: Cache) -> None:
    answers = AnswerCache(redis_cache)
    tenant_id, ours, theirs = uuid7(), uuid7(), uuid7()
    first = msgspec.structs.replace(CALL, tenant_id=tenant_id, interview_id=ours)
    second = msgspec.structs.replace(first, messages=(Message("user", "Another answer."),))
    other = msgspec.structs.replace(first, messages=(Message("user", "A third."),), interview_id=theirs)
    for call in (first, second, other):
        await answers.keep(call, "small", '{"level": 4}')
    assert await forget_answers(redis_cache, ours) == 2
    assert [await answers.find(call, "small") for call in (first, second)] == [None, None]
    assert await answers.find(other, "small") == '{"level": 4}'
    assert await forget_answers(redis_cache, ours) == 0
    assert await redis_cache.redis.exists(f"answers_of:{ours}") == 0
    assert 0 < await redis_cache.redis.ttl(f"answers_of:{theirs}") <= 604_800

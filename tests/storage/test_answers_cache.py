"""Answers in Valkey: there for their time, and no trouble when it is not."""

from __future__ import annotations

import pytest

from storage.answers_cache import forget_answers, keep_answer, kept_answer
from storage.cache import Cache, connect
from storage.errors import CacheUnavailable
from storage.ids import uuid7


async def test_an_answer_is_kept_for_its_time(redis_cache: Cache) -> None:
    key = str(uuid7())
    assert await kept_answer(redis_cache, key) is None
    await keep_answer(redis_cache, key, 'Sí, {"level": 4}', seconds=604_800)
    assert await kept_answer(redis_cache, key) == 'Sí, {"level": 4}'
    assert 604_700 < await redis_cache.redis.ttl(f"answer:{key}") <= 604_800


async def test_without_redis_it_says_so() -> None:
    absent = connect("redis://127.0.0.1:9/0")
    with pytest.raises(CacheUnavailable):
        await kept_answer(absent, "key")
    with pytest.raises(CacheUnavailable):
        await keep_answer(absent, "key", "text", seconds=1)
    with pytest.raises(CacheUnavailable):
        await forget_answers(absent, uuid7())
    await absent.close()

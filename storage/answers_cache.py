"""Whole answers of models in Redis, each for a while. Nothing in it is the only copy of anything."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from uuid import UUID

from redis.exceptions import RedisError

from storage.cache import Cache
from storage.errors import CacheUnavailable

WITHIN_S = 0.1
"""Longer than this the cache would cost more than it saves."""


async def kept_answer(cache: Cache, key: str) -> str | None:
    """The answer kept under a key. Raises CacheUnavailable."""
    try:
        async with asyncio.timeout(WITHIN_S):
            found = await cache.redis.get(_name(key))
    except (RedisError, OSError, TimeoutError) as lost:
        raise CacheUnavailable(type(lost).__name__) from lost
    return found.decode() if isinstance(found, bytes) else found


async def keep_answer(cache: Cache, key: str, text: str, *, seconds: int, interview_id: UUID | None = None) -> None:
    """Keep an answer for so long; with an interview, so that `forget_answers` finds it. Raises CacheUnavailable."""
    try:
        async with asyncio.timeout(WITHIN_S), cache.redis.pipeline(transaction=True) as together:
            together.set(_name(key), text, ex=seconds)
            if interview_id is not None:
                together.sadd(_kept_for(interview_id), key)
                together.expire(_kept_for(interview_id), seconds)
            await together.execute()
    except (RedisError, OSError, TimeoutError) as lost:
        raise CacheUnavailable(type(lost).__name__) from lost


async def forget_answers(cache: Cache, interview_id: UUID) -> int:
    """Remove every answer that was kept for an interview. Returns how many there were. Raises CacheUnavailable."""
    kept = _kept_for(interview_id)
    try:
        keys = [key.decode() if isinstance(key, bytes) else key for key in await _members(cache, kept)]
        # One by one: what a later answer adds to the set meanwhile stays in it, to be found again.
        removed = 0
        for key in keys:
            async with cache.redis.pipeline(transaction=True) as together:
                together.delete(_name(key))
                together.srem(kept, key)
                removed += (await together.execute())[0]
    except (RedisError, OSError, TimeoutError) as lost:
        raise CacheUnavailable(type(lost).__name__) from lost
    return removed


async def _members(cache: Cache, name: str) -> Collection[bytes | str]:
    members: Collection[bytes | str] = await cache.redis.smembers(name)
    return members


def _kept_for(interview_id: UUID) -> str:
    return f"answers_of:{interview_id}"


def _name(key: str) -> str:
    return f"answer:{key}"

"""Whole answers of models in Redis, each for a while. Nothing in it is the only copy of anything."""

from __future__ import annotations

import asyncio

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


async def keep_answer(cache: Cache, key: str, text: str, *, seconds: int) -> None:
    """Keep an answer for so long. Raises CacheUnavailable."""
    try:
        async with asyncio.timeout(WITHIN_S):
            await cache.redis.set(_name(key), text, ex=seconds)
    except (RedisError, OSError, TimeoutError) as lost:
        raise CacheUnavailable(type(lost).__name__) from lost


def _name(key: str) -> str:
    return f"answer:{key}"

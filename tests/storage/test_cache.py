from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from storage import cache
from storage.cache import LOOK, Cache, Listener
from storage.errors import CacheUnavailable
from storage.ids import uuid7


def into(told: asyncio.Queue[int]) -> Listener:
    return lambda seq, _news: told.put_nowait(seq)


async def test_listeners_are_told_the_numbers_of_their_own_interview(redis_cache: Cache) -> None:
    mine, other = uuid7(), uuid7()
    told: asyncio.Queue[int] = asyncio.Queue()
    also: asyncio.Queue[int] = asyncio.Queue()
    async with redis_cache.listening(mine, into(told)), redis_cache.listening(mine, into(also)):
        await redis_cache.tell(other, 99)
        await redis_cache.tell(mine, 1)
        await redis_cache.tell(mine, 2)
        async with asyncio.timeout(10):
            assert [await told.get(), await told.get()] == [1, 2]
            assert [await also.get(), await also.get()] == [1, 2]


async def test_one_that_stopped_listening_is_told_nothing_more(redis_cache: Cache) -> None:
    interview_id = uuid7()
    gone: asyncio.Queue[int] = asyncio.Queue()
    told: asyncio.Queue[int] = asyncio.Queue()
    async with redis_cache.listening(interview_id, into(told)):
        async with redis_cache.listening(interview_id, into(gone)):
            pass
        await redis_cache.tell(interview_id, 5)
        async with asyncio.timeout(10):
            assert await told.get() == 5
    assert gone.empty()


async def test_after_a_lost_connection_every_listener_is_told_to_look(redis_cache: Cache) -> None:
    interview_id = uuid7()
    told: asyncio.Queue[int] = asyncio.Queue()
    async with redis_cache.listening(interview_id, into(told)):
        await redis_cache.redis.client_kill_filter(_type="pubsub")
        async with asyncio.timeout(10):
            assert await told.get() == LOOK
            # Once more when messages arrive again: what was told in between is lost.
            assert await told.get() == LOOK
            await redis_cache.tell(interview_id, 6)
            assert await told.get() == 6


async def test_while_redis_is_away_those_who_listen_look_by_themselves(tmp_path: Path) -> None:
    away = cache.connect(f"unix://{tmp_path}/nothing.sock")
    told: asyncio.Queue[int] = asyncio.Queue()
    async with away.listening(uuid7(), into(told)), asyncio.timeout(10):
        assert [await told.get() for _ in range(3)] == [LOOK] * 3
    await away.close()


async def test_what_is_announced_is_told_soon_in_order_with_its_news(redis_cache: Cache) -> None:
    interview_id = uuid7()
    told: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
    async with redis_cache.listening(interview_id, lambda seq, news: told.put_nowait((seq, news))):
        for seq in (7, 8, 9):
            redis_cache.announce(interview_id, seq, b'["of %d"]' % seq)
        async with asyncio.timeout(10):
            assert [await told.get() for _ in range(3)] == [(7, b'["of 7"]'), (8, b'["of 8"]'), (9, b'["of 9"]')]


async def test_a_redis_that_does_not_answer_is_said_and_listening_goes_on_without(tmp_path: Path) -> None:
    away = cache.connect(f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(CacheUnavailable, match="REDIS_URL"):
        await away.ping()
    with pytest.raises(CacheUnavailable):
        await away.tell(uuid7(), 1)
    await away.close()


async def test_redis_answers(redis_cache: Cache) -> None:
    await redis_cache.ping()

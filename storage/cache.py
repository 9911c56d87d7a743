"""Redis: who should look at what. Nothing in it is the only copy of anything; PostgreSQL alone decides."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError
from structlog.stdlib import get_logger

from storage.errors import CacheUnavailable

log = get_logger(__name__)

Listener: TypeAlias = "Callable[[int], None]"

LOOK = 0
"""The number a listener is given when messages may have been missed: read the log and see."""

_PATTERN = "live:*"
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 5.0


def live_channel(interview_id: UUID) -> str:
    """The channel on which an interview's new event numbers are told."""
    return f"live:{interview_id}"


class Cache:
    """One Redis, and one subscription of this process that serves every interview listened to."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._reader: asyncio.Task[None] | None = None
        self._subscribed = asyncio.Event()

    async def tell(self, interview_id: UUID, seq: int) -> None:
        """Say that the log has grown to `seq`. After the commit; raises CacheUnavailable, which loses nothing."""
        try:
            await self.redis.publish(live_channel(interview_id), str(seq))
        except (RedisError, OSError) as lost:
            raise CacheUnavailable(type(lost).__name__) from lost

    @asynccontextmanager
    async def listening(self, interview_id: UUID, listener: Listener) -> AsyncIterator[None]:
        """Call `listener` with each number told of the interview, and with LOOK after a connection was lost.

        Returns once messages arrive; where Redis does not answer, they begin when it does.
        """
        channel = live_channel(interview_id)
        self._listeners[channel].add(listener)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(), name="live-reader")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._subscribed.wait(), _LAST_RETRY_SECONDS)
        try:
            yield
        finally:
            self._listeners[channel].discard(listener)
            if not self._listeners[channel]:
                del self._listeners[channel]

    async def ping(self) -> None:
        """One round trip. Raises CacheUnavailable."""
        try:
            await self.redis.ping()
        except (RedisError, OSError) as lost:
            raise CacheUnavailable(type(lost).__name__) from lost

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        await self.redis.aclose()

    async def _read(self) -> None:
        retry = _FIRST_RETRY_SECONDS
        missed = False
        while True:
            try:
                async with self.redis.pubsub() as channels:
                    await channels.psubscribe(_PATTERN)
                    async for message in channels.listen():
                        if message["type"] == "psubscribe":
                            self._subscribed.set()
                            retry = _FIRST_RETRY_SECONDS
                            if missed:
                                self._tell_all(LOOK)
                        elif message["type"] == "pmessage":
                            self._tell(_text(message["channel"]), int(message["data"]))
            except (RedisError, OSError) as lost:
                self._subscribed.clear()
                missed = True
                log.warning("cache.subscription_lost", error=type(lost).__name__, retry_seconds=retry)
                await asyncio.sleep(retry)
                retry = min(retry * 2, _LAST_RETRY_SECONDS)

    def _tell(self, channel: str, seq: int) -> None:
        for listener in tuple(self._listeners.get(channel, ())):
            listener(seq)

    def _tell_all(self, seq: int) -> None:
        for channel in tuple(self._listeners):
            self._tell(channel, seq)


def connect(url: str) -> Cache:
    """A cache at `redis://`, `rediss://` or `unix://`; it connects when first used."""
    return Cache(Redis.from_url(url, socket_connect_timeout=5.0))


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name

"""Redis: who should look at what. Nothing in it is the only copy of anything; PostgreSQL alone decides."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from structlog.stdlib import get_logger

from storage.errors import CacheUnavailable

log = get_logger(__name__)

Listener: TypeAlias = "Callable[[int, bytes], None]"
"""Called with the number that was told, and the news that came with it, which may be empty."""

LOOK = 0
"""The number a listener is given when messages may have been missed: read the log and see."""

_PATTERN = "live:*"
_FIRST_RETRY_SECONDS = 0.1
_LAST_RETRY_SECONDS = 5.0
_SUBSCRIBE_SECONDS = 1.0
_LOOK_EVERY_SECONDS = 1.0
_SILENT_SECONDS = 2.0
"""Without a message for so long the server is asked whether it is there; without an answer for as long it is not."""
_COMMAND_SECONDS = 1.0


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
        self._news: list[tuple[UUID, int, bytes]] = []
        self._has_news = asyncio.Event()
        self._teller: asyncio.Task[None] | None = None

    async def tell(self, interview_id: UUID, seq: int) -> None:
        """Say that the log has grown to `seq`. After the commit; raises CacheUnavailable, which loses nothing."""
        try:
            await self.redis.publish(live_channel(interview_id), str(seq))
        except (RedisError, OSError) as lost:
            raise CacheUnavailable(type(lost).__name__) from lost

    def announce(self, interview_id: UUID, seq: int, news: bytes = b"") -> None:
        """Say so soon, in order and without waiting. What cannot be told is lost, and found in the log later."""
        self._news.append((interview_id, seq, news))
        self._has_news.set()
        if self._teller is None or self._teller.done():
            self._teller = asyncio.create_task(self._tell_news(), name="live-teller")

    async def _tell_news(self) -> None:
        is_lost = False
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            waiting, self._news = self._news, []
            try:
                async with self.redis.pipeline(transaction=False) as commands:
                    for interview_id, seq, news in waiting:
                        commands.publish(live_channel(interview_id), b"%d %b" % (seq, news))
                    await commands.execute()
                is_lost = False
            except (RedisError, OSError) as lost:
                if not is_lost:
                    log.warning("cache.cannot_tell", error=type(lost).__name__)
                is_lost = True

    @asynccontextmanager
    async def listening(self, interview_id: UUID, listener: Listener) -> AsyncIterator[None]:
        """Call `listener` with each number told of the interview, and with LOOK while nothing can be told.

        Returns once messages arrive; where Redis does not answer, LOOK comes every second until it does.
        """
        channel = live_channel(interview_id)
        self._listeners[channel].add(listener)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(), name="live-reader")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._subscribed.wait(), _SUBSCRIBE_SECONDS)
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
        for task in (self._reader, self._teller):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        await self.redis.aclose()

    async def _read(self) -> None:
        retry, missed = _FIRST_RETRY_SECONDS, False
        while True:
            try:
                async with self.redis.pubsub() as channels:
                    await channels.psubscribe(_PATTERN)
                    async for message in _messages(channels):
                        if message["type"] == "psubscribe":
                            self._subscribed.set()
                            retry = _FIRST_RETRY_SECONDS
                            if missed:
                                self._tell_all(LOOK)
                        elif message["type"] == "pmessage":
                            seq, _, news = message["data"].partition(b" ")
                            self._tell(_text(message["channel"]), int(seq), news)
            except (RedisError, OSError) as lost:
                self._subscribed.clear()
                missed = True
                log.warning("cache.subscription_lost", error=type(lost).__name__, retry_seconds=retry)
                await self._look_meanwhile(retry)
                retry = min(retry * 2, _LAST_RETRY_SECONDS)

    async def _look_meanwhile(self, for_seconds: float) -> None:
        """Until the next try, those who listen look by themselves."""
        while for_seconds > 0:
            self._tell_all(LOOK)
            await asyncio.sleep(min(for_seconds, _LOOK_EVERY_SECONDS))
            for_seconds -= _LOOK_EVERY_SECONDS

    def _tell(self, channel: str, seq: int, news: bytes = b"") -> None:
        for listener in tuple(self._listeners.get(channel, ())):
            listener(seq, news)

    def _tell_all(self, seq: int) -> None:
        for channel in tuple(self._listeners):
            self._tell(channel, seq)


def connect(url: str) -> Cache:
    """A cache at `redis://`, `rediss://` or `unix://`; it connects when first used."""
    return Cache(Redis.from_url(url, socket_connect_timeout=_COMMAND_SECONDS, socket_timeout=_COMMAND_SECONDS))


async def _messages(channels: PubSub) -> AsyncIterator[dict[str, Any]]:
    """What arrives. Raises RedisError or OSError once the server is gone, one that merely stalls included."""
    is_asked = False
    while True:
        message = await channels.get_message(timeout=_SILENT_SECONDS)
        if message is not None:
            is_asked = False
            yield message
        elif is_asked:
            raise RedisTimeoutError("no answer to a ping")
        else:
            is_asked = True
            await channels.ping()


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name

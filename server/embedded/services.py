"""The services of one home together: its lock, PostgreSQL and Valkey."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from server.embedded.children import trim_log
from server.embedded.errors import EmbeddedError, ServiceNotReadyError
from server.embedded.ownership import HomeLock
from server.embedded.postgres import EmbeddedPostgres
from server.embedded.service import Service
from server.embedded.valkey import EmbeddedValkey

TRIM_EVERY_S = 60.0
RESTARTS = 5
RESTARTS_WITHIN_S = 60.0


class EmbeddedServices:
    """PostgreSQL and Valkey on one home, which no other process may use meanwhile.

    `postgres=False` or `valkey=False` leaves out the one that DATABASE_URL or REDIS_URL replaces.
    """

    def __init__(self, home: Path, *, postgres: bool = True, valkey: bool = True) -> None:
        self.home = home.absolute()
        self.postgres = EmbeddedPostgres(self.home)
        self.valkey = EmbeddedValkey(self.home)
        self._lock = HomeLock(self.home)
        # Valkey stops first: what uses it may still want the database.
        self._parts: list[Service] = [
            *([self.valkey] if valkey else []),
            *([self.postgres] if postgres else []),
        ]

    async def start(self) -> None:
        """Take the home and start both at once; nothing is left running when one fails."""
        self._lock.take()
        try:
            async with asyncio.TaskGroup() as group:
                for part in self._parts:
                    group.create_task(part.start())
        except BaseException as error:
            await self.stop()
            raise _own(error) from error

    async def stop(self) -> None:
        """Stop Valkey, then PostgreSQL, and give the home back. Idempotent."""
        for part in self._parts:
            await part.stop()
        self._lock.release()

    async def keep(self) -> None:
        """Restart what dies, with its data, and keep the logs short, until cancelled.

        EmbeddedError when a service cannot be brought back, or dies five times within a minute.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for part in self._parts:
                    group.create_task(self._keep(part))
                group.create_task(self._trim())
        except BaseExceptionGroup as errors:
            raise _own(errors) from errors

    async def _keep(self, part: Service) -> None:
        loop = asyncio.get_running_loop()
        deaths: list[float] = []
        while True:
            status = await part.exited()
            deaths = [*(time for time in deaths if time > loop.time() - RESTARTS_WITHIN_S), loop.time()]
            if len(deaths) > RESTARTS:
                raise ServiceNotReadyError(
                    f"{part.title} stopped {len(deaths)} times within a minute (last with status {status}). "
                    f"Its log says why: {part.log}."
                )
            await part.start()

    async def _trim(self) -> None:
        while True:
            await asyncio.sleep(TRIM_EVERY_S)
            for part in self._parts:
                await asyncio.to_thread(trim_log, part.log)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _own(error: BaseException) -> BaseException:
    """The first error of ours in a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        return next((inner for inner in error.exceptions if isinstance(inner, EmbeddedError)), error)
    return error

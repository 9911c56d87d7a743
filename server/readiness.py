"""Whether this process can hold interviews: each thing it stands on, looked at now."""

import asyncio
from collections.abc import Awaitable

import msgspec

from server.services import Services
from storage import migrations, objects
from storage.errors import StorageError

SECONDS = 0.9
"""How long each look may take: whoever asks is answered within a second."""


class Check(msgspec.Struct, frozen=True):
    """One thing that is stood on. A `needed` one that is not `ok` makes the server not ready."""

    name: str
    ok: bool
    needed: bool
    why: str
    """A sentence; empty when it is ok."""


class Readiness(msgspec.Struct, frozen=True):
    ready: bool
    degraded: bool
    """Ready, with something that is not needed missing."""
    live_interviews: int
    checks: tuple[Check, ...]


_DRAINING = Check(
    "draining",
    ok=False,
    needed=True,
    why="It was told to stop: it takes nothing new, and the interviews that it holds go on elsewhere.",
)


async def readiness(services: Services, *, is_draining: bool = False) -> Readiness:
    """Look at everything at once."""
    looks = await asyncio.gather(
        _look("database", services.database.ping()),
        _look("migrations", _up_to_date(services)),
        _look("cache", _cache(services), needed=False),
        _look("objects", objects.check(services.objects)),
    )
    checks = (*looks, *([_DRAINING] if is_draining else []))
    ready = all(check.ok for check in checks if check.needed)
    return Readiness(
        ready=ready,
        degraded=ready and not all(check.ok for check in checks),
        live_interviews=services.live.live_count if services.live else 0,
        checks=checks,
    )


class _NotReadyError(Exception):
    """Not an outage, and yet not as it should be; the text is for the operator."""


async def _look(name: str, look: Awaitable[None], *, needed: bool = True) -> Check:
    looking = asyncio.ensure_future(look)
    done, _ = await asyncio.wait({looking}, timeout=SECONDS)
    if not done:
        # Not waited for: to take leave of what does not answer takes time as well.
        looking.cancel()
        return Check(name, ok=False, needed=needed, why=f"It did not answer within {SECONDS:g} seconds.")
    try:
        looking.result()
    except (StorageError, _NotReadyError) as error:
        return Check(name, ok=False, needed=needed, why=str(error))
    return Check(name, ok=True, needed=needed, why="")


async def _up_to_date(services: Services) -> None:
    async with services.database.untenanted() as connection:
        pending = await migrations.pending(connection)
    if pending:
        raise _NotReadyError(f"{len(pending)} migrations wait to be applied. Run `viva migrate up`.")


async def _cache(services: Services) -> None:
    if services.cache is None:
        raise _NotReadyError(
            "No cache is configured: each server hears of its own interviews only. Set REDIS_URL to share them."
        )
    await services.cache.ping()

"""Purges by the clock: interviews deleted thirty days ago, those past their tenant's policy, and purges broken off."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from obstore.store import ObjectStore

from storage import purging
from storage.cache import Cache
from storage.database import Database
from storage.errors import CacheUnavailable, DatabaseUnavailable, InterviewIsLive, NotFound, ObjectsUnavailable
from storage.purging import Due

log = structlog.get_logger(__name__)

BATCH = 20
MOST_A_RUN = 200
"""Interviews purged in one run, so that the next task has its turn; the rest are purged in the next runs."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Idempotent: a run that is broken off is gone on with by the next."""

    database: Database
    store: ObjectStore
    cache: Cache | None
    now: Callable[[], datetime]

    async def run(self) -> int:
        """Goes on with what is under way, then purges what is due. Returns how many interviews were purged.

        Raises DatabaseUnavailable.
        """
        await self._go_on()
        purged, after, seen = 0, None, BATCH
        while seen == BATCH and purged < MOST_A_RUN:
            async with self.database.maintenance() as connection:
                batch = await purging.due(connection, self.now(), after=after, limit=BATCH)
            for due in batch:
                purged += await self._purge(due)
            seen, after = len(batch), batch[-1].interview_id if batch else after
        return purged

    async def _go_on(self) -> None:
        async with self.database.maintenance() as connection:
            begun = await purging.under_way(connection)
        for erasure in begun:
            try:
                await purging.go_on(self.database, self.store, erasure, at=self.now(), cache=self.cache)
            except DatabaseUnavailable:
                raise
            except (ObjectsUnavailable, CacheUnavailable) as away:
                log.warning("purge.waits", interview_id=str(erasure.interview_id), error=type(away).__name__)
            except Exception:
                # One that cannot be finished does not keep the others.
                log.exception("purge.not_finished", interview_id=str(erasure.interview_id))

    async def _purge(self, due: Due) -> bool:
        interview_id: UUID = due.interview_id
        try:
            done = await purging.purge(
                self.database, self.store, interview_id, reason=due.reason, at=self.now(), cache=self.cache
            )
        except DatabaseUnavailable:
            raise
        except (InterviewIsLive, NotFound):
            return False
        except Exception:
            log.exception("purge.failed", interview_id=str(interview_id))
            return False
        log.info("interview.purged", interview_id=str(interview_id), reason=due.reason, counts=done.counts)
        return True

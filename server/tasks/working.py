"""The worker process: opens what the tasks need and works until it is told to stop."""

import asyncio
import os
import signal
from datetime import UTC, datetime

from server.models import ModelDesk
from server.services import ServicesError
from server.settings import Settings
from server.tasks.rescoring import Rescorings
from server.tasks.worker import Worker
from server.tracing import Traces
from storage import cache, objects
from storage.database import Database

GIVES_WAY = 5
"""How much nicer than the others the worker is: on a machine they share, a score can wait and a voice cannot."""


async def work_until_stopped(settings: Settings) -> None:
    """Runs tasks until SIGTERM or Ctrl-C. Raises `ServicesError` for a missing address, `DatabaseUnavailable`,
    `ObjectsUnavailable`.
    """
    if settings.database_url is None or settings.maintenance_database_url is None:
        raise ServicesError(
            "The worker needs DATABASE_URL (as viva_app) and VIVA_MAINTENANCE_DATABASE_URL (as viva_maintenance). "
            "`viva run` brings its own."
        )
    os.nice(GIVES_WAY)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    store = objects.connect(settings.objects_url, settings.home / "objects")
    database = await Database.open(settings.database_url, settings.maintenance_database_url)
    live = cache.connect(settings.redis_url) if settings.redis_url else None
    traces = Traces(settings.otlp_endpoint)
    desk = ModelDesk(settings, database, live, lambda: datetime.now(UTC), traces)
    rescorings = Rescorings(database, settings, lambda: datetime.now(UTC))
    try:
        worker = Worker(
            database=database,
            cache=live,
            scorers=desk.scorer,
            coaches=desk.coach,
            traces=traces,
            settings=settings,
            maintenance_url=settings.maintenance_database_url,
            objects=store,
            rescorings=rescorings,
            now=lambda: datetime.now(UTC),
        )
        await worker.run(stop)
    finally:
        await rescorings.close()
        await desk.close()
        await traces.close()
        if live is not None:
            await live.close()
        await database.close()

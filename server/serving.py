"""The serving process: services, live interviews and pages behind one uvicorn."""

import dataclasses
import gc
import signal
from collections.abc import Callable
from socket import socket
from types import FrameType

import structlog
import uvicorn

from agents.rehearsal.interviewer import RehearsalInterviewer
from server.app import create_app
from server.live.gateway import LiveHost
from server.pages.routes import render_error, routes
from server.services import open_services
from server.settings import Settings

log = structlog.get_logger(__name__)

DRAIN_S = 10
"""How long requests and sockets may take to end after the server was told to stop."""


class _Server(uvicorn.Server):
    """Says when it is ready, and tells live candidates before it stops."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], live: LiveHost) -> None:
        super().__init__(config)
        self._ready = ready
        self._live = live

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What is here now stays: kept out of every later collection, those become cheap and so frequent, and the
            # garbage of ended interviews does not wait until it is a quarter of everything.
            gc.collect()
            gc.freeze()
            gc.collect()  # Only now is what was frozen no longer counted among what is collected.
            self._ready()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        # Before uvicorn cuts the sockets, so that each candidate reads why and nothing half said is lost.
        await self._live.stop()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C twice does not cut live interviews short; SIGQUIT does."""
        super().handle_exit(signal.SIGTERM if sig == signal.SIGINT else sig, frame)


async def serve_until_stopped(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or Ctrl-C. `ready` is given the sentence with the address once it listens.

    Raises ServicesError, LibraryError, StorageError where it cannot start.
    """
    services = await open_services(settings)
    try:
        live = LiveHost(
            services.database,
            RehearsalInterviewer(),
            cache=services.cache,
            settings=settings,
            now=services.now,
        )
        app = create_app(
            settings,
            services=dataclasses.replace(services, live=live),
            pages=routes(),
            error_page=render_error,
        )
        config = uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            ws="websockets-sansio",
            ws_max_size=settings.max_body_bytes,
            # Compression would cost some 0.3 MB for each live interview, and audio does not shrink.
            ws_per_message_deflate=False,
            log_config=None,
            log_level="warning",  # Its info lines carry addresses of people.
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
        address = settings.public_url or f"http://{settings.host}:{settings.port}"
        server = _Server(config, lambda: ready(f"Viva is ready: {address}"), live)
        await server.serve()
    finally:
        await services.close()

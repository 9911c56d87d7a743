"""The serving process: services, live interviews and pages behind one uvicorn."""

import asyncio
import dataclasses
import gc
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from socket import socket
from types import FrameType
from uuid import UUID

import structlog
import uvicorn

from agents.calls import BudgetSpent, CallError
from agents.interviewing import ModelInterviewer
from agents.ledger import Ledger
from agents.offers import Writer
from agents.providers.accounts import Served
from agents.rehearsal.interviewer import RehearsalInterviewer
from server.accounts import accounts_of
from server.app import create_app
from server.live.gateway import Ears, LiveHost
from server.models import ModelDesk
from server.pages.routes import render_error, routes
from server.services import Services, open_services
from server.settings import Settings
from server.tracing import Traces

log = structlog.get_logger(__name__)

MOST_THREADS = 2
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


def writer(desk: ModelDesk, live: LiveHost, tenant_id: UUID, interview_id: UUID) -> Writer:
    """Who finds the words in an interview: a model where one is configured, else the rehearsal interviewer."""
    rehearsal = RehearsalInterviewer()
    if desk.door is None:
        return rehearsal

    def fell_back(cause: CallError) -> None:
        providing = live.providing(interview_id)
        if providing is not None:
            providing.fell_back(rehearsal.version, because_of_budget=isinstance(cause, BudgetSpent))

    def recovered() -> None:
        providing = live.providing(interview_id)
        if providing is not None:
            providing.serves("llm")

    return ModelInterviewer(
        desk.door,
        rehearsal,
        tenant_id=tenant_id,
        interview_id=interview_id,
        on_fallback=fell_back,
        on_recovery=recovered,
    )


def _tell(desk: ModelDesk, live: LiveHost) -> None:
    """Each interview's log says which model writes for it."""

    def served(interview_id: UUID, served: Served) -> None:
        providing = live.providing(interview_id)
        if providing is not None:
            providing.served(served)

    desk.watch.tell_served = served


def _ears(settings: Settings, services: Services, ledger: Ledger) -> Ears | None:
    """What hears and speaks; loaded only where both are configured, for it is much."""
    accounts = accounts_of(settings)
    if not accounts.can_talk:
        return None
    from server.live.hearing import ProviderEars

    return ProviderEars(accounts, services.objects, ledger, threads=MOST_THREADS)


def use_few_threads() -> None:
    """Each thread that has told the end of a turn keeps some 12 MB for the next; more than a few never run at once."""
    threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="viva")
    asyncio.get_running_loop().set_default_executor(threads)


async def serve_until_stopped(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or Ctrl-C. `ready` is given the sentence with the address once it listens.

    Raises ServicesError, LibraryError, StorageError where it cannot start.
    """
    use_few_threads()
    services = await open_services(settings)
    desk: ModelDesk | None = None
    traces = Traces(settings.otlp_endpoint)
    try:
        desk = ModelDesk(settings, services.database, services.cache, services.now, traces)
        await desk.open()
        live = LiveHost(
            services.database,
            lambda tenant_id, interview_id: writer(desk, live, tenant_id, interview_id),
            cache=services.cache,
            settings=settings,
            now=services.now,
            ears=_ears(settings, services, desk.ledger),
            traces=traces,
        )
        _tell(desk, live)
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
        if desk is not None:
            await desk.close()
        await traces.close()
        await services.close()

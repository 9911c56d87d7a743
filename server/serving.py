"""The serving process: services, live interviews and pages behind one uvicorn."""

import asyncio
import dataclasses
import gc
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from socket import socket
from types import FrameType
from typing import Any
from uuid import UUID

import structlog
import uvicorn

from agents.calls import BudgetSpent, CallError
from agents.interviewing import ModelInterviewer
from agents.ledger import Ledger
from agents.offers import Writer
from agents.providers.accounts import Served
from agents.rehearsal.interviewer import RehearsalInterviewer
from server import metrics
from server.accounts import accounts_of
from server.app import create_app
from server.draining import Draining
from server.listening import SharedListener
from server.live.gateway import Ears, LiveHost, Writers
from server.models import ModelDesk
from server.pages.routes import render_error, routes
from server.services import Services, open_services
from server.settings import Settings
from server.tracing import Traces

log = structlog.get_logger(__name__)

THREAD_GIVES_WAY = 5
"""How much nicer than the event loop its thread is."""
GOODBYE_S = 10
"""How long requests and sockets may take to end once no interview is live."""
LAST_REQUESTS_S = 0.5
"""How long connections that were accepted just before the listener closed have for their request."""
LOOK_EVERY_S = 0.02

Beside = Callable[[LiveHost, Callable[[], None]], Coroutine[Any, Any, None]]
"""What runs beside the server until it stops, given the live interviews and what stops it."""


class _Server(uvicorn.Server):
    """Says when it is ready. Told to stop, it takes nothing new, hands its live interviews over, and then ends."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        live: LiveHost,
        *,
        draining: Draining | None = None,
        drain_s: float = 0.0,
        listeners: Sequence[socket] = (),
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._live = live
        self._draining = draining
        self._drain_s = drain_s
        self._listeners = listeners
        self._shared: SharedListener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        # Of its own accord uvicorn would open another listener; none at all is what an empty list asks for.
        await super().startup([] if self._listeners else sockets)
        if self.started:
            if self._listeners:
                self._shared = SharedListener(self._listeners, self.config.backlog, self._protocol, self._ahead)
            # What is here now stays: kept out of every later collection, those become cheap and so frequent, and the
            # garbage of ended interviews does not wait until it is a quarter of everything.
            gc.collect()
            gc.freeze()
            gc.collect()  # Only now is what was frozen no longer counted among what is collected.
            self._ready()

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol

    def _ahead(self, coming: int) -> int:
        """How many connections we have more than the process with the fewest."""
        own = len(self.server_state.connections) + coming
        metrics.CONNECTIONS.set(own)
        others = metrics.connections_of_others()
        return own - min(others) if others else 0

    async def on_tick(self, counter: int) -> bool:
        metrics.CONNECTIONS.set(len(self.server_state.connections))
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._depart()
        # Before uvicorn cuts the sockets, so that each candidate reads why and nothing half said is lost.
        if self._drain_s > 0:
            await self._live.drain(self._drain_s)
        await self._live.stop()
        await self._last_requests()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """A second signal does not cut live interviews short; SIGQUIT does.

        uvicorn's own would raise the signal again in the end, before what is left to write was written.
        """
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._depart)

    def _depart(self) -> None:
        """The listener closes and readiness ends in one step: whoever is refused here is taken elsewhere."""
        if self._shared is not None:
            self._shared.close()
        for server in getattr(self, "servers", ()):
            server.close()
        if self._draining is not None and not self._draining.has_begun:
            self._draining.begin()
            log.info("serving.draining", live=self._live.live_count)

    async def _last_requests(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(min(LAST_REQUESTS_S, self._drain_s)):
                while self.server_state.connections:  # noqa: ASYNC110 - uvicorn tells of no connection's end
                    await asyncio.sleep(LOOK_EVERY_S)


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

    return ProviderEars(accounts, services.objects, ledger)


def use_one_thread() -> None:
    """The end of a turn is told in 25 ms, some five times a second for 25 interviews: one thread is enough.

    Two that do it at once make the model's library grow by 80 MB within an hour, one by nothing.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="viva", initializer=_give_way)
    asyncio.get_running_loop().set_default_executor(thread)


def _give_way() -> None:
    """A thread that tells the end of one turn does not delay the audio of all others."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), THREAD_GIVES_WAY)


@asynccontextmanager
async def _running(beside: Beside | None, live: LiveHost, server: uvicorn.Server) -> AsyncIterator[None]:
    def stop() -> None:
        server.should_exit = True

    if beside is None:
        yield
        return
    task = asyncio.create_task(beside(live, stop))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def serve_until_stopped(
    settings: Settings,
    ready: Callable[[str], None],
    *,
    listeners: Sequence[socket] = (),
    ears: Ears | None = None,
    writers: Writers | None = None,
    beside: Beside | None = None,
) -> None:
    """Serves until SIGTERM or Ctrl-C. `ready` is given the sentence with the address once it listens.

    `listeners` are bound sockets to serve on instead of the settings' address; `ears` and `writers` replace what the
    settings' providers would be.

    Raises ServicesError, LibraryError, StorageError where it cannot start.
    """
    use_one_thread()
    services = await open_services(settings)
    desk: ModelDesk | None = None
    traces = Traces(settings.otlp_endpoint)
    try:
        desk = ModelDesk(settings, services.database, services.cache, services.now, traces)
        await desk.open()
        live = LiveHost(
            services.database,
            writers or (lambda tenant_id, interview_id: writer(desk, live, tenant_id, interview_id)),
            cache=services.cache,
            settings=settings,
            now=services.now,
            ears=ears or _ears(settings, services, desk.ledger),
            traces=traces,
        )
        _tell(desk, live)
        draining = Draining(settings.capacity)
        app = create_app(
            settings,
            services=dataclasses.replace(services, live=live, door=desk.door),
            pages=routes(),
            error_page=render_error,
            draining=draining,
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
            timeout_graceful_shutdown=GOODBYE_S,
        )
        server = _Server(
            config,
            lambda: ready(f"Viva is ready: {settings.address}"),
            live,
            draining=draining,
            drain_s=settings.drain_seconds,
            listeners=listeners,
        )
        async with _running(beside, live, server):
            await server.serve()
    finally:
        if desk is not None:
            await desk.close()
        await traces.close()
        await services.close()

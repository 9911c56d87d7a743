"""A house for the emulators: one application on a free loopback port, in the caller's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

_DROP = "tests.emulators.drop"


def drop(scope: Scope) -> None:
    """Cut the connection of this request or WebSocket, without a goodbye."""
    scope[_DROP]()


class _Server(uvicorn.Server):
    """Says when it is ready, and leaves signals to whoever owns the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_ready.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, *, port: int = 0) -> AsyncIterator[str]:
    """Serve `app` until the block ends; yields its address, such as `http://127.0.0.1:43211`.

    Port 0 takes a free one. Requests that still hang when the block ends are cancelled.
    """
    # Named as TCP, or asyncio leaves each small answer waiting 40 ms for company.
    listening = socket.socket(proto=socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        app, ws="websockets-sansio", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    # The server starts from the configuration's application: it may be wrapped until then.
    config.app = _droppable(app, server)
    serve = asyncio.create_task(server.serve(sockets=[listening]))
    ready = asyncio.create_task(server.is_ready.wait())
    try:
        await asyncio.wait((serve, ready), return_when=asyncio.FIRST_COMPLETED)
        if serve.done():
            serve.result()
            raise RuntimeError("The emulators' server ended before it was ready; see its log.")
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ready.cancel()
        server.should_exit = True
        for task in list(server.server_state.tasks):
            task.cancel()
        await serve


def _droppable(app: ASGIApp, server: uvicorn.Server) -> ASGIApp:
    """`app`, which can cut its own connections."""

    async def with_drop(scope: Scope, receive: Receive, send: Send) -> None:
        def cut() -> None:
            for connection in list(server.server_state.connections):
                transport = connection.transport
                if transport is not None and transport.get_extra_info("peername") == tuple(scope["client"]):
                    transport.abort()

        await app({**scope, _DROP: cut}, receive, send)

    return with_drop

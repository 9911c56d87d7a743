"""`python -m benchmarks.voice.serving`: the product's serving process with scripted providers, and a sampler beside it.

Settings come from the environment as the product's do; the order as the first line on stdin. Later lines ask: `begin`
starts to sample the loop's lag, `end` answers with it, as one line of JSON on stdout.
"""

import asyncio
import dataclasses
import os
import sys

import msgspec
import uvicorn
import uvloop

from agents.rehearsal.interviewer import RehearsalInterviewer
from benchmarks.voice.ears import ScriptedEars, SlowWriter
from benchmarks.voice.lagging import Lag, quantile_ms
from benchmarks.voice.orders import READY, Sampled
from benchmarks.voice.settings import FORCED, Setting
from server import logging, settings
from server.app import create_app
from server.live.gateway import LiveHost
from server.pages.routes import render_error, routes
from server.services import open_services
from server.serving import DRAIN_S, _Server, use_few_threads
from server.settings import Settings


async def serve(held: Settings, setting: Setting) -> None:
    """Serves until SIGTERM, as the product does."""
    use_few_threads()
    services = await open_services(held)
    try:
        writer = SlowWriter(RehearsalInterviewer(), setting.delays.first_token)
        live = LiveHost(
            services.database,
            lambda _tenant_id, _interview_id: writer,
            cache=services.cache,
            settings=held,
            now=services.now,
            ears=ScriptedEars(setting.delays, FORCED if setting.is_forced else None),
        )
        app = create_app(
            held, services=dataclasses.replace(services, live=live), pages=routes(), error_page=render_error
        )
        config = uvicorn.Config(
            app,
            host=held.host,
            port=held.port,
            ws="websockets-sansio",
            ws_max_size=held.max_body_bytes,
            ws_per_message_deflate=False,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
        server = _Server(config, lambda: print(READY, flush=True), live)
        answering = asyncio.create_task(_answer(live, server))
        await server.serve()
        answering.cancel()
    finally:
        await services.close()


async def _answer(live: LiveHost, server: uvicorn.Server) -> None:
    """Answers what is asked on stdin, and stops the server once nobody is there to ask."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    lag = Lag()
    while line := await reader.readline():
        if line.strip() == b"begin":
            lag.begin()
        elif line.strip() == b"end":
            sampled = Sampled(quantile_ms(lag.end(), 0.99), live.live_count)
            print(msgspec.json.encode(sampled).decode(), flush=True)
    server.should_exit = True


def main() -> None:
    setting = msgspec.json.decode(sys.stdin.readline(), type=Setting)
    held, _sources = settings.load(os.environ, None)
    logging.configure(held)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(held, setting))


if __name__ == "__main__":
    main()

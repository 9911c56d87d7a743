"""`python -m benchmarks.voice.serving`: the product's serving process with scripted providers, and a sampler beside it.

Settings come from the environment as the product's do; the order as the first line on stdin. Later lines ask: `begin`
starts to sample the loop's lag, `end` answers with it, as one line of JSON on stdout.
"""

import asyncio
import os
import sys
from collections.abc import Callable

import msgspec
import uvloop

from agents.rehearsal.interviewer import RehearsalInterviewer
from benchmarks.voice.ears import ScriptedEars, SlowWriter
from benchmarks.voice.lagging import Lag, quantile_ms
from benchmarks.voice.orders import READY, Sampled
from benchmarks.voice.settings import FORCED, Setting
from server import logging, settings
from server.live.gateway import LiveHost
from server.serving import serve_until_stopped
from server.settings import Settings


async def serve(held: Settings, setting: Setting) -> None:
    """Serves until SIGTERM, as the product does."""
    writer = SlowWriter(RehearsalInterviewer(), setting.delays.first_token)
    await serve_until_stopped(
        held,
        lambda _sentence: print(READY, flush=True),
        ears=ScriptedEars(setting.delays, FORCED if setting.is_forced else None),
        writers=lambda _tenant_id, _interview_id: writer,
        beside=_answer,
    )


async def _answer(live: LiveHost, stop: Callable[[], None]) -> None:
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
    stop()


def main() -> None:
    setting = msgspec.json.decode(sys.stdin.readline(), type=Setting)
    held, _sources = settings.load(os.environ, None)
    logging.configure(held)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(held, setting))


if __name__ == "__main__":
    main()

"""How soon an answer's score is on the screen, counted from the last byte of the model that gave it.

The product runs as it is served, against the vendor's protocol spoken in this process: both ends have one clock.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agents.plans import Language
from benchmarks.figure import Figure, at_most
from benchmarks.product import Product, ProductError
from server.live.protocol import Fact, ServerMessage
from server.terminal.api import Api
from server.terminal.candidates import Candidate, CandidateKind
from server.terminal.client import LiveClient
from server.terminal.playing import play
from server.terminal.timing import percentile
from tests.emulators.faults import Faults
from tests.emulators.house import serving
from tests.emulators.settings import Settings
from tests.emulators.street import application, environment

SAT_BY: tuple[tuple[CandidateKind, Language], ...] = (
    ("good", "en"),
    ("good", "es"),
    ("rambling", "en"),
    ("weak", "es"),
)
"""Each says something else: a verdict on the same words would not be asked for twice."""
BAR_S = 0.3
PLAN = "behavioural"
THINKS_S = 1.0
"""Before each message, as a person does; what is scored comes meanwhile."""
_SCORING = b'"null_reason"'
"""Stands in the shape that a scorer asks its verdict in, and in no other call."""


class _LastBytes:
    """Wraps the vendor: when each call for a score was answered to its end, s of `time.monotonic`."""

    def __init__(self, app: ASGIApp) -> None:
        self.at: list[float] = []
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = bytearray()

        async def heard() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def told(message: Message) -> None:
            await send(message)
            is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
            if is_last and _SCORING in asked:
                self.at.append(time.monotonic())

        await self._app(scope, heard, told)


class _Screen(LiveClient):
    """A candidate's screen: when each score came, s of `time.monotonic`. It is read while they think, too."""

    def __init__(self, api: Api) -> None:
        super().__init__(api, client="simulation")
        self.at: list[float] = []

    async def messages(self) -> AsyncIterator[ServerMessage]:
        came: asyncio.Queue[ServerMessage | None] = asyncio.Queue()
        reading = asyncio.create_task(self._look(came))
        try:
            while (message := await came.get()) is not None:
                yield message
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _look(self, came: asyncio.Queue[ServerMessage | None]) -> None:
        try:
            async for message in super().messages():
                if isinstance(message, Fact) and message.event["type"] == "score.given":
                    self.at.append(time.monotonic())
                came.put_nowait(message)
        finally:
            came.put_nowait(None)


async def shown(folder: Path) -> list[Figure]:
    """The figures of some practice interviews, one after the other. Raises `ProductError`."""
    settings = Settings(first_token_ms=100)
    model = _LastBytes(application(Faults(), settings))
    took_s: list[float] = []
    async with serving(model) as url:
        product = Product(folder, environment(url, settings))
        try:
            await product.start()
            async with Api(product.url) as api:
                for kind, language in SAT_BY:
                    took_s += await _took(api, model, Candidate(kind, language, seed=1))
        finally:
            await product.stop()
    name = f"an answer's score on the screen, after the model's last byte ({len(took_s)} scores)"
    return [
        at_most(f"{name}, p50", percentile(took_s, 0.50), "s", None),
        at_most(f"{name}, p95", percentile(took_s, 0.95), "s", BAR_S),
    ]


async def _took(api: Api, model: _LastBytes, candidate: Candidate) -> list[float]:
    """Of one interview, s: each score with the last call that had ended when it came."""
    screen = _Screen(api)
    before = len(model.at)
    played = await play(api, candidate, PLAN, live=screen, pace=lambda: asyncio.sleep(THINKS_S))
    if played.errors or not screen.at:
        message = f"an interview went wrong: {' '.join(played.errors) or 'nothing was scored'}"
        raise ProductError(message)
    ended = model.at[before:]
    # What was null without asking anybody comes before any call, or long after the one for another answer.
    return [at - max(asked) for at in screen.at if (asked := [end for end in ended if end <= at])]

"""`python -m benchmarks.voice.load`: candidates in a process of their own, on the real protocol in real time.

Reads its order as one line of JSON; tells of each stage as a line, waits for a line to go on, and ends with what every
candidate has to tell.
"""

import asyncio
import itertools
import random
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import httpx
import msgspec
import uvloop
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.voice.candidate import Candidate
from benchmarks.voice.clips import FRAME_MS, Clip, Kind, clips
from benchmarks.voice.lagging import Lag, quantile_ms
from benchmarks.voice.orders import Order, Told
from server.live.protocol import SUBPROTOCOL, Hello, ServerMessage

PLAN = "behavioural"
ONE_AFTER_ANOTHER_S = 0.2
SETTLED_WITHIN_S = 30.0
LOOK_EVERY_S = 0.1
ENDED_WITHIN_S = 60.0
PLACES = 5
"""Moments of a frame at which candidates send."""


class Sitting:
    """One candidate at one socket."""

    def __init__(self, candidate: Candidate, socket: ClientConnection) -> None:
        self.candidate = candidate
        self.late_frames = 0
        self._socket = socket

    async def hold(self, clock: "Clock") -> None:
        """Lives until the server closes."""
        clock.join(self)
        try:
            await self._read()
        finally:
            clock.leave(self)

    async def _read(self) -> None:
        candidate, socket = self.candidate, self._socket
        async for frame in socket:
            now = time.monotonic()
            if isinstance(frame, bytes):
                candidate.audio(len(frame), now)
                continue
            at_once = candidate.message(_decoder.decode(frame), now)
            if at_once is not None:
                await socket.send(_encoder.encode(at_once).decode())
        if socket.close_code != 1000:
            candidate.account.errors.append(f"closed with {socket.close_code}")

    async def tick(self) -> None:
        """Sends what is due now."""
        candidate, socket = self.candidate, self._socket
        with suppress(websockets.ConnectionClosed):
            pcm, messages = candidate.tick(time.monotonic())
            for message in messages:
                await socket.send(_encoder.encode(message).decode())
            await socket.send(pcm)
            candidate.sent(pcm, time.monotonic())


class Clock:
    """Ticks for everybody: as many timers as there are places in a frame, not one for each candidate."""

    def __init__(self) -> None:
        self._places: list[list[Sitting]] = [[] for _ in range(PLACES)]
        self._joined = 0

    def join(self, sitting: Sitting) -> None:
        self._places[self._joined % PLACES].append(sitting)
        self._joined += 1

    def leave(self, sitting: Sitting) -> None:
        for place in self._places:
            if sitting in place:
                place.remove(sitting)

    async def run(self) -> None:
        """Until it is cancelled, each place at its own moment of every frame."""
        due = time.monotonic()
        for at in itertools.count():
            place = self._places[at % PLACES]
            late = time.monotonic() - due > FRAME_MS / 1000
            for sitting in tuple(place):
                sitting.late_frames += late
                await sitting.tick()
            due += FRAME_MS / 1000 / PLACES
            await asyncio.sleep(max(0.0, due - time.monotonic()))


async def held(order: Order) -> Told:
    """Holds the interviews and tells of each stage on the way."""
    said = clips()
    sittings: list[Sitting] = []
    holding: list[asyncio.Task[None]] = []
    lag = Lag()
    clock = Clock()
    ticking = asyncio.create_task(clock.run())
    async with httpx.AsyncClient(base_url=order.url, trust_env=False, timeout=30) as http:

        async def begin(places: Sequence[int]) -> None:
            for place in places:
                candidate, socket = await _entered(http, order, place, said)
                sittings.append(Sitting(candidate, socket))
                holding.append(asyncio.create_task(sittings[-1].hold(clock)))
                await asyncio.sleep(ONE_AFTER_ANOTHER_S)
            await _settled(sittings)

        await begin(range(order.few))
        await _stage("few")
        await begin(range(order.few, order.interviews))
        await _stage("all")
        lag.begin()
        from_s = time.monotonic()
        await asyncio.sleep(order.seconds)
        to_s = time.monotonic()
        lag_p99 = quantile_ms(lag.end(), 0.99)
        await _stage("measured")
        for sitting in sittings:
            sitting.candidate.leave()
        await asyncio.wait(holding, timeout=ENDED_WITHIN_S)
    for task in (ticking, *holding):
        task.cancel()
    ended = await asyncio.gather(*holding, return_exceptions=True)
    for sitting, result in zip(sittings, ended, strict=True):
        if isinstance(result, BaseException):
            sitting.candidate.account.errors.append(f"did not end: {type(result).__name__}")
    late = sum(sitting.late_frames for sitting in sittings)
    return Told([sitting.candidate.account for sitting in sittings], from_s, to_s, lag_p99, late)


async def _entered(
    http: httpx.AsyncClient, order: Order, place: int, said: dict[Kind, list[Clip]]
) -> tuple[Candidate, ClientConnection]:
    body = {"plan": PLAN, "language": "en", "kind": "practice", "channel": "voice"}
    answer = await http.post("/api/v1/interviews", json=body)
    answer.raise_for_status()
    opened = answer.json()
    socket = await connect(
        order.url.replace("http", "ws", 1) + opened["live_path"],
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        ping_interval=None,
        proxy=None,
    )
    hello = Hello(ticket=opened["ticket"], capabilities=("text", "audio", "figures"), client="simulation")
    await socket.send(_encoder.encode(hello).decode())
    chance = random.Random(order.seed * 1_000 + place)
    return Candidate(opened["id"], said, chance, first=1), socket


async def _settled(sittings: Sequence[Sitting]) -> None:
    """Waits until everybody has been answered once."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while not all(sitting.candidate.has_settled for sitting in sittings):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY_S)


async def _stage(name: str) -> None:
    print(name, flush=True)
    await asyncio.to_thread(sys.stdin.readline)


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


def main() -> None:
    order = msgspec.json.decode(sys.stdin.readline(), type=Order)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(held(order))
    print(msgspec.json.encode(told).decode(), flush=True)


if __name__ == "__main__":
    main()

"""How soon those who watch an interview see what happens in it: three observers on each."""

import asyncio
import math
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import websockets
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from agents.plans import Language
from benchmarks.chaos.machine import Machine
from benchmarks.chaos.product import site
from benchmarks.chaos.typed import Typing
from benchmarks.figure import Figure, at_most
from benchmarks.voice.lagging import Lag, quantile_ms
from server.embedded import EmbeddedPostgres
from server.live.protocol import SUBPROTOCOL, Hello
from server.terminal.api import Api
from server.terminal.candidates import KINDS, Candidate
from server.terminal.timing import percentile
from storage.roles import APPLICATION, MAINTENANCE

OBSERVERS = 3
THINKS_S = (3.0, 5.0)
"""Seconds before each message: faster than people write."""
ONE_AFTER_ANOTHER_S = 0.1
SETTLED_AFTER_S = 3.0
"""How long after the last interview has begun it is measured."""
P95_MS = 25.0
CONVERSATION = ("candidate", "interviewer", "director")
"""Who writes while an interview is held; scores and reports come from elsewhere, in their own time."""


class _Told(msgspec.Struct, frozen=True):
    """As much of a message as is looked at."""

    type: str
    seq: int = 0
    last_seq: int = 0
    at: str = ""
    actor: str = ""


class Seen:
    """What all observers saw. Times are seconds since the epoch: the events' own clock, on the same machine."""

    def __init__(self) -> None:
        self.told: list[tuple[float, float]] = []
        """When each event of a conversation began to be appended, and when an observer had it."""
        self.appended: list[float] = []
        """When each event began to be appended, once however many saw it."""
        self.faults: list[str] = []

    def within(self, from_s: float, to_s: float) -> list[float]:
        """Milliseconds from the beginning of an append to its receipt."""
        return [(received - at) * 1000 for at, received in self.told if from_s <= at < to_s]


async def observing(urls: Sequence[str], interviews: int, *, for_s: float) -> list[Figure]:
    """The figures of running serving processes; candidates and observers are spread over all of them."""
    seen = Seen()
    lag = Lag()
    calm = asyncio.Event()
    apis = [Api(url) for url in urls]
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(trust_env=False, timeout=30.0, limits=limits) as http:
        plans = [plan.slug for plan in await apis[0].plans()]
        tasks = [
            asyncio.create_task(_seat(place, interviews, apis, http, plans, calm, seen)) for place in range(interviews)
        ]
        try:
            await asyncio.sleep(ONE_AFTER_ANOTHER_S * interviews + SETTLED_AFTER_S)
            lag.begin()
            machine = Machine()
            from_s = time.time()
            await asyncio.sleep(for_s)
            to_s, busy = time.time(), machine.words
        finally:
            late = lag.end()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            for api in apis:
                await api.__aexit__()
    seen.faults += [repr(one) for one in ended if isinstance(one, Exception)]
    rate = sum(from_s <= at < to_s for at in seen.appended) / for_s
    times = seen.within(from_s, to_s)
    _remark(times, rate, late, seen, busy)
    return _figures(times, rate, seen, interviews, len(urls))


async def own_site(folder: Path, interviews: int, *, for_s: float) -> list[Figure]:
    """The same on two serving processes and a worker of its own. Raises `SiteError`."""
    postgres = EmbeddedPostgres(folder / "data")
    env = {"DATABASE_URL": postgres.url(APPLICATION), "VIVA_MAINTENANCE_DATABASE_URL": postgres.url(MAINTENANCE)}
    async with site(folder, servings=2, env=env) as running:
        return await observing([serving.url for serving in running.servings], interviews, for_s=for_s)


async def _seat(
    place: int,
    interviews: int,
    apis: Sequence[Api],
    http: httpx.AsyncClient,
    plans: Sequence[str],
    calm: asyncio.Event,
    seen: Seen,
) -> None:
    """One interview after the other, each watched from its beginning."""
    await asyncio.sleep(ONE_AFTER_ANOTHER_S * place)
    number = place
    while True:
        language: Language = "en" if number % 2 else "es"
        candidate = Candidate(KINDS[number % len(KINDS)], language, seed=number)
        plan = plans[number % len(plans)]
        sitting = Typing(number, apis[place % len(apis)], candidate, plan, calm=calm, thinks_s=THINKS_S)
        await sitting.open()
        assert sitting.interview_id is not None
        watching = [
            asyncio.create_task(
                _watch(apis[(place + at) % len(apis)], http, sitting.interview_id, seen, is_first=at == 0)
            )
            for at in range(OBSERVERS)
        ]
        try:
            await sitting.hold()
        finally:
            for task in watching:
                task.cancel()
            ended = await asyncio.gather(*watching, return_exceptions=True)
            seen.faults += [repr(one) for one in ended if isinstance(one, Exception)]
            seen.faults += sitting.errors
        number += interviews


async def _watch(api: Api, http: httpx.AsyncClient, interview_id: UUID, seen: Seen, *, is_first: bool) -> None:
    """One observer, for as long as it is let."""
    opened = await _ticket(api, http, interview_id)
    socket = await connect(
        api.socket(opened["live_path"]),
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        ping_interval=None,
        proxy=None,
    )
    last = since = 0
    try:
        hello = Hello(ticket=opened["ticket"], client="simulation")
        await socket.send(msgspec.json.encode(hello).decode())
        with suppress(websockets.ConnectionClosed):
            async for frame in socket:
                received = time.time()
                told = _decode(frame)
                if told.type == "watching":
                    since = told.last_seq
                elif told.type == "event":
                    if told.seq != last + 1:
                        seen.faults.append(f"event {told.seq} came after {last}")
                    last = told.seq
                    if told.seq > since:
                        _note(told, received, seen, is_first=is_first)
    finally:
        await socket.close()


async def _ticket(api: Api, http: httpx.AsyncClient, interview_id: UUID) -> dict[str, str]:
    """A ticket to watch, asked for again where the server has no time for it."""
    for wait_s in (0.2, 0.5, 1.0, 2.0):
        answer = await http.post(f"{api.url}/api/v1/interviews/{interview_id}/tickets?role=observer", json={})
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(wait_s)
    answer.raise_for_status()
    opened: dict[str, str] = answer.json()
    return opened


def _note(told: _Told, received: float, seen: Seen, *, is_first: bool) -> None:
    at = datetime.fromisoformat(told.at).timestamp()
    if is_first:
        seen.appended.append(at)
    if told.actor in CONVERSATION:
        seen.told.append((at, received))


def _figures(times: Sequence[float], rate: float, seen: Seen, interviews: int, processes: int) -> list[Figure]:
    name = (
        f"event appended and told to an observer, from before the append to its receipt, {interviews} typed interviews "
        f"with {OBSERVERS} observers each on {processes} serving processes, {rate:.0f} events a second"
    )
    return [
        at_most(f"{name}, p50", percentile(times, 0.50), "ms", None),
        at_most(f"{name}, p95", percentile(times, 0.95), "ms", P95_MS),
        at_most("events that an observer missed, or saw out of their order", float(len(seen.faults)), "", 0.0),
    ]


def _remark(times: Sequence[float], rate: float, late: Sequence[float], seen: Seen, busy: str) -> None:
    lag = quantile_ms(late, 0.95)
    shown = math.nan if lag is None else lag
    print(f"{len(times)} receipts; {rate:.0f} events a second; our own lag p95 {shown:.1f} ms. {busy}", file=sys.stderr)
    for fault in sorted(set(seen.faults))[:10]:
        print(f"While watching: {fault}", file=sys.stderr)


_decode = msgspec.json.Decoder(_Told).decode

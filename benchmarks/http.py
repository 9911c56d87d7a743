"""The HTTP API under a steady rate of requests: the list of interviews, one of them, its report.

Two serving processes on databases of their own, the requests from a third, all of it on this machine.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import psutil

from benchmarks.child import Child
from benchmarks.databases import databases, working
from benchmarks.figure import Figure, at_most
from benchmarks.http_data import fill, hold
from benchmarks.http_load import BEGIN, LATEST_S, Order, Told
from benchmarks.http_queries import queries_by_route
from benchmarks.http_stage import Serving, serving
from server import settings
from server.terminal.timing import percentile
from storage import identity
from storage.database import Database

PROCESSES = 2
RATE = 500.0
WARM_UP_S = 5.0
CONNECTIONS = 64
INTERVIEWS = 3_000
ASKED_FOR = 500
"""How many of the owner's interviews are asked for, one after another."""
P50_MS = 50.0
P95_MS = 200.0
STAGE_WITHIN_S = 60.0
MOST_ERRORS_SHOWN = 10

PATH = "/api/v1/interviews"


class Run(msgspec.Struct, frozen=True):
    """What was measured. `queries` are those of one request of each route."""

    order: Order
    told: Told
    cpu_s: float
    """Of the serving processes together, meanwhile."""
    busy: float
    """Share of the whole machine's processors that was taken, by us or anybody, %."""
    queries: Mapping[str, int]


async def http(folder: Path, *, for_s: float, interviews: int = INTERVIEWS) -> list[Figure]:
    """The figures, with so many interviews in the database. Raises `ProductError`."""
    async with databases(folder) as (env, postgres), serving(folder, env, PROCESSES) as processes:
        async with working(folder, env):  # Not while it is measured: it would do its rounds.
            await hold(processes[0].url, interviews)
        # Past row security, for rows of several tenants.
        database = await Database.open(env["DATABASE_URL"], postgres.admin_url, min_size=1)
        try:
            owner = await identity.ensure_local_owner(database)
            routes = await _routes(processes[0].url, await fill(database, owner, interviews))
        finally:
            await database.close()
        held, _sources = settings.load(env, None)
        order = Order(
            urls=[one.url for one in processes],
            routes=routes,
            rate=RATE,
            warm_up_s=min(WARM_UP_S, for_s),
            seconds=for_s,
            connections=CONNECTIONS,
        )
        queries = await queries_by_route(held, routes)
        run = await _measure(folder, env, processes, order, queries)
    print(_remark(run, interviews), file=sys.stderr)
    for error in sorted(set(run.told.errors))[:MOST_ERRORS_SHOWN]:
        print(f"During the load: {error}", file=sys.stderr)
    return list(_figures(run))


async def _routes(url: str, ids: Sequence[UUID]) -> dict[str, list[str]]:
    """The addresses of each route: the list's first page three times, then its second; each interview in turn."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        answer = await client.get(PATH)
        answer.raise_for_status()
        cursor = answer.json()["next_cursor"]
    some = [f"{PATH}/{one}" for one in ids[:: max(1, len(ids) // ASKED_FOR)]]
    return {
        "list": [PATH, PATH, PATH, f"{PATH}?cursor={cursor}" if cursor else PATH],
        "interview": some,
        "report": [f"{path}/report" for path in some],
    }


async def _measure(
    folder: Path, env: dict[str, str], processes: Sequence[Serving], order: Order, queries: Mapping[str, int]
) -> Run:
    child = await Child.start("benchmarks.http_load", env=env, log=folder / "load.log")
    try:
        await child.tell(msgspec.json.encode(order))
        while await child.line(order.warm_up_s + STAGE_WITHIN_S) != BEGIN.encode():
            pass
        before = sum(one.cpu_s for one in processes)
        psutil.cpu_percent()
        told = msgspec.json.decode(await child.line(order.seconds + LATEST_S + STAGE_WITHIN_S), type=Told)
        cpu_s = sum(one.cpu_s for one in processes) - before
        return Run(order, told, cpu_s, psutil.cpu_percent(), queries)
    finally:
        await child.stop()


def _figures(run: Run) -> Iterator[Figure]:
    told = run.told
    every = [ms for times in told.ms.values() for ms in times]
    name = f"HTTP, {run.order.rate:g} requests a second, {len(run.order.urls)} serving processes"
    yield at_most(f"{name}, p50", percentile(every, 0.50), "ms", P50_MS)
    yield at_most(f"{name}, p95", percentile(every, 0.95), "ms", P95_MS)
    for route, times in told.ms.items():
        yield at_most(f"{name}, {route}, p95", percentile(times, 0.95), "ms", None)
    yield at_most(f"{name}, errors", len(told.errors), "", 0)
    yield at_most(f"{name}, requests answered", len(every) / told.seconds if told.seconds > 0 else None, "/s", None)
    each = run.cpu_s / len(every) * 1000 if every else None
    yield at_most(f"{name}, processor time of the serving processes for each request", each, "ms", None)
    for route, queries in run.queries.items():
        yield at_most(f"HTTP, queries of one request, {route}, with those around its transaction", queries, "", None)


def _remark(run: Run, interviews: int) -> str:
    told = run.told
    answered = sum(len(times) for times in told.ms.values())
    size = told.received / answered / 1000 if answered else 0
    cores = run.cpu_s / told.seconds if told.seconds > 0 else 0
    lag = "–" if told.lag_p99_ms is None else f"{told.lag_p99_ms:.1f} ms"
    return (
        f"{answered} answers of {size:.1f} KB in {told.seconds:.1f} s out of {interviews} interviews; the serving "
        f"processes took {100 * cores:.0f} % of one core, the whole machine was {run.busy:.0f} % busy; the loop that "
        f"asked was late by {lag} (p99)."
    )

"""What a serving process holds under fifty typed interviews: turns, appends, memory; and how soon it is back."""

import math
import sys
from pathlib import Path

import httpx

from benchmarks.exposition import gauge, histogram
from benchmarks.figure import Figure, at_most
from benchmarks.load import Load, steady
from benchmarks.product import Product
from server.terminal.api import is_loopback
from server.terminal.timing import percentile

INTERVIEWS = 50
EVERY_S = 2.0
TURN_P95_MS = 30.0
APPEND_P95_MS = 10.0
MEMORY_MB = 200.0
SECOND_START_S = 5.0

APPEND = "viva_event_append_seconds"
RESIDENT = "process_resident_memory_bytes"


async def under_load(url: str, wanted: frozenset[str], *, for_s: float) -> list[Figure]:
    """The figures of a running server, measured while another process (this one) holds the interviews."""
    readings: list[str] = []

    async def read() -> None:
        readings.append(await _metrics(url))

    load = await steady(url, interviews=INTERVIEWS, every_s=EVERY_S, for_s=for_s, read=read)
    _remark(load)
    found = []
    if "turn" in wanted:
        times = [turn.ms for turn in load.turns]
        name = f"typed turn, message to first word, {INTERVIEWS} interviews, a message every {EVERY_S:g} s each"
        found.append(at_most(f"{name}, p50", percentile(times, 0.50), "ms", None))
        found.append(at_most(f"{name}, p95", percentile(times, 0.95), "ms", TURN_P95_MS))
    if "append" in wanted:
        before, after = (histogram(text, APPEND) for text in readings)
        quantile = after.since(before).quantile(0.95)
        value = None if quantile is None or math.isinf(quantile) else quantile * 1000
        name = f"event append to commit, {INTERVIEWS} interviews, by the server's own histogram, p95"
        found.append(at_most(name, value, "ms", APPEND_P95_MS))
    if "memory" in wanted:
        resident = gauge(readings[-1], RESIDENT)
        value = None if resident is None else resident / 1_000_000
        name = f"memory of the text-only serving process with {INTERVIEWS} interviews, resident"
        found.append(at_most(name, value, "MB", MEMORY_MB))
    return found


async def own_product(folder: Path, wanted: frozenset[str], *, for_s: float) -> list[Figure]:
    """The same on a product of its own, and the time of its second start. Raises `ProductError`."""
    product = Product(folder)
    found: list[Figure] = []
    try:
        await product.start()
        if wanted & {"turn", "append", "memory"}:
            found += await under_load(product.url, wanted, for_s=for_s)
        if "start" in wanted:
            await product.stop()
            seconds = await product.start()
            found.append(at_most("second start, command to ready", seconds, "s", SECOND_START_S))
    finally:
        await product.stop()
    return found


async def _metrics(url: str) -> str:
    async with httpx.AsyncClient(trust_env=not is_loopback(url)) as http:
        answer = await http.get(f"{url.rstrip('/')}/metrics")
        answer.raise_for_status()
        return answer.text


def _remark(load: Load) -> None:
    """To the person, beside the figures: how much was measured, and what went wrong."""
    rate = len(load.turns) / load.seconds
    print(f"{len(load.turns)} turns in {load.seconds:g} s, {rate:.1f} a second.", file=sys.stderr)
    for error in sorted(set(load.errors)):
        print(f"During the load: {error}", file=sys.stderr)

"""`python -m benchmarks [name…]`: the figures of the README, one JSON object a line.

Exits 0 when a bar is missed: the figures are for reading. `chaos` is a check: it exits 1 where something was lost or
doubled. Without `--url` it starts a product of its own in a temporary folder.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import httpx

from benchmarks.chaos.product import SiteError
from benchmarks.figure import Figure
from benchmarks.observing import observing, own_site
from benchmarks.product import ProductError
from benchmarks.scoring.timing import scoring
from benchmarks.serving import own_product, under_load
from server.embedded import EmbeddedError
from server.terminal.errors import TerminalError

SERVING = ("turn", "append", "memory", "start")
USUAL = (*SERVING, "scorer", "pages")
Result = TypeVar("Result")
NAMES = (*USUAL, "http", "observing", "voice", "shown", "chaos")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Viva; one JSON object a line.")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"any of {', '.join(NAMES)}; all but http, observing, voice, shown and chaos by default",
    )
    parser.add_argument("--url", help="a server that runs already; `start` is left out then")
    parser.add_argument("--seconds", type=float, help="how long the load is measured (30; voice 75)")
    parser.add_argument("--kept", type=int, default=3_000, help="interviews in the database that http asks (3,000)")
    parser.add_argument("--interviews", type=int, help="how many: for each process of voice (25), watched in all (50)")
    parser.add_argument(
        "--setting", action="append", metavar="name", help="only this setting of voice; may be repeated"
    )
    parser.add_argument("--seed", type=int, default=1, help="of chaos: who sits there, and what is killed when (1)")
    parser.add_argument("--typed", type=int, default=40, help="typed interviews of chaos (40)")
    parser.add_argument("--voice", type=int, default=10, help="spoken interviews of chaos (10)")
    parser.add_argument("--kills", type=int, default=12, help="how much chaos kills (12)")
    parser.add_argument("--folder", type=Path, help="where chaos keeps its data and logs; a passing one otherwise")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if min(chosen.interviews or 1, chosen.typed + chosen.voice) < 1:
        parser.error("there must be at least one interview")
    if min(chosen.typed, chosen.voice, chosen.kills) < 0:
        parser.error("--typed, --voice and --kills cannot be below 0")
    holds = True
    try:
        asyncio.run(_measure(frozenset(chosen.names or USUAL), chosen.url, chosen.seconds or 30.0))
        if "observing" in chosen.names:
            _quickly(_measure_observing(chosen.url, chosen.interviews or 50, chosen.seconds or 30.0))
        if "http" in chosen.names:
            asyncio.run(_measure_http(chosen.seconds or 30.0, chosen.kept))
        if "shown" in chosen.names:
            asyncio.run(_measure_shown())
        if "voice" in chosen.names:
            asyncio.run(_measure_voice(chosen.interviews or 25, chosen.seconds or 75.0, chosen.setting or []))
        if "chaos" in chosen.names:
            holds = _check_chaos(chosen)
    except (ProductError, SiteError, TerminalError, EmbeddedError, httpx.HTTPError) as error:
        print(f"The benchmark could not run: {error}", file=sys.stderr)
        return 1
    return 0 if holds else 1


async def _measure(wanted: frozenset[str], url: str | None, for_s: float) -> None:
    if "scorer" in wanted:
        _print(await scoring())
    if "pages" in wanted:
        await _measure_pages(url)
    if not wanted.intersection(SERVING):
        return
    if url is None:
        with tempfile.TemporaryDirectory(prefix="viva-bench-") as folder:
            _print(await own_product(Path(folder), wanted, for_s=for_s))
    elif wanted & {"turn", "append", "memory"}:
        _print(await under_load(url, wanted, for_s=for_s))


async def _measure_observing(url: str | None, interviews: int, for_s: float) -> None:
    if url is not None:
        _print(await observing([url], interviews, for_s=for_s))
        return
    with tempfile.TemporaryDirectory(prefix="viva-bench-") as folder:
        _print(await own_site(Path(folder), interviews, for_s=for_s))


async def _measure_http(for_s: float, kept: int) -> None:
    # Only this one asks two serving processes.
    from benchmarks.http import http

    with tempfile.TemporaryDirectory(prefix="viva-bench-") as folder:
        _print(await http(Path(folder), for_s=for_s, interviews=kept))


async def _measure_shown() -> None:
    # Only this one needs somebody who plays the vendor.
    from benchmarks.shown import shown

    with tempfile.TemporaryDirectory(prefix="viva-bench-") as folder:
        _print(await shown(Path(folder)))


async def _measure_voice(interviews: int, for_s: float, names: list[str]) -> None:
    # Only this one speaks.
    from benchmarks.voice.measuring import voice

    with tempfile.TemporaryDirectory(prefix="viva-bench-") as folder:
        async for figures in voice(Path(folder), interviews, for_s, names):
            _print(figures)


def _quickly(work: Coroutine[Any, Any, Result]) -> Result:
    """On the faster loop: two hundred sockets are held here, beside what is measured."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _check_chaos(chosen: argparse.Namespace) -> bool:
    """Whether everything that must be nothing is."""
    # Only this one speaks, too.
    from benchmarks.chaos.chaos import chaos
    from benchmarks.chaos.running import Chaos

    asked = Chaos(chosen.seed, chosen.typed, chosen.voice, chosen.kills)
    figures = _quickly(chaos(asked, chosen.folder))
    _print(figures)
    return all(figure.holds is not False for figure in figures if figure.bar == 0)


async def _measure_pages(url: str | None) -> None:
    # Only this one needs a browser and what drives it.
    from benchmarks.pages import pages

    with tempfile.TemporaryDirectory(prefix="viva-bench-") as folder:
        _print(await pages(Path(folder), url))


def _print(figures: list[Figure]) -> None:
    for figure in figures:
        print(figure.line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

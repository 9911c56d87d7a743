"""`python -m benchmarks [name…]`: the figures of the README, one JSON object a line.

Exits 0 when a bar is missed: the figures are for reading. Without `--url` it starts a product of its own in a
temporary folder.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import httpx

from benchmarks.figure import Figure
from benchmarks.product import ProductError
from benchmarks.scoring import scoring
from benchmarks.serving import own_product, under_load
from server.embedded import EmbeddedError
from server.terminal.errors import TerminalError

SERVING = ("turn", "append", "memory", "start")
USUAL = (*SERVING, "scorer", "pages")
NAMES = (*USUAL, "voice")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Viva; one JSON object a line.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of {', '.join(NAMES)}; all but voice by default")
    parser.add_argument("--url", help="a server that runs already; `start` is left out then")
    parser.add_argument("--seconds", type=float, help="how long the load is measured (30; voice 75)")
    parser.add_argument("--interviews", type=int, default=25, help="spoken interviews for each process (25)")
    parser.add_argument(
        "--setting", action="append", metavar="name", help="only this setting of voice; may be repeated"
    )
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    if chosen.interviews < 1:
        parser.error("there must be at least one interview")
    try:
        asyncio.run(_measure(frozenset(chosen.names or USUAL), chosen.url, chosen.seconds or 30.0))
        if "voice" in chosen.names:
            asyncio.run(_measure_voice(chosen.interviews, chosen.seconds or 75.0, chosen.setting or []))
    except (ProductError, TerminalError, EmbeddedError, httpx.HTTPError) as error:
        print(f"The benchmark could not run: {error}", file=sys.stderr)
        return 1
    return 0


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


async def _measure_voice(interviews: int, for_s: float, names: list[str]) -> None:
    # Only this one speaks.
    from benchmarks.voice.measuring import voice

    with tempfile.TemporaryDirectory(prefix="viva-bench-") as folder:
        async for figures in voice(Path(folder), interviews, for_s, names):
            _print(figures)


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

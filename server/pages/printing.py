"""A page on paper: the same markup, set as PDF with the sheet `styles/paper.css` and nothing else.

The library follows older CSS than browsers do: no layers, no nesting, no grid. What it does not know it passes over,
so the pages' own sheet is left out and the one for paper keeps to what it knows.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from datetime import UTC, datetime, tzinfo
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import structlog

from agents.plans import Language
from server.errors import VivaError
from server.pages.assets import STATIC, Assets

log = structlog.get_logger(__name__)

NO_FONTS = 3
"""What the press says where it has nothing to set words with (`server.pages.paper`, which is not imported here)."""
PRINT_WITHIN_S = 20.0
SHEET = "styles/paper.css"
MOST_PRESSES = 2
"""How many may run at once: each is a process of some 40 MB for a tenth of a second."""
_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class NoFonts(VivaError):
    """There is nothing to set words with."""

    status, code, title = 501, "no_fonts", "Nothing can be printed here"

    def __init__(self) -> None:
        super().__init__(
            "This machine has no fonts, so a PDF would be empty. Whoever runs this server can install some: the "
            "package fonts-liberation, for example. The report itself can be read and printed in the browser."
        )


class NotPrinted(VivaError):
    """The press failed or took too long."""

    code, title = "not_printed", "The report could not be printed"

    def __init__(self) -> None:
        super().__init__(
            "The PDF could not be made this time. Try again; the report itself can be read and printed here."
        )


async def print_to_pdf(markup: str) -> bytes:
    """A page as PDF. Raises `PagesNotBuilt`, `NoFonts` and `NotPrinted`."""
    address = Assets().url(SHEET)
    sheet = await asyncio.to_thread((STATIC / address.removeprefix("/static/")).read_text, "utf-8")
    order = msgspec.json.encode({"markup": markup, "address": address, "sheet": sheet})
    async with _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MOST_PRESSES)):
        status, pdf = await _run_press(order)
    if status == NO_FONTS:
        raise NoFonts
    if status != 0:
        log.error("printing.failed", status=status)
        raise NotPrinted
    return pdf


async def _run_press(order: bytes) -> tuple[int, bytes]:
    """The press's exit status and what it wrote; it is ended where it takes too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.pages.paper", stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(PRINT_WITHIN_S):
            pdf, _ = await process.communicate(order)
    except TimeoutError:
        return -1, b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, pdf


def zone_of(name: str | None) -> tzinfo:
    """The zone of that name, such as `America/Bogota`; UTC where it is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def dated(at: datetime, zone: tzinfo, language: Language) -> str:
    """An instant in words, its zone named: November 20, 2026, 6:56 AM (America/Bogota)."""
    # Its tables of locales take 3 MB, and most processes never print.
    from babel.dates import format_date, format_time

    local = at.astimezone(zone)
    return f"{format_date(local, 'long', language)}, {format_time(local, 'short', locale=language)} ({zone})"

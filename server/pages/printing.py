"""A page on paper: the same markup, set as PDF with the sheet `styles/paper.css` and nothing else.

The library follows older CSS than browsers do: no layers, no nesting, no grid. What it does not know it passes over,
so the pages' own sheet is left out and the one for paper keeps to what it knows.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, tzinfo
from functools import cache, partial
from io import BytesIO
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import plutoprint
from babel.dates import format_date, format_time

from agents.plans import Language
from server.errors import VivaError
from server.pages.assets import STATIC, Assets

SHEET = "styles/paper.css"
_BASE = "viva:///"
# One at a time: a report takes some 20 ms, and the library does not say that books may be set side by side.
_PRESS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="printing")


class NoFonts(VivaError):
    """There is nothing to set words with."""

    status, code, title = 501, "no_fonts", "Nothing can be printed here"

    def __init__(self) -> None:
        super().__init__(
            "This machine has no fonts, so a PDF would be empty. Whoever runs this server can install some: the "
            "package fonts-liberation, for example. The report itself can be read and printed in the browser."
        )


class OnlyOurSheet(plutoprint.ResourceFetcher):
    """Gives the sheet for paper, and nothing for any other address: neither files nor the network are read."""

    def __init__(self, address: str, sheet: bytes) -> None:
        super().__init__()
        self._path = urlsplit(address).path
        self._sheet = sheet
        self.refused: list[str] = []

    def fetch_url(self, url: str) -> plutoprint.ResourceData:
        parts = urlsplit(url)
        if parts.scheme == "viva" and parts.path == self._path:
            return plutoprint.ResourceData(self._sheet, "text/css", "utf-8")
        self.refused.append(url)
        return plutoprint.ResourceData(b"", "text/plain", "utf-8")


async def print_to_pdf(markup: str) -> bytes:
    """A page as PDF, set in a thread so that conversations go on meanwhile. Raises `PagesNotBuilt` and `NoFonts`."""
    address = Assets().url(SHEET)
    sheet = await asyncio.to_thread((STATIC / address.removeprefix("/static/")).read_bytes)
    fetcher = OnlyOurSheet(address, sheet)
    return await asyncio.get_running_loop().run_in_executor(_PRESS, partial(set_as_pdf, markup, fetcher))


def set_as_pdf(markup: str, fetcher: OnlyOurSheet) -> bytes:
    """The markup as an A4 document. Raises `NoFonts`."""
    if not has_fonts():
        raise NoFonts
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
    book.custom_resource_fetcher = fetcher
    book.load_html(markup, base_url=_BASE)
    paper = BytesIO()
    book.write_to_pdf_stream(paper)
    return paper.getvalue()


@cache
def has_fonts() -> bool:
    """Whether a word takes up any room. Without fonts the library sets pages that are empty, and says nothing."""
    book = plutoprint.Book(plutoprint.PAGE_SIZE_NONE, media=plutoprint.MEDIA_TYPE_SCREEN)
    book.load_html('<body style="margin: 0">Words</body>')
    return book.get_document_width() > 0


def zone_of(name: str | None) -> tzinfo:
    """The zone of that name, such as `America/Bogota`; UTC where it is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def dated(at: datetime, zone: tzinfo, language: Language) -> str:
    """An instant in words, its zone named: November 20, 2026, 6:56 AM (America/Bogota)."""
    local = at.astimezone(zone)
    return f"{format_date(local, 'long', language)}, {format_time(local, 'short', locale=language)} ({zone})"

"""The press: a process of its own that sets one page as PDF and ends.

The library is native code, and what it reads holds a candidate's words: a fault in it must not take fifty live
interviews along, and the memory it takes goes back with it. Reads an order as JSON from its input, writes the PDF.
"""

import json
import sys
from functools import cache
from io import BytesIO
from urllib.parse import urlsplit

import plutoprint

NO_FONTS = 3
"""Exit status where there is nothing to set words with."""
_BASE = "viva:///"


class NoFontsError(Exception):
    """There is nothing to set words with."""


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


def set_as_pdf(markup: str, fetcher: OnlyOurSheet) -> bytes:
    """The markup as an A4 document. Raises `NoFontsError`."""
    if not has_fonts():
        raise NoFontsError
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


def main() -> int:
    """Sets the order on standard input; its exit status."""
    order = json.load(sys.stdin.buffer)
    try:
        pdf = set_as_pdf(order["markup"], OnlyOurSheet(order["address"], order["sheet"].encode()))
    except NoFontsError:
        return NO_FONTS
    sys.stdout.buffer.write(pdf)
    return 0


if __name__ == "__main__":
    sys.exit(main())

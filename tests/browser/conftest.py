"""Debian's Chromium on the whole product. Whatever goes wrong in a page fails the test that met it."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from server.pages.assets import MANIFEST
from tests.browser.product import Product

CHROMIUM = Path(os.environ.get("VIVA_CHROMIUM") or "/usr/bin/chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

LOOKS_FOR_MS = 15_000
"""How long something may take to appear on a machine with much else to do."""
expect.set_options(timeout=LOOKS_FOR_MS)

Shape = Literal["wide", "narrow"]
SIZES: dict[Shape, tuple[int, int]] = {"wide": (1100, 820), "narrow": (360, 640)}


class Watched:
    """A browser in which nothing may go wrong unseen: errors on the console, and requests to anywhere else."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context = context
        self.complaints: list[str] = []
        self._own = urlsplit(origin).netloc
        context.on("console", lambda message: self._console(message.type, message.text))
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("request", lambda request: self._address(request.url))
        context.on("page", self.watch)

    def watch(self, page: Page) -> None:
        page.on("websocket", lambda socket: self._address(socket.url))

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"console: {text}")

    def _address(self, url: str) -> None:
        if urlsplit(url).netloc != self._own:
            self.complaints.append(f"left the origin: {url}")


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product, started once for the tests of this folder."""
    assert MANIFEST.exists(), "The pages are not built: run `make pages`."
    running = Product(tmp_path_factory.mktemp("product"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    assert CHROMIUM.exists(), "There is no Chromium: run `apt-get install chromium`, or set VIVA_CHROMIUM."
    return CHROMIUM


@pytest.fixture
async def chromium(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield browser
        await browser.close()


class Visits:
    """Opens browsers on the product, each as a person of one language at one size."""

    def __init__(self, chromium: Browser, product: Product) -> None:
        self._chromium = chromium
        self._product = product
        self._opened: list[Watched] = []

    async def page(self, locale: str = "en-GB", shape: Shape = "wide", **options: Any) -> Page:
        width, height = SIZES[shape]
        context = await self._chromium.new_context(
            base_url=self._product.url,
            locale=locale,
            timezone_id="America/Bogota",
            viewport={"width": width, "height": height},
            **options,
        )
        context.set_default_timeout(LOOKS_FOR_MS)
        self._opened.append(Watched(context, self._product.url))
        return await context.new_page()

    def expect(self, complaint: str) -> None:
        """Pass over a complaint that the test itself brings about."""
        for watched in self._opened:
            watched.complaints = [each for each in watched.complaints if complaint not in each]

    @property
    def complaints(self) -> list[str]:
        return [complaint for watched in self._opened for complaint in watched.complaints]


@pytest.fixture
async def visits(chromium: Browser, product: Product) -> AsyncIterator[Visits]:
    """Browsers for one test; afterwards none of them may have anything to complain about."""
    opened = Visits(chromium, product)
    yield opened
    assert opened.complaints == []

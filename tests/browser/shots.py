"""`python -m tests.browser.shots [folder]`: a picture of every page in both languages and themes, narrow and wide.

They go into `shots/`, with a sheet of all of them in `index.html`.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from html import escape
from pathlib import Path
from typing import Literal, get_args

from playwright.async_api import Browser, Page, async_playwright

from tests.browser import views
from tests.browser.candidate import Language
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.product import ROOT, Product

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
SIZES = {360: 640, 1280: 800}
TALLEST = 4_000
"""Pixels: of a page that goes on below, the rest is more of the same."""

STYLE = """
body { font: 14px/1.4 sans-serif; margin: 24px; background: #888; color: #000 }
h2 { position: sticky; top: 0; background: #888; margin: 24px 0 8px }
div { display: flex; gap: 12px; align-items: start; overflow-x: auto }
figure { margin: 0; flex: none } img { display: block; max-height: 900px }
"""


class Album:
    """Takes the pictures and keeps them in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.png"):
            old.unlink()
        self._folder = folder
        self._shots: dict[str, list[str]] = {}

    async def take(self, page: Page, view: str, language: Language) -> None:
        """The view in each theme and size; the page stays as it is."""
        for theme in THEMES:
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            for width, height in SIZES.items():
                await page.set_viewport_size({"width": width, "height": height})
                whole = await page.evaluate("document.documentElement.scrollHeight")
                name = f"{view}.{language}.{theme}.{width}.png"
                await page.screenshot(
                    path=self._folder / name,
                    full_page=True,
                    clip={"x": 0, "y": 0, "width": width, "height": min(TALLEST, max(height, whole))},
                )
                self._shots.setdefault(view, []).append(name)

    def write_sheet(self) -> Path:
        """All of them on one page."""
        parts = [f"<!doctype html><meta charset=utf-8><title>Viva: every page</title><style>{STYLE}</style>"]
        for view, names in self._shots.items():
            figures = "".join(
                f'<figure><a href="{name}"><img src="{name}" loading="lazy" alt="{escape(name)}"></a>'
                f"<figcaption>{escape(name)}</figcaption></figure>"
                for name in names
            )
            parts.append(f"<h2>{escape(view)}</h2><div>{figures}</div>")
        sheet = self._folder / "index.html"
        sheet.write_text("\n".join(parts), "utf-8")
        return sheet


async def shoot(album: Album) -> None:
    """Every view of a product of its own."""
    with tempfile.TemporaryDirectory(prefix="viva-shots-") as home:
        product = Product(Path(home))
        try:
            await asyncio.to_thread(product.start)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
                for look in (_before, _after):
                    for language in get_args(Language):
                        await _walk(browser, product, language, look, album)
                await browser.close()
        finally:
            await asyncio.to_thread(product.stop)


Looking = Callable[[Page, Language, Product], AsyncIterator[str]]


async def _walk(browser: Browser, product: Product, language: Language, look: Looking, album: Album) -> None:
    async with await browser.new_context(
        base_url=product.url, locale=language, timezone_id="America/Bogota", service_workers="block"
    ) as context:
        page = await context.new_page()
        async for view in look(page, language, product):
            print(f"{view} ({language})", flush=True)  # noqa: T201 - a command's progress
            await album.take(page, view, language)


def _before(page: Page, _language: Language, _product: Product) -> AsyncIterator[str]:
    return views.empty(page)


async def _after(page: Page, language: Language, product: Product) -> AsyncIterator[str]:
    held = await views.hold(product, language)
    for walk in (
        views.still(page, language, held),
        views.errors(page, language),
        views.workshop(page, language),
        views.spoken(page, language),
        views.sitting(page, language, product),
    ):
        async for view in walk:
            yield view


if __name__ == "__main__":
    shown = Album(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "shots")
    asyncio.run(shoot(shown))
    print(shown.write_sheet())  # noqa: T201 - what the command is for

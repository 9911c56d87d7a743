"""Nobody is kept out: axe looks at every page in each theme, in each language, on a phone and on a wide screen."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal, get_args

import pytest
from playwright.async_api import Browser, Page

from tests.browser import views
from tests.browser.axe import findings, grave
from tests.browser.candidate import Language
from tests.browser.conftest import Visits
from tests.browser.product import Product
from tests.browser.views import Held

LOCALES: dict[Language, str] = {"en": "en-GB", "es": "es-CO"}
Group = Callable[[Page, Language, Held, Product], AsyncIterator[str]]

GROUPS: dict[str, Group] = {
    "outside the room": lambda page, language, held, _product: views.still(page, language, held),
    "the workshop": lambda page, language, _held, _product: views.workshop(page, language),
    "what went wrong": lambda page, language, _held, _product: views.errors(page, language),
    "an interview typed": lambda page, language, _held, product: views.sitting(page, language, product),
    "an interview by voice": lambda page, language, _held, _product: views.spoken(page, language),
}

Look = tuple[Literal["light", "dark"], int]
# What one language leaves out of a view the other takes, and each four views every pair comes round.
LOOKS: dict[Language, tuple[Look, ...]] = {
    "en": (("light", 1280), ("dark", 360), ("light", 360), ("dark", 1280)),
    "es": (("dark", 360), ("light", 1280), ("dark", 1280), ("light", 360)),
}
BLOCKED = "Service Worker registration blocked"
HEIGHTS = {1280: 800, 360: 640}


class Eyes:
    """Looks at one view after another, and keeps what is wrong with any."""

    def __init__(self, page: Page, language: Language) -> None:
        self._page = page
        self._looks = LOOKS[language]
        self._seen = 0
        self.wrong: list[str] = []

    async def look(self, view: str) -> None:
        theme, width = self._looks[self._seen % len(self._looks)]
        self._seen += 1
        await self._page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        await self._page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        where = f"{view}, {theme}, {width} px"
        if await self._page.evaluate("document.documentElement.scrollWidth") > width:
            self.wrong.append(f"{where}: it scrolls sideways")
        found = await findings(self._page)
        self.wrong += [f"{where}: {sentence}" for sentence in grave(found)]
        for finding in found:
            if finding.impact == "minor":
                print(f"{where}: {finding}")  # noqa: T201 - for whoever reads the output


@pytest.fixture(scope="session")
def held_in() -> dict[Language, Held]:
    """The interviews that were held already, by language."""
    return {}


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("group", GROUPS)
async def test_axe_finds_nothing_that_keeps_anybody_out(
    visits: Visits, product: Product, held_in: dict[Language, Held], group: str, language: Language
) -> None:
    if language not in held_in:
        held_in[language] = await views.hold(product, language)
    # A service worker would stand between the page and the answers that are made for it.
    page = await visits.page(LOCALES[language], service_workers="block")
    eyes = Eyes(page, language)
    async for view in GROUPS[group](page, language, held_in[language], product):
        await eyes.look(view)
    visits.expect(BLOCKED)
    visits.expect("Failed to load resource: the server responded with a status of")
    assert not eyes.wrong, "\n".join(eyes.wrong)


async def test_axe_finds_nothing_before_the_first_interview(chromium: Browser, tmp_path: Path) -> None:
    fresh = Product(tmp_path)
    try:
        fresh.start()
        visits = Visits(chromium, fresh)
        for language in get_args(Language):
            page = await visits.page(LOCALES[language], service_workers="block")
            eyes = Eyes(page, language)
            async for view in views.empty(page):
                await eyes.look(view)
            assert not eyes.wrong, "\n".join(eyes.wrong)
        visits.expect(BLOCKED)
        assert visits.complaints == []
    finally:
        fresh.stop()

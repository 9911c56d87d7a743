"""The first moments: little to fetch, nothing from anywhere else, and nothing lost before the scripts are there."""

import asyncio

from playwright.async_api import Browser, Route, expect

from benchmarks.pages import FIRST_PAGE_KB, ROOM_KB, load_of, room_of
from server.terminal.api import Api
from tests.browser.candidate import Candidate
from tests.browser.conftest import Visits
from tests.browser.product import Product

EARLY = "I began with the list of risks."
DRAFT = "Before that I had asked the others."


async def test_the_first_page_and_the_room_are_light_and_ask_nobody_else(chromium: Browser, product: Product) -> None:
    async with Api(product.url) as api:
        rooms = await room_of(api)
    for url, most_kb in ((f"{product.url}/", FIRST_PAGE_KB), (rooms, ROOM_KB)):
        load = await load_of(chromium, url)
        assert load.received[url] > 0
        assert load.kilobytes <= most_kb, load.received
        assert load.elsewhere(product.url) == []
        assert load.unsafe == 0


async def test_what_is_typed_before_the_script_is_there_stays_and_can_be_sent(visits: Visits, product: Product) -> None:
    page = await visits.page()
    async with Api(product.url) as api:
        address = await room_of(api)
    candidate = Candidate(page, "en")
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    for earlier in ("", DRAFT):
        may_come.clear()
        await page.route("**/built/assets/room-*.js", late)
        await page.goto(address, wait_until="commit")
        await expect(candidate.box).to_be_focused()
        await page.keyboard.type(EARLY)
        # Nowhere to send it yet: the words must not end up in the address instead.
        await expect(page.get_by_role("button", name=candidate.words["send"])).to_be_disabled()
        may_come.set()
        await expect(page.locator("[data-connection=open]")).to_be_visible()
        await expect(candidate.box).to_have_value(f"{earlier} {EARLY}".strip())
        await expect(page.get_by_role("button", name=candidate.words["send"])).to_be_enabled()
        await page.unroute("**/built/assets/room-*.js")
        await candidate.box.fill(DRAFT)

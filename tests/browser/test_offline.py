"""When the server cannot be reached."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visits
from tests.browser.product import Product

READY = """navigator.serviceWorker.ready.then(() =>
    navigator.serviceWorker.controller ?? new Promise((resolve) =>
        navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true })))"""


async def prepared(page: Page, address: str) -> None:
    """Opened, and the worker stands before the next page."""
    await page.goto(address)
    await page.evaluate(READY)
    # The worker learns the reader's language from the pages that pass through it.
    await page.goto(address)


def pass_over(visits: Visits) -> None:
    visits.expect("net::ERR_")
    visits.expect("Failed to load resource")
    visits.expect("An unknown error occurred when fetching the script")


async def test_while_the_server_starts_again_a_page_says_so_and_comes_back_by_itself(
    visits: Visits, product: Product
) -> None:
    page = await visits.page("es-CO")
    await prepared(page, "/practise?plan=behavioural")
    product.stop()
    try:
        await page.goto("/interviews")
        await expect(page.get_by_role("heading", name="Viva no responde")).to_be_visible()
        await expect(page.get_by_text("lo intenta otra vez por sí sola")).to_be_visible()
        # Drawn as any other page of ours, with the server away.
        assert await page.evaluate("getComputedStyle(document.querySelector('.button')).borderRadius") == "8px"
    finally:
        product.start()
    await expect(page.get_by_role("heading", name="Mis entrevistas")).to_be_visible(timeout=30_000)
    pass_over(visits)


async def test_without_a_network_the_page_says_that_it_is_the_device(visits: Visits, product: Product) -> None:
    page = await visits.page()
    await prepared(page, "/")
    await page.context.set_offline(True)
    await page.goto("/practise")
    await expect(page.get_by_role("heading", name="This device is offline")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Choose an interview")).to_be_visible()
    pass_over(visits)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_theme_that_was_chosen_stays_whatever_the_system_has(visits: Visits, theme: str) -> None:
    page = await visits.page(color_scheme="dark" if theme == "light" else "light")
    await page.goto("/")
    await page.get_by_role("link", name="Light" if theme == "light" else "Dark", exact=True).click()
    await page.get_by_role("link", name="My interviews").click()
    paper = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == {"light": "rgb(250, 248, 244)", "dark": "rgb(22, 21, 19)"}[theme]
    await page.get_by_role("link", name="As the system", exact=True).click()
    assert await page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != paper

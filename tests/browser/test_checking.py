"""The device check in a real browser, with a microphone that beeps."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.browser.conftest import FLAGS, Visits
from tests.browser.product import Product

BEEPS = (*FLAGS, "--use-fake-device-for-media-stream")
NO_RECOGNISER = "delete window.SpeechRecognition; delete window.webkitSpeechRecognition;"
HAS_RECOGNISER = "window.SpeechRecognition ??= class extends EventTarget {};"
NO_MICROPHONE = """navigator.mediaDevices.getUserMedia =
    () => Promise.reject(new DOMException("none", "NotFoundError"));"""


@pytest.fixture
async def beeping(chromium_path: Path, product: Product) -> AsyncIterator[Visits]:
    """Browsers whose microphone gives a beep each second; they ask for permission as any other does."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=list(BEEPS))
        visits = Visits(browser, product)
        yield visits
        assert visits.complaints == []
        await browser.close()


async def check_of(page: Page, locale_words: tuple[str, str] = ("I speak", "Start the interview")) -> None:
    """From the set-up of a spoken practice to its device check."""
    speak, start = locale_words
    await page.goto("/practise?plan=behavioural")
    await page.get_by_role("radio", name=speak, exact=True).check()
    await page.get_by_role("button", name=start).click()
    await page.wait_for_url(re.compile(r"/interviews/[0-9a-f-]{36}/check$"))


async def test_a_candidate_is_heard_hears_themselves_and_goes_on_to_the_room(beeping: Visits, product: Product) -> None:
    page = await beeping.page(permissions=["microphone"])
    await page.add_init_script(HAS_RECOGNISER)
    await check_of(page)
    level = page.locator("[data-level]")
    await expect(level).to_be_hidden()
    await page.get_by_role("button", name="Try the microphone").click()
    await expect(page.get_by_text("You are heard.")).to_be_visible()
    await expect(level).not_to_have_js_property("value", 0)

    play = page.get_by_role("button", name="Hear yourself")
    await expect(play).to_be_disabled()
    await page.get_by_role("button", name="Record three seconds").click()
    await expect(page.get_by_text("Recording. Speak now.")).to_be_visible()
    await expect(play).to_be_enabled()
    await expect(play).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-recording]")).not_to_have_js_property("currentTime", 0)

    # The recording's own address, which is nowhere but in the page.
    beeping.expect(f"left the origin: blob:{product.url}")

    await page.get_by_role("link", name="Enter the interview").click()
    await page.wait_for_url(re.compile(r"/room$"))


async def test_the_microphone_is_not_asked_for_before_the_button_is_pressed(beeping: Visits) -> None:
    page = await beeping.page(permissions=["microphone"])
    await page.add_init_script(
        HAS_RECOGNISER
        + """window.asked = 0;
        const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wish) => { window.asked += 1; return real(wish); };"""
    )
    await check_of(page)
    await expect(page.locator("[data-check]")).to_be_visible()
    assert await page.evaluate("window.asked") == 0
    await page.get_by_role("button", name="Try the microphone").click()
    await expect(page.locator("[data-after]")).to_be_visible()
    assert await page.evaluate("window.asked") == 1


async def test_another_microphone_can_be_chosen(beeping: Visits) -> None:
    page = await beeping.page(permissions=["microphone"])
    await page.add_init_script(HAS_RECOGNISER)
    await check_of(page)
    await page.get_by_role("button", name="Try the microphone").click()
    inputs = page.get_by_label("Microphone", exact=True)
    await expect(inputs).to_be_visible()
    other = await inputs.locator("option").nth(1).get_attribute("value")
    await inputs.select_option(other)
    await expect(page.get_by_text("You are heard.")).to_be_visible()
    await expect(inputs).to_have_value(other or "")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("", "The browser does not let this page use the microphone."),
        (NO_MICROPHONE, "There is no microphone here."),
    ],
)
async def test_a_microphone_that_cannot_be_had_is_said_with_the_way_on(
    beeping: Visits, script: str, sentence: str
) -> None:
    page = await beeping.page()
    await page.add_init_script(HAS_RECOGNISER + script)
    await check_of(page)
    await page.get_by_role("button", name="Try the microphone").click()
    await expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
    await expect(page.get_by_role("alert").filter(has_text="type your answers")).to_be_visible()
    await page.get_by_role("link", name="Type my answers instead").click()
    await page.wait_for_url(re.compile(r"/room\?typing=1$"))


@pytest.mark.parametrize(
    ("agent", "vendor"),
    [
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Microsoft"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", "Apple"),
    ],
)
async def test_who_hears_the_candidate_is_named(beeping: Visits, agent: str, vendor: str) -> None:
    page = await beeping.page("es-CO", user_agent=agent)
    await page.add_init_script(
        HAS_RECOGNISER + "Object.defineProperty(Navigator.prototype, 'userAgentData', {get: () => undefined});"
    )
    await check_of(page, ("Hablo", "Empezar la entrevista"))
    await expect(page.get_by_text(f"Para hacerlo envía lo que dices a {vendor}")).to_be_visible()


async def test_a_browser_that_cannot_turn_speech_into_words_is_offered_typing(beeping: Visits) -> None:
    page = await beeping.page()
    await page.add_init_script(NO_RECOGNISER)
    await page.goto("/practise?plan=behavioural")
    await expect(page.get_by_role("radio", name="I speak")).to_be_disabled()
    await expect(page.get_by_text("This browser cannot turn speech into words.")).to_be_visible()
    await expect(page.get_by_role("radio", name="I type")).to_be_checked()


async def test_a_set_up_without_scripts_still_begins_an_interview(beeping: Visits) -> None:
    page = await beeping.page(java_script_enabled=False)
    await page.goto("/")
    await page.get_by_role("button", name="Practise now").click()
    await page.wait_for_url(re.compile(r"/interviews/[0-9a-f-]{36}/room$"))

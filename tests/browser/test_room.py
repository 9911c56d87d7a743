"""The room: its line, its captions, its keys, and the end."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.candidate import WORDS, Candidate, Language
from tests.browser.conftest import Shape, Visits

SHORT = "I teach mathematics at a school in the north of the city."
FRAMES = "async () => { for (let frame = 0; frame < 8; frame += 1) await new Promise(requestAnimationFrame); }"
DRAWN_WITHIN_S = 15.0
STRANDS = "[...document.querySelectorAll('[data-presence] path')].map((path) => path.getAttribute('d')).join()"


async def drawn(page: Page) -> str:
    """The interviewer's line as it stands."""
    return str(await page.evaluate(STRANDS))


async def seated(visits: Visits, language: Language = "en", shape: Shape = "wide", **options: object) -> Candidate:
    """A candidate whose consent is given, with the focus outside the answer box."""
    page = await visits.page({"en": "en-GB", "es": "es-CO"}[language], shape, **options)
    candidate = Candidate(page, language)
    await candidate.begin()
    return candidate


async def settled(candidate: Candidate, presence: str) -> str:
    """The line once it shows a state and has stopped moving."""
    await expect(candidate.page.locator(f"[data-presence={presence}]")).to_be_attached()
    before = ""
    while (now := await drawn(candidate.page)) != before:
        before = now
        await candidate.page.evaluate(FRAMES)
    return now


async def test_the_line_tells_by_shape_and_word_whose_turn_it_is(visits: Visits) -> None:
    candidate = await seated(visits)
    turn = await settled(candidate, "listening")
    await expect(candidate.page.get_by_text("Your turn", exact=True)).to_be_visible()
    await candidate.page.keyboard.press("p")
    paused = await settled(candidate, "paused")
    await expect(candidate.page.get_by_text("Paused", exact=True)).to_be_visible()
    assert paused != turn
    await candidate.page.keyboard.press("p")
    assert await settled(candidate, "listening") == turn
    await candidate.box.fill(SHORT)
    await candidate.box.press("Enter")
    await expect(candidate.page.locator("[data-presence=speaking]")).to_be_attached()
    async with asyncio.timeout(DRAWN_WITHIN_S):
        # The state is told before the next frame is drawn.
        while await drawn(candidate.page) in (turn, paused):
            await candidate.page.evaluate(FRAMES)


async def test_where_motion_is_not_wanted_the_line_changes_its_shape_and_never_moves(visits: Visits) -> None:
    candidate = await seated(visits, reduced_motion="reduce")
    await candidate.page.evaluate(
        f"""() => {{
            window.shapes = new Set([{STRANDS}]);
            const look = () => {{ window.shapes.add({STRANDS}); requestAnimationFrame(look); }};
            look();
        }}"""
    )
    await candidate.say(SHORT)
    await settled(candidate, "listening")
    # Each state has one shape: thinking, speaking, listening. A line that moved would have dozens.
    assert 2 <= int(await candidate.page.evaluate("window.shapes.size")) <= 4


async def test_captions_show_the_last_words_of_each_side_until_all_are_asked_for(visits: Visits) -> None:
    page = await visits.page()
    candidate = Candidate(page, "en")
    await candidate.begin()
    await candidate.say(SHORT)
    await candidate.say(candidate.words["said"])
    every = await page.locator(".words").count()
    toggle = page.get_by_role("button", name="Everything said")
    await expect(toggle).to_have_attribute("aria-expanded", "true")
    await expect(candidate.own.get_by_text(SHORT, exact=True)).to_be_visible()
    await toggle.click()
    await expect(toggle).to_have_attribute("aria-expanded", "false")
    await expect(candidate.own.get_by_text(SHORT, exact=True)).to_be_hidden()
    await expect(page.locator(".words:visible")).to_have_count(2)
    await expect(page.locator(".words--interviewer:visible")).to_have_count(1)
    await page.reload()
    await expect(page.locator("[data-connection=open]")).to_be_visible()
    await expect(page.locator(".words:visible")).to_have_count(2)
    await page.get_by_role("heading", level=1).click()
    await page.keyboard.press("a")
    await expect(page.locator(".words:visible").nth(every - 1)).to_be_visible()


async def test_every_act_has_its_key_and_the_sheet_names_it(visits: Visits) -> None:
    candidate = await seated(visits)
    await candidate.reach_question(1)
    page = candidate.page
    await page.keyboard.press("Escape")
    await expect(candidate.box).not_to_be_focused()
    for key in ("r", "h", "w"):
        heard = await candidate.replies.count()
        await page.keyboard.press(key)
        await candidate.hear_more_than(heard)
    await page.keyboard.press("s")
    await expect(page.get_by_role("heading", name="Question 2 of")).to_be_visible()

    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    await expect(sheet).to_be_visible()
    listed = set(await sheet.locator("kbd").all_inner_texts())
    used = {await button.get_attribute("aria-keyshortcuts") for button in await page.locator(".tool").all()}
    assert used <= listed
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await page.keyboard.press("e")
    await expect(page.get_by_role("dialog", name="End the interview?")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("t")
    await expect(candidate.box).to_be_focused()


async def test_letters_in_the_box_are_an_answer_and_single_keys_can_be_turned_off(visits: Visits) -> None:
    candidate = await seated(visits)
    page = candidate.page
    await candidate.box.press_sequentially("paper")
    await expect(candidate.box).to_have_value("paper")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await page.get_by_role("checkbox", name="Use single keys").uncheck()
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    await page.keyboard.press("p")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Pause")).to_be_enabled()
    await page.reload()
    await expect(page.locator("[data-connection=open]")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(("language", "shape"), [("en", "wide"), ("es", "narrow")])
async def test_an_interview_is_held_and_ended_by_keyboard_alone(
    visits: Visits, language: Language, shape: Shape
) -> None:
    page = await visits.page({"en": "en-GB", "es": "es-CO"}[language], shape)
    candidate = Candidate(page, language)
    await candidate.begin()
    await page.keyboard.press("t")
    await page.keyboard.type(SHORT)
    await page.keyboard.press("Enter")
    await expect(page.locator(".words--candidate[data-seq]").get_by_text(SHORT)).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("e")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(candidate.end).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name=re.compile("^(Report|Informe)"))).to_be_visible()


async def test_the_level_just_given_is_a_card_that_opens(visits: Visits) -> None:
    candidate = await seated(visits)
    await candidate.reach_question(2)
    await candidate.page.keyboard.press("Escape")
    await candidate.page.keyboard.press("a")
    card = candidate.page.locator("details.level:visible")
    await expect(card).to_have_count(1)
    await expect(card.locator("blockquote").first).to_be_hidden()
    await card.locator("summary").click()
    await expect(card.locator("blockquote").first).to_be_visible()


@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_end_says_why_and_leads_to_the_report(visits: Visits, language: Language) -> None:
    candidate = await seated(visits, language, "narrow")
    page = candidate.page
    await page.keyboard.press("e")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(candidate.end).to_be_in_viewport()
    link = page.get_by_role("link", name=WORDS[language]["report"])
    await expect(link).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await expect(page.locator("[data-bar]")).to_be_hidden()
    await expect(candidate.box).to_be_hidden()

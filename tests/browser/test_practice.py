"""A typed practice in a real browser, on the whole product, from the first page to the report."""

import re

import pytest
from playwright.async_api import expect

from server.terminal.api import Api
from server.terminal.candidates import Candidate as Scripted
from server.terminal.judging import judge
from server.terminal.playing import play
from tests.browser.candidate import WORDS, Candidate, Language
from tests.browser.conftest import SIZES, Shape, Visits
from tests.browser.product import Product

LOCALES: dict[Language, str] = {"en": "en-GB", "es": "es-CO"}
BETTER: dict[Language, dict[str, str]] = {
    "en": {
        "title": "One answer, told better",
        "by": "without a language model",
        "change": "The one thing to change",
    },
    "es": {
        "title": "Una respuesta, mejor contada",
        "by": "sin modelo de lenguaje",
        "change": "Lo que conviene cambiar primero",
    },
}
HALF = "I had just begun to write that the release was two days"

AWAY = "While you were away I wrote that I asked my colleague for the figures and we agreed on a date."


@pytest.mark.parametrize(("language", "shape"), [("en", "wide"), ("es", "narrow")])
async def test_a_typed_practice_goes_from_the_first_page_to_the_report(
    visits: Visits, language: Language, shape: Shape
) -> None:
    page = await visits.page(LOCALES[language], shape)
    candidate = Candidate(page, language)
    await candidate.begin()
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await candidate.go_to_the_end()
    said = await candidate.own.all_inner_texts()
    await page.get_by_role("link", name=candidate.words["report"]).click()

    transcript = page.get_by_role("heading", name=candidate.words["transcript"], exact=True)
    await expect(transcript).to_be_visible(timeout=60_000)
    await expect(page.get_by_text(candidate.words["scorer"]).first).to_be_visible()
    assert await page.locator(".words--candidate .words__text").all_inner_texts() == said
    levels = page.locator("[data-level]")
    assert {await level.get_attribute("data-level") for level in await levels.all()} <= {"1", "2", "3", "4", "5"}
    assert await levels.count() > 0

    quote = page.locator("blockquote a[href^='#turn-']").first
    words = await quote.inner_text()
    await quote.click()
    target = page.locator(".words:target")
    await expect(target).to_be_in_viewport()
    assert words in await target.inner_text()

    await page.goto("/interviews")
    row = page.get_by_role("row").filter(has_text=candidate.words["plan"]).first
    await row.get_by_role("link").click()
    await expect(transcript).to_be_visible()


async def test_a_reload_in_mid_answer_finds_the_half_typed_text_and_everything_said(visits: Visits) -> None:
    page = await visits.page()
    candidate = Candidate(page, "en")
    await candidate.begin()
    await candidate.reach_question(2)
    question = await page.locator("[data-question]").inner_text()
    said = await page.locator(".words .words__text").all_inner_texts()
    await candidate.box.fill(HALF)

    await page.reload()
    await expect(page.locator("[data-question]")).to_have_text(question)
    await expect(candidate.box).to_have_value(HALF)
    await expect(page.locator("[data-connection=open]")).to_be_visible()
    await expect(page.locator(".words .words__text").nth(len(said) - 1)).to_be_visible()
    assert (await page.locator(".words .words__text").all_inner_texts())[: len(said)] == said

    await candidate.say(f"{HALF} late. {candidate.words['said']}")
    assert (await candidate.own.all_inner_texts())[-1].startswith(HALF)


async def test_a_second_window_takes_over_and_the_first_says_so(visits: Visits) -> None:
    first = await visits.page()
    candidate = Candidate(first, "en")
    await candidate.begin()
    await candidate.say("I work on a small billing service, mostly alone.")
    second = await first.context.new_page()
    await second.goto(first.url)
    await expect(second.locator("[data-connection=open]")).to_be_visible()

    await expect(first.get_by_text("now open in another window")).to_be_visible()
    await expect(first.get_by_role("button", name="Repeat")).to_be_disabled()
    await expect(second.get_by_text("I work on a small billing service, mostly alone.")).to_be_visible()

    await first.get_by_role("button", name="Continue in this window").click()
    await expect(first.locator("[data-connection=open]")).to_be_visible()
    await expect(second.get_by_text("now open in another window")).to_be_visible()
    await expect(first.get_by_text("I work on a small billing service, mostly alone.")).to_have_count(1)


async def test_words_written_while_the_server_was_away_are_sent_once_when_it_is_back(
    visits: Visits, product: Product
) -> None:
    page = await visits.page()
    candidate = Candidate(page, "en")
    await candidate.begin()
    await candidate.reach_question(1)
    product.stop()
    await expect(page.get_by_text("The connection was lost")).to_be_visible()
    await candidate.box.fill(AWAY)
    await candidate.box.press("Enter")
    await expect(page.get_by_text("Not sent yet")).to_be_visible()
    await candidate.box.fill(HALF)

    product.start()
    await expect(page.get_by_text("Not sent yet")).to_have_count(0, timeout=30_000)
    await expect(candidate.own.get_by_text(AWAY, exact=True)).to_have_count(1)
    await expect(candidate.box).to_have_value(HALF)
    await page.reload()
    await expect(candidate.own.get_by_text(AWAY, exact=True)).to_have_count(1)
    visits.expect("net::ERR_")
    visits.expect("WebSocket connection to")
    visits.expect("Failed to load resource: the server responded with a status of 503")


async def test_keys_and_buttons_repeat_pause_go_on_skip_and_end(visits: Visits) -> None:
    page = await visits.page()
    candidate = Candidate(page, "en")
    await candidate.begin()
    await candidate.reach_question(1)
    heard = await candidate.replies.count()
    await page.get_by_role("button", name="Repeat").click()
    await candidate.hear_more_than(heard)
    await page.get_by_role("button", name=re.compile("^Hint")).click()
    await candidate.hear_more_than(heard + 1)

    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Paused. The clock stands still")).to_be_visible()
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_enabled()

    await page.get_by_role("button", name="Skip").click()
    await expect(page.get_by_role("heading", name="Question 2 of")).to_be_visible()

    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("button", name="Go on with the interview").click()
    assert not await candidate.has_ended()
    await page.get_by_role("button", name="End", exact=True).click()
    await page.get_by_role("button", name="End it").click()
    await expect(candidate.end).to_be_visible()
    await expect(page.get_by_text("You ended it here.")).to_be_visible()


async def test_who_does_not_agree_is_asked_nothing_and_told_so(visits: Visits) -> None:
    page = await visits.page("es-MX")
    await Candidate(page, "es").set_up()
    await page.get_by_role("button", name=WORDS["es"]["start"]).click()
    await page.get_by_role("button", name="No estoy de acuerdo").click()
    await expect(page.get_by_role("heading", name=WORDS["es"]["ended"])).to_be_visible()
    await expect(page.get_by_text("No diste tu consentimiento")).to_be_visible()
    await page.get_by_role("link", name=WORDS["es"]["report"]).click()
    await expect(page.get_by_text("No diste tu consentimiento")).to_be_visible()


async def test_shift_and_enter_begins_a_line_and_enter_sends_them_all(visits: Visits) -> None:
    page = await visits.page()
    candidate = Candidate(page, "en")
    await candidate.begin()
    await candidate.box.press_sequentially("I teach mathematics")
    await candidate.box.press("Shift+Enter")
    await candidate.box.press_sequentially("and I like it.")
    await candidate.send("Control+Enter")
    assert "I teach mathematics\nand I like it." in await candidate.own.all_inner_texts()
    await expect(candidate.box).to_have_value("")


@pytest.mark.parametrize(("language", "shape"), [("en", "narrow"), ("es", "wide")])
async def test_a_report_tells_one_answer_better_says_who_wrote_it_and_leads_to_the_words(
    visits: Visits, product: Product, language: Language, shape: Shape
) -> None:
    async with Api(product.url) as api:
        played = await play(api, Scripted("weak", language), "behavioural")
        await judge(api, played, within_s=60)
    page = await visits.page(LOCALES[language], shape)
    await page.goto(f"/interviews/{played.interview_id}")
    words = BETTER[language]
    better = page.get_by_role("region", name=words["title"])
    await expect(better).to_be_visible()
    await expect(better.get_by_text(words["by"])).to_be_visible()
    assert await better.locator("mark.gap").count() > 0
    assert (await better.locator("mark.gap").first.inner_text()).startswith("[")
    change = page.get_by_role("region", name=words["change"])
    await expect(change.get_by_text(words["by"])).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= SIZES[shape][0]

    await better.get_by_role("link").first.click()
    await expect(page.locator(".said:target")).to_be_in_viewport()


@pytest.mark.parametrize("address", ["/", "/interviews", "room"])
async def test_a_page_fits_360_pixels_and_its_targets_can_be_hit(visits: Visits, address: str) -> None:
    page = await visits.page("es-CO", "narrow")
    if address == "room":
        await Candidate(page, "es").begin()
    else:
        await page.goto(address)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    small = await page.evaluate(
        """[...document.querySelectorAll('a, button, input, summary, textarea')]
            .filter((each) => each.offsetParent && !each.closest('p, .skip'))
            .map((each) => (each.closest('label') ?? each).getBoundingClientRect())
            .filter((box) => box.width < 20 || box.height < 20).length"""
    )
    assert small == 0


async def test_an_address_that_leads_nowhere_says_so_in_the_readers_language(visits: Visits) -> None:
    page = await visits.page("es-CO")
    answer = await page.goto("/interviews/0199f3c4-5a2e-7b31-8c44-1f2e3d4c5b6a")
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", name="Aquí no hay nada")).to_be_visible()
    await page.get_by_role("link", name="Ir al inicio").click()
    await expect(page.get_by_role("heading", name="Ensaya la entrevista antes de la entrevista")).to_be_visible()
    visits.expect("status of 404")


async def test_the_language_of_the_pages_can_be_chosen_and_stays(visits: Visits) -> None:
    page = await visits.page("en-GB")
    await page.goto("/")
    await page.get_by_role("link", name="Español", exact=True).click()
    await expect(page.get_by_role("heading", name="Ensaya la entrevista antes de la entrevista")).to_be_visible()
    await page.get_by_role("link", name="Mis entrevistas").click()
    await expect(page.get_by_role("heading", name="Mis entrevistas")).to_be_visible()


async def test_an_interview_that_ended_elsewhere_meanwhile_leads_to_its_report(visits: Visits) -> None:
    first = await visits.page()
    candidate = Candidate(first, "en")
    await candidate.begin()
    second = await first.context.new_page()
    await second.goto(first.url)
    await expect(first.get_by_text("now open in another window")).to_be_visible()
    await second.get_by_role("button", name="End", exact=True).click()
    await second.get_by_role("button", name="End it").click()
    await expect(second.get_by_role("heading", name=candidate.words["ended"])).to_be_visible()
    await first.get_by_role("button", name="Continue in this window").click()
    await expect(first.get_by_role("heading", name=re.compile("^Report: "))).to_be_visible()
    visits.expect("status of 409")

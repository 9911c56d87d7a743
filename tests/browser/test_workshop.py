"""Plans written in a real browser, on the whole product, from the first word to an interview on them."""

import re
from pathlib import Path

from playwright.async_api import Dialog, expect

from agents.workshop import document_of
from tests.browser.author import JOB, Author, named
from tests.browser.candidate import Candidate
from tests.browser.conftest import Visits
from tests.browser.keyboard import Keyboard

TOPIC = "Tell me about a time when you said no to a customer. What did you say?"
TOPIC_ES = "Cuéntame de una vez en que le dijiste que no a un cliente. ¿Qué le dijiste?"
ILLEGAL = "Do you have children, and how old are you?"


async def test_a_question_is_written_checked_saved_compared_and_asked(visits: Visits) -> None:
    page = await visits.page()
    author = Author(page)
    await author.has("browser-writes", "Browser writes")
    await author.unfolds("questions.0")
    asked = author.field("questions.0.text.en")

    await asked.fill(ILLEGAL)
    told = author.findings("questions.0.text.en").filter(has_text=re.compile("^Mend:"))
    await expect(told.first).to_be_visible()
    await expect(asked).to_have_attribute("aria-invalid", "true")
    await expect(author.block("questions.0").locator("summary")).to_contain_text("to mend")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="Nothing is saved yet")).to_be_visible()
    await expect(asked).to_have_value(ILLEGAL)
    await expect(told.first).to_be_visible()

    await asked.fill(TOPIC)
    await author.field("questions.0.text.es").fill(TOPIC_ES)
    await expect(told).to_have_count(0)
    await author.saves()
    await expect(page.get_by_text("Saved as version 2.")).to_be_visible()

    await page.get_by_role("link", name="Versions", exact=True).click()
    await page.get_by_role("link", name=re.compile("^What changed ?: version 2$")).click()
    await expect(page.locator("ins").filter(has_text="said no to a customer")).to_be_visible()
    await expect(page.locator(".change")).to_have_count(2)

    await page.goto("/workshop/browser-writes")
    await page.get_by_role("button", name="Interview me").click()
    await page.wait_for_url(re.compile(r"/interviews/[0-9a-f-]{36}/room$"))
    candidate = Candidate(page, "en")
    await candidate.consent()
    await candidate.see_all()
    await candidate.reach_question(1)
    await expect(page.locator("[data-question]")).to_have_text(TOPIC)
    visits.expect("status of 422")


async def test_a_plan_is_written_from_nothing_by_keyboard_alone(visits: Visits) -> None:
    page = await visits.page()
    keyboard, author = Keyboard(page), Author(page)
    await page.goto("/workshop")
    await keyboard.press(page.get_by_role("link", name="New plan"))
    await expect(page.get_by_text("Nothing is saved until")).to_be_visible()

    async def write(path: str, text: str) -> None:
        await keyboard.go_to(author.field(path))
        await page.keyboard.press("Control+a")
        await page.keyboard.insert_text(text)

    await keyboard.press(page.get_by_role("checkbox", name="Spanish"), "Space")
    await expect(author.field("title.es")).to_be_hidden()
    await write("title.en", "By keyboard")
    await write("summary.en", "One question about saying no.")
    await write("questions.0.text.en", TOPIC)
    await write("questions.0.points.0.text.en", "What the customer wanted")
    await write("questions.0.points.0.cues.en", "wanted, asked for, refund")
    await keyboard.press(author.deed("Add a hint", "Question 1"))
    await expect(author.field("questions.0.hints.0.en")).to_be_focused()
    await page.keyboard.insert_text("Think of the last one who was angry.")
    await write("rubric.competencies.0.name.en", "Saying no")
    await write("rubric.competencies.0.definition.en", "Refuses what cannot be done, and offers what can.")
    levels = ("Says yes to it all.", "Says no and nothing else.", "Says no with the reason.", "Also offers a way.")
    for at, anchor in enumerate((*levels, "Also says how the customer took it.")):
        await write(f"rubric.competencies.0.anchors.{at}.en", anchor)
    await write("warm_up.en", "How was your morning?")
    await keyboard.press(page.get_by_role("button", name="Save", exact=True))
    await page.wait_for_url(re.compile(r"/workshop/by-keyboard\?saved=1$"))
    await expect(page.get_by_role("heading", level=1, name="By keyboard")).to_be_visible()


async def test_parts_are_added_moved_taken_out_and_brought_back(visits: Visits) -> None:
    page = await visits.page()
    author = Author(page)
    await author.has("browser-moves", "Browser moves")
    first = await author.field("questions.0.text.en").input_value()
    await author.unfolds("questions.0")
    await author.deed("Move down", "Question 1").click()
    await expect(author.field("questions.1.text.en")).to_have_value(first)
    await expect(author.block("questions.1")).to_have_attribute("open", "")
    await expect(author.deed("Move down", "Question 2")).to_be_focused()
    await author.deed("Take this question out", "Question 2").click()
    await expect(author.field("questions.2.text.en")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(author.field("questions.1.text.en")).to_have_value(first)
    await page.get_by_role("button", name="Undo").click()
    await expect(author.field("questions.0.text.en")).to_have_value(first)
    await expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    await page.get_by_role("button", name="Add a question").click()
    await expect(author.field("questions.3.text.en")).to_be_focused()


async def test_what_is_not_saved_outlives_a_reload_and_can_be_dropped(visits: Visits) -> None:
    page = await visits.page()
    author = Author(page)
    await author.has("browser-keeps", "Browser keeps")
    await author.field("summary.en").fill("Half a thought")
    await page.get_by_role("button", name="Add a fact").click()
    await author.field("facts.7.en").fill("It is held by a program.")
    warned: list[str] = []

    async def stay_or_go(dialog: Dialog) -> None:
        warned.append(dialog.type)
        await dialog.accept()

    page.on("dialog", stay_or_go)
    await page.reload()
    assert warned == ["beforeunload"]
    await expect(author.field("summary.en")).to_have_value("Half a thought")
    await expect(author.field("facts.7.en")).to_have_value("It is held by a program.")
    await page.get_by_role("button", name="Drop it").click()
    await expect(author.field("facts.7.en")).to_have_count(0)
    await expect(author.field("summary.en")).not_to_have_value("Half a thought")
    await page.reload()
    assert warned == ["beforeunload"]


async def test_of_two_who_edit_the_later_one_is_asked_and_may_keep_theirs(visits: Visits) -> None:
    page = await visits.page()
    author = Author(page)
    await author.has("browser-both", "Browser both")
    await page.goto("/workshop/browser-both")
    other = await (await visits.page()).context.new_page()
    await other.goto("/workshop/browser-both")
    await Author(other).field("summary.en").fill("Theirs.")
    await Author(other).saves()

    await author.field("summary.en").fill("Mine.")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("heading", name="Somebody else saved this plan meanwhile")).to_be_visible()
    await expect(author.field("summary.en")).to_have_value("Mine.")
    await page.get_by_role("button", name="Keep mine as a new version").click()
    await expect(page.get_by_text("Saved as version 3.")).to_be_visible()

    await Author(other).field("summary.en").fill("Theirs again.")
    await other.get_by_role("button", name="Save", exact=True).click()
    await other.get_by_role("link", name="Take theirs and drop mine").click()
    await expect(Author(other).field("summary.en")).to_have_value("Mine.")
    await expect(other.locator("[data-restored]")).to_be_hidden()
    visits.expect("status of 409")


async def test_a_file_that_cannot_be_read_is_shown_at_its_line_and_one_that_can_opens(
    visits: Visits, tmp_path: Path
) -> None:
    page = await visits.page()
    document = document_of(*named("browser-reads", "Browser reads"))
    file = tmp_path / "plan.yaml"
    file.write_text(document.replace("role_level: mid", "role_level: middling"), "utf-8")
    line = document[: document.index("role_level:")].count("\n") + 1
    await page.goto("/workshop/new/import")
    await page.get_by_label("From a file").set_input_files(file)
    await expect(page.get_by_label("The document")).to_have_value(re.compile("middling"))
    await page.get_by_role("button", name="Open in the editor").click()
    await expect(page.get_by_role("heading", name=f"Line {line} cannot be read")).to_be_visible()
    await expect(page.locator(".lines__wrong")).to_contain_text("middling")
    text = page.get_by_label("The document")
    assert await text.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)") == (
        "  role_level: middling"
    )
    await text.fill(document)
    await page.get_by_role("button", name="Open in the editor").click()
    await expect(page.get_by_text("The document was read")).to_be_visible()
    await expect(Author(page).field("title.en")).to_have_value("Browser reads")
    visits.expect("status of 422")


async def test_a_job_description_becomes_a_draft_that_can_be_saved(visits: Visits) -> None:
    page = await visits.page("es-CO", "narrow")
    await page.goto("/workshop")
    await page.get_by_role("link", name="A partir de una vacante").click()
    await page.get_by_label("Descripción del puesto").fill(JOB["es"])
    await page.get_by_role("button", name="Escribir un borrador").click()
    await expect(page.get_by_text("escrito con reglas")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    await Author(page, "es").saves()
    await expect(page.get_by_text("Se guardó como versión 1.")).to_be_visible()


async def test_without_scripts_a_plan_is_changed_checked_and_saved(visits: Visits) -> None:
    await Author(await visits.page()).has("browser-plain", "Browser plain")
    page = await visits.page(java_script_enabled=False)
    author = Author(page)
    await page.goto("/workshop/browser-plain")
    await page.get_by_role("button", name="Add a question").click()
    await author.field("questions.3.text.en").fill(TOPIC)
    await page.get_by_role("button", name="Check").click()
    await expect(author.findings("questions.3.text.es").first).to_be_visible()
    await expect(author.field("questions.3.text.en")).to_have_value(TOPIC)
    await author.field("questions.3.text.es").fill(TOPIC_ES)
    for language, point, cues in (("en", "What they wanted", "wanted, refund"), ("es", "Qué quería", "quería, pedía")):
        await author.field(f"questions.3.points.0.text.{language}").fill(point)
        await author.field(f"questions.3.points.0.cues.{language}").fill(cues)
    await author.saves()
    await expect(page.get_by_text("Saved as version 2.")).to_be_visible()


async def test_while_the_server_cannot_be_reached_that_is_said_and_nothing_is_lost(visits: Visits) -> None:
    # A service worker would ask in the page's place, past the line that is cut here.
    page = await visits.page(service_workers="block")
    author = Author(page)
    await author.has("browser-away", "Browser away")
    await page.route("**/workshop/**", lambda route: route.abort())
    await author.field("summary.en").fill("Written in a tunnel")
    await expect(page.locator("[data-summary]")).to_contain_text("cannot be reached")
    await page.get_by_role("button", name="Add a fact").click()
    await expect(author.field("summary.en")).to_have_value("Written in a tunnel")
    await page.unroute("**/workshop/**")
    await author.saves()
    await expect(author.field("summary.en")).to_have_value("Written in a tunnel")
    visits.expect("net::ERR_FAILED")
    visits.expect("Service Worker registration blocked")

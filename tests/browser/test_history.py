"""The search among my interviews, in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visits

LOCALES = {"en": "en-GB", "es": "es-CO"}


async def make(page: Page, plan: str, language: str) -> None:
    answer = await page.request.post("/api/v1/interviews", data={"plan": plan, "language": language})
    assert answer.status == 201


@pytest.mark.parametrize("language", ["en", "es"])
async def test_results_change_while_one_types_and_the_address_and_the_way_back_keep_them(
    visits: Visits, language: str
) -> None:
    page = await visits.page(LOCALES[language], "narrow")
    for plan in ("backend-engineer", "behavioural"):
        await make(page, plan, language)
    await page.goto("/interviews")
    rows = page.locator("#found tbody tr")
    await expect(rows.first).to_be_visible()
    titles = await page.locator(".found__plan").all_inner_texts()
    assert len(set(titles)) > 1

    box = page.get_by_role("searchbox")
    await box.press_sequentially("backend")
    await expect(page).to_have_url(re.compile(r"[?&]q=backend(&|$)"))
    await expect(page.locator(".found__plan").filter(has_not_text=re.compile("backend", re.IGNORECASE))).to_have_count(
        0
    )
    await expect(rows.first).to_be_visible()
    # What came in later is written in the reader's zone as well.
    await expect(page.locator("#found time").first).to_have_text(re.compile("GMT-5|COT"))
    await expect(box).to_be_focused()

    await page.get_by_role("combobox").nth(2).select_option("es" if language == "en" else "en")
    await expect(page).to_have_url(re.compile(r"language="))
    await page.reload()
    await expect(box).to_have_value("backend")

    await box.fill("nowhere at all")
    await expect(page).to_have_url(re.compile(r"q=nowhere"))
    await expect(page.locator("#found tbody tr")).to_have_count(0)
    await page.locator("#found a").click()
    await expect(page.locator(".found__plan").first).to_be_visible()
    await page.go_back()
    await expect(box).to_have_value("nowhere at all")


async def test_without_scripts_the_search_is_a_form_like_any_other(visits: Visits) -> None:
    page = await visits.page(java_script_enabled=False)
    await make(page, "behavioural", "en")
    await page.goto("/interviews")
    await page.get_by_role("searchbox").fill("behavioural")
    await page.get_by_role("button", name="Search", exact=True).click()
    await expect(page).to_have_url(re.compile(r"[?&]q=behavioural"))
    await expect(page.locator(".found__plan").first).to_have_text("Behavioural interview")

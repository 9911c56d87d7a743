"""A practice from the first page to the PDF by keyboard alone: typed and spoken, in both languages, narrow and wide,
light and dark, so that each of them meets each way of answering.
"""

import re
from io import BytesIO
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page, expect
from pypdf import PdfReader

from tests.browser.candidate import WORDS, Candidate, Language
from tests.browser.conftest import Shape, Visits
from tests.browser.keyboard import Keyboard
from tests.browser.talker import Talker, with_speech

Theme = Literal["light", "dark"]

SPOKEN_TO = 2
LOCALES: dict[Language, str] = {"en": "en-GB", "es": "es-CO"}
COLOURS = "[...getComputedStyle(document.documentElement).backgroundColor.matchAll(/[\\d.]+/g)].map(Number).slice(0, 3)"


class Typist(Candidate):
    """Types, and never touches the mouse."""

    def __init__(self, page: Page, language: Language) -> None:
        super().__init__(page, language)
        self.keyboard = Keyboard(page)

    async def begin(self) -> None:
        """The one act of the first page."""
        await self.page.goto("/")
        await self.keyboard.press(self.page.locator("form[action='/interviews'] [type=submit]"))
        await self.page.wait_for_url(re.compile(r"/room$"))
        await self.consent()
        await self.see_all()

    async def consent(self) -> None:
        agree = self.page.get_by_role("button", name=self.words["agree"], exact=True)
        heard = await self.replies.count()
        await self.keyboard.press(agree, "Space")
        await self.hear_more_than(heard)

    async def see_all(self) -> None:
        await see_all(self.page, self.keyboard)

    async def say(self, text: str) -> None:
        """The first words letter by letter; the rest at once, or the test would type for minutes."""
        await self.keyboard.go_to(self.box)
        await self.keyboard.write(text[:20])
        await self.page.keyboard.insert_text(text[20:])
        await self.send("Enter")


class Speaker(Talker):
    """Talks, and never touches the mouse."""

    def __init__(self, page: Page, language: Language) -> None:
        super().__init__(page, language)
        self.keyboard = Keyboard(page)

    async def begin(self) -> None:
        """By way of the set-up and the device check."""
        name = re.compile(f"^{self.words['practise']} ?: {self.words['plan']}$")
        await self.page.goto("/")
        await self.keyboard.press(self.page.get_by_role("link", name=name))
        await self.keyboard.choose(self.page.get_by_role("radio", name=self.words["spoken"]))
        await self.keyboard.choose(self.page.get_by_role("radio", name=self.words["short"]))
        await self.keyboard.press(self.page.get_by_role("button", name=self.words["start"]))
        await self.keyboard.press(self.page.get_by_role("link", name=self.words["enter"]))
        await self.page.wait_for_url(re.compile(r"/room$"))
        await self.keyboard.press(self.page.get_by_role("button", name=self.words["talk"]))
        await self.see_all()
        await self.consent()

    async def see_all(self) -> None:
        await see_all(self.page, self.keyboard)

    async def go_to_the_end(self) -> None:
        """Speaks to some questions and skips the others by their key: speech takes its time."""
        while (asked := await self.at_question()) <= SPOKEN_TO:
            await self.say(self.words["said"])
        while asked:
            await self.page.keyboard.press("s")
            await expect(self.page.get_by_role("heading", level=1)).not_to_contain_text(
                self.words["position"].format(number=asked)
            )
            await expect(self.listening.or_(self.end).first).to_be_attached()
            asked = await self.at_question()
        await super().go_to_the_end()


async def see_all(page: Page, keyboard: Keyboard) -> None:
    """Its key works wherever no letters are written."""
    await keyboard.go_to(page.locator("[data-act=keys]"))
    await page.keyboard.press("a")
    await expect(page.locator("[data-said][data-all=true]")).to_be_attached()


@pytest.mark.parametrize(
    ("way", "language", "shape", "theme"),
    [
        ("typed", "en", "narrow", "dark"),
        ("typed", "es", "wide", "light"),
        ("spoken", "en", "wide", "light"),
        ("spoken", "es", "narrow", "dark"),
    ],
)
async def test_a_practice_goes_from_the_first_page_to_paper_by_keyboard_alone(
    visits: Visits, tmp_path: Path, way: str, language: Language, shape: Shape, theme: Theme
) -> None:
    page = await visits.page(LOCALES[language], shape, color_scheme=theme, accept_downloads=True)
    candidate: Typist | Speaker
    candidate = Typist(page, language) if way == "typed" else Speaker(await with_speech(page), language)
    await candidate.begin()
    assert await is_dark(page) == (theme == "dark")
    await candidate.go_to_the_end()
    said = await candidate.own.all_inner_texts()
    await candidate.keyboard.press(page.get_by_role("link", name=WORDS[language]["report"]))
    paper = page.locator("[data-pdf]")
    await expect(paper).to_be_visible(timeout=60_000)
    assert await is_dark(page) == (theme == "dark")
    assert await page.locator(".words--candidate .words__text").all_inner_texts() == said

    async with page.expect_download() as downloading:
        await candidate.keyboard.press(paper)
    download = await downloading.value
    kept = tmp_path / download.suggested_filename
    await download.save_as(kept)
    written = PdfReader(BytesIO(kept.read_bytes()))
    assert kept.name.endswith(".pdf")
    assert kept.read_bytes().startswith(b"%PDF-")
    assert len(written.pages) > 1
    printed = flat("".join(sheet.extract_text() for sheet in written.pages))
    assert flat(await page.get_by_role("heading", level=1).inner_text()) in printed
    for words in said:
        assert flat(words) in printed


async def is_dark(page: Page) -> bool:
    """What the page is laid on, whatever was asked for."""
    red, green, blue = await page.evaluate(COLOURS)
    return bool(red + green + blue < 3 * 128)


def flat(text: str) -> str:
    """Without the spaces, which a line's end on paper changes."""
    return re.sub(r"\s+", "", text)

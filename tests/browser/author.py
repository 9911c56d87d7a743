"""Somebody who writes plans in the workshop."""

import re

import msgspec
from playwright.async_api import Locator, Page, expect

from agents.library import load_library
from agents.plans import Plan, Rubric
from agents.workshop import document_of
from tests.browser.candidate import Language

LIBRARY = load_library()
WORDS: dict[Language, dict[str, str]] = {
    "en": {"save": "Save", "open": "Open in the editor", "draft": "Write a draft"},
    "es": {"save": "Guardar", "open": "Abrir en el editor", "draft": "Escribir un borrador"},
}
JOB: dict[Language, str] = {
    "en": "We look for a backend engineer who designs APIs, knows PostgreSQL and can find out why a service fails.",
    "es": "Buscamos una persona de backend que diseñe APIs, conozca PostgreSQL y averigüe por qué falla un servicio.",
}


def named(slug: str, title: str) -> tuple[Plan, Rubric]:
    """A plan of the library under another name and title, with three of its questions."""
    plan = LIBRARY.plans["behavioural"]
    titles = dict.fromkeys(plan.languages, title)
    few = plan.questions[:3]
    return (
        msgspec.structs.replace(plan, slug=slug, rubric=slug, title=titles, questions=few),
        msgspec.structs.replace(LIBRARY.rubrics[plan.rubric], slug=slug),
    )


class Author:
    """At a page of the workshop, in its language."""

    def __init__(self, page: Page, language: Language = "en") -> None:
        self.page = page
        self.words = WORDS[language]

    async def has(self, slug: str, title: str) -> None:
        """Has a plan of that name, and looks at it."""
        await self.opens(document_of(*named(slug, title)))
        await self.saves()

    async def opens(self, document: str) -> None:
        """Gives a document to be read."""
        await self.page.goto("/workshop/new/import")
        await self.page.locator("[name=document]").fill(document)
        await self.page.get_by_role("button", name=self.words["open"]).click()

    async def saves(self) -> None:
        await self.page.get_by_role("button", name=self.words["save"], exact=True).click()
        await self.page.wait_for_url(re.compile(r"/workshop/[a-z0-9-]+\?saved=\d+$"))

    def field(self, path: str) -> Locator:
        return self.page.locator(f'[name="{path}"]')

    def block(self, path: str) -> Locator:
        return self.page.locator(f'[data-block="{path}"]')

    def deed(self, words: str, of: str) -> Locator:
        """A button of the form, by what it says and what of."""
        return self.page.get_by_role("button", name=re.compile(f"^{words} ?: {of}$"))

    def findings(self, path: str) -> Locator:
        return self.page.locator(f'[data-told="{path}"] .finding')

    async def unfolds(self, path: str) -> None:
        """Opens a question or a competency, if it is not open."""
        if await self.block(path).get_attribute("open") is None:
            await self.block(path).locator("summary").click()
        await expect(self.block(path).locator("textarea").first).to_be_visible()

"""A candidate who speaks, to a browser whose recogniser and voice are made for tests."""

import re
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.candidate import Candidate, Language

FAKE = Path(__file__).with_name("fake_speech.js")


class Talker(Candidate):
    """Somebody in the room who talks. Make the page's browser speak first: `with_speech`."""

    def __init__(self, page: Page, language: Language) -> None:
        super().__init__(page, language)
        self.language = language

    @property
    def listening(self) -> Locator:
        """There once the browser listens and the page says so."""
        return self.page.locator("html[data-ears=open] [data-presence=listening]")

    @property
    def held(self) -> Locator:
        """There while the interviewer's voice has stopped in mid-sentence, as it was told to."""
        return self.page.locator("html[data-voice=held]")

    @property
    def heard(self) -> Locator:
        """The words of the turn that is being heard."""
        return self.page.locator("[data-interim] .words__text")

    async def enter(self, patience: str = "short") -> None:
        """From the first page through the device check to the room's door."""
        await self.set_up()
        await self.page.get_by_text(self.words["spoken"], exact=True).click()
        await self.page.get_by_text(self.words[patience], exact=True).click()
        await self.page.get_by_role("button", name=self.words["start"]).click()
        await self.page.get_by_role("link", name=self.words["enter"]).click()
        await self.page.wait_for_url(re.compile(r"/room$"))

    async def begin(self) -> None:
        """From the first page into the room, consent given aloud."""
        await self.enter()
        await self.talk()
        await self.see_all()
        await self.consent()

    async def talk(self) -> None:
        """Through the room's door."""
        await self.page.get_by_role("button", name=self.words["talk"]).click()

    async def consent(self) -> None:
        await self.hear_more_than(0)
        await self.say(self.words["agree"])

    async def say(self, text: str) -> None:
        """Speaks one turn and hears the reply to it."""
        said = await self.own.count()
        await self.utter(text)
        await self.quiet_after(said)

    async def utter(self, text: str, *, final: bool = True) -> None:
        """Speaks when it is listened to. Without `final` the recogniser has not made up its mind."""
        await expect(self.listening).to_be_attached()
        await self.tell("([text, final]) => fakeSpeech.speak(text, { final })", [text, final])

    async def tell(self, script: str, value: object = None) -> Any:
        """Something that the browser's own voice or recogniser does, or the answer to a question about them."""
        return await self.page.evaluate(script, value)


async def with_speech(page: Page, script: str = "") -> Page:
    """The page, in a browser that hears and speaks; `script` may change how before any page is there."""
    await page.add_init_script(FAKE.read_text("utf-8") + script)
    return page

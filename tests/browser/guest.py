"""A candidate at the page on a bad day, and what becomes of them: what the page was told, against the log."""

import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypedDict, TypeVar
from uuid import UUID

import msgspec
from playwright.async_api import Browser, CDPSession, Locator, Page, WebSocket, async_playwright, expect

from agents import events
from agents.events import AnyPayload, Payload
from benchmarks.chaos.judge import Witness, judge, kept_log
from benchmarks.chaos.product import Site
from server.live.protocol import AudioBegin, Playback, Press, Say, ServerMessage, read
from storage.database import Database
from tests.browser.candidate import Candidate
from tests.browser.conftest import FLAGS, LOOKS_FOR_MS, SIZES, Watched

WITHIN_S = 30.0
SAYS_SO_WITHIN_MS = 4_000
NOTES = """
window.notes = [];
const noted = (what) => window.notes.push({ what, at: performance.now() });
const ask = window.fetch;
window.fetch = (...all) => { if (String(all[0]).endsWith("/tickets")) noted("tries"); return ask(...all); };
window.addEventListener("online", () => noted("online"));
new MutationObserver((changes) => {
    for (const { target } of changes) noted(target.dataset.connection);
}).observe(document, { subtree: true, attributeFilter: ["data-connection"] });
"""
"""When the page tried to come back, and what it took its connection for."""

P = TypeVar("P", bound=Payload)


class Note(TypedDict):
    what: str
    at: float


class Guest(Candidate):
    """Somebody in the room on a bad day, typing or talking, with a witness of all that went over every connection."""

    def __init__(self, page: Page, site: Site, database: Database) -> None:
        super().__init__(page, "en")
        self.site = site
        self.witness = Witness("guest")
        self.played_ms: dict[UUID, int] = {}
        """How much of each reply has left the loudspeaker, as the page reported it."""
        self._replies: dict[int, UUID | None] = {}
        self._database = database
        self.sit_at(page)

    def sit_at(self, page: Page) -> None:
        """Goes on at this page."""
        self.page = page
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        self.witness.opened()
        socket.on("framereceived", self._received)
        socket.on("framesent", self._sent)

    def _received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            return
        message = _messages.decode(frame)
        self.witness.told(message)
        if isinstance(message, AudioBegin):
            self._replies[message.segment] = message.reply_id

    def _sent(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            return
        message = read(frame)
        if isinstance(message, Say | Press):
            self.witness.sends(message)
        elif isinstance(message, Playback) and (reply_id := self._replies.get(message.segment)) is not None:
            self.played_ms[reply_id] = message.ms

    # --- what they see ---------------------------------------------------------------------------------------------

    @property
    def interview_id(self) -> UUID:
        found = re.search(r"/interviews/([0-9a-f-]{36})", self.page.url)
        assert found is not None
        return UUID(found[1])

    @property
    def question(self) -> Locator:
        return self.page.locator("[data-question]")

    @property
    def trouble(self) -> Locator:
        return self.page.locator("[data-trouble]")

    @property
    def open(self) -> Locator:
        return self.page.locator("[data-connection=open]")

    @property
    def welcomes_back(self) -> Locator:
        return self.page.locator(".words--interviewer .words__text").filter(has_text="Welcome back.")

    async def is_told_of_the_loss(self) -> None:
        """Soon, and whatever is written stays."""
        await expect(self.trouble).to_have_text(_LOST, timeout=SAYS_SO_WITHIN_MS)

    async def notes(self) -> list[Note]:
        notes: list[Note] = await self.page.evaluate("notes")
        return notes

    async def tries_in_vain(self, times: int) -> list[float]:
        """When the page tried since it lost its line, ms after that, once it has tried so often."""
        await self.page.wait_for_function(
            "(times) => notes.slice(notes.findLastIndex((note) => note.what === 'open') + 1)"
            ".filter((note) => note.what === 'tries').length >= times",
            arg=times,
        )
        notes = await self.notes()
        opened = max(at for at, note in enumerate(notes) if note["what"] == "open")
        lost_at = next(note["at"] for note in notes[opened:] if note["what"] == "lost")
        return [note["at"] - lost_at for note in notes[opened:] if note["what"] == "tries"]

    # --- what is kept ----------------------------------------------------------------------------------------------

    async def facts(self) -> list[AnyPayload]:
        """The log so far, past every line that may be bad."""
        return [events.from_document(event.payload) for event in await kept_log(self._database, self.interview_id)]

    async def until(self, is_so: Callable[[list[AnyPayload]], bool], what: str) -> list[AnyPayload]:
        """The log, once something is so in it."""
        deadline = time.monotonic() + WITHIN_S
        while not is_so(facts := await self.facts()):
            told = "\n".join(str(fact)[:200] for fact in facts)
            assert time.monotonic() < deadline, f"{what} never came; the log until then:\n{told}"
            await self.page.wait_for_timeout(50)
        return facts

    async def until_sent(self, is_so: Callable[[], bool], what: str) -> None:
        """Until the page has reported something."""
        deadline = time.monotonic() + WITHIN_S
        while not is_so():
            assert time.monotonic() < deadline, f"{what} never came"
            await self.page.wait_for_timeout(20)

    async def acquits(self, *, must_end: bool = False) -> list[AnyPayload]:
        """Nothing that this page was told is lost, and nothing is there twice; the log."""
        log = await kept_log(self._database, self.interview_id)
        found = judge(self.interview_id, log, [self.witness], must_end=must_end)
        assert found.faults == []
        assert found.acknowledged > 0
        return [events.from_document(event.payload) for event in log]

    # --- what they do ----------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Typing, from the first page until the first question is open."""
        await self.set_up()
        await self.page.get_by_role("button", name=self.words["start"]).click()
        await self.page.wait_for_url(re.compile(r"/room$"))
        await self.hear_more_than(0)
        await self.page.get_by_role("button", name=self.words["agree"], exact=True).click()
        await self.hear_more_than(1)
        await self.see_all()
        await self.reach_question(1)

    async def begin_talking(self) -> None:
        """Talking, from the first page until consent is given, by its key."""
        await self.set_up()
        await self.page.get_by_text(self.words["spoken"], exact=True).click()
        await self.page.get_by_text(self.words["short"], exact=True).click()
        await self.page.get_by_role("button", name=self.words["start"]).click()
        await self.page.get_by_role("link", name=self.words["enter"]).click()
        await self.page.wait_for_url(re.compile(r"/room$"))
        await self.page.get_by_role("button", name=self.words["talk"]).click()
        await self.see_all()
        await expect(self.page.locator("[data-presence=speaking]")).to_be_attached()
        agree = self.page.get_by_role("button", name=self.words["agree"], exact=True)
        await expect(agree).to_be_enabled()
        await agree.press("Enter")
        await self.until(lambda facts: has(facts, events.ConsentGiven), "the consent")

    async def write(self, text: str) -> None:
        """Sends it, and waits for nothing."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def skip(self) -> None:
        heard = await self.replies.count()
        await self.page.get_by_role("button", name="Skip").click()
        await self.hear_more_than(heard)

    async def finish(self) -> None:
        """Goes on to the end, and to the report."""
        while await self.at_question():
            await self.skip()
        while not await self.has_ended():
            await self.say(self.words["thanks"])
        await self.page.get_by_role("link", name=self.words["report"]).click()
        transcript = self.page.get_by_role("heading", name=self.words["transcript"], exact=True)
        await expect(transcript).to_be_visible(timeout=WITHIN_S * 1000)

    async def stop(self) -> None:
        """Ends it here."""
        await self.page.get_by_role("heading", level=1).click()
        await self.page.keyboard.press("e")
        await self.page.locator("[data-ending] [value=end]").press("Enter")
        await expect(self.end).to_be_visible()


class Network:
    """The device's own: the browser knows when it is gone."""

    def __init__(self, devtools: CDPSession) -> None:
        self._devtools = devtools

    async def be(self, state: Literal["on", "off"]) -> None:
        conditions = {"offline": state == "off", "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        await self._devtools.send("Network.emulateNetworkConditions", conditions)


async def network_of(page: Page) -> Network:
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Network.enable")
    return Network(devtools)


@asynccontextmanager
async def a_guest(site: Site, chromium_path: Path, *flags: str) -> AsyncIterator[Guest]:
    """Somebody at the site's door, which is good again afterwards; nothing but the lost line may trouble the page."""
    database = await Database.open(site.database_url(), min_size=1)
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium_path, args=[*FLAGS, *flags])
            page, watched = await _opened(browser, site)
            yield Guest(page, site, database)
            assert [each for each in watched.complaints if not _IS_OF_THE_LINE.search(each)] == []
            await browser.close()
    finally:
        await site.mend()
        await database.close()


async def _opened(browser: Browser, site: Site) -> tuple[Page, Watched]:
    width, height = SIZES["wide"]
    context = await browser.new_context(
        base_url=site.url, locale="en-GB", timezone_id="America/Bogota", viewport={"width": width, "height": height}
    )
    context.set_default_timeout(LOOKS_FOR_MS)
    await context.add_init_script(NOTES)
    return await context.new_page(), Watched(context, site.url)


def typed_turns(facts: Sequence[AnyPayload]) -> list[str]:
    return [turn.text for turn in every(facts, events.TurnClosed) if turn.source == "typed"]


def has(facts: Sequence[AnyPayload], kind: type[Payload]) -> bool:
    return any(isinstance(fact, kind) for fact in facts)


def every(facts: Sequence[AnyPayload], kind: type[P]) -> list[P]:
    return [fact for fact in facts if isinstance(fact, kind)]


_messages: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)
_LOST = re.compile("The connection was lost|seems to be offline")
_IS_OF_THE_LINE = re.compile("net::ERR_|WebSocket connection to|a status of 50[0-9]")

"""Spoken practices with the server's ears and voice: a real browser, the whole product, and emulated vendors.

Chromium's fake microphone plays a recording; what we say comes as tones that give the text back.
"""

import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec
import pytest
from playwright.async_api import Page, WebSocket, async_playwright, expect

from agents import events
from agents.events import AnyPayload, Payload
from agents.report import Report
from agents.state import COUNTS_FROM
from server.embedded.postgres import EmbeddedPostgres
from server.live import protocol
from server.pages.assets import MANIFEST
from storage.database import Database
from storage.reports import Turn, turns_of
from tests.browser import microphone
from tests.browser.candidate import Language
from tests.browser.conftest import FLAGS, Visits
from tests.browser.product import Product, Vendors
from tests.browser.talker import Talker
from tests.emulators import tones

SAID: dict[Language, str] = {
    "en": "I built the cache in the first week, and we measured it again.",
    "es": "Construí la caché en la primera semana y volvimos a medir.",
}
HEARD: dict[Language, str] = {"en": "You are heard.", "es": "Se te oye."}
DELIVERY: dict[Language, str] = {"en": "How you spoke", "es": "Cómo hablaste"}
PACE: dict[Language, str] = {"en": r"said about \d+ words a minute", "es": r"unas \d+ palabras por minuto"}
TYPED = "I look after a small library in a school, and I like the quiet of it."
TALKS_FOR_S = 90.0
"""Until two questions are answered by voice; half of it where the machine is free."""
WAITS_FOR_S = 45.0
INTERIMS = """
window.interims = [];
new MutationObserver(() => {
    const words = document.querySelector(".words__interim")?.textContent;
    if (words && words !== window.interims.at(-1)) window.interims.push(words);
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


P = TypeVar("P", bound=Payload)


class Exchange:
    """What went over the room's connection."""

    def __init__(self, page: Page) -> None:
        self.spoken: dict[UUID | None, bytearray] = {}
        """Our audio by reply."""
        self.played_ms: dict[UUID | None, int] = {}
        """How much of it left the loudspeaker."""
        self._replies: dict[int, UUID | None] = {}
        self._segment = 0
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._received)
        socket.on("framesent", self._sent)

    def _received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self.spoken[self._replies[self._segment]].extend(frame)
            return
        message = msgspec.json.decode(frame)
        if message["type"] == "audio.begin":
            begun = msgspec.convert(message, protocol.AudioBegin)
            self._segment = begun.segment
            self._replies[begun.segment] = begun.reply_id
            self.spoken.setdefault(begun.reply_id, bytearray())

    def _sent(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            return
        message = protocol.read(frame)
        if isinstance(message, protocol.Playback) and message.done:
            reply = self._replies[message.segment]
            self.played_ms[reply] = self.played_ms.get(reply, 0) + message.ms


class Caller(Talker):
    """Somebody in the room whom the server hears, and all that is known of their interview."""

    def __init__(self, page: Page, language: Language, product: Product) -> None:
        super().__init__(page, language)
        self.exchange = Exchange(page)
        self._product = product

    @property
    def interview_id(self) -> UUID:
        found = re.search(r"/interviews/([0-9a-f-]{36})", self.page.url)
        assert found is not None
        return UUID(found[1])

    async def check(self, situation: str) -> None:
        """From the first page through the device check, whose microphone gives what `situation` says."""
        await self.set_up()
        await self.page.get_by_text(self.words["spoken"], exact=True).click()
        await self.page.get_by_text(self.words["short"], exact=True).click()
        await self.page.get_by_role("button", name=self.words["start"]).click()
        await self.page.locator("[data-try]").click()
        await expect(self.page.locator("[data-situation]")).to_have_text(situation)
        await self.page.get_by_role("link", name=self.words["enter"]).click()
        await self.page.wait_for_url(re.compile(r"/room$"))

    async def agree(self) -> None:
        """By key, as soon as the interviewer has begun to speak."""
        await expect(self.page.locator("[data-presence=speaking]")).to_be_attached()
        agree = self.page.get_by_role("button", name=self.words["agree"], exact=True)
        await expect(agree).to_be_enabled()
        await agree.press("Enter")
        await self.until(lambda facts: _has(facts, events.ConsentGiven), 5.0)

    async def type(self, text: str) -> None:
        await self.page.keyboard.press("t")
        await expect(self.box).to_be_focused()
        await self.box.fill(text)
        await self.box.press("Enter")

    async def stop(self) -> None:
        """By key, through to the report."""
        await self.page.get_by_role("heading", level=1).click()
        await self.page.keyboard.press("e")
        await self.page.locator("[data-ending] [value=end]").press("Enter")
        await expect(self.end).to_be_visible(timeout=30_000)
        await self.page.get_by_role("link", name=self.words["report"]).click()
        transcript = self.page.get_by_role("heading", name=self.words["transcript"], exact=True)
        await expect(transcript).to_be_visible(timeout=60_000)

    async def facts(self) -> list[AnyPayload]:
        """The log so far."""
        answer = await self.page.request.get(f"/api/v1/interviews/{self.interview_id}/events?limit=1000")
        return [events.from_document(each["event"]) for each in (await answer.json())["events"]]

    async def until(self, is_so: Callable[[list[AnyPayload]], bool], within_s: float) -> list[AnyPayload]:
        """The log, once something is so in it."""
        deadline = time.monotonic() + within_s
        while not is_so(facts := await self.facts()):
            told = "\n".join(str(fact)[:200] for fact in facts)
            assert time.monotonic() < deadline, f"it never came to be; the log until then:\n{told}"
            await self.page.wait_for_timeout(300)
        return facts

    async def report(self) -> Report:
        answer = await self.page.request.get(f"/api/v1/interviews/{self.interview_id}/report")
        return msgspec.convert((await answer.json())["report"], Report)

    async def turns(self) -> list[Turn]:
        """How long its turns took, as they are kept."""
        me = await (await self.page.request.get("/api/v1/me")).json()
        database = await Database.open(EmbeddedPostgres(self._product.home.absolute()).url(), min_size=1)
        try:
            async with database.tenant(UUID(me["tenant_id"])) as connection:
                return await turns_of(connection, self.interview_id)
        finally:
            await database.close()


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product with keys to vendors that answer at once."""
    assert MANIFEST.exists(), "The pages are not built: run `make pages`."
    folder = tmp_path_factory.mktemp("emulated")
    vendors = Vendors(folder)
    running: Product | None = None
    try:
        vendors.start("--voice", "tones", *_AT_ONCE)
        running = Product(folder / "home", vendors.environment)
        running.start()
        vendors.listen_once()
        yield running
    finally:
        if running is not None:
            running.stop()
        vendors.stop()


_AT_ONCE = ("--first-final-ms", "0", "--first-token-ms", "0", "--first-byte-ms", "0")


@asynccontextmanager
async def a_caller(
    product: Product, chromium_path: Path, recording: Path, language: Language = "en"
) -> AsyncIterator[Caller]:
    """Somebody with that recording for a microphone; afterwards neither page nor server may have complained."""
    earlier = len(product.lines("error"))
    async with async_playwright() as playwright:
        flags = [*FLAGS, *microphone.flags(recording)]
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=flags)
        visits = Visits(browser, product)
        page = await visits.page({"en": "en-GB", "es": "es-CO"}[language])
        await page.add_init_script(INTERIMS)
        yield Caller(page, language, product)
        assert visits.complaints == []
        assert product.lines("error")[earlier:] == []
        await browser.close()


@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_practice_is_spoken_barged_into_and_told_in_figures(
    emulated: Product, chromium_path: Path, tmp_path: Path, language: Language
) -> None:
    sentence = SAID[language]
    recording = microphone.talking(tmp_path / "talking.wav", sentence, language)
    async with a_caller(emulated, chromium_path, recording, language) as caller:
        await caller.check(HEARD[language])
        await caller.page.goto(f"{caller.page.url}?figures")
        await caller.talk()
        await caller.agree()
        facts = await caller.until(lambda facts: _is_talked_through(facts, sentence), TALKS_FOR_S)

        # Heard: word for word, with the words' times, and shown before it was settled.
        for final in _all(facts, events.SpeechFinal):
            assert " ".join(word.text for word in final.words) == final.text
            begins = [word.from_ms for word in final.words]
            assert begins == sorted(begins)
            assert all(word.from_ms < word.to_ms for word in final.words)
            assert 600 < final.words[-1].to_ms - begins[0] < 6_000
        spoken = [turn for turn in _all(facts, events.TurnClosed) if turn.source == "speech"]
        assert all(turn.finals for turn in spoken)
        # A machine with no time to spare may drop a word's sound; nothing may make one up, or hear it twice.
        assert all(_is_part(turn.text.split(), sentence.split()) for turn in spoken)
        assert sum(turn.text == sentence for turn in spoken) >= 0.7 * len(spoken)
        interims = await caller.page.evaluate("interims")
        assert any(sentence.startswith(words) and words != sentence for words in interims)

        # Barged into: what was said of a question until then is kept, no more, and it is asked again, whole.
        for cut, whole in _barge_ins(facts):
            assert len(cut.text) < len(whole.text)
            assert whole.heard == 1.0
            asked = next(fact for fact in facts[facts.index(whole) :] if isinstance(fact, events.QuestionAsked))
            assert asked.reply_id == whole.reply_id

        # What was said to the end came whole: nothing lost, nothing doubled, and all of it was played.
        for reply in _all(facts, events.ReplyHeard):
            if not reply.interrupted:
                heard = tones.decode(bytes(caller.exchange.spoken[reply.reply_id]))
                assert _plain(heard) == _plain(tones.fold(reply.text))
                least_ms = len(_plain(heard)) * tones.CHARACTER_MS
                assert caller.exchange.played_ms[reply.reply_id] >= least_ms

        began = {(fact.service, fact.provider) for fact in _all(facts, events.ProviderChanged)}
        assert began == {("stt", "deepgram"), ("tts", "elevenlabs"), ("llm", "anthropic")}
        assert await caller.page.locator("[data-figures] tbody tr").count() > 0
        await caller.stop()

        turns = await caller.turns()
        assert len(turns) >= len(spoken)
        assert all(turn.total_ms and turn.endpointing_ms for turn in turns[: len(spoken)])
        delivery = (await caller.report()).delivery
        assert delivery is not None
        assert delivery.whole.words >= 2 * len(sentence.split())
        assert delivery.whole.words_a_minute is not None
        assert 100 < delivery.whole.words_a_minute < 350
        assert delivery.whole.responses > 0
        section = caller.page.locator("section.delivery")
        await expect(section.get_by_role("heading", name=DELIVERY[language], exact=True)).to_be_visible()
        await expect(section).to_contain_text(re.compile(PACE[language]))


async def test_silence_is_met_with_a_nudge_and_typing_works_at_once(
    emulated: Product, chromium_path: Path, tmp_path: Path
) -> None:
    recording = microphone.quiet(tmp_path / "quiet.wav")
    async with a_caller(emulated, chromium_path, recording) as caller:
        await caller.check("Say something. The line moves when you are heard.")
        await _wait_and_type(caller)


async def test_noise_is_not_taken_for_words(emulated: Product, chromium_path: Path, tmp_path: Path) -> None:
    recording = microphone.noisy(tmp_path / "noise.wav")
    async with a_caller(emulated, chromium_path, recording) as caller:
        await caller.check(HEARD["en"])
        await _wait_and_type(caller)


async def test_a_cough_makes_no_turn_and_costs_no_reply(emulated: Product, chromium_path: Path, tmp_path: Path) -> None:
    recording = microphone.coughing(tmp_path / "coughs.wav", every_s=4.0)
    async with a_caller(emulated, chromium_path, recording) as caller:
        await caller.check(HEARD["en"])
        await _wait_and_type(caller)


async def _wait_and_type(caller: Caller) -> None:
    """Says nothing until the interviewer asks whether to go on, then types; nobody hears words that nobody said."""
    await caller.talk()
    await caller.agree()
    facts = await caller.until(lambda facts: "nudge" in _kinds_heard(facts), WAITS_FOR_S)
    assert not _has(facts, events.SpeechFinal)
    assert not _has(facts, events.TurnClosed)
    # After the greeting, which the key for consent cut short, each reply was heard to its end.
    for reply in _all(facts, events.ReplyHeard)[1:]:
        assert not reply.interrupted
        heard = tones.decode(bytes(caller.exchange.spoken[reply.reply_id]))
        assert _plain(heard) == _plain(tones.fold(reply.text))

    before = len(_all(facts, events.ReplyDecided))
    replies = await caller.page.locator(".words--interviewer").count()
    await caller.type(TYPED)
    await expect(caller.page.locator(".words--interviewer").nth(replies)).to_be_attached(timeout=3_000)
    facts = await caller.until(lambda facts: _has(facts, events.QuestionAsked), WAITS_FOR_S)
    assert [(turn.text, turn.source) for turn in _all(facts, events.TurnClosed)] == [(TYPED, "typed")]
    assert _all(facts, events.ReplyDecided)[before].kind in ("next", "move_on")
    assert not _has(facts, events.SpeechFinal)
    await caller.stop()
    assert (await caller.report()).delivery is None


def _is_talked_through(facts: list[AnyPayload], sentence: str) -> bool:
    """Whether two questions were answered by voice, and one that was cut short was then asked whole."""
    answered = {turn.question_id for turn in _all(facts, events.TurnClosed) if turn.text == sentence}
    return len(answered - {None}) >= 2 and bool(_barge_ins(facts))


def _barge_ins(facts: list[AnyPayload]) -> list[tuple[events.ReplyHeard, events.ReplyHeard]]:
    """Replies that speech cut short before they counted, each with the whole of it as it was heard later."""
    about = {reply.reply_id: reply for reply in _all(facts, events.ReplyDecided)}
    found = []
    for at, cut in enumerate(facts):
        if not isinstance(cut, events.ReplyHeard) or not cut.interrupted or not 0 < cut.heard < COUNTS_FROM:
            continue
        later = facts[at + 1 :]
        turn = next((fact for fact in later if isinstance(fact, events.TurnClosed)), None)
        whole = next(
            (
                reply
                for reply in _all(later, events.ReplyHeard)
                if not reply.interrupted and about[reply.reply_id].question_id == about[cut.reply_id].question_id
            ),
            None,
        )
        is_by_voice = turn is not None and turn.source == "speech"
        if is_by_voice and whole is not None and whole.text.startswith(cut.text.rstrip()):
            found.append((cut, whole))
    return found


def _kinds_heard(facts: list[AnyPayload]) -> set[str]:
    kinds = {reply.reply_id: reply.kind for reply in _all(facts, events.ReplyDecided)}
    return {kinds[reply.reply_id] for reply in _all(facts, events.ReplyHeard)}


def _has(facts: Iterable[AnyPayload], kind: type[Payload]) -> bool:
    return any(isinstance(fact, kind) for fact in facts)


def _all(facts: Iterable[AnyPayload], kind: type[P]) -> list[P]:
    return [fact for fact in facts if isinstance(fact, kind)]


def _is_part(words: list[str], whole: list[str]) -> bool:
    """Whether these are words of the whole, in its order."""
    rest = iter(whole)
    return bool(words) and all(word in rest for word in words)


def _plain(text: str) -> str:
    return "".join(text.split())

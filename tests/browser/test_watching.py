"""Somebody watches an interview while it goes on: what they see of it, what they do, and what the candidate sees."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Locator, Page, expect

from agents import events
from server.live.protocol import Note, Notice, Problem, State
from storage.ids import uuid7
from tests.browser.axe import findings, grave
from tests.browser.candidate import WORDS, Candidate, Language
from tests.browser.conftest import Visits
from tests.browser.studio import Sitting, open_studio, state
from tests.browser.window import ME, Window

AT_ONCE_MS = 1_000
"""How long after something happened whoever watches may still wait for it."""
SHORT = "I teach mathematics at a school in the north of the city."
REASON = "Ask the team whether this was their own work."
NOTE = "ask about Kafka"
PROMISE = "Hello, I am Ada from the team. Take all the time you need."
LOCALES: dict[Language, str] = {"en": "en-GB", "es": "es-CO"}


class Observer:
    """Somebody at the page beside the interview."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def watch(self, room: str) -> None:
        await self.page.goto(room.removesuffix("/room") + "/watch")
        await self.is_live()

    async def is_live(self) -> None:
        await expect(self.page.locator("[data-connected][data-state=live]")).to_be_visible()

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def own(self) -> Locator:
        """What the candidate said, as it is seen here."""
        return self.log.locator(".words--candidate .words__text")

    def act(self, name: str) -> Locator:
        return self.page.get_by_role("group", name="What you can do").get_by_role("button", name=name, exact=True)

    def said(self, text: str) -> Locator:
        return self.log.locator(".words").filter(has_text=text)

    async def write(self, label: str, text: str) -> None:
        box = self.page.get_by_label(label)
        await expect(box).to_be_focused()
        await self.page.keyboard.insert_text(text)
        await self.page.keyboard.press("Enter")

    async def note(self, text: str) -> None:
        await self.page.keyboard.press("n")
        await self.write("A private note to the interviewer", text)

    async def take_over(self) -> None:
        await self.page.keyboard.press("t")
        dialog = self.page.get_by_role("dialog", name="Take over from the interviewer?")
        await expect(dialog).to_contain_text("told that a person is speaking")
        await self.page.keyboard.press("Tab")
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_label("What you say to the candidate")).to_be_focused()

    async def seen(self) -> list[str]:
        """Everything that stands there, without what moves."""
        lines = await self.log.locator("> *").all_text_contents()
        return [" ".join(line.split()) for line in lines]

    async def stays_after_a_reload(self) -> None:
        before = await self.seen()
        await self.page.reload()
        await self.is_live()
        assert await self.seen() == before


async def seats(visits: Visits) -> tuple[Candidate, Observer]:
    """A candidate in the room, consent given, and somebody who watches."""
    candidate = Candidate(await visits.page(), "en")
    await candidate.begin()
    observer = Observer(await visits.page())
    await observer.watch(candidate.page.url)
    return candidate, observer


async def words(entries: Locator) -> list[str]:
    return [" ".join(text.split()) for text in await entries.all_inner_texts()]


async def test_whoever_watches_sees_every_turn_within_a_second_and_the_levels_as_they_come(visits: Visits) -> None:
    candidate, observer = await seats(visits)
    await expect(observer.page.get_by_text("The candidate is here")).to_be_visible()
    await candidate.box.fill(SHORT)
    await candidate.box.press("Enter")
    await expect(candidate.own.filter(has_text=SHORT)).to_be_visible()
    await expect(observer.own.filter(has_text=SHORT)).to_be_visible(timeout=AT_ONCE_MS)
    await candidate.quiet_after(0)
    last = (await words(candidate.replies.locator(".words__text")))[-1]
    await expect(observer.said(last)).to_be_visible(timeout=AT_ONCE_MS)
    await candidate.reach_question(2)
    where = await candidate.page.locator("[data-where]").inner_text()
    await expect(observer.page.get_by_role("heading", level=1)).to_contain_text(where.split(" · ")[0])
    question = await candidate.page.locator("[data-question]").inner_text()
    await expect(observer.page.locator("[data-question]")).to_have_text(question)
    assert await words(observer.own) == await words(candidate.own)

    card = observer.log.locator("details.level").first
    await card.locator("summary").click()
    await expect(card.locator("blockquote").first).to_be_visible()
    await expect(card.locator(".level__anchor")).not_to_be_empty()
    await observer.stays_after_a_reload()

    await candidate.page.get_by_role("button", name="Pause").click()
    waits = observer.page.locator("[data-waits]")
    await expect(waits).to_contain_text("The candidate has paused.", timeout=AT_ONCE_MS)
    await candidate.page.goto("/interviews")
    await expect(waits).to_contain_text("The candidate is away.")
    link = candidate.page.get_by_role("link", name="Watch live").first
    assert observer.page.url.endswith(str(await link.get_attribute("href")))


async def test_a_flag_marks_a_turn_and_a_note_is_asked_as_the_next_probe(visits: Visits) -> None:
    candidate, observer = await seats(visits)
    await candidate.reach_question(1)
    await candidate.box.fill(SHORT)
    turn = observer.log.locator(".words--candidate").last
    await turn.get_by_role("button", name="Flag this").focus()
    await observer.page.keyboard.press("Enter")
    await expect(observer.page.locator("[data-about]")).to_contain_text("About: “")
    await observer.write("Why should somebody look at this again?", REASON)
    await expect(turn.get_by_text(f"Flagged: {REASON}")).to_be_visible()

    await observer.note(NOTE)
    left = observer.said(NOTE).filter(has_text="Your note")
    await expect(left.get_by_text("Waiting to be asked")).to_be_visible()
    await observer.stays_after_a_reload()
    heard = await candidate.replies.count()
    await candidate.box.press("Enter")
    await candidate.hear_more_than(heard)
    await expect(candidate.replies.last).to_contain_text("Kafka")
    await expect(left.get_by_text("Asked", exact=True)).to_be_visible(timeout=AT_ONCE_MS)
    await expect(observer.log.locator(".words--interviewer").last).to_contain_text("Kafka")
    for private in (REASON, "Your note"):
        await expect(candidate.log.get_by_text(private)).to_have_count(0)
    await observer.stays_after_a_reload()


async def test_a_person_takes_over_speaks_hands_back_and_ends_it(visits: Visits) -> None:
    candidate, observer = await seats(visits)
    await candidate.reach_question(1)
    question = await candidate.page.locator("[data-question]").inner_text()
    await observer.take_over()
    person = candidate.page.get_by_text("A person from the team is speaking now.")
    await expect(person).to_be_visible(timeout=AT_ONCE_MS)
    await observer.write("What you say to the candidate", PROMISE)
    await expect(candidate.replies.last).to_contain_text(PROMISE)
    spoken = observer.log.locator(".words--person").filter(has_text=PROMISE)
    await expect(spoken.get_by_text("Said", exact=True)).to_be_visible()

    await candidate.box.fill("Thank you, that is kind.")
    await candidate.box.press("Enter")
    await expect(observer.own.last).to_have_text("Thank you, that is kind.", timeout=AT_ONCE_MS)
    await expect(candidate.page.get_by_text("needs longer than usual")).to_have_count(0)
    heard = await candidate.replies.count()
    await observer.page.keyboard.press("Escape")
    await observer.page.keyboard.press("b")
    await expect(observer.log.get_by_text("You handed back to the interviewer.")).to_be_visible()
    await expect(observer.act("Note")).to_be_focused()
    await candidate.hear_more_than(heard)
    await expect(candidate.replies.last).to_contain_text(question)
    await expect(person).to_have_count(0)
    await observer.stays_after_a_reload()
    await candidate.page.reload()
    await expect(candidate.replies.filter(has_text=PROMISE)).to_have_count(1)

    await observer.act("End").click()
    await observer.page.get_by_role("dialog", name="End the interview?").get_by_role("button", name="End it").click()
    await expect(candidate.end).to_be_visible()
    await expect(candidate.page.get_by_text("The team ended it here.")).to_be_visible()
    await expect(observer.page.get_by_role("heading", name="The interview has ended")).to_be_visible()
    await expect(observer.act("End")).to_have_count(0)
    await observer.page.reload()
    await expect(observer.page).to_have_url(re.compile(r"/interviews/[0-9a-f-]{36}$"))


async def test_an_act_that_the_network_held_back_is_done_once_when_it_is_back(visits: Visits) -> None:
    candidate, observer = await seats(visits)
    network = await observer.page.context.new_cdp_session(observer.page)
    await network.send("Network.enable")
    await observer.page.context.set_offline(True)
    await observer.note(NOTE)
    pending = observer.page.locator("[data-pending] .words")
    await expect(pending.get_by_text("Not sent yet")).to_be_visible()
    await expect(observer.page.locator("[data-connected][data-state=lost]")).to_be_visible(timeout=10_000)
    await candidate.say(SHORT)
    await observer.page.context.set_offline(False)
    await observer.is_live()
    await expect(pending).to_have_count(0)
    await expect(observer.own.filter(has_text=SHORT)).to_have_count(1)
    await expect(observer.said(NOTE)).to_have_count(1)
    await observer.page.reload()
    await observer.is_live()
    await expect(observer.said(NOTE)).to_have_count(1)
    visits.expect("net::ERR_INTERNET_DISCONNECTED")


async def test_an_interview_that_has_not_begun_says_so_and_waits(visits: Visits) -> None:
    page = await visits.page()
    made = await page.request.post("/api/v1/interviews", data={"plan": "behavioural", "language": "en"})
    opened = (await made.json())["id"]
    observer = Observer(page)
    await observer.watch(f"/interviews/{opened}")
    await expect(page.locator("[data-waits]")).to_contain_text("This interview has not begun.")
    await expect(observer.act("Take over")).to_be_disabled()
    other = await visits.page()
    await other.goto(f"/interviews/{opened}/room")
    await expect(page.get_by_text("The candidate is here")).to_be_visible()
    await expect(observer.log.get_by_text("The candidate came in.")).to_be_visible()
    await expect(observer.act("Take over")).to_be_enabled()


async def test_the_room_says_what_the_server_and_a_person_do_and_that_it_is_over(chromium: Browser) -> None:
    async with open_studio() as studio:
        page = await chromium.new_page()
        await page.goto(studio.url + studio.room)
        await page.get_by_role("button", name="Type my answers").click()
        sitting = await studio.sitting()
        moment = page.get_by_text("One moment, please.")
        await sitting.send(Notice(code="one_moment", message="One moment, please."))
        await expect(moment).to_be_visible()
        await sitting.send(Notice(code="going_on", message=""))
        await expect(moment).to_have_count(0)
        person = page.get_by_text("A person from the team is speaking now.")
        for by_person in (True, False):
            await sitting.send(State(state=replace(state(), by_person=by_person)))
            await expect(person).to_have_count(int(by_person))


async def test_speech_is_there_as_it_is_heard_and_what_is_being_asked_before_it_is_said(chromium: Browser) -> None:
    async with at_a_window(chromium) as (window, page, sitting):
        log, interim = page.get_by_role("log"), page.locator("[data-interim]")
        await window.tell(events.SpeechFinal(utterance_id=uuid7(), text="I was responsible"))
        await window.tell(events.SpeechFinal(utterance_id=uuid7(), text="for the plan."))
        await expect(interim).to_contain_text("I was responsible for the plan.")
        await expect(page.locator("[data-presence-word]")).to_have_text("The candidate is answering")
        turn = events.TurnClosed(
            turn_id=uuid7(), text="I was responsible for the plan.", source="speech", question_id="q1", finals=(1, 2)
        )
        await window.tell(turn)
        await expect(interim).to_be_hidden()
        await expect(log.locator(".words--candidate .words__text")).to_have_text([turn.text])

        reply = uuid7()
        wording = window.plan.question("q2").text["en"]
        await window.tell(events.ReplyDecided(reply_id=reply, kind="next", question_id="q2"))
        await expect(page.locator("[data-question]")).to_have_text(wording)
        await expect(page.locator("[data-presence-word]")).to_have_text("The interviewer is speaking")
        await expect(log.locator(".words--interviewer")).to_have_count(0)
        await window.tell(events.ReplyHeard(reply_id=reply, text=wording[:20], interrupted=True, heard=0.2))
        await expect(log.locator(".words--interviewer")).to_contain_text("Interviewer · question 2")
        await expect(log.locator(".words--interviewer")).to_contain_text("Cut short")
        assert sitting.hello.last_seq == 0


async def test_who_serves_and_what_was_held_is_said_in_plain_words(chromium: Browser) -> None:
    async with at_a_window(chromium) as (window, page, _):
        for fact, sentence in (
            (
                events.ProviderChanged(service="llm", provider="openai", model="m", reason="fallback"),
                "OpenAI writes the interviewer's words. The one before did not answer.",
            ),
            (
                events.ProviderChanged(service="stt", provider="", model="", reason="lost"),
                "Nobody hears the candidate's voice now; typing still works.",
            ),
            (
                events.ProviderChanged(service="llm", provider="rehearsal", model="", reason="budget"),
                "What may be spent on a model is used up",
            ),
            (events.InterviewHeld(for_ms=4_200, was_said=True), "Nothing could be kept for 4 s"),
        ):
            await window.tell(fact)
            await expect(page.get_by_role("log").locator(".happened").last).to_contain_text(sentence)


async def test_an_act_is_pending_until_it_is_kept_and_what_is_refused_is_given_back(chromium: Browser) -> None:
    async with at_a_window(chromium) as (window, page, sitting):
        pending = page.locator("[data-pending] .words")
        observer = Observer(page)
        await observer.note(NOTE)
        await sitting.until(lambda: len(sitting.of(Note)) == 1)
        await expect(pending).to_contain_text(NOTE)
        await expect(observer.said(NOTE)).to_have_count(0)
        # The line breaks before the server has said that it is kept; it was not.
        await sitting.close()
        again = await window.sitting(2)
        await again.until(lambda: len(again.of(Note)) == 1)
        assert again.of(Note) == sitting.of(Note)
        refusal = Problem(code="too_many_notes", message="Too many.", client_id=again.of(Note)[0].client_id)
        await again.send(refusal)
        await expect(page.get_by_role("alert")).to_contain_text("Ten notes wait")
        await expect(pending).to_have_count(0)
        await expect(page.get_by_label("A private note to the interviewer")).to_have_value(NOTE)

        await page.keyboard.press("Enter")
        await again.until(lambda: len(again.of(Note)) == 2)
        # It is kept, and the line breaks before that is acknowledged.
        window.keep(events.NoteLeft(text=NOTE), ME)
        await again.close()
        third = await window.sitting(3)
        await expect(pending).to_have_count(0)
        await expect(observer.said(NOTE)).to_have_count(1)
        await expect(page.locator("[data-connected][data-state=live]")).to_be_visible()
        assert third.of(Note) == []


@asynccontextmanager
async def at_a_window(chromium: Browser) -> AsyncIterator[tuple[Window, Page, Sitting]]:
    window = Window()
    async with open_studio(window):
        page = await chromium.new_page(locale="en-GB")
        await page.goto(window.url + window.watch)
        yield window, page, await window.sitting()
        await page.close()


@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_page_keeps_nobody_out_in_any_theme_or_size(visits: Visits, language: Language) -> None:
    candidate = Candidate(await visits.page(LOCALES[language]), language)
    await candidate.begin()
    observer = Observer(await visits.page(LOCALES[language]))
    page = observer.page
    await observer.watch(candidate.page.url)
    await candidate.reach_question(2)
    await expect(observer.log.locator("details.level").first).to_be_visible()
    wrong: list[str] = []
    looks: list[tuple[Literal["light", "dark"], int, int]] = [("light", 1280, 800), ("dark", 360, 640)]
    for keys in ("", "n", "f", "t"):
        await page.keyboard.press("Escape")
        if keys:
            await page.keyboard.press(keys)
        for theme, width, height in looks:
            await page.set_viewport_size({"width": width, "height": height})
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            if await page.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{keys}, {theme}: it scrolls sideways")
            wrong += [f"{keys}, {theme}: {each}" for each in grave(await findings(page))]
    assert not wrong, "\n".join(wrong)
    assert WORDS[language]["plan"] in await page.title()

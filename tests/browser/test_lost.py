"""Bad days at the page: the network goes, the server dies, the database dies, the tab is closed. Nothing is lost.

A real browser on real processes; between page and server, and between server and database, are lines that can be made
bad. What the page was told and what it sent is held against the log that is there in the end.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from agents import events
from agents.events import AnyPayload
from benchmarks.chaos import product
from benchmarks.chaos.product import Site
from benchmarks.chaos.proxy import Side
from server.pages.assets import MANIFEST
from tests.browser import microphone
from tests.browser.guest import SAYS_SO_WITHIN_MS, Note, a_guest, every, has, network_of, typed_turns
from tests.browser.product import Vendors
from tests.emulators.candidate_speech import speech
from tests.emulators.sounds import silence

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRIES_AT_ONCE_MS = 500
TRIES_LATER_MS = 1_000
A_MOMENT_MS = 250
"""What a busy machine may add to a time that the page itself took."""
OUTAGE_TRIES = 5
"""So often the page tries in vain within five seconds, more or less."""
SENT = "I asked my colleague for the figures and we agreed on a date."
HALF = "I had just begun to write that the release was two days"
SPOKEN = "I built the cache in the first week, and we measured it again."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def typed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One serving process, a worker and their databases, without any outside service."""
    assert MANIFEST.exists(), "The pages are not built: run `make pages`."
    async with product.site(tmp_path_factory.mktemp("typed"), servings=1) as site:
        yield site


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendors]:
    running = Vendors(tmp_path_factory.mktemp("vendors"))
    try:
        running.start("--voice", "tones", "--first-final-ms", "0", "--first-token-ms", "0", "--first-byte-ms", "0")
        running.listen_once()
        yield running
    finally:
        running.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def spoken(tmp_path_factory: pytest.TempPathFactory, vendors: Vendors) -> AsyncIterator[Site]:
    """The same with keys to vendors that answer at once."""
    async with product.site(tmp_path_factory.mktemp("spoken"), servings=1, env=vendors.environment) as site:
        yield site


@pytest.mark.parametrize("lost", ["up", "down"])
async def test_a_network_that_goes_in_mid_answer_and_comes_back_costs_nothing(
    typed: Site, chromium_path: Path, lost: Side
) -> None:
    """What was sent never arrived, or its acknowledgement never did; more is half written."""
    async with a_guest(typed, chromium_path) as guest:
        await guest.begin()
        network = await network_of(guest.page)
        question = await guest.question.inner_text()
        greeting = await guest.replies.first.locator(".words__text").inner_text()
        typed.door.stall(lost)
        await guest.write(SENT)
        await expect(guest.page.get_by_text("Not sent yet")).to_be_visible()
        if lost == "down":
            await guest.until(lambda facts: SENT in typed_turns(facts), "the answer")
        await guest.box.fill(HALF)
        await network.be("off")
        typed.door.refuse()
        typed.door.cut()

        await guest.is_told_of_the_loss()
        tries = await guest.tries_in_vain(OUTAGE_TRIES)
        assert tries[0] <= TRIES_AT_ONCE_MS + A_MOMENT_MS
        assert max(later - earlier for earlier, later in pairwise(tries)) >= TRIES_LATER_MS
        await expect(guest.box).to_have_value(HALF)
        typed.door.release()
        await network.be("on")

        await expect(guest.open).to_be_visible()
        assert _after(await guest.notes(), "online", "tries") <= TRIES_AT_ONCE_MS + A_MOMENT_MS
        await expect(guest.trouble).to_have_text("")
        await expect(guest.page.get_by_text("Not sent yet")).to_have_count(0)
        await expect(guest.own.get_by_text(SENT, exact=True)).to_have_count(1)
        await expect(guest.box).to_have_value(HALF)
        await expect(guest.question).to_have_text(question)
        await expect(guest.welcomes_back).to_have_count(1)
        await expect(guest.replies.get_by_text(greeting, exact=True)).to_have_count(1)

        await guest.send("Enter")
        await guest.stop()
        assert typed_turns(await guest.acquits(must_end=True)).count(SENT) == 1


async def test_a_line_that_says_nothing_is_noticed_and_another_is_opened(typed: Site, chromium_path: Path) -> None:
    async with a_guest(typed, chromium_path) as guest:
        await guest.begin()
        await guest.box.fill(HALF)
        typed.door.stall()
        await guest.is_told_of_the_loss()
        await guest.tries_in_vain(1)
        typed.door.release()
        await expect(guest.open).to_be_visible()
        await expect(guest.welcomes_back).to_have_count(1)
        await expect(guest.box).to_have_value(HALF)
        await guest.stop()
        await guest.acquits(must_end=True)


async def test_a_server_that_dies_in_mid_question_asks_it_once_and_goes_on_to_the_report(
    typed: Site, chromium_path: Path
) -> None:
    async with a_guest(typed, chromium_path) as guest:
        await guest.begin()
        before = await guest.page.locator(".words--interviewer").count()
        heard = typed.line.hold_at(b"reply.heard")
        await guest.page.get_by_role("button", name="Skip").click()
        await expect(guest.page.locator(".words--interviewer").nth(before)).to_be_visible()
        await heard.sprung.wait()
        await typed.servings[0].kill()
        typed.line.release()
        await guest.is_told_of_the_loss()
        await typed.servings[0].start()

        await expect(guest.welcomes_back).to_have_count(1)
        await expect(guest.page.get_by_role("heading", name="Question 2 of")).to_be_visible()
        asked = [fact.question_id for fact in every(await guest.facts(), events.QuestionAsked)]
        assert len(asked) == len(set(asked)) == 2
        await guest.finish()
        await guest.acquits(must_end=True)


async def test_a_server_that_dies_in_mid_answer_gets_what_was_sent_once(typed: Site, chromium_path: Path) -> None:
    async with a_guest(typed, chromium_path) as guest:
        await guest.begin()
        question = await guest.question.inner_text()
        kept = typed.line.hold_at(b"turn.closed")
        await guest.write(SENT)
        await kept.sprung.wait()
        await guest.box.fill(HALF)
        await typed.servings[0].kill()
        typed.line.release()
        await guest.is_told_of_the_loss()
        assert SENT not in typed_turns(await guest.facts())
        await typed.servings[0].start()

        await expect(guest.own.get_by_text(SENT, exact=True)).to_have_count(1)
        await expect(guest.page.get_by_text("Not sent yet")).to_have_count(0)
        await expect(guest.question).to_have_text(question)
        await expect(guest.box).to_have_value(HALF)
        await guest.send("Enter")
        await guest.stop()
        assert typed_turns(await guest.acquits(must_end=True)).count(SENT) == 1


async def test_a_page_that_is_loaded_again_in_mid_answer_or_mid_question_goes_on_where_it_was(
    typed: Site, chromium_path: Path
) -> None:
    async with a_guest(typed, chromium_path) as guest:
        await guest.begin()
        question = await guest.question.inner_text()
        typed.door.stall("up")
        await guest.write(SENT)
        await guest.box.fill(HALF)
        typed.door.cut()
        typed.door.release()
        await guest.page.reload()
        await expect(guest.own.get_by_text(SENT, exact=True)).to_have_count(1)
        await expect(guest.box).to_have_value(HALF)
        await expect(guest.question).to_have_text(question)

        heard = typed.line.hold_at(b"reply.heard")
        await guest.page.get_by_role("button", name="Skip").click()
        await heard.sprung.wait()
        reloading = guest.page.reload(wait_until="commit")
        typed.line.release()
        await reloading
        await expect(guest.page.get_by_role("heading", name="Question 2 of")).to_be_visible()
        await expect(guest.own.get_by_text(SENT, exact=True)).to_have_count(1)
        await guest.stop()
        facts = await guest.acquits(must_end=True)
        assert typed_turns(facts).count(SENT) == 1
        assert sum(reply.kind == "greeting" for reply in every(facts, events.ReplyDecided)) == 1


async def test_a_tab_that_is_closed_in_mid_answer_is_opened_again_from_the_list(
    typed: Site, chromium_path: Path
) -> None:
    async with a_guest(typed, chromium_path) as guest:
        await guest.begin()
        interview_id = guest.interview_id
        question = await guest.question.inner_text()
        typed.door.stall("up")
        await guest.write(SENT)
        await guest.box.fill(HALF)
        typed.door.cut()
        typed.door.release()
        context = guest.page.context
        await guest.page.close()

        guest.sit_at(await context.new_page())
        await guest.page.goto("/interviews")
        await guest.page.locator(f"a[href*='{interview_id}']").first.click()
        await expect(guest.open).to_be_visible()
        await expect(guest.question).to_have_text(question)
        await expect(guest.own.get_by_text(SENT, exact=True)).to_have_count(1)
        await expect(guest.box).to_have_value(HALF)
        await guest.stop()
        assert typed_turns(await guest.acquits(must_end=True)).count(SENT) == 1


async def test_a_database_that_dies_in_mid_answer_is_waited_for_on_the_same_line(
    typed: Site, chromium_path: Path
) -> None:
    async with a_guest(typed, chromium_path) as guest:
        await guest.begin()
        question = await guest.question.inner_text()
        lines = len(guest.witness.lines)
        await typed.postgres.kill()
        sent_at = await guest.page.evaluate("performance.now()")
        await guest.write(SENT)
        await guest.box.fill(HALF)
        await expect(guest.trouble).to_have_text("One moment, please.", timeout=SAYS_SO_WITHIN_MS)
        # For so long that it could pass for an interviewer who is slow.
        await guest.page.wait_for_function("(since) => performance.now() - since > 6_500", arg=sent_at)
        await expect(guest.trouble).to_have_text("One moment, please.")
        await typed.postgres.start()

        await expect(guest.own.get_by_text(SENT, exact=True)).to_have_count(1)
        await expect(guest.page.get_by_text("Not sent yet")).to_have_count(0)
        await expect(guest.trouble).to_have_text("")
        await guest.quiet_after(await guest.own.count() - 1)
        await expect(guest.question).to_have_text(question)
        await expect(guest.box).to_have_value(HALF)
        assert len(guest.witness.lines) == lines
        await guest.stop()
        facts = await guest.acquits(must_end=True)
        assert typed_turns(facts).count(SENT) == 1
        assert has(facts, events.InterviewHeld)


async def test_words_said_before_the_line_went_are_kept_and_the_interviewer_speaks_again(
    spoken: Site, chromium_path: Path, tmp_path: Path
) -> None:
    recording = microphone.record(tmp_path / "once.wav", silence(8.0), speech(SPOKEN, "en"), silence(60.0))
    async with a_guest(spoken, chromium_path, *microphone.flags(recording)) as guest:
        await guest.begin_talking()
        await guest.until(lambda facts: has(facts, events.SpeechFinal), "the first words")
        spoken.door.stall()
        await guest.is_told_of_the_loss()
        await guest.tries_in_vain(1)
        spoken.door.release()
        await expect(guest.open).to_be_visible()
        facts = await guest.until(lambda facts: has(facts, events.TurnClosed), "the turn")
        finals = {at for at, fact in enumerate(facts, 1) if isinstance(fact, events.SpeechFinal)}
        closed = [seq for turn in every(facts, events.TurnClosed) for seq in turn.finals]
        assert sorted(closed) == sorted(finals)

        # It speaks again, and the line is cut in the middle of that.
        before = len(every(facts, events.CandidateJoined))
        earlier = set(guest.played_ms)
        await guest.until_sent(
            lambda: any(ms >= 1_000 for reply, ms in guest.played_ms.items() if reply not in earlier), "a second of it"
        )
        spoken.door.cut()
        facts = await guest.until(
            lambda facts: len(every(facts, events.CandidateJoined)) > before and _is_being_said(facts),
            "what it says after that",
        )
        await expect(guest.page.locator("[data-presence=speaking]")).to_be_attached()
        cut = every(facts, events.ReplyHeard)[-1]
        assert cut.interrupted
        assert 0 < cut.heard < 1.0
        assert cut.text
        await guest.stop()
        await guest.acquits(must_end=True)


async def test_a_server_that_dies_while_it_speaks_says_it_again_after_a_welcome(
    spoken: Site, chromium_path: Path, tmp_path: Path
) -> None:
    recording = microphone.quiet(tmp_path / "quiet.wav")
    async with a_guest(spoken, chromium_path, *microphone.flags(recording)) as guest:
        await guest.begin_talking()
        await guest.until_sent(
            lambda: len(guest.played_ms) > 1 and list(guest.played_ms.values())[-1] >= 500, "half a second of it"
        )
        await spoken.servings[0].kill()
        await guest.is_told_of_the_loss()
        await expect(guest.page.locator("[data-presence=speaking]")).to_have_count(0)
        await spoken.servings[0].start()
        await expect(guest.page.locator("[data-presence=speaking]")).to_be_attached()
        await expect(guest.welcomes_back).to_have_count(1)
        await guest.stop()
        decided = [reply.kind for reply in every(await guest.acquits(must_end=True), events.ReplyDecided)]
        assert decided[:3] == ["greeting", "warm_up", "warm_up"]


def _is_being_said(facts: Sequence[AnyPayload]) -> bool:
    """Whether something that was decided has not been heard yet."""
    return len(every(facts, events.ReplyDecided)) > len(every(facts, events.ReplyHeard))


def _after(notes: Sequence[Note], first: str, then: str) -> float:
    """How long after the last note of one kind the next of another was made, ms."""
    at = max(at for at, note in enumerate(notes) if note["what"] == first)
    return next(note["at"] for note in notes[at:] if note["what"] == then) - notes[at]["at"]

"""Every page in every state a person can find it in, one after another."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from playwright.async_api import Page, Route, expect
from starlette.requests import Request
from starlette.responses import Response

from server.http import SECURITY_HEADERS
from server.pages.failure import render_error
from server.terminal.api import Api
from server.terminal.candidates import Candidate as Scripted
from server.terminal.candidates import CandidateKind
from server.terminal.judging import judge
from server.terminal.playing import play
from tests.browser.author import JOB, Author
from tests.browser.candidate import WORDS, Candidate, Language
from tests.browser.product import Product

PLAN = "behavioural"
OTHER_PLAN = "backend-engineer"
HELD: tuple[tuple[str, CandidateKind], ...] = ((PLAN, "weak"), (OTHER_PLAN, "good"), (PLAN, "evasive"), (PLAN, "good"))
STATUSES = (403, 410, 500, 503)
"""Of the errors, those that no reader can bring about at will."""
REFERENCE = "0199f3c4-5a2e-7b31-8c44-1f2e3d4c5b6a"


class Held(msgspec.Struct, frozen=True):
    """Interviews of one language that are over."""

    report: str
    """The address of the newest one's report."""


async def hold(product: Product, language: Language) -> Held:
    """Some practices in a language, with their reports."""
    async with Api(product.url) as api:
        for plan, kind in HELD:
            played = await play(api, Scripted(kind, language), plan)
            await judge(api, played, within_s=60)
            assert played.faults == []
    return Held(f"/interviews/{played.interview_id}")


async def still(page: Page, language: Language, held: Held) -> AsyncIterator[str]:
    """The pages outside the room, each by its name."""
    places = {
        "landing": "/",
        "plans": "/practise",
        "set-up": f"/practise?plan={PLAN}",
        "plan": f"/plans/{PLAN}",
        "interviews": "/interviews",
        "interviews-none-found": "/interviews?q=xyzzy",
        "progress": "/progress",
        "report": held.report,
        "api": "/docs/api",
        "live": "/docs/live",
        "offline": f"/offline/{language}",
        "styleguide": "/styleguide",
    }
    for name, address in places.items():
        answer = await page.goto(address)
        assert answer is not None
        assert answer.ok, f"{address}: {answer.status}"
        yield name
    await page.goto(f"/plans/{PLAN}")
    await page.locator("details > summary").first.click()
    yield "plan-questions"
    await page.goto(f"/practise?plan={PLAN}")
    await page.locator("form[data-setup]").evaluate(
        "form => { form.noValidate = true; form.minutes.value = 999; form.submit(); }"
    )
    await expect(page.locator("[aria-invalid=true]")).to_be_visible()
    yield "set-up-refused"


async def errors(page: Page, language: Language) -> AsyncIterator[str]:
    """The pages that say what went wrong."""
    await page.goto("/nowhere")
    yield "error-404"
    for status in STATUSES:
        # Such an answer cannot be had at will: the product's own code makes it here instead of there.
        answer = render_error(_asked("/wrong", language), status, "Refused", "It was refused.", REFERENCE)
        await page.route("**/wrong", _giving(answer))
        await page.goto("/wrong")
        await page.unroute("**/wrong")
        yield f"error-{status}"


async def empty(page: Page) -> AsyncIterator[str]:
    """What there is to see before the first interview."""
    for name, address in {"interviews-empty": "/interviews", "progress-empty": "/progress"}.items():
        await page.goto(address)
        yield name


async def sitting(page: Page, language: Language, product: Product) -> AsyncIterator[str]:
    """A typed interview from consent to the report, and what is in the room on the way."""
    words = WORDS[language]
    candidate = Candidate(page, language)
    opened = await _open(page, language, "text")
    await page.goto(f"/interviews/{opened}/room")
    await expect(page.get_by_role("button", name=words["agree"], exact=True)).to_be_enabled()
    await _rests(page)
    yield "room-consent"
    await candidate.consent()
    await candidate.reach_question(2)
    await expect(page.locator("details.level")).to_be_visible()
    yield "room-question"
    await page.locator("details.level > summary").click()
    yield "room-level"
    await candidate.box.press("Escape")
    await page.keyboard.press("a")
    yield "room-transcript"
    await page.keyboard.press("a")
    await page.keyboard.press("?")
    await expect(page.locator("dialog[open]")).to_be_visible()
    yield "room-keys"
    await page.keyboard.press("Escape")
    await page.keyboard.press("p")
    await expect(page.locator("[data-request=resume]")).to_be_enabled()
    await _rests(page)
    yield "room-paused"
    await page.keyboard.press("p")
    await expect(page.locator("[data-request=pause]")).to_be_enabled()
    await page.keyboard.press("e")
    await expect(page.locator("dialog[open]")).to_be_visible()
    yield "room-ending"
    with resting_worker(product):
        await page.locator("dialog[open] [value=end]").click()
        await expect(candidate.end).to_be_visible()
        yield "room-ended"
        await page.get_by_role("link", name=words["report"]).click()
        await expect(page.locator("[data-pending]")).to_be_visible()
        yield "report-pending"
    await expect(page.locator("[data-pending]")).to_have_count(0, timeout=60_000)
    yield "report-short"


async def spoken(page: Page, language: Language) -> AsyncIterator[str]:
    """What comes before an interview by voice, and the room's door."""
    opened = await _open(page, language, "voice")
    await page.goto(f"/interviews/{opened}/check")
    yield "check"
    await page.goto(f"/interviews/{opened}")
    yield "report-open"
    await page.goto(f"/interviews/{opened}/room")
    await expect(page.locator("[data-gate]")).to_be_visible()
    yield "room-gate"
    await page.locator("[data-gate-type]").click()
    await expect(page.get_by_role("button", name=WORDS[language]["agree"], exact=True)).to_be_enabled()
    await page.get_by_role("button", name=WORDS[language]["agree"], exact=True).focus()
    await page.locator("[data-request=decline]").click()
    await expect(page.locator("[data-end]")).to_be_visible()
    await page.goto(f"/interviews/{opened}")
    yield "report-declined"


async def workshop(page: Page, language: Language) -> AsyncIterator[str]:
    """Writing plans."""
    author, slug = Author(page, language), f"views-{language}"
    await author.has(slug, "Views")
    await author.unfolds("questions.0")
    yield "workshop-editor"
    await author.unfolds("rubric.competencies.0")
    yield "workshop-competency"
    await author.field("questions.0.text.es").fill("")
    await expect(author.findings("questions.0.text.es").first).to_be_visible()
    yield "workshop-findings"
    await page.locator("button[name=do][value=save]").click()
    await expect(page.locator(".notice--problem")).to_be_visible()
    yield "workshop-refused"
    await author.field("questions.0.text.es").fill("Una pregunta.")
    await author.saves()
    other = await page.context.new_page()
    for window, text in ((page, "Not this one."), (other, "This one.")):
        await window.goto(f"/workshop/{slug}")
        for half in ("en", "es"):
            await window.locator(f'[name="warm_up.{half}"]').fill(text)
    await Author(other, language).saves()
    await page.locator("button[name=do][value=save]").click()
    await expect(page.locator("[data-drop]")).to_be_visible()
    yield "workshop-moved"
    await page.locator("[data-drop]").click()
    for name, address in {
        "workshop": "/workshop",
        "workshop-new": "/workshop/new/blank",
        "workshop-versions": f"/workshop/{slug}/versions",
        "workshop-compare": f"/workshop/{slug}/compare?before=1&after=3",
        "workshop-draft": "/workshop/new/draft",
        "workshop-import": "/workshop/new/import",
    }.items():
        await page.goto(address)
        yield name
    await author.opens("plan:\n  slug: views\n  title: Views\n  colour: blue\nrubric: {}\n")
    await expect(page.locator(".lines__wrong")).to_be_visible()
    yield "workshop-import-wrong"
    await page.goto("/workshop/new/draft")
    await page.locator("[name=job]").fill(JOB[language])
    await page.get_by_role("button", name=author.words["draft"]).click()
    await expect(page.locator("[data-editor]")).to_be_visible()
    yield "workshop-drafted"


@contextmanager
def resting_worker(product: Product) -> Iterator[None]:
    """Nothing is scored or reported meanwhile: the product's worker stands still."""
    workers = [each for each in product.processes() if each.cmdline()[-1:] == ["work"]]
    assert workers, "the product has no worker"
    try:
        for worker in workers:
            worker.suspend()
        yield
    finally:
        for worker in workers:
            worker.resume()


async def _open(page: Page, language: Language, channel: str) -> str:
    wish = {"plan": PLAN, "language": language, "channel": channel}
    answer = await page.request.post("/api/v1/interviews", data=wish)
    assert answer.ok, await answer.text()
    made: dict[str, Any] = await answer.json()
    return str(made["id"])


def _giving(answer: Response) -> Callable[[Route], Awaitable[None]]:
    headers = {**SECURITY_HEADERS, **answer.headers}

    async def give(route: Route) -> None:
        await route.fulfill(status=answer.status_code, headers=headers, body=bytes(answer.body))

    return give


def _asked(path: str, language: Language) -> Request:
    headers = [(b"accept-language", language.encode())]
    return Request({"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers})


async def _rests(page: Page) -> None:
    """Until nothing is being said."""
    await expect(page.locator("[aria-busy]")).to_have_count(0)

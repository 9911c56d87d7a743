"""What the pages weigh on the wire, and how soon they can be used over a slow line on a slow machine.

The line is the one that Chromium's own tools call "Slow 4G", the machine a quarter as fast as this one.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import Browser, CDPSession, Page, Request, ViewportSize, async_playwright
from playwright.async_api import Error as PlaywrightError

from benchmarks.figure import Figure, at_most
from benchmarks.product import Product, ProductError
from server.terminal.api import Api

CHROMIUM = Path(os.environ.get("VIVA_CHROMIUM") or "/usr/bin/chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")

RUNS = 5
SLOW_4G = {"offline": False, "latency": 562.5, "downloadThroughput": 180_000, "uploadThroughput": 84_375}
"""Milliseconds for each request, and bytes a second: 1.44 Mbit down, 675 kbit up."""
SLOWER_CPU = 4
PHONE: ViewportSize = {"width": 360, "height": 640}

FIRST_PAGE_KB = 100.0
ROOM_KB = 200.0
USABLE_MS = 1_000.0

START = "form[action='/interviews'] button[type=submit]"
FIELD = "textarea[name=answer]"
OPEN = "[data-connection=open]"
TYPED = "I began with the list of risks."

# Looks at every frame whether what the page is for is there, can be used, and is what a finger would hit; and waits for
# the first paint with something on it. Both in milliseconds after the address was asked for.
LOOK = """
window.benchUsable = new Promise((resolve) => {
  const look = () => {
    const found = document.querySelector(%s);
    if (found && !found.disabled) {
      const { left, top, width, height } = found.getBoundingClientRect();
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      if (hit && found.contains(hit)) return resolve(performance.now());
    }
    if (performance.now() > 10_000) return resolve(null);
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
});
window.benchPainted = new Promise((resolve) => {
  const seen = (list) => list.getEntriesByName("first-contentful-paint").forEach((entry) => resolve(entry.startTime));
  new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
  setTimeout(resolve, 10_000, null);
});
"""


class Load(msgspec.Struct):
    """What crossed the wire for one page: bytes with their headers, and who was asked."""

    received: dict[str, float] = msgspec.field(default_factory=dict)
    asked: list[str] = msgspec.field(default_factory=list)
    policy: str = ""

    @property
    def kilobytes(self) -> float:
        return sum(self.received.values()) / 1_000

    def elsewhere(self, origin: str) -> list[str]:
        """What was asked of anybody but this origin."""
        own = urlsplit(origin).netloc
        return [
            url for url in self.asked if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != own
        ]

    @property
    def unsafe(self) -> int | None:
        """How many `unsafe-…` the policy has; None where there is no policy."""
        return self.policy.count("'unsafe-") if self.policy else None


async def pages(folder: Path, url: str | None) -> list[Figure]:
    """The figures of the first page and the room, on a running server or on a product of its own.

    Raises `ProductError` and `TerminalError`.
    """
    product = Product(folder)
    try:
        if url is None:
            await product.start()
        return await _figures(url.rstrip("/") if url else product.url)
    except PlaywrightError as error:
        message = f"the browser {CHROMIUM} did not do what it was asked: {error.message.splitlines()[0]}"
        raise ProductError(message) from error
    finally:
        await product.stop()


async def _figures(url: str) -> list[Figure]:
    async with async_playwright() as playwright, Api(url) as api:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            first = await load_of(browser, f"{url}/")
            room = await load_of(browser, await room_of(api))
            landing_ms = [await _landing_usable(browser, f"{url}/") for _ in range(RUNS)]
            room_ms = [await _room_usable(browser, await room_of(api)) for _ in range(RUNS)]
        finally:
            await browser.close()
    loads = (first, room)
    unsafe = [load.unsafe for load in loads if load.unsafe is not None]
    _remark("first page", first)
    _remark("room", room)
    for name, times in (("first page", landing_ms), ("room", room_ms)):
        _say(f"{name}: {', '.join('never' if ms is None else f'{ms:.0f} ms' for ms in times)}")
    where = "slow 4G, CPU 4 times slower, cold cache, median of 5"
    return [
        at_most("first page, all requests, cold cache, compressed", first.kilobytes, "KB", FIRST_PAGE_KB),
        at_most("room, all requests, cold cache, compressed", room.kilobytes, "KB", ROOM_KB),
        at_most(f"first page, address to its start button, {where}", _median(landing_ms), "ms", USABLE_MS),
        at_most(f"room, address to a field that keeps what is typed, {where}", _median(room_ms), "ms", USABLE_MS),
        at_most("requests that left the origin", sum(len(load.elsewhere(url)) for load in loads), "requests", 0),
        at_most("unsafe-* in the policies", sum(unsafe) if len(unsafe) == len(loads) else None, "sources", 0),
    ]


async def room_of(api: Api) -> str:
    """The address of the room of a new interview."""
    plan = next(plan for plan in await api.plans() if "en" in plan.languages)
    opened = await api.open(plan.slug, "en")
    return api.page(f"/interviews/{opened.id}/room")


@asynccontextmanager
async def _visit(browser: Browser) -> AsyncIterator[tuple[Page, CDPSession]]:
    """A reader who was never here: nothing is kept from visit to visit."""
    context = await browser.new_context(viewport=PHONE, locale="en-GB")
    try:
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        yield page, session
    finally:
        await context.close()


async def load_of(browser: Browser, url: str) -> Load:
    """Everything that a first visit fetches, and what is fetched in the background to be kept for bad times."""
    load, done = Load(), list[Request]()

    def finished(request: Request) -> None:
        done.append(request)

    async with _visit(browser) as (page, _session):
        page.context.on("request", lambda request: load.asked.append(request.url))
        page.context.on("requestfinished", finished)
        page.on("websocket", lambda socket: load.asked.append(socket.url))
        answer = await page.goto(url, wait_until="networkidle")
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        for request in done:
            sizes = await request.sizes()
            # What came from the browser's own cache crossed no wire: its body is less than nothing there.
            size = max(0, sizes["responseHeadersSize"] + sizes["responseBodySize"])
            load.received[request.url] = load.received.get(request.url, 0) + size
        load.policy = answer.headers.get("content-security-policy", "") if answer else ""
    return load


async def _landing_usable(browser: Browser, url: str) -> float | None:
    """Milliseconds from the address to a start button that is painted and can be pressed."""
    async with _slow(browser, START) as page:
        await page.goto(url, wait_until="load")
        return await _usable_at(page)


async def _room_usable(browser: Browser, url: str) -> float | None:
    """The same to the room's field; None where what is typed from then on was lost when the scripts arrived."""
    async with _slow(browser, FIELD) as page:
        await page.goto(url, wait_until="commit")
        if await page.evaluate("window.benchUsable") is None:
            return None
        await page.focus(FIELD)
        await page.keyboard.type(TYPED)
        early = await page.locator(OPEN).count() == 0
        await page.locator(OPEN).wait_for()
        kept = await page.input_value(FIELD)
        if kept != TYPED or not early:
            _say(f"Of {TYPED!r}, typed {'before' if early else 'after'} the room's script, {kept!r} was kept.")
        return await _usable_at(page) if kept == TYPED else None


@asynccontextmanager
async def _slow(browser: Browser, target: str) -> AsyncIterator[Page]:
    async with _visit(browser) as (page, session):
        await session.send("Network.emulateNetworkConditions", SLOW_4G)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_CPU})
        await page.add_init_script(LOOK % msgspec.json.encode(target).decode())
        yield page


async def _usable_at(page: Page) -> float | None:
    moments: list[float | None] = await page.evaluate("Promise.all([window.benchUsable, window.benchPainted])")
    there = [moment for moment in moments if moment is not None]
    return max(there) if len(there) == len(moments) else None


def _median(times: list[float | None]) -> float | None:
    """None where any run failed."""
    known = [time for time in times if time is not None]
    return median(known) if len(known) == len(times) else None


def _remark(name: str, load: Load) -> None:
    """To the person, beside the figures: what the bytes are."""
    for url, size in sorted(load.received.items(), key=lambda item: -item[1]):
        _say(f"{name}: {size / 1_000:6.1f} KB {urlsplit(url).path}")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)

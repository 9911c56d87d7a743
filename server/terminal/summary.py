"""How it went, in a few lines, and where the whole report is."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from server.terminal.api import Api, ReportRead
from server.terminal.client import LiveClient
from server.terminal.screen import LEVELS, Screen

REPORT_WITHIN_S = 60.0
LOOK_EVERY_S = 0.5
TOLD = ("summary", "strength", "improvement")
"""Of each of these the first is printed; the rest is in the report."""


async def show_report(
    api: Api,
    live: LiveClient,
    screen: Screen,
    *,
    within_s: float = REPORT_WITHIN_S,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> bool:
    """Wait for the report and print what it comes to; False where it was not ready in time."""
    screen.line("ended", style="bold")
    if live.interview_id is None or live.sitting.end_reason == "declined":
        return True
    screen.line("report_wait")
    deadline = time.monotonic() + within_s
    while (report := await api.report(live.interview_id)) is None:
        if time.monotonic() >= deadline:
            screen.line("report_late", style="", whole=True, page=live.page)
            return False
        await sleep(LOOK_EVERY_S)
    _print(report, screen)
    screen.line("report_at", style="", whole=True, page=live.page)
    return True


def _print(report: ReportRead, screen: Screen) -> None:
    if report.overall is None:
        screen.line("overall_none", style="bold")
    else:
        figure = report.overall
        low, high = round(figure.low), round(figure.high)
        screen.line("overall", style="bold", score=round(figure.score), low=low, high=high)
    for competency in report.competencies:
        if competency.level is None:
            screen.line("competency_none", name=competency.name)
        else:
            bar = LEVELS[: round(competency.level)].ljust(len(LEVELS))
            screen.plain(f"{bar} {competency.name}: {competency.level:.3g}")
    for kind in TOLD:
        sentence = next((item.content for item in report.feedback if item.type == kind), None)
        if sentence:
            screen.plain(f"\n{sentence}")

"""Waits for an interview's scores and report, and counts them."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from server.terminal.api import Api
from server.terminal.errors import Refused, TerminalError
from server.terminal.playing import Played

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 2.0


async def judge(
    api: Api,
    played: Played,
    *,
    within_s: float,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Count what was scored once the report is there, or when the time is up; changes `played`."""
    if played.interview_id is None:
        return
    try:
        await _await_report(api, played, within_s, sleep)
        scores = await api.scores(played.interview_id)
    except TerminalError as error:
        played.errors.append(str(error))
        return
    # The latest version of each answer counts; an earlier one was replaced when the candidate added to it.
    latest = {score.question_id: score for score in sorted(scores, key=lambda score: score.version)}
    played.scored = sum(score.level is not None for score in latest.values())
    played.null = sum(score.level is None for score in latest.values())


async def _await_report(api: Api, played: Played, within_s: float, sleep: Callable[[float], Awaitable[object]]) -> None:
    assert played.interview_id is not None  # noqa: S101 - asked before
    deadline = time.monotonic() + within_s
    wait_s = FIRST_WAIT_S
    while True:
        try:
            if await api.report(played.interview_id) is not None:
                return
        except Refused as refused:
            if refused.status < 500 and refused.status != 429:
                raise
        if time.monotonic() >= deadline:
            played.errors.append(f"The report was not ready after {within_s:g} seconds.")
            return
        await sleep(wait_s)
        wait_s = min(LONGEST_WAIT_S, wait_s * 1.5)

"""A steady load on a running server: interviews in which a message is sent every few seconds, each at its own time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from agents.plans import Language
from server.terminal.api import Api
from server.terminal.candidates import KINDS, Candidate
from server.terminal.playing import Turn, play

RAMP_S = 6.0
"""Before it is measured, all interviews have begun and spoken."""


class Load(msgspec.Struct, frozen=True):
    """What came of it. `turns` are those sent while it was measured, `ms` from a message to the reply's first words."""

    interviews: int
    seconds: float
    turns: tuple[Turn, ...]
    errors: tuple[str, ...]


async def steady(
    url: str,
    *,
    interviews: int,
    every_s: float,
    for_s: float,
    read: Callable[[], Awaitable[None]],
) -> Load:
    """Hold that many interviews at once, each sending a message every `every_s`, and measure for `for_s` seconds
    after a ramp. An interview that ends makes room for another. `read` is awaited at both ends of the measuring,
    with all interviews going on.
    """
    turns: list[Turn] = []
    errors: list[str] = []
    began = time.perf_counter()
    until = began + RAMP_S + for_s
    async with Api(url) as api:
        plans = [plan.slug for plan in await api.plans()]

        async def hold(place: int) -> None:
            beat = _Beat(began + every_s * place / interviews, every_s)
            number = place
            while time.perf_counter() < until:
                language: Language = "en" if number % 2 else "es"
                candidate = Candidate(KINDS[number % len(KINDS)], language, seed=number)
                played = await play(api, candidate, plans[number % len(plans)], pace=beat.next, on_turn=turns.append)
                errors.extend(played.errors)
                number += interviews

        holding = [asyncio.create_task(hold(place)) for place in range(interviews)]
        await asyncio.sleep(RAMP_S)
        await read()
        await asyncio.sleep(max(0.0, until - time.perf_counter()))
        await read()
        for task in holding:
            task.cancel()
        ended = await asyncio.gather(*holding, return_exceptions=True)
        errors += [repr(one) for one in ended if isinstance(one, Exception)]
    measured = tuple(turn for turn in turns if began + RAMP_S <= turn.sent_at < until)
    return Load(interviews=interviews, seconds=for_s, turns=measured, errors=tuple(errors))


class _Beat:
    """Fixed moments, so that a slow reply does not thin out the load that follows it."""

    def __init__(self, first: float, every_s: float) -> None:
        self._next = first
        self._every_s = every_s

    async def next(self) -> None:
        """Wait for the next of the moments."""
        now = time.perf_counter()
        while self._next <= now:
            self._next += self._every_s
        await asyncio.sleep(self._next - now)

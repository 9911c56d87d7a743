"""`viva practise`: choose an interview, hold it in the terminal, and read how it went."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from rich.console import Console

from agents.plans import Language, Patience
from server.terminal.api import Api, Offered
from server.terminal.client import LiveClient
from server.terminal.errors import TerminalError
from server.terminal.keyboard import Keyboard
from server.terminal.practising import Practising
from server.terminal.screen import Screen
from server.terminal.summary import show_report
from server.terminal.texts import text

T = TypeVar("T")

ENDED, FAILED, LEFT = 0, 1, 130
"""Exit statuses; leaving has the one that shells give to an interrupted command."""


async def practise(
    url: str,
    plan: str | None = None,
    language: Language | None = None,
    *,
    resume: UUID | None = None,
    patience: Patience = "normal",
    minutes: int | None = None,
    console: Console | None = None,
    keyboard: Keyboard | None = None,
) -> int:
    """Hold one typed interview; returns the exit status. What is not given is asked for.

    Ctrl-C, `/leave` or the end of the input leave it to be taken up again with `resume`. `minutes` is the soft
    limit; None takes the plan's.
    """
    screen = Screen(console or Console(), language or "en")
    keyboard = keyboard or Keyboard()
    try:
        async with Api(url) as api:
            live = LiveClient(api, client="terminal")
            if resume is not None:
                live.resume(resume)
            else:
                chosen = await _interruptible(_choose(api, keyboard, screen, plan, language))
                if chosen is None:
                    return LEFT
                await live.create(*chosen, patience=patience, minutes=minutes)
            outcome = await _interruptible(Practising(live, keyboard, screen).hold())
            if outcome != "ended":
                screen.line("left", style="yellow", whole=True, id=live.interview_id)
                return LEFT
            if await _interruptible(show_report(api, live, screen)) is None:
                screen.line("report_late", style="", whole=True, page=live.page)
            return ENDED
    except TerminalError as error:
        screen.plain(str(error), style="red")
        return FAILED


async def _interruptible(doing: Coroutine[Any, Any, T]) -> T | None:
    """What the coroutine returns; None where Ctrl-C stopped it."""
    task = asyncio.create_task(doing)
    loop = asyncio.get_running_loop()
    # Only the main thread has signals, and Windows' loop has none; there Ctrl-C ends the process as ever.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        loop.add_signal_handler(signal.SIGINT, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if (current := asyncio.current_task()) is not None and current.cancelling():
            raise
        return None
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)


async def _choose(
    api: Api, keyboard: Keyboard, screen: Screen, plan: str | None, language: Language | None
) -> tuple[str, Language] | None:
    """The plan and the language; None where the input ended first. Raises `TerminalError`."""
    offered = await api.plans()
    found = next((one for one in offered if one.slug == plan), None)
    if plan is not None and found is None:
        slugs = ", ".join(one.slug for one in offered) or "none"
        message = f"There is no plan `{plan}` here. On offer: {slugs}."
        raise TerminalError(message)
    if found is None:
        found = await _choose_plan(offered, keyboard, screen)
        if found is None:
            return None
    if language is None and len(found.languages) == 1:
        language = found.languages[0]
    if language is None:
        answer = await _ask(keyboard, screen, list(found.languages), "choose_language")
        language = next((one for one in found.languages if one == answer), None)
    return None if language is None else (found.slug, language)


async def _choose_plan(offered: tuple[Offered, ...], keyboard: Keyboard, screen: Screen) -> Offered | None:
    if not offered:
        message = "This server has no plan to practise."
        raise TerminalError(message)
    for number, one in enumerate(offered, 1):
        title = one.title.get(screen.language) or next(iter(one.title.values()))
        minutes, questions = one.target_duration_minutes, one.question_count
        screen.line("plan_line", style="", number=number, title=title, questions=questions, minutes=minutes)
    numbers = [str(number) for number in range(1, len(offered) + 1)]
    answer = await _ask(keyboard, screen, numbers, "choose_plan")
    return None if answer is None else offered[int(answer) - 1]


async def _ask(keyboard: Keyboard, screen: Screen, choices: list[str], question: str) -> str | None:
    """One of the choices, asked for until it is one; None at the end of the input."""
    screen.line(question, style="", languages=", ".join(choices))
    while True:
        line = await keyboard.line()
        if line is None or line.strip().lower() in choices:
            return None if line is None else line.strip().lower()
        screen.plain(text(screen.language, "not_a_choice", choices=", ".join(choices)), style="yellow")

"""A scripted candidate sits one interview, from the greeting to the last score."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from server.live.protocol import Notice, Problem, ReplyDelta, ServerMessage
from server.terminal.api import Api
from server.terminal.candidates import Candidate, Moment, Push, Speak
from server.terminal.client import LiveClient
from server.terminal.errors import TerminalError

Pace = Callable[[], Awaitable[object]]
"""Waited for before each message, as a person thinks."""


class Turn(msgspec.Struct, frozen=True):
    """A message and how long the reply's first words took; `sent_at` in seconds of `time.perf_counter`."""

    sent_at: float
    ms: float


class Played(msgspec.Struct):
    """What became of one interview."""

    kind: str
    language: str
    plan: str
    interview_id: UUID | None = None
    end_reason: str | None = None
    core: int = 0
    """Core questions of its plan."""
    counted: int = 0
    """Core questions that were asked and heard."""
    skipped: int = 0
    passed_by: int = 0
    """Core questions skipped before they had been heard."""
    answers: int = 0
    scored: int = 0
    null: int = 0
    drops: int = 0
    """Connections that dropped."""
    errors: list[str] = msgspec.field(default_factory=list)
    turns: list[Turn] = msgspec.field(default_factory=list)

    @property
    def unscored(self) -> int:
        return self.answers - self.scored - self.null

    @property
    def is_completed(self) -> bool:
        """It came to its planned end with every core question asked, or skipped by the candidate."""
        return self.end_reason == "completed" and 0 < self.core == self.counted + self.passed_by

    @property
    def faults(self) -> list[str]:
        """Sentences on what went wrong; empty where nothing did."""
        found = list(self.errors)
        if self.end_reason is None:
            found.append("The interview did not end.")
        elif self.end_reason != "completed":
            found.append(f"The interview ended early: {self.end_reason}.")
        elif not self.is_completed:
            found.append(f"Only {self.counted} of {self.core} core questions counted.")
        if self.unscored > 0:
            found.append(f"{self.unscored} of {self.answers} answers have no score.")
        return found


async def play(
    api: Api,
    candidate: Candidate,
    plan: str,
    *,
    pace: Pace | None = None,
    limit_s: float = 900.0,
    on_turn: Callable[[Turn], None] | None = None,
    live: LiveClient | None = None,
    expects_drops: bool = False,
) -> Played:
    """Hold an interview to its end. What goes wrong is in the result, never raised. `on_turn` is told of each
    turn as it is measured. A `live` client that has an interview already goes on with it. `expects_drops`: a
    connection that drops and is restored is counted and no error, and neither is what the server said as it closed.
    """
    played = Played(kind=candidate.kind, language=candidate.language, plan=plan)
    live = live or LiveClient(api, client="simulation")
    try:
        async with asyncio.timeout(limit_s):
            played.interview_id = live.interview_id or await live.create(plan, candidate.language)
            await _converse(live, candidate, played, pace, on_turn, expects_drops)
    except TimeoutError:
        played.errors.append(f"The interview had not ended after {limit_s:g} seconds.")
    except TerminalError as error:
        played.errors.append(str(error))
    finally:
        await live.close()
    _count(live, played)
    return played


async def _converse(
    live: LiveClient,
    candidate: Candidate,
    played: Played,
    pace: Pace | None,
    on_turn: Callable[[Turn], None] | None,
    expects_drops: bool,
) -> None:
    acted_on: UUID | None = None
    sent_at: float | None = None
    async for message in live.messages():
        if isinstance(message, ReplyDelta) and sent_at is not None:
            turn = Turn(sent_at, (time.perf_counter() - sent_at) * 1000)
            played.turns.append(turn)
            if on_turn is not None:
                on_turn(turn)
            sent_at = None
        _note_trouble(message, played, expects_drops)
        sitting = live.sitting
        if sitting.ended:
            return
        if isinstance(message, Problem):
            acted_on = sent_at = None  # What was sent is refused: something else has to be said.
        if not sitting.has_floor or sitting.reply is None or sitting.reply.reply_id == acted_on:
            continue
        act = candidate.act(_moment(live, played.plan))
        acted_on = sitting.reply.reply_id
        if act is None:
            continue
        if pace is not None:
            await pace()
        sent_at = time.perf_counter()
        match act:
            case Speak(text):
                await live.say(text)
            case Push(request):
                await live.press(request)


def _note_trouble(message: ServerMessage, played: Played, expects_drops: bool) -> None:
    if isinstance(message, Problem) and not (expects_drops and message.fatal):
        played.errors.append(f"{message.code}: {message.message}")
    elif isinstance(message, Notice) and message.code == "reconnecting":
        played.drops += 1
        if not expects_drops:
            played.errors.append("The connection dropped and was restored.")


def _moment(live: LiveClient, plan: str) -> Moment:
    state = live.sitting.state
    assert state is not None  # noqa: S101 - there is a floor, so there was a welcome
    question_id = state.question.id if state.question else None
    return Moment(plan=plan, phase=state.phase, question_id=question_id, may=state.may)


def _count(live: LiveClient, played: Played) -> None:
    sitting = live.sitting
    asked, skipped = sitting.questions("question.asked"), sitting.questions("question.skipped")
    played.end_reason = sitting.end_reason
    played.core = sitting.state.of if sitting.state else 0
    played.counted = len(asked)
    played.skipped = len(skipped)
    played.passed_by = len(skipped - asked)
    played.answers = len(sitting.questions("answer.closed"))
    if live.unread:
        played.errors.append(f"{live.unread} messages of the server could not be read.")

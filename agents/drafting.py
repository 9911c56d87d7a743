"""Replies written ahead: while the candidate may be done, the reply to what was said is already being written."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from agents.director import Turn, decide
from agents.events import Event, ReplyDecided, ReplyHeard, TurnClosed
from agents.intents import folded
from agents.offering import offer
from agents.offers import Brief, Line, Offer, Writer
from agents.plans import Plan
from agents.reply import Draft
from agents.state import State, evolve

MOST_DRAFTS = 6
"""Drafts that one turn may cost; past it the reply is written when the turn has closed."""
_NOBODY = UUID(int=0)


class Drafting:
    """At most one draft at a time, void as soon as anything it was written for has changed."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        self._plan = plan
        self._writer = writer
        self._draft: Draft | None = None
        self._spent = 0
        self._ending: set[asyncio.Task[None]] = set()

    def start(self, state: State, text: str, at_ms: int, log: Sequence[Event]) -> None:
        """Drafts the reply to a turn that has not closed. Pure decisions only: nothing is appended."""
        key = (state.version, folded(text))
        if self._draft is not None and self._draft.key == key:
            return
        self.drop()
        if self._spent >= MOST_DRAFTS:
            return
        ahead = _after_turn(self._plan, state, text, at_ms)
        owed = offer(self._plan, ahead, at_ms)
        if owed is not None:
            self._spent += 1
            brief = brief_of(self._plan, ahead, owed, log, said=text)
            self._draft = Draft(key, owed, self._writer, brief)

    def drop(self) -> None:
        """What was drafted is void."""
        if self._draft is not None:
            self._end(self._draft)
            self._draft = None

    def take(self, state: State, owed: Offer, log: Sequence[Event]) -> tuple[Draft, Literal["hit", "miss", "none"]]:
        """The draft that was written for just this, or a new one."""
        draft, self._draft, self._spent = self._draft, None, 0
        if draft is not None:
            if is_same_turn(draft, state, owed, log):
                return draft, "hit"
            self._end(draft)
        brief = brief_of(self._plan, state, owed, log, said=state.said if state.owed == "after_turn" else "")
        return Draft((state.version, ""), owed, self._writer, brief), "none" if draft is None else "miss"

    def _end(self, draft: Draft) -> None:
        task = asyncio.get_running_loop().create_task(draft.cancel())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Waits until every dropped writer has stopped."""
        await asyncio.gather(*self._ending, return_exceptions=True)


def is_same_turn(draft: Draft, state: State, owed: Offer, log: Sequence[Event]) -> bool:
    """Whether the turn that closed is, word for word, the one that was drafted for, and nothing else happened."""
    version, text = draft.key
    closed = log[-1].payload if log else None
    return (
        isinstance(closed, TurnClosed)
        and state.version == version + 1
        and folded(closed.text) == text
        and draft.offer == owed
    )


def _after_turn(plan: Plan, state: State, text: str, at_ms: int) -> State:
    """The state as it would be if the turn closed now."""
    ahead = state
    for fact in decide(plan, state, Turn(_NOBODY, text, "speech"), at_ms):
        event = Event(
            seq=ahead.seq + 1, id=_NOBODY, at=datetime.fromtimestamp(0, UTC), at_ms=at_ms, actor="", payload=fact
        )
        ahead = evolve(ahead, event)
    return ahead


def brief_of(plan: Plan, state: State, owed: Offer, log: Sequence[Event], *, said: str) -> Brief:
    """What the writer may know, built from the log alone."""
    question = plan.question(state.open) if state.open is not None else None
    return Brief(
        plan=plan,
        kind=state.kind,
        language=state.language,
        offer=owed,
        question=question,
        answer=state.question(state.open).turns if state.open is not None else (),
        said=said,
        asked_back=state.asked_back,
        lines=lines_of(log),
    )


def lines_of(log: Sequence[Event]) -> tuple[Line, ...]:
    """The interview as it was heard, line by line, each reply with the header it was decided under."""
    headers: dict[UUID, str] = {}
    lines: list[Line] = []
    for event in log:
        match event.payload:
            case ReplyDecided() as decided:
                parts = (decided.kind, decided.question_id, decided.probe_id)
                headers[decided.reply_id] = " ".join(part for part in parts if part)
            case ReplyHeard() as heard if heard.text:
                lines.append(Line("interviewer", heard.text, headers.get(heard.reply_id)))
            case TurnClosed() as turn:
                lines.append(Line("candidate", turn.text))
    return tuple(lines)

"""Where an interview is: a fold over its events, and nothing else.

`evolve` alone replays the past, so a new release never decides again what was decided. It is total: every event
of a log that was kept has a next state.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Literal

import msgspec
from msgspec.structs import replace

from agents import events
from agents.events import Channel, EndReason, Event, Kind, Phase, ReplyKind
from agents.plans import Language, Patience

COUNTS_FROM = 0.6
"""Share of a wording that must have been heard for a question or probe to count as asked."""

NOTE = "note-"
"""How the id of a probe begins that a person asked for."""

WELCOMING: tuple[Phase, ...] = ("warm_up", "questions", "candidate_questions")
"""Phases in which somebody who comes back is welcomed back."""

Owed = Literal[
    "greeting",
    "consent",
    "warm_up",
    "after_turn",
    "next",
    "repeat",
    "hint",
    "wait",
    "nudge",
    "move_on",
    "addition",
    "closing",
    "declined",
    "return",
]
"""What the interviewer owes the candidate a reply to."""


class Asked(msgspec.Struct, frozen=True):
    """How far one core question has come."""

    id: str
    state: Literal["waiting", "open", "closed", "skipped"] = "waiting"
    was_asked: bool = False
    probes: tuple[str, ...] = ()
    aside: str = ""
    """The wording of its last probe, where that came from a person's note and not from the plan."""
    hints: int = 0
    version: int = 0
    """Of its answer: 0 until it first closes."""
    turns: tuple[str, ...] = ()
    opened_ms: int = 0


class Pending(msgspec.Struct, frozen=True):
    """A reply that was decided and not yet heard."""

    reply_id: str
    kind: ReplyKind
    question_id: str | None
    probe_id: str | None
    owed: Owed | None


class State(msgspec.Struct, frozen=True):
    seq: int = 0
    version: int = 0
    """Grows with every fact that can change what is said next: what a draft was written for."""
    at_ms: int = 0
    kind: Kind = "practice"
    channel: Channel = "text"
    language: Language = "en"
    patience: Patience = "normal"
    plan: str = ""
    target_ms: int = 0
    hard_ms: int = 0
    phase: Phase = "lobby"
    present: bool = False
    started: bool = False
    paused: bool = False
    questions: tuple[Asked, ...] = ()
    open: str | None = None
    half_asked: str | None = None
    """The next core question, where its asking was cut short before it counted."""
    pending: Pending | None = None
    owed: Owed | None = None
    finals: tuple[tuple[int, str], ...] = ()
    """Speech that no turn has closed over yet: (seq, text) of each."""
    said: str = ""
    """The candidate's last turn, while a reply to it is owed."""
    quiet_since_ms: int = 0
    """When either of the two last said or did something."""
    silences: int = 0
    silent_skips: int = 0
    is_time_warned: bool = False
    is_time_note_owed: bool = False
    asked_back: int = 0
    is_welcome_owed: bool = False
    """The candidate came back and has not yet heard that we noticed."""
    notes: tuple[str, ...] = ()
    """What a person who watches would like asked, and was not yet."""
    control: str | None = None
    """Who speaks in the interviewer's place, where somebody does."""
    words_owed: tuple[str, ...] = ()
    """That person's words, not yet heard."""
    is_end_ordered: bool = False
    closes_for: EndReason = "completed"
    ended: EndReason | None = None

    def question(self, question_id: str) -> Asked:
        """That question's progress; raises `KeyError`."""
        for asked in self.questions:
            if asked.id == question_id:
                return asked
        raise KeyError(question_id)

    @property
    def next_question(self) -> str | None:
        """The first core question that has not been asked nor skipped."""
        return next((asked.id for asked in self.questions if asked.state == "waiting"), None)

    @property
    def number(self) -> int:
        """Which core question is open or was last, from 1; 0 before the first."""
        return sum(asked.state != "waiting" for asked in self.questions)


def fold(log: Iterable[Event], state: State | None = None) -> State:
    """The state after a log, or after the rest of one."""
    return reduce(evolve, log, state or State())


def evolve(state: State, event: Event) -> State:
    """The state after one more event."""
    payload = event.payload
    if isinstance(payload, (*events.SIDE_FACTS, events.ProviderChanged, events.InterviewHeld)):
        return replace(state, seq=event.seq)
    if isinstance(payload, events.ORDERS):
        # Written by somebody else, under a time of theirs.
        return _ordered(replace(state, seq=event.seq, version=state.version + 1), payload, event.actor)
    moved = replace(state, seq=event.seq, version=state.version + 1, at_ms=event.at_ms)
    match payload:
        case events.InterviewCreated():
            return replace(
                moved,
                kind=payload.kind,
                channel=payload.channel,
                language=payload.language,
                patience=payload.patience,
                plan=payload.plan,
                target_ms=payload.target_ms,
                hard_ms=payload.hard_ms,
                questions=tuple(Asked(question_id) for question_id in payload.questions),
            )
        case events.ConsentGiven():
            return replace(moved, owed="warm_up")
        case events.PhaseEntered():
            return replace(
                moved,
                phase=payload.phase,
                owed="closing" if payload.phase == "closing" else moved.owed,
                closes_for=payload.reason or moved.closes_for,
            )
        case events.InterviewEnded():
            return replace(moved, phase="ended", ended=payload.reason, owed=None, pending=None, open=None)
        case events.ReplyDecided() | events.ReplyHeard():
            return _replied(moved, payload)
        case events.TurnClosed():
            return _turned(moved, payload)
        case events.RequestMade():
            return _requested(moved, payload.request)
        case events.LanguageChanged():
            return replace(_stirred(moved), language=payload.language, owed="repeat")
        case events.SpeechFinal():
            loose = (*moved.finals, (event.seq, payload.text))
            return replace(_stirred(moved), version=state.version, finals=loose)
        case (
            events.CandidateJoined()
            | events.CandidateLeft()
            | events.InterviewPaused()
            | events.InterviewResumed()
            | events.SilenceNoticed()
        ):
            return _attended(moved, payload)
        case events.TimeWarned():
            return replace(moved, is_time_warned=True, is_time_note_owed=True)
        case _:
            return _questioned(moved, payload)


def _attended(
    state: State,
    payload: events.CandidateJoined
    | events.CandidateLeft
    | events.InterviewPaused
    | events.InterviewResumed
    | events.SilenceNoticed,
) -> State:
    """The state after the candidate came, left, paused, came back to it, or kept silent."""
    match payload:
        case events.CandidateJoined():
            return _joined(state)
        case events.CandidateLeft():
            return replace(state, present=False)
        case events.InterviewPaused():
            return replace(state, paused=True)
        case events.InterviewResumed():
            is_welcome_owed = state.phase in WELCOMING
            return replace(
                _stirred(state),
                paused=False,
                silent_skips=0,
                owed=state.owed or "repeat",
                is_welcome_owed=is_welcome_owed,
            )
        case events.SilenceNoticed():
            notices: dict[int, Owed] = {1: "nudge", 2: "move_on", 3: "next"}
            return replace(
                state,
                silences=payload.count,
                quiet_since_ms=state.at_ms,
                owed=notices.get(payload.count, state.owed),
            )


def _questioned(state: State, payload: events.AnyPayload) -> State:
    """The state after a question has moved: asked, probed, hinted at, skipped, answered."""
    match payload:
        case events.QuestionAsked():
            opened = replace(state.question(payload.question_id), state="open", was_asked=True, opened_ms=state.at_ms)
            return replace(_with(state, opened), open=opened.id, phase="questions")
        case events.ProbeAsked():
            return _probed(state, payload)
        case events.HintGiven():
            return _with(state, replace(state.question(payload.question_id), hints=payload.hint))
        case events.QuestionSkipped():
            asked = state.question(payload.question_id)
            skipped = replace(asked, state="skipped")
            half_asked = None if state.half_asked == asked.id else state.half_asked
            silent_skips = state.silent_skips + 1 if payload.by == "silence" else 0
            return replace(
                _with(state, skipped),
                open=None if state.open == asked.id else state.open,
                silent_skips=silent_skips,
                half_asked=half_asked,
                owed="next",
            )
        case events.AnswerClosed():
            asked = state.question(payload.question_id)
            closed = replace(asked, version=payload.version, state="closed" if asked.state == "open" else asked.state)
            return replace(_with(state, closed), open=None if state.open == asked.id else state.open)
        case _:
            # `question.repeated` and `answer.reopened` are facts for readers of the log; they move nothing.
            return state


def _probed(state: State, probed: events.ProbeAsked) -> State:
    asked = state.question(probed.question_id)
    is_note = probed.probe_id.startswith(NOTE)
    moved = _with(state, replace(asked, probes=(*asked.probes, probed.probe_id), aside=probed.text if is_note else ""))
    return replace(moved, notes=moved.notes[1:]) if is_note else moved


def _ordered(state: State, order: events.AnyPayload, actor: str) -> State:
    """The state after a person who watches asked for something. Whoever is not in control says nothing."""
    match order:
        case events.NoteLeft():
            return replace(state, notes=(*state.notes, order.text))
        case events.ControlTaken():
            return replace(state, control=actor)
        case events.OperatorSaid() if state.control == actor:
            return replace(state, words_owed=(*state.words_owed, order.text))
        case events.ControlReturned() if actor in (state.control, "director"):
            owed = state.owed if state.owed in ("greeting", "consent", "closing", "declined") else "return"
            return replace(state, control=None, owed=owed, quiet_since_ms=state.at_ms, silences=0)
        case events.EndOrdered():
            return replace(state, is_end_ordered=True)
        case _:
            return state


def _stirred(state: State) -> State:
    """Somebody said or did something: silence is counted anew."""
    return replace(state, quiet_since_ms=state.at_ms, silences=0)


def _with(state: State, asked: Asked) -> State:
    return replace(state, questions=tuple(asked if q.id == asked.id else q for q in state.questions))


def _joined(state: State) -> State:
    came = replace(_stirred(state), present=True, started=True, pending=None)
    if not state.started:
        return replace(came, owed="greeting")
    owed = state.owed or (state.pending.owed if state.pending else None)
    # A nudge or a "take your time" from before the drop would make no sense now.
    kept = owed if owed not in (None, "nudge", "move_on", "wait") else "repeat"
    return replace(came, owed=kept, is_welcome_owed=state.phase in WELCOMING)


def _turned(state: State, turn: events.TurnClosed) -> State:
    loose = tuple(final for final in state.finals if final[0] not in turn.finals)
    stirred = replace(_stirred(state), said=turn.text, silent_skips=0, finals=loose)
    if turn.request is not None:
        return stirred
    stirred = replace(stirred, half_asked=None)
    if turn.question_id is None:
        owed: Owed = "consent" if state.phase in ("lobby", "consent") else "after_turn"
        if state.phase == "closing":
            owed = "closing"
        return replace(stirred, owed=owed)
    asked = state.question(turn.question_id)
    added = _with(stirred, replace(asked, turns=(*asked.turns, turn.text)))
    return replace(added, owed="after_turn" if asked.state == "open" else "addition")


def _requested(state: State, request: events.Request) -> State:
    stirred = _stirred(state)
    match request:
        case "repeat" | "hint":
            return replace(stirred, owed=request)
        case "wait":
            # The next silence is the one that was asked for, and passes without a nudge.
            return replace(stirred, owed="wait", silences=-1)
        case "decline":
            return replace(stirred, owed="declined")
        case "skip" if state.phase in ("warm_up", "questions"):
            return replace(stirred, owed="next")
        case _:
            return stirred


def _replied(state: State, payload: events.ReplyDecided | events.ReplyHeard) -> State:
    if isinstance(payload, events.ReplyHeard):
        return _heard(state, payload)
    if payload.kind == "operator":
        # A person's words come between; what the interviewer owes waits.
        return replace(state, pending=Pending(str(payload.reply_id), payload.kind, None, None, None))
    pending = Pending(str(payload.reply_id), payload.kind, payload.question_id, payload.probe_id, state.owed)
    return replace(state, pending=pending, owed=None)


def _heard(state: State, heard: events.ReplyHeard) -> State:
    pending = state.pending
    if pending is None or pending.reply_id != str(heard.reply_id):
        return state
    settled = replace(state, pending=None, half_asked=None, quiet_since_ms=state.at_ms)
    if pending.kind == "operator":
        return replace(settled, words_owed=state.words_owed[1:]) if heard.heard > 0 else settled
    if heard.heard < COUNTS_FROM:
        half_asked = pending.question_id if pending.kind == "next" and heard.heard > 0 else None
        # What was not heard is owed again, unless something newer is owed already.
        return replace(settled, owed=settled.owed or pending.owed, half_asked=half_asked)
    return replace(
        settled,
        is_welcome_owed=False,
        is_time_note_owed=settled.is_time_note_owed and pending.kind != "next",
        asked_back=settled.asked_back + (pending.kind == "answer"),
    )

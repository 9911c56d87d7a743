"""The Director: what follows from what happened. Pure: it reads no clock, touches nothing, and remembers nothing.

`decide` turns an input into facts, `evolve` (in `agents.state`) turns facts into the next state, `offer` (in
`agents.offering`) says what may be said in a state, and `due` when to look again if nobody does anything.
"""

import re
from typing import Literal
from uuid import UUID

import msgspec

from agents import events, intents
from agents.events import AnyPayload, EndReason, Request
from agents.offers import Choice
from agents.phrases import consent_question, phrase
from agents.plans import Language, Patience, Plan
from agents.state import COUNTS_FROM, NOTE, State

VERSION = "director/1"

CLOSING_RESERVE_MS = 45_000
"""The hard limit less this is when the interviewer begins to say goodbye."""
WARNING_SHARE = 0.15
"""The candidate is told of the time when this share of the target is left."""
CONTROL_QUIET_MS = 120_000
"""A person who took over and lets it be silent for so long has gone, and the interviewer goes on."""
MOST_ASKED_BACK = 3
"""Questions of the candidate's that are answered before the interview closes."""
QUIET_MS: dict[str, tuple[int, int, int]] = {
    "text": (60_000, 60_000, 60_000),
    "voice": (12_000, 15_000, 20_000),
    "phone": (10_000, 12_000, 15_000),
    "room": (12_000, 15_000, 20_000),
}
"""Silence before a nudge, then before the offer to move on, then before moving on, in ms at normal patience."""
PATIENCE: dict[Patience, float] = {"short": 0.6, "normal": 1.0, "long": 2.0}


_ASKING = re.compile(
    r"^\s*(please\s+)?(can you\s+|could you\s+)?(ask|tell|probe)(\s+(him|her|them|the candidate))?"
    r"(\s+(more\s+)?(about|on|for))?\s+"
    r"|^\s*(por favor,?\s+)?(pregunta|pregúntale|preguntar|preguntarle|pídele)(\s+(por|sobre|acerca de|de))?\s+",
    re.IGNORECASE,
)
"""How a note to the interviewer begins, before it comes to its topic."""


class DirectorError(Exception):
    """What was asked cannot be done now. `code` is for machines, the message for the person."""

    code = "wrong_phase"


class WrongPhaseError(DirectorError):
    pass


class NotOfferedError(DirectorError):
    code = "not_offered"


class Join(msgspec.Struct, frozen=True):
    """The candidate is there, for the first time or again."""

    client: str


class Leave(msgspec.Struct, frozen=True):
    reason: str


class Turn(msgspec.Struct, frozen=True):
    """The candidate has said or typed something and is done."""

    turn_id: UUID
    text: str
    source: Literal["typed", "speech"]
    question_id: str | None = None
    """An earlier question, to whose answer this is added."""
    finals: tuple[int, ...] = ()


class Press(msgspec.Struct, frozen=True):
    request: Request
    language: Language | None = None


class Timer(msgspec.Struct, frozen=True):
    """Time passed. `active_ms` is when the candidate was last seen typing."""

    active_ms: int = 0


class Chose(msgspec.Struct, frozen=True):
    """A reply's header was read, or the Director's default taken."""

    reply_id: UUID
    choice: Choice
    draft: Literal["hit", "miss", "none"] = "none"
    fell_back: str | None = None


class Heard(msgspec.Struct, frozen=True):
    """A reply ended; `text` reached the candidate, `heard` is the share of its wording, 0–1."""

    reply_id: UUID
    text: str
    interrupted: bool
    heard: float


class Close(msgspec.Struct, frozen=True):
    """Nobody came back, or nobody ever came."""

    reason: Literal["abandoned", "expired", "operator"]


class Finish(msgspec.Struct, frozen=True):
    """A person who watches wants the interview to come to its close."""


Input = Join | Leave | Turn | Press | Timer | Chose | Heard | Close | Finish
Facts = tuple[AnyPayload, ...]


def decide(plan: Plan, state: State, happened: Input, at_ms: int) -> Facts:
    """The facts that follow from an input at an interview time. Raises `DirectorError` where it makes no sense."""
    if state.phase == "ended":
        message = "This interview has ended."
        raise WrongPhaseError(message)
    match happened:
        case Join():
            return _join(state, happened)
        case Leave():
            return (events.CandidateLeft(reason=happened.reason),) if state.present else ()
        case Turn():
            return _turn(plan, state, happened)
        case Press():
            return _press(plan, state, happened)
        case Timer():
            return _timer(state, at_ms, happened.active_ms)
        case Chose():
            choice = happened.choice
            return (
                events.ReplyDecided(
                    reply_id=happened.reply_id,
                    kind=choice.kind,
                    question_id=choice.question_id,
                    probe_id=choice.probe_id,
                    draft=happened.draft,
                    fell_back=happened.fell_back,
                ),
            )
        case Heard():
            return _heard(plan, state, happened)
        case Close():
            return (*_closed_answer(state), events.InterviewEnded(reason=happened.reason))
        case Finish():
            return _closing(state, "operator") if state.phase != "closing" else ()


def may(plan: Plan, state: State) -> tuple[Request, ...]:
    """What the candidate can ask for now."""
    if not state.started or state.phase in ("lobby", "closing", "ended"):
        return ()
    if state.paused:
        return ("resume", "end")
    always: tuple[Request, ...] = ("repeat", "pause", "wait", "language", "end")
    if len(plan.languages) == 1:
        always = tuple(request for request in always if request != "language")
    if state.phase == "consent":
        return ("consent", "decline", *always)
    if state.phase == "questions" and state.open is not None and _hints_left(plan, state):
        return ("hint", "skip", *always)
    return ("skip", *always)


def due(state: State, active_ms: int = 0) -> int | None:
    """The interview time of the next timer, in ms; None while the clock stands still."""
    if not state.present or state.paused or state.phase in ("lobby", "ended"):
        return None
    times = [state.hard_ms if state.phase == "closing" else state.hard_ms - CLOSING_RESERVE_MS]
    if state.control is not None:
        # A person minds the pauses, unless that person is gone.
        is_idle = state.pending is None and not state.words_owed
        return min(times[0], max(state.quiet_since_ms, active_ms) + CONTROL_QUIET_MS) if is_idle else times[0]
    if state.phase == "questions" and not state.is_time_warned:
        times.append(_warning_ms(state))
    if state.pending is None and state.owed is None and state.phase != "closing":
        times.append(max(state.quiet_since_ms, active_ms) + _patience_ms(state))
    return min(times)


def _patience_ms(state: State) -> int:
    windows = QUIET_MS[state.channel]
    return int(windows[min(max(state.silences, 0), 2)] * PATIENCE[state.patience])


def _warning_ms(state: State) -> int:
    return int(state.target_ms * (1 - WARNING_SHARE))


def _hints_left(plan: Plan, state: State) -> int:
    if state.open is None or state.kind == "screening":
        return 0
    return len(plan.question(state.open).hints) - state.question(state.open).hints


def _closed_answer(state: State) -> Facts:
    """Closes the open answer, where one is open."""
    if state.open is None:
        return ()
    return (events.AnswerClosed(question_id=state.open, version=state.question(state.open).version + 1),)


def _closing(state: State, reason: EndReason) -> Facts:
    return (*_closed_answer(state), events.PhaseEntered(phase="closing", reason=reason))


def _join(state: State, join: Join) -> Facts:
    joined = events.CandidateJoined(client=join.client, first=not state.started)
    if state.started:
        return (joined,)
    return (joined, events.PhaseEntered(phase="consent"))


def _turn(plan: Plan, state: State, turn: Turn) -> Facts:
    if not state.started:
        message = "The interview has not begun yet."
        raise WrongPhaseError(message)
    resumed: Facts = (events.InterviewResumed(),) if state.paused else ()
    if turn.question_id is not None and turn.question_id != state.open:
        return (*resumed, *_addition(state, turn))
    if state.phase == "closing":
        return (*resumed, _closed_turn(turn, None))
    if state.phase == "consent":
        if intents.says_yes(turn.text):
            return (*resumed, _closed_turn(turn, None, "consent"), *_consented(state))
        if intents.says_no(turn.text):
            return (
                *resumed,
                _closed_turn(turn, None, "decline"),
                events.RequestMade(request="decline", by="words"),
            )
    asked = intents.request_in(turn.text)
    if asked is not None:
        request, language = asked
        if _is_possible(plan, state, request, language):
            return (
                *resumed,
                _closed_turn(turn, None, request),
                *_request(state, request, language, "words"),
            )
    if state.phase == "candidate_questions" and intents.says_nothing_more(turn.text):
        return (*resumed, _closed_turn(turn, None), *_closing(state, "completed"))
    # What is said to a person who took over is no part of an answer: only what was asked of everyone is scored.
    is_answer = state.phase == "questions" and state.control is None
    return (*resumed, _closed_turn(turn, state.open if is_answer else None))


def _closed_turn(turn: Turn, question_id: str | None, request: Request | None = None) -> events.TurnClosed:
    return events.TurnClosed(
        turn_id=turn.turn_id,
        text=turn.text,
        source=turn.source,
        question_id=question_id,
        request=request,
        finals=turn.finals,
    )


def _addition(state: State, turn: Turn) -> Facts:
    """Later words to an answer that had closed reopen it as the next version."""
    known = {asked.id for asked in state.questions if asked.was_asked}
    if turn.question_id is None or turn.question_id not in known:
        message = f"Question {turn.question_id} has not been asked yet. Answer the question that is open."
        raise WrongPhaseError(message)
    version = state.question(turn.question_id).version + 1
    return (
        events.AnswerReopened(question_id=turn.question_id, version=version),
        _closed_turn(turn, turn.question_id),
        events.AnswerClosed(question_id=turn.question_id, version=version),
    )


def _press(plan: Plan, state: State, press: Press) -> Facts:
    if press.request == "language" and press.language not in plan.languages:
        message = f"This interview can be held in {', '.join(plan.languages)}."
        raise WrongPhaseError(message)
    if press.request not in may(plan, state):
        message = f"“{press.request}” is not possible at this point of the interview."
        raise WrongPhaseError(message)
    return _request(state, press.request, press.language, "key")


def _is_possible(plan: Plan, state: State, request: Request, language: Language | None) -> bool:
    if request == "language" and (language is None or language not in plan.languages):
        return False
    if request == "hint" and state.phase == "questions" and state.open is not None:
        return True  # Asked for in words it gets an answer, if only that there is none left.
    return request in may(plan, msgspec.structs.replace(state, paused=False))


def _request(state: State, request: Request, language: Language | None, by: Literal["key", "words"]) -> Facts:
    made = events.RequestMade(request=request, by=by)
    match request:
        case "consent":
            return (made, *_consented(state))
        case "pause":
            return (made, events.InterviewPaused(by="candidate"))
        case "resume":
            return (made, events.InterviewResumed())
        case "language" if language is not None:
            return (made, events.LanguageChanged(language=language))
        case "end":
            return (made, *_closing(state, "stopped"))
        case "skip" if state.phase == "candidate_questions":
            return (made, *_closing(state, "completed"))
        case "skip" if state.phase == "questions":
            return (made, *_skipped(state, "candidate"))
        case _:
            return (made,)


def _consented(state: State) -> Facts:
    return (
        events.ConsentGiven(wording=consent_question(state.language, state.channel)),
        events.PhaseEntered(phase="warm_up"),
    )


def _skipped(state: State, by: Literal["candidate", "silence"]) -> Facts:
    """Leaves the question that the candidate is at.

    Where the next one was cut short in mid-asking it is that one; an open one that has been answered is not skipped,
    it is done with.
    """
    if state.half_asked is not None:
        return (*_closed_answer(state), events.QuestionSkipped(question_id=state.half_asked, by=by))
    if state.open is not None and state.question(state.open).turns:
        return _closed_answer(state)
    if state.open is not None:
        return (events.QuestionSkipped(question_id=state.open, by=by), *_closed_answer(state))
    if state.next_question is None:
        return _closing(state, "completed")
    return (events.QuestionSkipped(question_id=state.next_question, by=by),)


def _timer(state: State, at_ms: int, active_ms: int) -> Facts:
    """What is due first of all that is due."""
    next_ms = due(state, active_ms)
    if next_ms is None or at_ms < next_ms:
        return ()
    if at_ms >= state.hard_ms:
        return (*_closed_answer(state), events.InterviewEnded(reason="time"))
    if at_ms >= state.hard_ms - CLOSING_RESERVE_MS:
        return _closing(state, "time") if state.phase != "closing" else ()
    is_warning_due = state.phase == "questions" and not state.is_time_warned and at_ms >= _warning_ms(state)
    if is_warning_due and state.control is None:
        return (events.TimeWarned(left_ms=state.target_ms - at_ms),)
    if state.control is not None:
        return (events.ControlReturned(),)
    return _silence(state)


def _silence(state: State) -> Facts:
    count = state.silences + 1
    noticed = events.SilenceNoticed(count=count)
    if count < 3:
        return (noticed,)
    if state.phase == "consent" or state.silent_skips >= 1:
        # Nobody seems to be there: wait for them instead of running through the questions.
        return (events.InterviewPaused(by="silence"),)
    if state.phase == "candidate_questions":
        return (noticed, *_closing(state, "completed"))
    if state.phase == "questions" and state.open is not None and not state.question(state.open).turns:
        return (noticed, *_skipped(state, "silence"))
    return (noticed,)


def _heard(plan: Plan, state: State, heard: Heard) -> Facts:
    pending = state.pending
    if pending is None or pending.reply_id != str(heard.reply_id):
        return ()
    fact = events.ReplyHeard(reply_id=heard.reply_id, text=heard.text, interrupted=heard.interrupted, heard=heard.heard)
    if pending.kind == "closing":
        return (fact, events.InterviewEnded(reason=state.closes_for))
    if pending.kind == "declined":
        return (fact, events.InterviewEnded(reason="declined"))
    if heard.heard < COUNTS_FROM:
        return (fact,)
    return (fact, *_counted(plan, state, heard.reply_id))


def _counted(plan: Plan, state: State, reply_id: UUID) -> Facts:
    """What moves because a reply's wording was heard."""
    pending = state.pending
    if pending is None:
        return ()
    match pending.kind:
        case "next" if pending.question_id is not None:
            text = plan.question(pending.question_id).text[state.language]
            entered: Facts = () if state.phase == "questions" else (events.PhaseEntered(phase="questions"),)
            asked = events.QuestionAsked(question_id=pending.question_id, reply_id=reply_id, text=text)
            return (*_closed_answer(state), *entered, asked)
        case "probe" if pending.question_id is not None and pending.probe_id is not None:
            text = _probe_text(plan, state, pending.question_id, pending.probe_id)
            return (
                events.ProbeAsked(
                    question_id=pending.question_id, probe_id=pending.probe_id, reply_id=reply_id, text=text
                ),
            )
        case "repeat" | "addition" | "welcome_back" if state.open is not None:
            return (events.QuestionRepeated(question_id=state.open, reply_id=reply_id),)
        case "hint" if state.open is not None and _hints_left(plan, state):
            return (events.HintGiven(question_id=state.open, hint=state.question(state.open).hints + 1),)
        case "your_questions":
            return (*_closed_answer(state), events.PhaseEntered(phase="candidate_questions"))
        case "answer" if state.asked_back + 1 >= MOST_ASKED_BACK:
            return _closing(state, "completed")
        case _:
            return ()


def _probe_text(plan: Plan, state: State, question_id: str, probe_id: str) -> str:
    if probe_id.startswith(NOTE):
        return note_wording(state) if state.notes else ""
    return plan.question(question_id).probe(probe_id).text[state.language]


def note_wording(state: State) -> str:
    """What a person would like asked, as a question."""
    topic = _ASKING.sub("", state.notes[0]).strip(" .:;?¿!¡")
    return phrase(state.language, "note", topic=topic)

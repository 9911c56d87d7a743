"""What may be said in a state: the Director's choices, each with its own wording."""

from typing import Literal

from msgspec.structs import replace

from agents.director import CLOSING_RESERVE_MS, MOST_ASKED_BACK, note_wording
from agents.offers import Choice, Offer
from agents.phrases import consent_question, phrase
from agents.plans import Plan, Question
from agents.state import NOTE, Asked, State


def offer(plan: Plan, state: State, at_ms: int) -> Offer | None:
    """The allowed choices where a reply is owed, the Director's default first; None where none is."""
    if state.paused or not state.present or state.phase == "ended":
        return None
    if state.words_owed:
        return Offer((Choice("operator", "", state.words_owed[0], verbatim=True),))
    if state.owed is None or (state.control is not None and state.owed not in ("closing", "declined")):
        return None
    choices = _choices(plan, state, at_ms)
    opening = _opening(state, at_ms)
    if opening and state.owed not in ("closing", "declined"):
        choices = tuple(replace(choice, opening=opening) for choice in choices)
    return Offer(choices)


def _opening(state: State, at_ms: int) -> str:
    parts = []
    if state.is_welcome_owed:
        parts.append(phrase(state.language, "welcome_back"))
    if state.is_time_note_owed and state.owed in ("after_turn", "next") and state.next_question is not None:
        minutes = round((state.target_ms - at_ms) / 60_000)
        name = "time_left" if minutes >= 2 else "time_nearly"
        parts.append(phrase(state.language, name, minutes=minutes))
    return " ".join(parts)


def _choices(plan: Plan, state: State, at_ms: int) -> tuple[Choice, ...]:
    language = state.language
    match state.owed:
        case "greeting":
            return (_greeting(plan, state),)
        case "consent":
            return (Choice("consent", "", phrase(language, "consent_again"), verbatim=True),)
        case "warm_up":
            return (Choice("warm_up", phrase(language, "warm_up"), plan.warm_up[language], verbatim=True),)
        case "after_turn":
            return _after_turn(plan, state, at_ms)
        case "next":
            return (_forward(plan, state),)
        case "hint":
            return (_hint(plan, state),)
        case "wait":
            return (Choice("wait", "", phrase(language, "wait")),)
        case "nudge":
            name = "nudge" if state.phase == "questions" else "nudge_plain"
            return (Choice("nudge", "", phrase(language, name)),)
        case "move_on":
            name = "move_on" if state.phase in ("questions", "warm_up") else "nudge_plain"
            return (Choice("move_on", "", phrase(language, name)),)
        case "addition":
            return (_again(plan, state, "addition", phrase(language, "addition")),)
        case "closing":
            names = {"stopped": "closing_stopped", "time": "closing_time", "operator": "closing_operator"}
            return (Choice("closing", "", phrase(language, names.get(state.closes_for, "closing")), verbatim=True),)
        case "declined":
            return (Choice("declined", "", phrase(language, "declined"), verbatim=True),)
        case _:
            lead = "back_to" if state.is_welcome_owed or state.owed == "return" else "repeat"
            return (_again(plan, state, "repeat", phrase(language, lead)),)


def _greeting(plan: Plan, state: State) -> Choice:
    greeting = phrase(
        state.language,
        "greeting",
        title=plan.title[state.language],
        questions=len(state.questions),
        minutes=round(state.target_ms / 60_000),
    )
    return Choice("greeting", greeting, consent_question(state.language, state.channel), verbatim=True)


def _after_turn(plan: Plan, state: State, at_ms: int) -> tuple[Choice, ...]:
    if state.phase == "candidate_questions":
        is_last = state.asked_back + 1 >= MOST_ASKED_BACK
        text = phrase(state.language, "answers_done" if is_last else "anything_else")
        return (Choice("answer", phrase(state.language, "answer"), text, verbatim=True),)
    forward = _forward(plan, state)
    if state.phase != "questions" or state.open is None:
        return (forward,)
    if state.notes:
        return (_noted(state, state.question(state.open)),)
    return (forward, *_probes(plan.question(state.open), state, at_ms))


def _noted(state: State, asked: Asked) -> Choice:
    """A probe that a person asked for: the only thing offered, for the choice is theirs."""
    number = 1 + sum(probe.startswith(NOTE) for probe in asked.probes)
    return Choice("probe", phrase(state.language, "probe"), note_wording(state), asked.id, f"{NOTE}{number}")


def _probes(question: Question, state: State, at_ms: int) -> tuple[Choice, ...]:
    """The probes that are left, while there is time for one."""
    asked = state.question(question.id)
    used_ms = at_ms - asked.opened_ms
    if (
        sum(not probe.startswith(NOTE) for probe in asked.probes) >= question.max_probes
        or used_ms >= question.seconds * 1000
        or at_ms >= min(state.target_ms, state.hard_ms - 2 * CLOSING_RESERVE_MS)
    ):
        return ()
    lead = phrase(state.language, "probe")
    return tuple(
        Choice("probe", lead, probe.text[state.language], question.id, probe.id)
        for probe in question.probes
        if probe.id not in asked.probes
    )


def _forward(plan: Plan, state: State) -> Choice:
    """On to the next core question, or to the candidate's own."""
    coming = state.next_question
    if coming is None:
        return Choice("your_questions", "", phrase(state.language, "your_questions"), verbatim=True)
    waiting = sum(asked.state == "waiting" for asked in state.questions)
    if state.number == 0:
        name = "next_first"
    elif waiting == 1:
        name = "next_last"
    elif state.open is None:
        name = "next_after_skip"
    else:
        name = f"next_{1 + state.number % 3}"
    text = plan.question(coming).text[state.language]
    return Choice("next", phrase(state.language, name), text, coming, verbatim=True)


def _hint(plan: Plan, state: State) -> Choice:
    if state.open is None:
        return _again(plan, state, "repeat", phrase(state.language, "repeat"))
    hints = plan.question(state.open).hints
    given = state.question(state.open).hints
    if state.kind == "screening" or given >= len(hints):
        return Choice("hint", "", phrase(state.language, "no_hint"), state.open, verbatim=True)
    text = hints[given][state.language]
    return Choice("hint", phrase(state.language, "hint"), text, state.open, verbatim=True)


def _again(plan: Plan, state: State, kind: Literal["repeat", "addition"], lead: str) -> Choice:
    """What was asked last, once more; where nothing is open, what comes next in the phase."""
    language = state.language
    if state.phase == "consent":
        return Choice("consent", "", consent_question(language, state.channel), verbatim=True)
    if state.phase == "warm_up":
        text = plan.warm_up[language]
    elif state.phase == "candidate_questions":
        text = phrase(language, "your_questions_again")
    elif state.open is not None:
        text = _last_asked(plan.question(state.open), state)
    else:
        forward = _forward(plan, state)
        return replace(forward, lead=lead)
    return Choice(kind, lead, text, state.open, verbatim=True)


def _last_asked(question: Question, state: State) -> str:
    """The open question's last wording: the probe that is being answered, or the question itself."""
    asked = state.question(question.id)
    if asked.aside:
        return asked.aside
    wording = question.probe(asked.probes[-1]).text if asked.probes else question.text
    return wording[state.language]

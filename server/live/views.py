"""What a candidate may see of the interview, and in which shape."""

from uuid import UUID

from agents import director, events
from agents.events import Event
from agents.plans import Plan
from agents.state import State
from server.live import protocol

_HIDDEN = (
    events.ReplyDecided,
    events.InterviewFlagged,
    events.NoteLeft,
    events.OperatorSaid,
    events.EndOrdered,
)
_HIDDEN_IN_SCREENINGS = (events.ScoreGiven, events.CoachingWritten, events.ReportReady)


def fact_for_candidate(event: Event, kind: events.Kind) -> protocol.Fact | None:
    """The event as the candidate gets it; None for one that is not for them. A screening shows no scores."""
    hidden = (*_HIDDEN, *_HIDDEN_IN_SCREENINGS) if kind == "screening" else _HIDDEN
    if isinstance(event.payload, hidden):
        return None
    return protocol.Fact(
        seq=event.seq,
        at_ms=event.at_ms,
        at=event.at.isoformat(),
        # Who of the company it was is not for the candidate.
        actor="interviewer" if isinstance(event.payload, events.ORDERS) else event.actor,
        event=events.to_document(event.payload),
        client_id=event.client_id,
    )


def fact_for_observer(event: Event) -> protocol.Fact:
    """The event as somebody who watches gets it: all of it."""
    return protocol.Fact(
        seq=event.seq,
        at_ms=event.at_ms,
        at=event.at.isoformat(),
        actor=event.actor,
        event=events.to_document(event.payload),
        client_id=event.client_id,
    )


def state_view(plan: Plan, state: State, at_ms: int) -> protocol.StateView:
    """Where the interview is, in its language."""
    return protocol.StateView(
        phase=state.phase,
        language=state.language,
        paused=state.paused,
        question=_question_view(plan, state),
        of=len(state.questions),
        left_ms=state.target_ms - at_ms,
        may=director.may(plan, state),
        present=state.present,
        by_person=state.control is not None,
    )


def _question_view(plan: Plan, state: State) -> protocol.QuestionView | None:
    if state.open is None:
        return None
    question = plan.question(state.open)
    hints = 0 if state.kind == "screening" else len(question.hints) - state.question(state.open).hints
    return protocol.QuestionView(
        id=question.id,
        number=1 + [asked.id for asked in state.questions].index(question.id),
        text=question.text[state.language],
        competency=question.competency,
        hints_left=hints,
    )


def welcome(
    interview_id: UUID, plan: Plan, created: events.InterviewCreated, state: State, epoch: int
) -> protocol.Welcome:
    """The first message to a client whose ticket was good."""
    return protocol.Welcome(
        interview_id=interview_id,
        kind=created.kind,
        channel=created.channel,
        plan=plan.slug,
        title=plan.title[state.language],
        patience=created.patience,
        interviewer=created.versions.get("interviewer", ""),
        scorer=created.versions.get("scorer", ""),
        epoch=epoch,
        last_seq=state.seq,
        state=state_view(plan, state, state.at_ms),
    )

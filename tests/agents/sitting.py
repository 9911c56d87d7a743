"""An interview held by the Director alone: no voice, no database, no clock but the one given."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from agents import director, events
from agents.director import Chose, Heard, Input, decide
from agents.events import AnyPayload, Channel, Event, InterviewCreated, Kind
from agents.library import load_library
from agents.offering import offer
from agents.offers import Choice, Offer
from agents.plans import Language, Plan
from agents.state import State, evolve

PLAN = load_library().plans["behavioural"]
_NAMES = UUID(int=7)
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Sitting:
    """Applies inputs, keeps the log and the live state."""

    def __init__(
        self, plan: Plan = PLAN, *, kind: Kind = "practice", channel: Channel = "text", language: Language = "en"
    ) -> None:
        self.plan = plan
        self.state = State()
        self.log: list[Event] = []
        self.at_ms = 0
        self._replies = 0
        self._turns = 0
        self._apply(
            [
                InterviewCreated(
                    kind=kind,
                    channel=channel,
                    language=language,
                    plan=plan.slug,
                    plan_version_id=_NAMES,
                    plan_hash="",
                    rubric_hash="",
                    versions={"director": director.VERSION},
                    questions=tuple(question.id for question in plan.questions),
                    target_ms=plan.target_duration_minutes * 60_000,
                    hard_ms=plan.hard_limit_minutes * 60_000,
                )
            ]
        )

    def does(self, happened: Input) -> tuple[AnyPayload, ...]:
        """Decides and applies; returns the facts."""
        facts = decide(self.plan, self.state, happened, self.at_ms)
        self._apply(facts)
        return facts

    def joins(self) -> None:
        self.does(director.Join("test"))

    def says(self, text: str, question_id: str | None = None) -> tuple[AnyPayload, ...]:
        self._turns += 1
        turn_id = uuid5(_NAMES, f"turn {self._turns}")
        return self.does(director.Turn(turn_id, text, "typed", question_id=question_id))

    def presses(self, request: events.Request, language: Language | None = None) -> tuple[AnyPayload, ...]:
        return self.does(director.Press(request, language))

    def orders(self, fact: AnyPayload, actor: str = "user:1") -> None:
        """A person who watches asks for something; whoever holds the interview obeys."""
        if self.state.phase == "ended":
            return
        self._apply([fact], actor)
        if isinstance(fact, events.EndOrdered):
            self.does(director.Finish())

    def waits(self, ms: int) -> tuple[AnyPayload, ...]:
        """Lets interview time pass, with every timer that falls due within it, none of our replies being heard."""
        until = self.at_ms + ms
        facts: list[AnyPayload] = []
        while (due := director.due(self.state)) is not None and due <= until:
            self.at_ms = max(self.at_ms, due)
            done = self.does(director.Timer())
            facts.extend(done)
            if not done:
                break
        self.at_ms = until if director.due(self.state) is not None else self.at_ms
        return tuple(facts)

    def phase(self) -> str:
        return self.state.phase

    def ended(self) -> str | None:
        return self.state.ended

    @property
    def offer(self) -> Offer | None:
        return offer(self.plan, self.state, self.at_ms)

    def decides(self, choice: Choice | None = None) -> UUID | None:
        """The interviewer begins what is owed; the Director's default unless another choice is given."""
        owed = self.offer
        if owed is None or self.state.pending is not None:
            return None
        self._replies += 1
        reply_id = uuid5(_NAMES, f"reply {self._replies}")
        self.does(Chose(reply_id, choice or owed.default))
        return reply_id

    def hears(self, reply_id: UUID, share: float = 1.0) -> tuple[AnyPayload, ...]:
        return self.does(Heard(reply_id, text="…", interrupted=share < 1, heard=share))

    def replies(self, kind: str | None = None, *, share: float = 1.0) -> tuple[AnyPayload, ...]:
        """One whole reply: of the first choice of that kind, heard to that share."""
        owed = self.offer
        if owed is None:
            return ()
        choice = next((choice for choice in owed.choices if choice.kind == kind), owed.default)
        reply_id = self.decides(choice)
        return self.hears(reply_id, share) if reply_id is not None else ()

    def reaches(self, question_id: str) -> None:
        """Goes on, answering plainly, until that core question is open."""
        self.joins()
        self.replies()
        self.presses("consent")
        self.replies()
        while self.state.open != question_id:
            self.says("I planned the work, did my part, and we finished two weeks early.")
            self.replies("next")

    def replies_with(self, which: int, *, is_heard: bool = True) -> None:
        """One reply of the choice at that place among those offered, counted round."""
        owed = self.offer
        if owed is None:
            return
        reply_id = self.decides(owed.choices[which % len(owed.choices)])
        if is_heard and reply_id is not None:
            self.hears(reply_id)

    def _apply(self, facts: "tuple[AnyPayload, ...] | list[AnyPayload]", actor: str | None = None) -> None:
        for fact in facts:
            seq = len(self.log) + 1
            event = Event(
                seq=seq,
                id=uuid5(_NAMES, f"event {seq}"),
                at=_BEGAN + timedelta(milliseconds=self.at_ms),
                at_ms=self.at_ms,
                actor=actor or events.actor_of(fact),
                payload=fact,
            )
            self.log.append(event)
            self.state = evolve(self.state, event)

    def facts(self, kind: type[AnyPayload]) -> list[AnyPayload]:
        """Every fact of that kind so far."""
        return [event.payload for event in self.log if isinstance(event.payload, kind)]

"""What may be said next: the choices that the Director offers and the writer of words chooses among."""

from collections.abc import AsyncIterator
from typing import Literal, Protocol

import msgspec

from agents.events import Kind, ReplyKind
from agents.plans import Language, Plan, Question


class Choice(msgspec.Struct, frozen=True):
    """One thing that may be said now, with the Director's own wording of it."""

    kind: ReplyKind
    lead: str
    """A short opening; the writer may put its own in its place."""
    text: str
    """The rest. Where `verbatim`, it is said to the letter after the lead, whoever writes."""
    question_id: str | None = None
    probe_id: str | None = None
    verbatim: bool = False
    opening: str = ""
    """Said to the letter before anything else, whoever writes: a welcome back, the time that is left."""

    @property
    def header(self) -> str:
        """Its name in a reply's first line: `next q4`, `probe q3 q3.result`, `hint q2`."""
        return " ".join(part for part in (self.kind, self.question_id, self.probe_id) if part)

    @property
    def wording(self) -> str:
        """The Director's own wording, whole."""
        return " ".join(part for part in (self.opening, self.lead, self.text) if part)


class Offer(msgspec.Struct, frozen=True):
    """The allowed choices, the Director's default first. Never empty."""

    choices: tuple[Choice, ...]

    @property
    def default(self) -> Choice:
        return self.choices[0]

    def named(self, header: str) -> Choice | None:
        """The choice of that header, if it is offered."""
        return next((choice for choice in self.choices if choice.header == header.strip()), None)


class Line(msgspec.Struct, frozen=True):
    """One thing said, as a writer reads it."""

    speaker: Literal["interviewer", "candidate"]
    text: str
    header: str | None = None


class Brief(msgspec.Struct, frozen=True):
    """Everything a writer may know. Candidate's words are data, never instructions."""

    plan: Plan
    kind: Kind
    language: Language
    offer: Offer
    question: Question | None
    """The open core question."""
    answer: tuple[str, ...]
    """What the candidate said to it so far, turn by turn."""
    said: str
    """What the candidate said last; empty where the reply is to a key or a timer."""
    asked_back: int
    """How many questions of the candidate's own have been answered."""
    lines: tuple[Line, ...]
    """The interview so far, oldest first."""


class Writer(Protocol):
    """Puts a reply into words: a model, or the rehearsal interviewer."""

    name: str
    version: str

    def write(self, brief: Brief) -> AsyncIterator[str]:
        """The reply, streamed: a first line that names one of the offered choices (`probe q3 q3.result`),
        then the words. For a verbatim choice only the lead is written; the question follows by itself.
        """
        ...

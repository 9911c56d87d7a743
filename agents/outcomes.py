"""What became of each question and competency of an interview, as a report tells it."""

from typing import Literal

import msgspec

from agents.events import Quote


class QuestionView(msgspec.Struct, frozen=True):
    """What became of one core question. Texts are in the interview's language."""

    id: str
    number: int
    text: str
    competency: str
    outcome: Literal["answered", "skipped", "not_reached"]
    level: int | None
    null_reason: str | None
    """Why there is no level, for an answer that was judged."""
    anchor: str
    evidence: tuple[Quote, ...]
    covered: tuple[str, ...]
    missed: tuple[str, ...]
    suggestion: str | None
    asked_seq: int | None
    """Where in the transcript it was asked."""
    spread: float | None = None
    """Levels between the lowest and the highest of several judges; None where one judged."""
    needs_review: bool = False
    """The judges were too far apart, or the answer held what is no answer: a person should look."""


class CompetencyView(msgspec.Struct, frozen=True):
    """One competency over all of its answers."""

    id: str
    name: str
    definition: str
    weight: float
    level: float | None
    """Mean of the levels, 1–5; None where nothing could be judged."""
    score: float | None
    """0–100."""
    anchor: str
    """The anchor of the level nearest to the mean."""
    judged: int
    unjudged: int
    to_review: int = 0
    """How many of the scores a person should look at."""

"""What a scorer is given and what it gives back, whichever scorer it is."""

from typing import Literal, Protocol
from uuid import UUID

import msgspec

from agents.events import Quote
from agents.plans import Competency, Language, Question

NullReason = Literal["too_little", "off_topic", "not_answered", "uncertain_transcript", "timed_out"]


class AnswerTurn(msgspec.Struct, frozen=True):
    """One of the turns that make up an answer."""

    seq: int
    text: str
    probe_id: str | None = None
    """The probe it replies to; None for the first reply to the question itself."""


class Answer(msgspec.Struct, frozen=True):
    """All that a candidate said to one question, its probes included. Carries nothing about the person."""

    interview_id: UUID
    question: Question
    competency: Competency
    language: Language
    version: int
    turns: tuple[AnswerTurn, ...]


class Score(msgspec.Struct, frozen=True):
    """A level with its evidence, or the reason why there is none."""

    competency: str
    level: int | None
    null_reason: NullReason | None
    anchor: str
    """The anchor's words in the answer's language; empty where there is no level."""
    evidence: tuple[Quote, ...]
    covered: tuple[str, ...]
    """Ids of the expected points that were made."""
    missed: tuple[str, ...]
    suggestion: str | None
    judge: str
    """Which scorer judged, with its version."""
    parts: dict[str, float]
    """The figures the level came from, 0–1 each, for the page that explains it."""
    lineage_id: UUID | None = None
    """The model's call that gave it; None where no model was asked."""


class Scorer(Protocol):
    version: str
    kind: Literal["rehearsal", "model"]

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        """One score for each competency the question is for. Raises nothing for a poor answer."""
        ...


def refuse_unfounded(score: Score, answer: Answer) -> Score:
    """The score without quotes that are not, to the letter, in the answer."""
    texts = {turn.seq: turn.text for turn in answer.turns}
    kept = tuple(q for q in score.evidence if texts.get(q.seq, "")[q.start : q.end] == q.text != "")
    return score if kept == score.evidence else msgspec.structs.replace(score, evidence=kept)

"""What a scorer is given and what it gives back, whichever scorer it is."""

from typing import Any, Literal, Protocol
from uuid import UUID

import msgspec

from agents.events import Quote
from agents.plans import Competency, Language, Question, Rubric

NullReason = Literal["too_little", "off_topic", "not_answered", "uncertain_transcript", "no_evidence", "timed_out"]
"""`no_evidence`: a model named, twice, no words that were said, so that its level rested on nothing."""
LEVELS = 5


class ScoringError(Exception):
    """An answer cannot be scored as things are. The message holds nothing of what was said.

    ScoringError
    └── RubricIncomplete    a level of a competency has no words
    """

    code = "scoring_failed"


class RubricIncomplete(ScoringError):
    """A competency without the words of one of its levels: nobody can be judged by it."""

    code = "rubric_incomplete"

    def __init__(self, competency: str, level: int, language: str | None = None) -> None:
        self.competency = competency
        self.level = level
        self.language = language
        place = f"level {level}" if language is None else f"level {level} in {language!r}"
        super().__init__(
            f"The rubric's competency {competency!r} has no words for {place}. "
            f"Write all {LEVELS} levels in every language of the rubric and score again."
        )


class HeardWord(msgspec.Struct, frozen=True):
    """One word of a spoken turn: `text == turn.text[start:end]`; times in interview time, ms."""

    text: str
    start: int
    end: int
    from_ms: int
    to_ms: int
    confidence: float | None = None
    """How sure the recogniser was, 0–1; None where it did not say."""


class AnswerTurn(msgspec.Struct, frozen=True):
    """One of the turns that make up an answer."""

    seq: int
    text: str
    probe_id: str | None = None
    """The probe it replies to; None for the first reply to the question itself."""
    words: tuple[HeardWord, ...] = ()
    """As they were heard, in order; empty for what was typed, and where the recogniser told no words."""


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
    spread: float | None = None
    """Levels between the highest and the lowest of several judges; None where one judged."""
    needs_review: bool = False
    """Whether a person should look."""
    judges: tuple["Score", ...] = ()
    """What each of several judges said by themselves, in their order; those that failed are not among them."""


class Scorer(Protocol):
    version: str
    kind: Literal["rehearsal", "model"]

    async def score(self, answer: Answer) -> tuple[Score, ...]:
        """One score for each competency the question is for. Raises nothing for a poor answer."""
        ...


def refuse_unfounded(score: Score, answer: Answer) -> Score:
    """The score without quotes that are not, to the letter, in the answer; of each judge's own too."""
    texts = {turn.seq: turn.text for turn in answer.turns}
    kept = tuple(q for q in score.evidence if texts.get(q.seq, "")[q.start : q.end] == q.text != "")
    judges = tuple(refuse_unfounded(each, answer) for each in score.judges)
    if kept == score.evidence and judges == score.judges:
        return score
    return msgspec.structs.replace(score, evidence=kept, judges=judges)


def rubric_of(body: Any) -> Rubric:
    """The rubric of a kept document. Raises `RubricIncomplete`; `msgspec.ValidationError` where it is none at all."""
    try:
        return msgspec.convert(body, Rubric)
    except msgspec.ValidationError:
        for competency in _listed(body, "competencies"):
            anchors = _listed(competency, "anchors")
            missing = [at for at in range(LEVELS) if at >= len(anchors) or not anchors[at]]
            if missing:
                raise RubricIncomplete(str(competency.get("id", "?")), missing[0] + 1) from None
        raise


def _listed(document: Any, name: str) -> list[Any]:
    found = document.get(name) if isinstance(document, dict) else None
    return list(found) if isinstance(found, list | tuple) else []


def refuse_incomplete(answer: Answer) -> None:
    """Raises `RubricIncomplete` where a level has no words in the answer's language."""
    anchors = answer.competency.anchors
    for level in range(1, LEVELS + 1):
        if level > len(anchors) or not anchors[level - 1].get(answer.language, "").strip():
            raise RubricIncomplete(answer.competency.id, level, answer.language)

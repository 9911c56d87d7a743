"""What an interview will ask (`Plan`) and how its answers are judged (`Rubric`), as documents.

Both hold every language under the same ids, so that an interview can change language and two interviews of one
screening stay comparable. They are written as YAML in `agents/library/` and kept as immutable JSONB.
"""

from typing import Literal

import msgspec

Language = Literal["en", "es"]
Words = dict[Language, str]
"""One text in every language of its document."""

InterviewType = Literal[
    "behavioral", "technical", "case_study", "hr_screening", "competency", "customer_service", "mixed"
]
QuestionType = Literal["behavioral", "technical", "situational", "competency", "case_study"]
RoleLevel = Literal["intern", "junior", "mid", "senior", "lead", "principal", "executive"]
Difficulty = Literal["easy", "medium", "hard", "expert"]
Patience = Literal["short", "normal", "long"]
"""How long a thinking candidate is left alone: in a pause before a turn ends, and in silence before a nudge."""
Missing = Literal["result", "number", "own_part", "point", "example", "depth"]
"""What an answer can lack, and so what a probe is for."""


class Competency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a person can do, with what each of the levels 1–5 looks like."""

    id: str
    name: Words
    definition: Words
    anchors: tuple[Words, Words, Words, Words, Words]
    """Anchors of the levels 1 to 5, in this order: behaviour that can be observed in an answer."""
    weight: float = 1.0


class Rubric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slug: str
    title: Words
    languages: tuple[Language, ...]
    competencies: tuple[Competency, ...]

    def competency(self, competency_id: str) -> Competency:
        """The competency of that id; raises `KeyError`."""
        for competency in self.competencies:
            if competency.id == competency_id:
                return competency
        raise KeyError(competency_id)


class ExpectedPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a good answer says."""

    id: str
    text: Words
    cues: dict[Language, tuple[str, ...]]
    """Words and short phrases that show the point was made; the rehearsal scorer and interviewer read them."""


class Probe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A follow-up question, for what an answer lacks."""

    id: str
    text: Words
    seeks: Missing
    point: str | None = None
    """The expected point it is for, where `seeks` is `point`."""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    type: QuestionType
    competency: str
    """Id of a competency of the plan's rubric."""
    text: Words
    points: tuple[ExpectedPoint, ...]
    probes: tuple[Probe, ...]
    hints: tuple[Words, ...]
    seconds: int
    """Time meant for the answer, its probes included; past it no further probe is offered."""
    max_probes: int = 2

    def probe(self, probe_id: str) -> Probe:
        """The probe of that id; raises `KeyError`."""
        for probe in self.probes:
            if probe.id == probe_id:
                return probe
        raise KeyError(probe_id)


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    slug: str
    title: Words
    summary: Words
    interview_type: InterviewType
    role_level: RoleLevel
    difficulty_level: Difficulty
    target_duration_minutes: int
    """Soft limit: past it questions are asked without probes."""
    hard_limit_minutes: int
    """The interview has ended by then, whatever happens."""
    languages: tuple[Language, ...]
    rubric: str
    """Slug of the rubric."""
    warm_up: Words
    """An easy first question, never scored."""
    facts: tuple[Words, ...]
    """What the interviewer may say of the interview when the candidate asks; it makes nothing up."""
    questions: tuple[Question, ...]
    patience: Patience = "normal"
    """What a candidate who chooses none gets."""
    judges: Literal[1, 3] = 1
    """Judges by model that an answer has, each with the rubric in another order; the median of their levels counts."""

    def question(self, question_id: str) -> Question:
        """The question of that id; raises `KeyError`."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

"""The facts of an interview. Each is appended to the log before anything that depends on it is said or shown.

Conversation facts are written by the holder of the interview's lease alone; side facts (scores, reports) by anyone,
with their actor. A payload is never changed once a release has written it: add fields with defaults.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from agents.plans import Language, Patience

Phase = Literal["lobby", "consent", "warm_up", "questions", "candidate_questions", "closing", "ended"]
Request = Literal["consent", "decline", "repeat", "hint", "skip", "pause", "resume", "wait", "language", "end"]
"""What a candidate can ask for, by a key, a button or in words."""
Kind = Literal["practice", "screening"]
Channel = Literal["voice", "phone", "text", "room"]
EndReason = Literal["completed", "stopped", "declined", "time", "abandoned", "expired", "operator"]
ReplyKind = Literal[
    "greeting",
    "consent",
    "warm_up",
    "next",
    "probe",
    "repeat",
    "hint",
    "wait",
    "nudge",
    "move_on",
    "addition",
    "welcome_back",
    "your_questions",
    "answer",
    "closing",
    "declined",
    "operator",
]


class Payload(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    """What happened. The tag is the event's type."""


class InterviewCreated(Payload, frozen=True, tag="interview.created"):
    """Pins everything the interview depends on, so that a later release cannot re-decide it."""

    kind: Kind
    channel: Channel
    language: Language
    plan: str
    plan_version_id: UUID
    plan_hash: str
    rubric_hash: str
    versions: dict[str, str]
    questions: tuple[str, ...]
    target_ms: int
    hard_ms: int
    patience: Patience = "normal"


class CandidateJoined(Payload, frozen=True, tag="candidate.joined"):
    client: str
    first: bool


class CandidateLeft(Payload, frozen=True, tag="candidate.left"):
    reason: str


class ConsentGiven(Payload, frozen=True, tag="consent.given"):
    wording: str
    """The words the candidate agreed to."""


class PhaseEntered(Payload, frozen=True, tag="phase.entered"):
    phase: Phase
    reason: EndReason | None = None
    """Why the interview closes, for `closing`."""


class Word(msgspec.Struct, frozen=True):
    text: str
    from_ms: int
    to_ms: int
    confidence: float | None = None


class SpeechFinal(Payload, frozen=True, tag="speech.final"):
    utterance_id: UUID
    text: str
    confidence: float | None = None
    words: tuple[Word, ...] = ()


class TurnClosed(Payload, frozen=True, tag="turn.closed"):
    turn_id: UUID
    text: str
    source: Literal["typed", "speech"]
    question_id: str | None
    """The question whose answer these words belong to; None for a request or small talk."""
    request: Request | None = None
    finals: tuple[int, ...] = ()
    """The `seq` of each `speech.final` it closes over."""


class RequestMade(Payload, frozen=True, tag="request.made"):
    request: Request
    by: Literal["key", "words"]


class LanguageChanged(Payload, frozen=True, tag="language.changed"):
    language: Language


class InterviewPaused(Payload, frozen=True, tag="interview.paused"):
    by: Literal["candidate", "silence"]


class InterviewResumed(Payload, frozen=True, tag="interview.resumed"):
    pass


class SilenceNoticed(Payload, frozen=True, tag="silence.noticed"):
    count: int


class TimeWarned(Payload, frozen=True, tag="time.warned"):
    left_ms: int


class ReplyDecided(Payload, frozen=True, tag="reply.decided"):
    reply_id: UUID
    kind: ReplyKind
    question_id: str | None = None
    probe_id: str | None = None
    draft: Literal["hit", "miss", "none"] = "none"
    fell_back: str | None = None
    """Why the Director's own wording was used, where it was."""


class ReplyHeard(Payload, frozen=True, tag="reply.heard"):
    reply_id: UUID
    text: str
    interrupted: bool
    heard: float
    """Share of the wording that was heard, 0–1."""


class QuestionAsked(Payload, frozen=True, tag="question.asked"):
    question_id: str
    reply_id: UUID
    text: str


class ProbeAsked(Payload, frozen=True, tag="probe.asked"):
    question_id: str
    probe_id: str
    reply_id: UUID
    text: str


class QuestionRepeated(Payload, frozen=True, tag="question.repeated"):
    question_id: str
    reply_id: UUID


class HintGiven(Payload, frozen=True, tag="hint.given"):
    question_id: str
    hint: int


class QuestionSkipped(Payload, frozen=True, tag="question.skipped"):
    question_id: str
    by: Literal["candidate", "silence"]


class AnswerClosed(Payload, frozen=True, tag="answer.closed"):
    question_id: str
    version: int


class AnswerReopened(Payload, frozen=True, tag="answer.reopened"):
    question_id: str
    version: int


class InterviewEnded(Payload, frozen=True, tag="interview.ended"):
    reason: EndReason


class Quote(msgspec.Struct, frozen=True, omit_defaults=True):
    """Words of the candidate, verbatim: `text == turn.text[start:end]` of the turn at `seq`."""

    text: str
    seq: int
    start: int
    end: int
    from_ms: int | None = None
    """Interview time at which the first of them was said; None where they were typed."""
    to_ms: int | None = None


class ScoreGiven(Payload, frozen=True, tag="score.given"):
    question_id: str
    version: int
    run_id: UUID
    competency: str
    scorer: str
    level: int | None
    null_reason: str | None = None
    anchor: str = ""
    evidence: tuple[Quote, ...] = ()
    covered: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    suggestion: str | None = None
    parts: dict[str, float] = {}
    spread: float | None = None
    """Levels between the highest and the lowest of several judges; None where one judged."""
    needs_review: bool = False
    """A person should look: the judges differ, or the answer held what is no answer."""


class ProviderChanged(Payload, frozen=True, tag="provider.changed"):
    """From here on another outside service serves, or none: what writes, hears or speaks is never a secret."""

    service: Literal["llm", "stt", "tts"]
    provider: str
    """`rehearsal` where our own interviewer writes; empty where nothing serves."""
    model: str
    reason: Literal["start", "fallback", "budget", "recovered", "lost"]


class CoachedMoment(msgspec.Struct, frozen=True):
    """The moment of an interview that a model found the strongest, and why."""

    question_id: str
    quote: Quote
    why: str


class CoachedChange(msgspec.Struct, frozen=True):
    """The one thing that a model would have the candidate change."""

    question_id: str
    text: str


BetterKind = Literal["situation", "action", "result", "answer", "reason", "tradeoff"]


class BetterPart(msgspec.Struct, frozen=True):
    """One part of an answer told better, and which: a story's, or an explanation's."""

    kind: BetterKind
    text: str
    """Empty where the candidate told nothing of it."""


class BetterAnswer(msgspec.Struct, frozen=True):
    """One answer told better with nothing but what the candidate said."""

    question_id: str
    language: Language
    """The one that the candidate answered in."""
    parts: tuple[BetterPart, ...]


class CoachingWritten(Payload, frozen=True, tag="coaching.written"):
    """What a model wrote for whoever practised, as far as it could be used; never of a screening."""

    by: str
    """Which coach, with its version."""
    judged_seq: int
    """The last score that it was written from."""
    moment: CoachedMoment | None = None
    change: CoachedChange | None = None
    better: BetterAnswer | None = None
    lineage: tuple[UUID, ...] = ()
    """The calls that it came from."""


class ReportReady(Payload, frozen=True, tag="report.ready"):
    overall_score: float | None


class InterviewHeld(Payload, frozen=True, tag="interview.held"):
    """The log could not be written for a while, and the interview waited."""

    for_ms: int
    was_said: bool
    """Whether the candidate was asked for a moment's patience."""


# --- what a person who watches does ------------------------------------------------------------------------------


class InterviewFlagged(Payload, frozen=True, tag="interview.flagged"):
    """Somebody should look at this again."""

    reason: str
    about: int | None = None
    """The `seq` of the event that it is about."""


class NoteLeft(Payload, frozen=True, tag="note.left"):
    """A private word to the interviewer, such as "ask about Kafka": it becomes a probe of the open question."""

    text: str


class ControlTaken(Payload, frozen=True, tag="control.taken"):
    """A person speaks in the interviewer's place from here on."""


class OperatorSaid(Payload, frozen=True, tag="operator.said"):
    """What that person wants said. That it was heard is told by the reply of kind `operator` that says it."""

    text: str


class ControlReturned(Payload, frozen=True, tag="control.returned"):
    """The interviewer goes on where it was."""


class EndOrdered(Payload, frozen=True, tag="end.ordered"):
    """The interview shall come to its close."""


AnyPayload = (
    InterviewCreated
    | CandidateJoined
    | CandidateLeft
    | ConsentGiven
    | PhaseEntered
    | SpeechFinal
    | TurnClosed
    | RequestMade
    | LanguageChanged
    | InterviewPaused
    | InterviewResumed
    | SilenceNoticed
    | TimeWarned
    | ReplyDecided
    | ReplyHeard
    | QuestionAsked
    | ProbeAsked
    | QuestionRepeated
    | HintGiven
    | QuestionSkipped
    | AnswerClosed
    | AnswerReopened
    | InterviewEnded
    | ScoreGiven
    | CoachingWritten
    | ReportReady
    | ProviderChanged
    | InterviewHeld
    | InterviewFlagged
    | NoteLeft
    | ControlTaken
    | OperatorSaid
    | ControlReturned
    | EndOrdered
)

ORDERS = (NoteLeft, ControlTaken, OperatorSaid, ControlReturned, EndOrdered)
"""What a person who watches asks of the interviewer, written beside the holder of the lease."""
SIDE_FACTS = (ScoreGiven, CoachingWritten, ReportReady, InterviewFlagged)
"""What moves nothing in the conversation."""


class Event(msgspec.Struct, frozen=True):
    """One fact in its place: `seq` counts from 1 without gaps, `at_ms` is interview time."""

    seq: int
    id: UUID
    at: datetime
    at_ms: int
    actor: str
    payload: AnyPayload
    client_id: str | None = None

    @property
    def type(self) -> str:
        """The type's name, such as `question.asked`."""
        return type_of(self.payload)


_CANDIDATES = (CandidateJoined, CandidateLeft, ConsentGiven, SpeechFinal, TurnClosed, RequestMade)
_INTERVIEWERS = (ReplyDecided, ReplyHeard, QuestionAsked, ProbeAsked, QuestionRepeated, HintGiven)


def actor_of(payload: Payload) -> Literal["candidate", "interviewer", "director"]:
    """Whose doing a conversation fact is: the candidate's, the interviewer's, or the Director's bookkeeping."""
    if isinstance(payload, _CANDIDATES):
        return "candidate"
    return "interviewer" if isinstance(payload, _INTERVIEWERS) else "director"


def type_of(payload: Payload) -> str:
    """The name under which a payload is kept."""
    tag = payload.__struct_config__.tag
    assert isinstance(tag, str)  # noqa: S101 - every payload declares one
    return tag


def to_document(payload: Payload) -> dict[str, Any]:
    """The payload as the JSON document that is kept, its type included."""
    document: dict[str, Any] = msgspec.to_builtins(payload)
    return document


def from_document(document: object) -> AnyPayload:
    """The payload of a kept document; raises `msgspec.ValidationError` where it is none."""
    payload: AnyPayload = msgspec.convert(document, AnyPayload)
    return payload

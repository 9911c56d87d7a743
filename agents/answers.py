"""Views of the log that need no database: who said what, and what the answer to each question is."""

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

import msgspec

from agents import events
from agents.events import Event, Word
from agents.judges.heard import heard_words
from agents.plans import Language
from agents.scoring import AnswerTurn


class Segment(msgspec.Struct, frozen=True):
    """One thing said, as it was heard."""

    seq: int
    at_ms: int
    speaker: Literal["interviewer", "candidate"]
    text: str
    question_id: str | None
    kind: str
    """A reply's kind; of the candidate's turns `answer`, `request` or `remark`."""
    interrupted: bool = False


class ClosedAnswer(msgspec.Struct, frozen=True):
    """All that was said to one question, once it has closed. `version` grows when later words reopen it."""

    question_id: str
    version: int
    closed_seq: int
    language: Language
    turns: tuple[AnswerTurn, ...]
    probes: tuple[str, ...]
    from_ms: int
    to_ms: int

    @property
    def text(self) -> str:
        return "\n\n".join(turn.text for turn in self.turns)

    @property
    def word_count(self) -> int:
        return sum(len(turn.text.split()) for turn in self.turns)


def transcript_of(log: Iterable[Event]) -> tuple[Segment, ...]:
    """The conversation in the order in which it was heard."""
    segments: list[Segment] = []
    decided: dict[UUID, events.ReplyDecided] = {}
    open_question: str | None = None
    for event in log:
        match event.payload:
            case events.ReplyDecided() as reply:
                decided[reply.reply_id] = reply
            case events.ReplyHeard() as heard if heard.text:
                about = decided.get(heard.reply_id)
                question_id = (about.question_id if about else None) or open_question
                reply_kind = about.kind if about else "repeat"
                segments.append(
                    Segment(
                        event.seq, event.at_ms, "interviewer", heard.text, question_id, reply_kind, heard.interrupted
                    )
                )
            case events.TurnClosed() as turn:
                kind = "request" if turn.request else "answer" if turn.question_id else "remark"
                segments.append(
                    Segment(event.seq, event.at_ms, "candidate", turn.text, turn.question_id or open_question, kind)
                )
            case events.QuestionAsked() as asked:
                open_question = asked.question_id
            case events.PhaseEntered():
                open_question = None
    return tuple(segments)


def answers_of(log: Iterable[Event]) -> tuple[ClosedAnswer, ...]:
    """The current version of every answer that has closed, in the order in which their questions were asked."""
    language: Language = "en"
    spoken_in: dict[str, Language] = {}
    asked_ms: dict[str, int] = {}
    turns: dict[str, list[AnswerTurn]] = {}
    probes: dict[str, list[str]] = {}
    closed: dict[str, ClosedAnswer] = {}
    finals: dict[int, events.SpeechFinal] = {}
    for event in log:
        match event.payload:
            case events.SpeechFinal() as final:
                finals[event.seq] = final
            case events.InterviewCreated(language=chosen) | events.LanguageChanged(language=chosen):
                language = chosen
            case events.QuestionAsked(question_id=question_id):
                asked_ms[question_id] = event.at_ms
                closed.setdefault(question_id, _unanswered(question_id, event, language))
            case events.ProbeAsked(question_id=question_id, probe_id=probe_id):
                probes.setdefault(question_id, []).append(probe_id)
            case events.TurnClosed(question_id=str() as question_id) as closing:
                asked = probes.get(question_id, [])
                words = [word for seq in closing.finals if seq in finals for word in _timed(finals[seq])]
                heard = heard_words(closing.text, words)
                turn = AnswerTurn(event.seq, closing.text, asked[-1] if asked else None, heard)
                turns.setdefault(question_id, []).append(turn)
                spoken_in[question_id] = language
            case events.AnswerClosed(question_id=question_id, version=version):
                closed[question_id] = ClosedAnswer(
                    question_id=question_id,
                    version=version,
                    closed_seq=event.seq,
                    language=spoken_in.get(question_id, language),
                    turns=tuple(turns.get(question_id, ())),
                    probes=tuple(probes.get(question_id, ())),
                    from_ms=asked_ms.get(question_id, event.at_ms),
                    to_ms=event.at_ms,
                )
    return tuple(answer for answer in closed.values() if answer.version > 0)


def _timed(final: events.SpeechFinal) -> tuple[Word, ...]:
    """Its words; one without a confidence of its own is as sure as the utterance."""
    if final.confidence is None or all(word.confidence is not None for word in final.words):
        return final.words
    return tuple(
        msgspec.structs.replace(word, confidence=final.confidence if word.confidence is None else word.confidence)
        for word in final.words
    )


def _unanswered(question_id: str, event: Event, language: Language) -> ClosedAnswer:
    """Holds the question's place in the order until its answer closes."""
    return ClosedAnswer(question_id, 0, event.seq, language, (), (), event.at_ms, event.at_ms)


def scored_versions(log: Iterable[Event]) -> dict[str, int]:
    """The highest version of each question's answer for which a score was given."""
    scored: dict[str, int] = {}
    for event in log:
        if isinstance(event.payload, events.ScoreGiven):
            given = event.payload
            scored[given.question_id] = max(given.version, scored.get(given.question_id, 0))
    return scored

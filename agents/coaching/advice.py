"""What whoever practised is told first: the strongest moment, one thing to change, and one answer told better. Pure.

A model's part of it is a fact of the log (`coaching.written`); what none wrote, or what it wrote of scores that have
changed since, is made here by arithmetic. A screening has none of it.
"""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

import msgspec

from agents.answers import ClosedAnswer, answers_of
from agents.coaching.rewording import FEWEST_WORDS, Reworded, own_words, reworded
from agents.coaching.words import coaching_words
from agents.events import BetterKind, CoachingWritten, Event, InterviewCreated, Quote, ScoreGiven
from agents.outcomes import QuestionView
from agents.plans import Language, Plan, Rubric
from agents.rehearsal.analysis import read
from agents.rehearsal.feedback import Feedback
from agents.rehearsal.words import sentences
from agents.scoring import Answer, AnswerTurn

VERSION = "arithmetic-coach/1"
"""Of what is made here. It grows with every change that gives other words for the same log."""
FAIR = 3
"""The level from which an answer may be called strong: praise is earned."""
BEST = 5
LONGEST_QUOTE = 240
"""Characters of an answer that are quoted where no sentence of it stands out."""

Author = Literal["model", "arithmetic"]


class Moment(msgspec.Struct, frozen=True):
    """The strongest moment, in the candidate's words."""

    question_id: str
    quote: Quote
    why: str
    """Which expected points it makes, or the anchor that it shows; in the interview's language."""
    by: Author


class OneChange(msgspec.Struct, frozen=True):
    """One thing to do another way next time, in one sentence."""

    question_id: str
    text: str
    quote: Quote | None
    """The words that it is about, where they can be named."""
    by: Author


class Part(msgspec.Struct, frozen=True):
    """A part of an answer told better."""

    kind: BetterKind
    text: str
    is_gap: bool
    """The candidate told nothing of it: the text marks the place, in brackets."""


class Better(msgspec.Struct, frozen=True):
    """One answer told better with nothing but what the candidate said. Its parts in the order of telling."""

    question_id: str
    language: Language
    """The one that the candidate answered in."""
    parts: tuple[Part, ...]
    is_shortened: bool
    """Sentences that told less were left out."""
    by: Author


class Coaching(msgspec.Struct, frozen=True):
    """Each is None where nothing can honestly be said of it."""

    moment: Moment | None
    change: OneChange | None
    better: Better | None
    model: str
    """Which coach wrote what is `by` a model; "" where none did."""
    arithmetic: str
    """Which version made the rest."""


def coaching_of(
    answers: Mapping[str, Answer],
    log: Sequence[Event],
    questions: Sequence[QuestionView],
    advice: Sequence[Feedback],
    language: Language,
) -> Coaching | None:
    """What a practice is told; None for a screening, and where nothing was answered.

    `answers` are those of `answers_in`; `questions` and `advice` the report's, in the interview's `language`.
    """
    created = log[0].payload if log else None
    if not isinstance(created, InterviewCreated) or created.kind != "practice":
        return None
    written = written_in(log)
    moment = _moment(written) or strongest(questions, advice, answers, language)
    shown = moment.quote if moment else None
    change = _change(written, questions, shown) or one_change(questions, advice, answers, shown)
    better = _better(written) or told_better(questions, change, answers)
    if moment is None and change is None and better is None:
        return None
    is_by_model = any(each is not None and each.by == "model" for each in (moment, change, better))
    return Coaching(moment, change, better, written.by if written and is_by_model else "", VERSION)


def answers_in(interview_id: UUID, plan: Plan, rubric: Rubric, log: Sequence[Event]) -> dict[str, Answer]:
    """The current answers by question, as a scorer reads them, in the order of asking."""
    return {closed.question_id: _answer(interview_id, plan, rubric, closed) for closed in answers_of(log)}


def _answer(interview_id: UUID, plan: Plan, rubric: Rubric, closed: ClosedAnswer) -> Answer:
    question = plan.question(closed.question_id)
    competency = rubric.competency(question.competency)
    return Answer(interview_id, question, competency, closed.language, closed.version, closed.turns)


def judged_seq(log: Sequence[Event]) -> int:
    """The last score that was given in time; 0 where none was. Coaching is written once for each."""
    return max(
        (e.seq for e in log if isinstance(e.payload, ScoreGiven) and e.payload.null_reason != "timed_out"), default=0
    )


def written_in(log: Sequence[Event]) -> CoachingWritten | None:
    """What a model wrote of the scores as they are; None where it wrote nothing or of others."""
    newest = judged_seq(log)
    facts = [event.payload for event in log if isinstance(event.payload, CoachingWritten)]
    return next((fact for fact in reversed(facts) if fact.judged_seq == newest), None)


def strongest(
    questions: Sequence[QuestionView], advice: Sequence[Feedback], answers: Mapping[str, Answer], language: Language
) -> Moment | None:
    """The best answer's most telling quote; None where none reached the middle of the scale."""
    advised = {item.question_id for item in advice if item.type == "action_item" and item.priority == 1}
    # Of several equally good, rather one that is not the one to change, then the one that made most points.
    ranked = sorted(
        (each for each in questions if each.level is not None and each.level >= FAIR and each.evidence),
        key=lambda each: (-(each.level or 0), each.id in advised, -len(each.covered), each.number),
    )
    if not ranked:
        return None
    best = ranked[0]
    quote, points = _most_telling(best, answers.get(best.id), language)
    listed = "; ".join(f"{text[:1].lower()}{text[1:].rstrip('.')}" for text in points)
    why = coaching_words(language).points.format(points=listed) if points else best.anchor
    return Moment(best.id, quote, why, "arithmetic")


def _most_telling(view: QuestionView, answer: Answer | None, language: Language) -> tuple[Quote, tuple[str, ...]]:
    """Of the quotes the one that makes most of the points covered, and those points, in the view's words."""
    if answer is None:
        return view.evidence[0], ()
    texts = {point.id: point.text[language] for point in answer.question.points}

    def made(quote: Quote) -> tuple[str, ...]:
        alone = read((AnswerTurn(quote.seq, quote.text),), answer.question, answer.language, answer.competency)
        named = (texts[point] for point, found in alone.points.items() if found.touched)
        return tuple(text for text in named if text in view.covered)

    return max(((quote, made(quote)) for quote in view.evidence), key=lambda each: len(each[1]))


def one_change(
    questions: Sequence[QuestionView],
    advice: Sequence[Feedback],
    answers: Mapping[str, Answer],
    shown: Quote | None = None,
) -> OneChange | None:
    """The first advice, cut to one sentence, with the words it is about: a quote, or how the answer began.

    `shown` is quoted as strong already: one sentence is not quoted as both.
    """
    first = min((item for item in advice if item.type == "action_item"), key=lambda item: item.priority, default=None)
    if first is None or first.question_id is None:
        return None
    quote = _about(questions, first.question_id, shown)
    if quote is None and not any(each.evidence for each in questions if each.id == first.question_id):
        quote = _beginning(answers.get(first.question_id))
    return OneChange(first.question_id, one_sentence(first.content), quote, "arithmetic")


def _about(questions: Sequence[QuestionView], question_id: str, shown: Quote | None) -> Quote | None:
    """The first quote of an answer that is not shown already."""
    quotes = next((each.evidence for each in questions if each.id == question_id), ())
    return next((quote for quote in quotes if shown is None or not _overlap(quote, shown)), None)


def one_sentence(text: str) -> str:
    """The first sentence of a text, whole."""
    spans = sentences(text)
    return text[spans[0].start : spans[0].end] if spans else text


def _beginning(answer: Answer | None) -> Quote | None:
    """What the candidate said first, cut between words where it is long."""
    first = next((turn for turn in answer.turns if turn.text.strip()), None) if answer else None
    if first is None:
        return None
    end = len(first.text)
    if end > LONGEST_QUOTE:
        end = first.text.rfind(" ", LONGEST_QUOTE // 2, LONGEST_QUOTE)
        end = LONGEST_QUOTE if end < 0 else end
    return Quote(first.text[:end], first.seq, 0, end)


def to_reword(
    questions: Sequence[QuestionView], first: str | None, answers: Mapping[str, Answer]
) -> tuple[Answer, ...]:
    """The answers worth telling better, the one to begin with first: that of the advice, then the lowest levels."""
    ranked = sorted(
        (each for each in questions if each.level is not None and each.level < BEST and each.id in answers),
        key=lambda each: (each.id != first, each.level, each.number),
    )
    found = (answers[each.id] for each in ranked)
    return tuple(answer for answer in found if own_words(answer) >= FEWEST_WORDS)


def told_better(
    questions: Sequence[QuestionView], change: OneChange | None, answers: Mapping[str, Answer]
) -> Better | None:
    """The first answer that arithmetic can tell better."""
    for answer in to_reword(questions, change.question_id if change else None, answers):
        made = reworded(answer)
        if made is not None:
            return _shown(answer.question.id, made, "arithmetic")
    return None


def _shown(question_id: str, made: Reworded, by: Author) -> Better:
    gaps = coaching_words(made.language).gaps
    parts = tuple(Part(part.kind, part.text or gaps[part.kind], not part.text) for part in made.parts)
    return Better(question_id, made.language, parts, made.is_shortened, by)


def _overlap(quote: Quote, other: Quote) -> bool:
    return quote.seq == other.seq and quote.start < other.end and other.start < quote.end


def _moment(written: CoachingWritten | None) -> Moment | None:
    if written is None or written.moment is None:
        return None
    return Moment(written.moment.question_id, written.moment.quote, written.moment.why, "model")


def _change(
    written: CoachingWritten | None, questions: Sequence[QuestionView], shown: Quote | None
) -> OneChange | None:
    if written is None or written.change is None:
        return None
    about = written.change.question_id
    return OneChange(about, written.change.text, _about(questions, about, shown), "model")


def _better(written: CoachingWritten | None) -> Better | None:
    if written is None or written.better is None:
        return None
    made = Reworded(written.better.language, written.better.parts, is_shortened=False)
    return _shown(written.better.question_id, made, "model")

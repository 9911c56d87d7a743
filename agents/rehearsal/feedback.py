"""A report in words, from scores: what was strong, what to change, how to practise it. No model is asked."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from agents.aggregation import Overall, overall
from agents.events import Quote
from agents.plans import Language, Question, Rubric
from agents.rehearsal.feedback_words import FeedbackWords, words_in
from agents.scoring import Score

_Scored = Sequence[tuple[Question, Score]]

STRONG, WEAK = 4, 3
"""Levels from which an answer is named a strength, and up to which it is one to improve."""
_MOST = 3
"""Strengths, and as many improvements, that a person can take in at once."""


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of a report. `priority` counts from 1, the first to read, within its type."""

    type: Literal["summary", "strength", "improvement", "action_item", "resource"]
    content: str
    question_id: str | None = None
    priority: int = 1
    category: str | None = None
    """The competency it is about."""
    evidence: tuple[Quote, ...] = ()
    resource_url: None = None
    resource_type: str | None = None


def feedback(scores: _Scored, rubric: Rubric, language: Language) -> list[Feedback]:
    """A summary, then strengths, improvements, action items and exercises, in the order to read them."""
    words = words_in(language)
    judged = [(at, question, score) for at, (question, score) in enumerate(scores) if score.level is not None]
    by_level = sorted(judged, key=lambda entry: (-(entry[2].level or 0), entry[0]))
    strong = [(q, s) for _, q, s in by_level if (s.level or 0) >= STRONG][:_MOST]
    weak = [(q, s) for _, q, s in sorted(judged, key=lambda e: (e[2].level or 0, e[0])) if (s.level or 0) <= WEAK]
    unjudged = [(question, score) for question, score in scores if score.level is None]
    to_mend = (weak + unjudged)[:_MOST]
    if not to_mend:
        refinable = [(q, s) for _, q, s in reversed(by_level) if s.suggestion]
        to_mend = refinable[:1]
    return [
        Feedback(type="summary", content=_summary(scores, rubric, language, words)),
        *(_strength(at, entry, rubric, language, words) for at, entry in enumerate(strong, start=1)),
        *(_improvement(at, entry, rubric, language, words) for at, entry in enumerate(to_mend, start=1)),
        *_action_items(to_mend, words),
        *_exercises(to_mend, words),
    ]


def _summary(scores: _Scored, rubric: Rubric, language: Language, words: FeedbackWords) -> str:
    figures = overall([score for _, score in scores], rubric)
    if figures is None:
        return words.nothing_judged.format(asked=words.questions(len(scores)))
    parts = [words.judged.format(asked=words.questions(len(scores)), judged=figures.judged)]
    strongest = _strongest(figures)
    if strongest is not None:
        name = rubric.competency(strongest).name[language]
        parts.append(words.strongest.format(competency=name))
    change = _one_change(scores)
    parts.append(words.change.format(suggestion=change) if change else words.no_change)
    return " ".join(parts)


def _strongest(figures: Overall) -> str | None:
    """The competency with the highest level, where there is more than one and one stands out."""
    given = sorted(
        ((result.level, result.competency) for result in figures.competencies if result.level is not None), reverse=True
    )
    return given[0][1] if len(given) > 1 and given[0][0] > given[-1][0] else None


def _one_change(scores: _Scored) -> str | None:
    """The suggestion of the lowest answer that was judged; where none was left, of the first that was not."""
    ordered = sorted(scores, key=lambda entry: (entry[1].level is None, entry[1].level or 0))
    return next((score.suggestion for _, score in ordered if score.suggestion), None)


def _strength(
    at: int, entry: tuple[Question, Score], rubric: Rubric, language: Language, words: FeedbackWords
) -> Feedback:
    question, score = entry
    made = [point.text[language].rstrip(".") for point in question.points if point.id in score.covered]
    name = rubric.competency(score.competency).name[language]
    listed = "; ".join(f"{text[:1].lower()}{text[1:]}" for text in made)
    wording = words.strength if made else words.strength_plain
    return Feedback(
        type="strength",
        content=wording.format(competency=name, points=listed, anchor=score.anchor),
        question_id=question.id,
        priority=at,
        category=score.competency,
        evidence=score.evidence,
    )


def _improvement(
    at: int, entry: tuple[Question, Score], rubric: Rubric, language: Language, words: FeedbackWords
) -> Feedback:
    question, score = entry
    competency = rubric.competency(score.competency)
    name = competency.name[language]
    if score.level is None:
        content = words.unjudged[score.null_reason or "too_little"].format(competency=name)
    elif score.level == 5:
        content = words.at_the_top.format(competency=name)
    else:
        content = words.improvement.format(competency=name, anchor=competency.anchors[score.level][language])
    return Feedback(
        type="improvement",
        content=content,
        question_id=question.id,
        priority=at,
        category=score.competency,
        evidence=score.evidence,
    )


def _action_items(to_mend: _Scored, words: FeedbackWords) -> list[Feedback]:
    """One for each thing to mend; the same advice is given once."""
    items: list[Feedback] = []
    for question, score in to_mend:
        content = score.suggestion or words.again
        if all(item.content != content for item in items):
            items.append(
                Feedback(
                    type="action_item",
                    content=content,
                    question_id=question.id,
                    priority=len(items) + 1,
                    category=score.competency,
                )
            )
    return items


def _exercises(to_mend: _Scored, words: FeedbackWords) -> list[Feedback]:
    """Ways to practise, by what kind of question did not go well. With nothing to mend, one to keep in practice."""
    kinds = {question.type for question, _ in to_mend}
    chosen: list[str] = []
    if any(score.null_reason == "not_answered" for _, score in to_mend):
        chosen.append(words.exercises["stock"])
    if kinds & {"behavioral", "competency"}:
        chosen.append(words.exercises["story"])
    if kinds & {"technical", "case_study", "situational"}:
        chosen.append(words.exercises["decision"])
    chosen = chosen or [words.exercises["aloud"]]
    return [
        Feedback(type="resource", content=content, priority=at, resource_type="exercise")
        for at, content in enumerate(chosen, start=1)
    ]

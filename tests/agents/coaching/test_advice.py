"""What whoever practised is told first, by arithmetic and by what a model wrote; never in a screening."""

from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from agents.answers import transcript_of
from agents.coaching.advice import VERSION, Coaching, judged_seq, one_sentence
from agents.events import (
    AnyPayload,
    BetterAnswer,
    BetterPart,
    CoachedChange,
    CoachedMoment,
    CoachingWritten,
    Event,
    Quote,
    ReportReady,
    TurnClosed,
)
from agents.plans import Language
from agents.rehearsal.words import tokens
from tests.agents.sitting import PLAN, Sitting
from tests.agents.test_report import followed, given, report, sat, score_of_answer, scored

ALL = ("q1", "q2", "q3")


def after(log: list[Event], *facts: AnyPayload) -> list[Event]:
    return [*log, *(replace(log[-1], seq=log[-1].seq + at, payload=fact) for at, fact in enumerate(facts, start=1))]


def coached(log: list[Event]) -> Coaching:
    made = report(log).coaching
    assert made is not None
    return made


def said_to(log: list[Event], question_id: str) -> tuple[str, int]:
    """What was said to a question first, and its `seq`."""
    turns = [(event.payload.text, event.seq) for event in log if isinstance(event.payload, TurnClosed)]
    asked = [event.payload.question_id for event in log if isinstance(event.payload, TurnClosed)]
    return turns[asked.index(question_id)]


def written(log: list[Event], **changes: object) -> CoachingWritten:
    """What a model could have written of this log."""
    text, seq = said_to(log, "q1")
    fact = CoachingWritten(
        by="model-coach/1 coach/1 balanced",
        judged_seq=judged_seq(log),
        moment=CoachedMoment("q1", Quote(text[:40], seq, 0, 40), "It says plainly who did what."),
        change=CoachedChange("q2", "Name one disagreement and what you said in it."),
        better=BetterAnswer("q2", "en", (BetterPart("action", "I would just talk to them."), BetterPart("result", ""))),
        lineage=(UUID(int=8),),
    )
    return replace(fact, **changes)


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_strongest_moment_is_a_quote_to_the_letter_with_the_points_it_makes(language: Language) -> None:
    log = scored(sat(language), *ALL)
    moment = coached(log).moment
    assert moment is not None
    assert (moment.question_id, moment.by) == ("q1", "arithmetic")
    said = {segment.seq: segment.text for segment in transcript_of(log)}
    assert said[moment.quote.seq][moment.quote.start : moment.quote.end] == moment.quote.text
    made = [point.text[language] for point in PLAN.question("q1").points]
    assert any(f"{text[:1].lower()}{text[1:].rstrip('.')}" in moment.why for text in made)


def test_of_the_best_answers_quotes_the_one_that_makes_most_points_is_shown() -> None:
    sitting = sat()
    whole = score_of_answer(sitting, "q1")
    idle = next(quote for quote in whole.evidence)
    text, seq = said_to(sitting.log, "q1")
    telling = Quote(text, seq, 0, len(text))
    log = followed(sitting.log, [given("q1", replace(whole, evidence=(replace(idle, end=idle.start + 9), telling)))])
    moment = coached(log).moment
    assert moment is not None
    assert moment.quote == telling


def test_without_a_point_the_anchor_says_why() -> None:
    sitting = sat()
    whole = score_of_answer(sitting, "q1")
    log = followed(sitting.log, [given("q1", replace(whole, covered=()))])
    moment = coached(log).moment
    assert moment is not None
    assert moment.why == whole.anchor


@pytest.mark.parametrize("level", [1, 2])
def test_nothing_below_the_middle_of_the_scale_is_called_strong(level: int) -> None:
    sitting = sat()
    log = followed(sitting.log, [given("q1", replace(score_of_answer(sitting, "q1"), level=level))])
    assert coached(log).moment is None


def test_one_thing_is_advised_in_one_sentence_and_about_named_words() -> None:
    sitting = sat()
    advised = replace(score_of_answer(sitting, "q2"), suggestion="Say how it ended: in one sentence. Then stop.")
    made = coached(followed(sitting.log, [given("q2", advised)]))
    assert made.change is not None
    assert (made.change.text, made.change.question_id) == ("Say how it ended: in one sentence.", "q2")
    text, seq = said_to(sitting.log, "q2")
    assert made.change.quote is not None
    assert made.change.quote.seq == seq
    assert text[made.change.quote.start : made.change.quote.end] == made.change.quote.text


def test_a_better_version_has_no_word_that_was_not_said() -> None:
    log = scored(sat(), *ALL)
    better = coached(log).better
    assert better is not None
    assert (better.question_id, better.by, better.language) == ("q2", "arithmetic", "en")
    said = {token.word for token in tokens(said_to(log, "q2")[0])}
    told = [part for part in better.parts if not part.is_gap]
    assert told
    assert {token.word for part in told for token in tokens(part.text)} <= said
    assert [part.kind for part in better.parts if part.is_gap] == ["situation", "action", "result"] or any(
        part.is_gap for part in better.parts
    )
    assert all(part.text.startswith("[") and part.text.endswith("]") for part in better.parts if part.is_gap)


def test_an_answer_at_the_top_needs_no_better_version() -> None:
    sitting = sat()
    log = followed(sitting.log, [given("q1", replace(score_of_answer(sitting, "q1"), level=5))])
    assert coached(log).better is None


def test_a_screening_has_none_even_where_one_was_written() -> None:
    log = scored(sat(kind="screening"), *ALL)
    made = report(after(log, written(log)))
    assert made.coaching is None
    assert replace(made, last_seq=0) == replace(report(log), last_seq=0)
    assert b"It says plainly who did what" not in msgspec.json.encode(made)


def test_an_interview_without_an_answer_has_none() -> None:
    sitting = Sitting()
    sitting.joins()
    sitting.replies()
    sitting.presses("decline")
    sitting.replies()
    assert report(sitting.log).coaching is None


def test_what_a_model_wrote_is_shown_under_its_name_and_moves_nothing_else() -> None:
    log = scored(sat(), *ALL)
    plain = report(log)
    made = report(after(log, written(log)))
    coaching = made.coaching
    assert coaching is not None
    assert coaching.moment is not None
    assert coaching.change is not None
    assert coaching.better is not None
    assert {coaching.moment.by, coaching.change.by, coaching.better.by} == {"model"}
    assert coaching.moment.why == "It says plainly who did what."
    assert coaching.change.text == "Name one disagreement and what you said in it."
    assert [(part.kind, part.is_gap) for part in coaching.better.parts] == [("action", False), ("result", True)]
    assert (coaching.model, coaching.arithmetic) == ("model-coach/1 coach/1 balanced", VERSION)
    assert replace(made, coaching=None, last_seq=0) == replace(plain, coaching=None, last_seq=0)


def test_what_a_model_left_out_is_told_by_arithmetic_and_each_says_who_told_it() -> None:
    log = scored(sat(), *ALL)
    made = coached(after(log, written(log, better=None, moment=None)))
    assert made.moment is not None
    assert made.change is not None
    assert made.better is not None
    assert (made.moment.by, made.change.by, made.better.by) == ("arithmetic", "model", "arithmetic")
    assert made.model


def test_what_was_written_of_other_scores_is_not_shown() -> None:
    log = scored(sat(), *ALL)
    stale = after(log, written(log, judged_seq=judged_seq(log) - 1))
    made = coached(stale)
    assert made == coached(log)
    assert made.model == ""


def test_a_score_that_never_came_makes_what_was_written_no_older() -> None:
    sitting = sat()
    log = scored(sitting, "q1", "q2")
    late = replace(score_of_answer(sitting, "q3"), level=None, null_reason="timed_out")
    made = coached(after(log, written(log), given("q3", late)))
    assert made.model


def test_the_fact_of_the_report_changes_no_byte_of_it() -> None:
    log = scored(sat(), *ALL)
    log = after(log, written(log))
    ready = after(log, ReportReady(overall_score=50.0))
    assert msgspec.json.encode(report(ready)) == msgspec.json.encode(report(log))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Say why. Then say how.", "Say why."),
        ("Say how it ended: one sentence.", "Say how it ended: one sentence."),
        ("no end", "no end"),
        ("", ""),
    ],
)
def test_one_sentence_is_the_first_and_whole(text: str, first: str) -> None:
    assert one_sentence(text) == first

"""The report is a view of the log: the same log, the same bytes."""

from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from agents.answers import answers_of
from agents.director import Close
from agents.events import Event, Kind, ReportReady, ScoreGiven
from agents.plans import Language
from agents.rehearsal.scorer import judge
from agents.report import Report, report_of, score_of, unscored
from agents.scoring import Answer, Score
from tests.agents.rehearsal.answers import GOOD, LIBRARY, WEAK
from tests.agents.sitting import PLAN, Sitting
from tests.agents.spoken import begun, ends, speaks

RUBRIC = LIBRARY.rubrics[PLAN.rubric]
INTERVIEW = UUID(int=5)
RUN = UUID(int=6)


def sat(language: Language = "en", *, ends: bool = True, kind: Kind = "practice") -> Sitting:
    """An interview with a good answer, a weak one and a skipped question, stopped before the fourth."""
    sitting = Sitting(language=language, kind=kind)
    sitting.reaches("q1")
    sitting.says(GOOD[PLAN.slug, "q1", language])
    sitting.replies("next")
    sitting.says(WEAK[PLAN.slug, "q2", language])
    sitting.replies("next")
    sitting.presses("skip")
    if ends:
        sitting.presses("end")
        sitting.replies()
    return sitting


def score_of_answer(sitting: Sitting, question_id: str) -> Score:
    closed = next(answer for answer in answers_of(sitting.log) if answer.question_id == question_id)
    question = PLAN.question(question_id)
    return judge(
        Answer(
            INTERVIEW,
            question,
            RUBRIC.competency(question.competency),
            closed.language,
            closed.version,
            closed.turns,
        )
    )


def given(question_id: str, score: Score, version: int = 1) -> ScoreGiven:
    return ScoreGiven(
        question_id=question_id,
        version=version,
        run_id=RUN,
        competency=score.competency,
        scorer=score.judge,
        level=score.level,
        null_reason=score.null_reason,
        anchor=score.anchor,
        evidence=score.evidence,
        covered=score.covered,
        missed=score.missed,
        suggestion=score.suggestion,
        parts=score.parts,
        spread=score.spread,
        needs_review=score.needs_review,
    )


def scored(sitting: Sitting, *question_ids: str) -> list[Event]:
    """The log with the scores of these questions after it."""
    facts = [given(question_id, score_of_answer(sitting, question_id)) for question_id in question_ids]
    return followed(sitting.log, facts)


def followed(log: list[Event], facts: "list[ScoreGiven] | list[ReportReady]") -> list[Event]:
    return [*log, *(replace(log[-1], seq=log[-1].seq + at, payload=fact) for at, fact in enumerate(facts, start=1))]


def report(log: list[Event]) -> Report:
    made = report_of(INTERVIEW, PLAN, RUBRIC, log)
    assert made is not None
    return made


def test_there_is_no_report_while_the_interview_goes_on() -> None:
    assert report_of(INTERVIEW, PLAN, RUBRIC, sat(ends=False).log) is None


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_same_log_gives_the_same_bytes(language: Language) -> None:
    log = scored(sat(language), "q1", "q2", "q3")
    again = scored(sat(language), "q1", "q2", "q3")
    assert msgspec.json.encode(report(log)) == msgspec.json.encode(report(again))
    assert msgspec.json.decode(msgspec.json.encode(report(log)), type=Report) == report(log)


def test_the_order_in_which_the_scores_came_changes_nothing_but_where_the_log_ends() -> None:
    one, other = scored(sat(), "q1", "q2", "q3"), scored(sat(), "q3", "q1", "q2")
    assert report(one) == report(other)


def test_the_fact_that_the_report_is_there_changes_no_byte_of_it() -> None:
    log = scored(sat(), "q1", "q2", "q3")
    after = followed(log, [ReportReady(overall_score=50.0)])
    assert msgspec.json.encode(report(after)) == msgspec.json.encode(report(log))


def test_each_question_tells_what_became_of_it() -> None:
    made = report(scored(sat(), "q1", "q2", "q3"))
    assert [question.outcome for question in made.questions][:3] == ["answered", "answered", "skipped"]
    assert {question.outcome for question in made.questions[3:]} == {"not_reached"}
    assert [question.number for question in made.questions] == list(range(1, 8))
    first, second, third, fourth = made.questions[:4]
    assert first.level is not None
    assert second.level is None or second.level < first.level
    assert (third.level, third.null_reason) == (None, "not_answered")
    assert (fourth.level, fourth.null_reason, fourth.asked_seq) == (None, None, None)
    assert (made.ended, made.kind, made.language, made.plan) == ("stopped", "practice", "en", PLAN.slug)


def test_every_quote_leads_to_its_words_in_the_transcript() -> None:
    made = report(scored(sat(), "q1", "q2"))
    said = {segment.seq: segment.text for segment in made.transcript}
    quotes = [quote for question in made.questions for quote in question.evidence]
    assert quotes
    assert all(said[quote.seq][quote.start : quote.end] == quote.text for quote in quotes)
    asked = {question.id: question.asked_seq for question in made.questions}
    assert asked["q1"] is not None
    assert asked["q1"] < min(quote.seq for quote in made.questions[0].evidence)


def test_points_and_texts_are_in_the_interviews_language() -> None:
    made = report(scored(sat("es"), "q1", "q2"))
    texts = {point.text["es"] for point in PLAN.question("q1").points}
    assert made.questions[0].text == PLAN.question("q1").text["es"]
    assert made.questions[0].covered
    assert {*made.questions[0].covered, *made.questions[0].missed} == texts
    assert {view.name for view in made.competencies} == {c.name["es"] for c in RUBRIC.competencies}
    assert made.title == PLAN.title["es"]


def test_a_competency_has_the_mean_of_its_levels_and_its_nearest_anchor() -> None:
    sitting = sat()
    whole = score_of_answer(sitting, "q1")
    levels = {"q1": 5, "q2": 4}
    facts = [given(question, replace(whole, level=level)) for question, level in levels.items()]
    assert {PLAN.question(question).competency for question in levels} == {whole.competency}
    made = report(followed(sitting.log, facts))
    view = next(view for view in made.competencies if view.id == whole.competency)
    assert (view.level, view.score, view.judged, view.unjudged) == (4.5, 87.5, 2, 0)
    assert view.anchor == RUBRIC.competency(whole.competency).anchors[4]["en"]
    others = [view for view in made.competencies if view.id != whole.competency]
    assert {(view.level, view.anchor, view.judged) for view in others} == {(None, "", 0)}


def test_nothing_that_could_be_judged_gives_no_overall_figure() -> None:
    sitting = Sitting()
    sitting.joins()
    sitting.replies()
    sitting.presses("decline")
    sitting.replies()
    made = report(sitting.log)
    assert (made.overall, made.ended) == (None, "declined")
    assert {question.outcome for question in made.questions} == {"not_reached"}
    assert {view.level for view in made.competencies} == {None}


def test_an_interview_that_was_never_entered_has_a_report_of_nothing() -> None:
    sitting = Sitting()
    sitting.does(Close("expired"))
    made = report(sitting.log)
    assert (made.ended, made.overall, made.transcript) == ("expired", None, ())


def test_the_score_of_the_latest_version_counts_whenever_it_came() -> None:
    sitting = sat(ends=False)
    sitting.says("And we saved forty hours a month by it.", "q1")
    sitting.presses("end")
    sitting.replies()
    whole = score_of_answer(sitting, "q1")
    second, first = given("q1", replace(whole, level=4), 2), given("q1", replace(whole, level=2), 1)
    for facts in ([second, first], [first, second]):
        assert report(followed(sitting.log, facts)).questions[0].level == 4


def test_an_answer_waits_for_the_score_of_its_current_version() -> None:
    sitting = sat()
    assert unscored(sitting.log) == ("q1", "q2", "q3")
    assert unscored(scored(sitting, "q1", "q3")) == ("q2",)
    assert unscored(scored(sitting, "q1", "q2", "q3")) == ()
    reopened = sat(ends=False)
    log = scored(reopened, "q1", "q2", "q3")
    reopened.says("One thing more.", "q1")
    later = [replace(event, seq=log[-1].seq + 1) for event in reopened.log[len(reopened.log) - 3 :]]
    assert unscored([*log, *later]) == ("q1",)


def test_a_score_survives_its_fact() -> None:
    score = score_of_answer(sat(), "q1")
    assert score_of(given("q1", score)) == score


def test_a_rehearsal_is_labelled_as_one() -> None:
    sitting = sat()
    assert not report(sitting.log).is_rehearsal
    created = sitting.log[0]
    versions = {"interviewer": "rehearsal-interviewer/1", "scorer": "rehearsal-scorer/1"}
    log = [replace(created, payload=replace(created.payload, versions=versions)), *sitting.log[1:]]
    made = report(log)
    assert made.is_rehearsal
    assert (made.interviewer, made.scorer) == ("rehearsal-interviewer/1", "rehearsal-scorer/1")


def spoken(kind: Kind, said: str = "I led the team and we finished early.") -> Sitting:
    sitting = begun(Sitting(kind=kind))
    speaks(sitting, said, after_ms=800)
    return ends(sitting)


def test_a_practice_that_was_spoken_tells_how_and_a_screening_never_does() -> None:
    practice, screening = report(spoken("practice").log), report(spoken("screening").log)
    assert practice.delivery is not None
    assert practice.delivery.whole.words == 8
    assert screening.delivery is None
    assert b"words_a_minute" in msgspec.json.encode(practice)
    for name in (b"words_a_minute", b"filler", b"talk_share", b"response_median"):
        assert name not in msgspec.json.encode(screening)


def test_a_typed_practice_tells_nothing_of_how_it_was_spoken() -> None:
    assert report(sat().log).delivery is None


def test_scores_on_which_judges_differ_are_marked_for_a_person() -> None:
    sitting = sat()
    whole = score_of_answer(sitting, "q1")
    apart = given("q1", replace(whole, level=3, spread=2.0, needs_review=True))
    made = report(followed(sitting.log, [apart, given("q2", replace(whole, level=4))]))
    assert (made.questions[0].spread, made.questions[0].needs_review) == (2.0, True)
    assert (made.questions[1].spread, made.questions[1].needs_review) == (None, False)
    assert made.to_review == 1
    assert {view.id: view.to_review for view in made.competencies}[whole.competency] == 1
    assert made.overall is not None
    assert made.overall.judged == 2


def test_a_screening_tells_nobody_how_to_do_better() -> None:
    practice, screening = (report(scored(sat(kind=kind), "q1", "q2", "q3")) for kind in ("practice", "screening"))
    assert practice.coaching is not None
    assert screening.coaching is None
    for name in (b'"moment"', b'"better"', b'"is_gap"'):
        assert name in msgspec.json.encode(practice)
        assert name not in msgspec.json.encode(screening)


def test_how_an_answer_was_spoken_moves_no_figure_of_the_report() -> None:
    calm, halting = (
        report(scored(spoken("practice", said), "q1"))
        for said in ("I led the team and we finished early.", "I led [4000] the team [2500] and we finished early.")
    )
    assert calm.delivery != halting.delivery
    assert (calm.overall, calm.competencies, calm.feedback) == (halting.overall, halting.competencies, halting.feedback)
    assert calm.questions == halting.questions

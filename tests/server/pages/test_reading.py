"""A report arranged for reading."""

from uuid import UUID

import pytest

from agents.coaching.advice import LONGEST_QUOTE
from agents.events import Quote, ScoreGiven
from agents.library import load_library
from agents.plans import Language
from agents.report import Report, report_of
from server.pages.reading import in_figures, reading
from tests.agents.sitting import PLAN, Sitting
from tests.server.pages import held

RUBRIC = load_library().rubrics[PLAN.rubric]


def report(sitting: Sitting) -> Report:
    made = report_of(UUID(int=1), PLAN, RUBRIC, sitting.log)
    assert made is not None
    return made


def ended_at(question_id: str) -> Sitting:
    sitting = Sitting()
    sitting.reaches(question_id)
    sitting.presses("end")
    sitting.replies()
    return sitting


def test_what_was_said_stands_under_the_question_it_was_said_to() -> None:
    chapters = reading(report(ended_at("q3")), "en").chapters
    assert [chapter.question.id if chapter.question else None for chapter in chapters][:4] == [None, "q1", "q2", "q3"]
    assert chapters[0].is_first
    assert all(segment.question_id == "q2" for segment in chapters[2].segments)
    assert {segment.speaker for segment in chapters[2].segments} == {"interviewer", "candidate"}


def test_an_answer_added_to_later_opens_its_chapter_again_without_a_second_id() -> None:
    sitting = Sitting()
    sitting.reaches("q2")
    sitting.says("To the first question I would add that we measured it.", "q1")
    sitting.replies()
    sitting.says("Now to this one: I asked what worried her.")
    sitting.presses("end")
    sitting.replies()
    anchors = [chapter.anchor for chapter in reading(report(sitting), "en").chapters if chapter.question]
    assert len([anchor for anchor in anchors if anchor]) == len({anchor for anchor in anchors if anchor})
    assert anchors.count("q1") == 1
    assert "" in anchors


def test_every_question_is_under_exactly_one_competency() -> None:
    found = [question.id for each in reading(report(ended_at("q2")), "en").competencies for question in each.questions]
    assert sorted(found) == [question.id for question in PLAN.questions]


def test_a_level_counts_as_judged_and_none_does_not() -> None:
    sitting = ended_at("q3")
    for question_id, level in (("q1", 4), ("q2", None)):
        sitting._apply([score(question_id, level)])
    read = reading(report(sitting), "en")
    assert (read.judged, read.answered) == (1, 3)
    first = next(each for each in read.competencies if each.view.id == PLAN.question("q1").competency)
    assert first.mean == "4"


def score(question_id: str, level: int | None) -> ScoreGiven:
    return ScoreGiven(
        question_id=question_id,
        version=1,
        run_id=UUID(int=2),
        competency=PLAN.question(question_id).competency,
        scorer="rehearsal-scorer/1",
        level=level,
        null_reason=None if level else "too_little",
        evidence=(Quote("I planned", 9, 0, 9),) if level else (),
    )


def test_a_report_opens_with_the_best_answer_and_the_first_advice_each_in_the_candidates_words() -> None:
    read = reading(held.report(held.scored(4, 2, 3)), "en")
    assert read.strongest
    assert read.strongest.question
    assert (read.strongest.question.id, read.strongest.question.level) == ("q1", 4)
    assert read.strongest.quote
    assert read.strongest.quote.text.startswith("Answer 1:")
    assert read.change
    assert (read.change.content, read.change.competency) == ("Suggestion 2.", "Working together")
    assert read.change.quote
    assert read.change.quote.text.startswith("Answer 2:")


def test_an_answer_at_the_middle_of_the_scale_is_the_strongest_where_none_is_better() -> None:
    read = reading(held.report(held.scored(3, 3)), "en")
    assert read.strongest
    assert read.change
    assert read.strongest.question
    assert read.strongest.content == read.strongest.question.anchor
    assert read.strongest.question != read.change.question


@pytest.mark.parametrize("levels", [(2, 1), (None, 2), (None, None)])
def test_nothing_is_called_strong_that_is_not(levels: tuple[int | None, ...]) -> None:
    assert reading(held.report(held.scored(*levels)), "en").strongest is None


def test_one_sentence_is_not_quoted_as_strong_and_as_to_change_at_once() -> None:
    read = reading(held.report(held.scored(5)), "en")
    assert read.strongest
    assert read.strongest.quote
    assert read.change
    assert read.change.quote is None


def test_what_could_not_be_judged_is_quoted_from_its_beginning_to_the_letter() -> None:
    said = "I would say that it depends " * 30
    read = reading(held.report(held.scored(None, said=said)), "en")
    assert read.change
    quote = read.change.quote
    assert quote
    assert LONGEST_QUOTE // 2 < len(quote.text) <= LONGEST_QUOTE
    source = next(segment for segment in read.report.transcript if segment.seq == quote.seq)
    assert source.text[quote.start : quote.end] == quote.text
    assert source.text[quote.end] == " "


@pytest.mark.parametrize(
    ("value", "language", "text"), [(3.0, "en", "3"), (3.5, "en", "3.5"), (3.5, "es", "3,5"), (2.666, "es", "2,7")]
)
def test_a_mean_is_written_as_its_reader_writes_it(value: float, language: Language, text: str) -> None:
    assert in_figures(value, language) == text


def test_what_is_asked_in_mid_answer_stands_in_the_chapter_of_that_question() -> None:
    sitting = Sitting()
    sitting.reaches("q2")
    sitting.says("Could you repeat that, please?")
    sitting.replies()
    sitting.says("I asked each of them what they needed, and we agreed in a week.")
    sitting.replies("next")
    sitting.presses("end")
    sitting.replies()
    asked = [chapter.question.id if chapter.question else None for chapter in reading(report(sitting), "en").chapters]
    assert asked == [None, "q1", "q2", "q3", None]

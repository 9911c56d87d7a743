import pytest

from agents.plans import Language, Question
from agents.rehearsal.feedback import Feedback, feedback
from agents.rehearsal.scorer import judge
from agents.scoring import Score
from tests.agents.rehearsal.answers import GOOD, LIBRARY, WEAK, answer_to

PLAN = LIBRARY.plans["behavioural"]
RUBRIC = LIBRARY.rubrics["behavioural"]


def _scored(language: Language, *texts: str) -> list[tuple[Question, Score]]:
    """The scores of these answers to the first questions of the plan."""
    return [
        (question, judge(answer_to(question, PLAN.slug, text, language=language)))
        for question, text in zip(PLAN.questions, texts, strict=False)
    ]


def _mixed(language: Language) -> list[tuple[Question, Score]]:
    good, weak = GOOD["behavioural", "q1", language], WEAK["behavioural", "q2", language]
    return _scored(language, good, weak, GOOD["behavioural", "q3", language], "...")


def _of(items: list[Feedback], kind: str) -> list[Feedback]:
    return [item for item in items if item.type == kind]


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_report_opens_with_one_summary_that_tells_what_was_asked_and_the_one_thing_to_change(
    language: Language,
) -> None:
    scores = _mixed(language)
    items = feedback(scores, RUBRIC, language)
    assert items[0].type == "summary"
    assert len(_of(items, "summary")) == 1
    assert "4" in items[0].content
    assert "3" in items[0].content
    assert (scores[1][1].suggestion or "?") in items[0].content


@pytest.mark.parametrize("language", ["en", "es"])
def test_strengths_carry_the_candidates_own_words(language: Language) -> None:
    scores = _mixed(language)
    strengths = _of(feedback(scores, RUBRIC, language), "strength")
    assert [item.question_id for item in strengths] == ["q3", "q1"] or [i.question_id for i in strengths] == [
        "q1",
        "q3",
    ]
    assert all(item.evidence for item in strengths)
    assert [item.priority for item in strengths] == [1, 2]


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_was_weak_or_left_out_is_to_improve_with_an_action_each(language: Language) -> None:
    scores = _mixed(language)
    items = feedback(scores, RUBRIC, language)
    assert [item.question_id for item in _of(items, "improvement")] == ["q2", "q4"]
    assert [item.content for item in _of(items, "action_item")] == [scores[1][1].suggestion, scores[3][1].suggestion]
    assert RUBRIC.competency(scores[1][0].competency).anchors[scores[1][1].level or 0][language] in (
        _of(items, "improvement")[0].content
    )


@pytest.mark.parametrize("language", ["en", "es"])
def test_exercises_are_described_and_lead_to_no_other_host(language: Language) -> None:
    resources = _of(feedback(_mixed(language), RUBRIC, language), "resource")
    assert resources
    assert all(item.resource_type == "exercise" and item.resource_url is None for item in resources)
    assert not any("http" in item.content for item in resources)


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_interview_without_a_judged_answer_gets_a_summary_and_a_way_to_begin(language: Language) -> None:
    items = feedback(_scored(language, "", "...", "no"), RUBRIC, language)
    assert not _of(items, "strength")
    assert _of(items, "action_item")
    assert _of(items, "resource")
    assert feedback([], RUBRIC, language)[0].type == "summary"


def test_the_same_advice_is_given_once() -> None:
    items = _of(feedback(_scored("en", "", "...", "no"), RUBRIC, "en"), "action_item")
    assert len({item.content for item in items}) == len(items) == 1


@pytest.mark.parametrize("language", ["en", "es"])
def test_nothing_is_left_to_fill_in(language: Language) -> None:
    for scores in (_mixed(language), _scored(language, ""), _scored(language, GOOD["behavioural", "q1", language])):
        assert not any("{" in item.content or "}" in item.content for item in feedback(scores, RUBRIC, language))

"""The plans and rubrics that come with Viva: complete in both languages, and fit to be heard by a candidate."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import msgspec
import pytest

from agents.library import load_library
from agents.plans import Plan, Question, Rubric

LIBRARY = load_library()
QUESTIONS = [
    pytest.param(plan, question, id=f"{plan.slug}-{question.id}")
    for plan in LIBRARY.plans.values()
    for question in plan.questions
]
plans = pytest.mark.parametrize("plan", LIBRARY.plans.values(), ids=LIBRARY.plans)
rubrics = pytest.mark.parametrize("rubric", LIBRARY.rubrics.values(), ids=LIBRARY.rubrics)
DOCUMENTS: dict[str, Plan | Rubric] = {
    **{f"plan-{slug}": plan for slug, plan in LIBRARY.plans.items()},
    **{f"rubric-{slug}": rubric for slug, rubric in LIBRARY.rubrics.items()},
}
documents = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
questions = pytest.mark.parametrize(("plan", "question"), QUESTIONS)

PRIVATE = re.compile(
    r"\b(your (age|family|children|husband|wife|religion|health|nationality)|married|pregnan\w+|how old are you|born in"
    r"|tu (edad|familia|religión|salud|nacionalidad)|tus hij[oa]s|casad[oa]|embaraz\w+|cuántos años|naciste)\b"
)


def texts(value: Any) -> Iterator[dict[str, str]]:
    """Every text of a document, by language."""
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict) and all(isinstance(text, str) for text in value.values()):
        yield value


def test_six_kinds_of_interview_are_there_in_both_languages() -> None:
    assert {plan.slug: plan.interview_type for plan in LIBRARY.plans.values()} == {
        "behavioural": "behavioral",
        "backend-engineer": "technical",
        "hr-screening": "hr_screening",
        "competency": "competency",
        "case-study": "case_study",
        "customer-service": "customer_service",
    }
    assert set(LIBRARY.rubrics) == {plan.rubric for plan in LIBRARY.plans.values()}
    for document in DOCUMENTS.values():
        assert set(document.languages) == {"en", "es"}


@plans
def test_a_plan_has_six_to_eight_questions_that_fit_its_target(plan: Plan) -> None:
    assert [question.id for question in plan.questions] == [f"q{n}" for n in range(1, len(plan.questions) + 1)]
    assert 6 <= len(plan.questions) <= 8
    assert sum(question.seconds for question in plan.questions) <= plan.target_duration_minutes * 60
    assert 4 <= len(plan.facts) <= 8


@plans
def test_the_facts_tell_the_true_length_of_the_interview(plan: Plan) -> None:
    counts = {7: {"en": "seven", "es": "siete"}}[len(plan.questions)]
    for language in plan.languages:
        told = " ".join(fact[language] for fact in plan.facts)
        assert str(plan.target_duration_minutes) in told
        assert str(plan.hard_limit_minutes) in told
        assert counts[language] in told


@plans
def test_every_competency_of_the_rubric_is_asked_for(plan: Plan) -> None:
    rubric = LIBRARY.rubrics[plan.rubric]
    assert {item.id for item in rubric.competencies} == {question.competency for question in plan.questions}


@rubrics
def test_the_five_anchors_of_a_competency_are_distinct(rubric: Rubric) -> None:
    assert 5 <= len(rubric.competencies) <= 6
    for competency in rubric.competencies:
        for language in rubric.languages:
            words = [set(re.findall(r"\w{4,}", anchor[language].lower())) for anchor in competency.anchors]
            for one, other in combinations(words, 2):
                assert len(one & other) / len(one | other) < 0.5, (competency.id, language, one & other)


@rubrics
def test_no_two_anchors_anywhere_in_a_rubric_are_alike(rubric: Rubric) -> None:
    for language in rubric.languages:
        said = [anchor[language] for competency in rubric.competencies for anchor in competency.anchors]
        assert len(set(said)) == len(said)


def test_no_two_plans_or_rubrics_have_one_name() -> None:
    for kind in (LIBRARY.plans, LIBRARY.rubrics):
        for language in ("en", "es"):
            titles = [document.title[language] for document in kind.values()]
            assert len(set(titles)) == len(titles)


@documents
def test_spanish_is_written_and_not_left_in_english(document: Plan | Rubric) -> None:
    for text in texts(document):
        assert text["en"] != text["es"], text


@documents
def test_nothing_touches_private_life(document: Plan | Rubric) -> None:
    for text in texts(document):
        for said in text.values():
            assert not PRIVATE.search(said.lower()), said


@plans
def test_spanish_speaks_to_one_person_as_tu(plan: Plan) -> None:
    for text in texts(plan):
        assert not re.search(r"\b(usted|vosotros|vos|vuestr\w+|cuénteme|dígame|piense)\b", text["es"].lower()), text


@questions
def test_a_core_question_is_easily_heard(plan: Plan, question: Question) -> None:
    for said in question.text.values():
        assert len(said.split()) <= 45
        assert said.count("?") <= 1
        assert said[-1] in ".?"
    assert question.text["es"].count("¿") == question.text["es"].count("?")


@questions
def test_a_probe_asks_one_short_thing(plan: Plan, question: Question) -> None:
    for probe in question.probes:
        for said in probe.text.values():
            assert said.count("?") == 1
            assert len(said.split()) <= 25
        assert probe.text["es"].count("¿") == 1


@questions
def test_probes_seek_different_things_and_are_enough(plan: Plan, question: Question) -> None:
    assert 3 <= len(question.probes) <= 4
    assert len({probe.seeks for probe in question.probes}) >= 2
    assert question.max_probes == 2
    assert all(probe.id.startswith(f"{question.id}.") for probe in question.probes)
    sought = [(probe.seeks, probe.point) for probe in question.probes]
    assert len(set(sought)) == len(sought)


@questions
def test_points_have_cues_of_real_variety_in_both_languages(plan: Plan, question: Question) -> None:
    assert 3 <= len(question.points) <= 5
    for point in question.points:
        assert point.id.startswith(f"{question.id}.")
        for language, cues in point.cues.items():
            assert 6 <= len(cues) <= 14, (point.id, language)
            assert all(len(cue.split()) <= 5 for cue in cues)


@questions
def test_no_cue_shows_two_points_of_one_question(plan: Plan, question: Question) -> None:
    for language in plan.languages:
        cues = [cue for point in question.points for cue in point.cues[language]]
        assert sorted(set(cues)) == sorted(cues)


@questions
def test_a_hint_helps_to_begin_without_the_answer(plan: Plan, question: Question) -> None:
    assert 2 <= len(question.hints) <= 3
    for hint in question.hints:
        for language in plan.languages:
            said = hint[language].lower()
            told = [
                point.id
                for point in question.points
                if question.type in ("technical", "case_study")
                and any(re.search(rf"\b{re.escape(cue)}\b", said) for cue in point.cues[language])
            ]
            assert told == [], (said, told)


@questions
def test_a_question_does_not_speak_the_cues_of_its_own_answer(plan: Plan, question: Question) -> None:
    """A candidate who only repeats the question has shown no more than one point."""
    for language in plan.languages:
        said = question.text[language].lower()
        shown = [
            point.id
            for point in question.points
            if any(re.search(rf"\b{re.escape(cue)}\b", said) for cue in point.cues[language])
        ]
        assert len(shown) <= 1, (said, shown)


@questions
def test_the_time_for_an_answer_is_between_two_and_five_minutes(plan: Plan, question: Question) -> None:
    assert 120 <= question.seconds <= 300

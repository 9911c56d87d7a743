"""What changed between two versions, thing by thing, whatever its place."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.library import load_library
from agents.plans import Plan, Question, Rubric
from agents.workshop import Change, difference
from tests.agents.workshop.small import CARE, PLAN, QUESTION, RUBRIC, anchored, asking, plan, rubric

LIBRARY = load_library()
BIG = LIBRARY.plans["behavioural"]
BIG_RUBRIC = LIBRARY.rubrics["behavioural"]


def changes(after: Plan, rubric: Rubric = RUBRIC, before: Plan = PLAN) -> list[tuple[str, str]]:
    return [(each.kind, each.path) for each in difference((before, RUBRIC), (after, rubric))]


def questions(*ids: str) -> Plan:
    by_id = {question.id: question for question in BIG.questions}
    return msgspec.structs.replace(BIG, questions=tuple(by_id[name] for name in ids))


def moved(before: Plan, after: Plan) -> list[tuple[str, str, str]]:
    found = difference((before, BIG_RUBRIC), (after, BIG_RUBRIC))
    assert {each.kind for each in found} <= {"moved"}
    return [(each.path, each.before, each.after) for each in found]


def test_nothing_changed_is_nothing() -> None:
    assert difference((PLAN, RUBRIC), (PLAN, RUBRIC)) == ()


def test_a_changed_text_is_told_in_its_language_with_both_wordings() -> None:
    assert difference((PLAN, RUBRIC), (asking("What did you finish?", "en"), RUBRIC)) == (
        Change("changed", "questions[q1].text.en", QUESTION.text["en"], "What did you finish?"),
    )


def test_things_within_a_question_are_known_by_their_ids() -> None:
    probe = msgspec.structs.replace(QUESTION.probes[0], id="q1.new")
    after = plan(questions=(msgspec.structs.replace(QUESTION, probes=(probe, QUESTION.probes[1])),))
    assert changes(after) == [("removed", "questions[q1].probes[q1.result]"), ("added", "questions[q1].probes[q1.new]")]


def test_a_question_that_is_put_first_is_told_as_moved_and_the_others_stay() -> None:
    assert moved(questions("q1", "q2", "q3", "q4"), questions("q4", "q1", "q2", "q3")) == [("questions[q4]", "4", "1")]
    assert moved(questions("q1", "q2", "q3"), questions("q2", "q3", "q1")) == [("questions[q1]", "1", "3")]
    swapped = moved(questions("q1", "q2"), questions("q2", "q1"))
    assert len(swapped) == 1


def test_a_removed_question_does_not_make_those_after_it_move() -> None:
    found = difference((questions("q1", "q2", "q3"), BIG_RUBRIC), (questions("q1", "q3"), BIG_RUBRIC))
    assert [(each.kind, each.path) for each in found] == [("removed", "questions[q2]")]
    assert found[0].before.startswith(BIG.questions[1].text["en"])


def test_a_moved_question_that_was_also_changed_is_told_as_both() -> None:
    before = questions("q1", "q2", "q3")
    last = msgspec.structs.replace(before.questions[2], seconds=90)
    after = msgspec.structs.replace(before, questions=(last, *before.questions[:2]))
    found = difference((before, BIG_RUBRIC), (after, BIG_RUBRIC))
    assert [(each.kind, each.path, each.after) for each in found] == [
        ("moved", "questions[q3]", "1"),
        ("changed", "questions[q3].seconds", "90"),
    ]


def test_an_anchor_is_named_by_its_level() -> None:
    assert changes(PLAN, anchored("Says one step.", "en", level=3)) == [
        ("changed", "rubric.competencies[care].anchors[3].en")
    ]
    assert changes(PLAN, rubric(weight=2.5)) == [("changed", "rubric.competencies[care].weight")]


def test_a_new_competency_and_a_new_language_are_told_as_added() -> None:
    more = msgspec.structs.replace(RUBRIC, competencies=(CARE, msgspec.structs.replace(CARE, id="pace")))
    assert changes(PLAN, more) == [("added", "rubric.competencies[pace]")]
    assert changes(PLAN, before=plan(title={"en": "Small"})) == [("added", "title.es")]


def test_facts_hints_and_cues_are_told_where_they_stand() -> None:
    assert changes(plan(facts=(*PLAN.facts, {"en": "More", "es": "Más"}))) == [("added", "facts[2]")]
    assert changes(plan(facts=())) == [("removed", "facts[1]")]
    cues: dict[Any, tuple[str, ...]] = {**QUESTION.points[0].cues, "en": ("outcome",)}
    point = msgspec.structs.replace(QUESTION.points[0], cues=cues)
    after = plan(questions=(msgspec.structs.replace(QUESTION, points=(point,)),))
    found = difference((PLAN, RUBRIC), (after, RUBRIC))
    assert [(each.path, each.before, each.after) for each in found] == [
        ("questions[q1].points[q1.a].cues.en", "result, in the end, finally", "outcome")
    ]


def replayed(before: tuple[str, ...], found: tuple[Change, ...]) -> list[str]:
    """The order of ids that the changes lead to: what moved or came is put where it is told to be."""
    order = [
        name for name in before if Change("removed", f"questions[{name}]", "", "").path not in _paths(found, "removed")
    ]
    placed = {path: int(after) for path, after in ((e.path, e.after) for e in found if e.kind == "moved")}
    order = [name for name in order if f"questions[{name}]" not in placed]
    for path, place in sorted(placed.items(), key=lambda item: item[1]):
        order.insert(place - 1, path.removeprefix("questions[").removesuffix("]"))
    return order


def _paths(found: tuple[Change, ...], kind: str) -> set[str]:
    return {each.path for each in found if each.kind == kind}


@settings(max_examples=100, deadline=None)
@given(st.permutations(["q1", "q2", "q3", "q4", "q5", "q6"]))
def test_the_moves_that_are_told_lead_to_the_new_order(order: list[str]) -> None:
    before = questions("q1", "q2", "q3", "q4", "q5", "q6")
    after = questions(*order)
    found = difference((before, BIG_RUBRIC), (after, BIG_RUBRIC))
    assert replayed(tuple(question.id for question in before.questions), found) == order


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(BIG.questions), unique_by=lambda question: question.id), st.data())
def test_every_question_is_told_once_at_most_as_come_gone_or_moved(kept: list[Question], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.sampled_from(BIG.questions), unique_by=lambda question: question.id))
    before = msgspec.structs.replace(BIG, questions=tuple(kept))
    after = msgspec.structs.replace(BIG, questions=tuple(other))
    found = difference((before, BIG_RUBRIC), (after, BIG_RUBRIC))
    assert len({each.path for each in found}) == len(found)
    old, new = {q.id for q in kept}, {q.id for q in other}
    assert _paths(found, "removed") == {f"questions[{name}]" for name in old - new}
    assert _paths(found, "added") == {f"questions[{name}]" for name in new - old}

"""What the editor's buttons do to the form."""

import msgspec
import pytest

from server.pages.workshop_acts import acted
from server.pages.workshop_form import UnreadableForm, documents
from tests.server.pages.forms import form_of


def test_a_question_that_is_added_has_ids_of_its_own_and_what_it_needs() -> None:
    form = form_of("behavioural")
    count = len(form.questions)
    assert acted(form, "add:questions") == f"questions.{count}"
    assert acted(form, f"add:questions.{count}.points") == f"questions.{count}.points.1"
    assert acted(form, f"add:questions.{count}.probes") == f"questions.{count}.probes.0"
    plan, rubric = documents(form)
    ids = [question.id for question in plan.questions]
    ids += [point.id for question in plan.questions for point in question.points]
    ids += [probe.id for question in plan.questions for probe in question.probes]
    assert len(ids) == len(set(ids))
    assert plan.questions[-1].competency in {competency.id for competency in rubric.competencies}


def test_a_question_can_be_moved_and_taken_out() -> None:
    form = form_of("behavioural")
    first, second, *rest = [question.id for question in form.questions]
    assert acted(form, "down:questions.0") == "questions.1"
    assert [question.id for question in form.questions] == [second, first, *rest]
    assert acted(form, "up:questions.0") == "questions.0"
    assert acted(form, "remove:questions.1") == "questions.1"
    assert [question.id for question in form.questions] == [second, *rest]
    last = len(form.questions) - 1
    assert acted(form, f"down:questions.{last}") == f"questions.{last}"
    assert acted(form, f"remove:questions.{last}") == f"questions.{last - 1}"


def test_a_competency_that_is_added_has_five_levels_to_fill_in() -> None:
    form = form_of("behavioural")
    path = acted(form, "add:rubric.competencies")
    assert path == f"rubric.competencies.{len(form.rubric.competencies) - 1}"
    assert form.rubric.competencies[-1].anchors == [{"en": "", "es": ""}] * 5


def test_an_act_on_what_is_not_there_does_nothing() -> None:
    form = form_of("behavioural")
    before = msgspec.to_builtins(form)
    acted(form, "remove:questions.99")
    acted(form, "up:facts.99")
    assert msgspec.to_builtins(form) == before


@pytest.mark.parametrize(
    "act", ["add:", "add:title", "remove:questions", "remove:title.en", "add:questions.99.points", "add:a.__class__"]
)
def test_what_is_no_act_is_refused(act: str) -> None:
    with pytest.raises(UnreadableForm):
        acted(form_of("behavioural"), act)

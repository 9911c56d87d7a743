"""A plan and its rubric as a form, and the documents that come of it."""

from urllib.parse import urlencode

import msgspec
import pytest

from server.pages.workshop_fields import form_of_fields, read_fields
from server.pages.workshop_form import documents, form_of_documents, slug_of
from tests.server.pages.forms import LIBRARY, form_fields, form_of


@pytest.mark.parametrize("slug", sorted(LIBRARY.plans))
def test_a_form_that_nobody_touched_makes_the_same_documents(slug: str) -> None:
    plan = LIBRARY.plans[slug]
    rubric = LIBRARY.rubrics[plan.rubric]
    sent = urlencode(form_fields(form_of_documents(plan, rubric))).encode()
    assert documents(form_of_fields(read_fields(sent))) == (plan, rubric)


def test_a_cue_with_a_comma_in_it_stays_one_cue() -> None:
    form = form_of("behavioural")
    plan, _ = documents(form)
    point = plan.questions[0].points[0]
    cues = {"en": ("yes, and no", "maybe"), "es": ("sí, y no",)}
    question = msgspec.structs.replace(plan.questions[0], points=(msgspec.structs.replace(point, cues=cues),))
    changed = msgspec.structs.replace(plan, questions=(question,))
    sent = form_fields(form_of_documents(changed, LIBRARY.rubrics[plan.rubric]))
    # As browsers send the lines of a text.
    lines = [(name, value.replace("\n", "\r\n")) for name, value in sent]
    assert documents(form_of_fields(lines))[0].questions[0].points[0].cues == cues


def test_a_language_that_is_not_ticked_is_left_out_of_the_documents_and_kept_in_the_form() -> None:
    form = form_of("behavioural")
    form.languages = ["es"]
    plan, rubric = documents(form)
    assert (plan.languages, rubric.languages) == (("es",), ("es",))
    assert set(plan.title) == set(plan.questions[0].points[0].cues) == set(rubric.competencies[0].anchors[0]) == {"es"}
    kept = form_of_fields(form_fields(form))
    assert kept.title["en"] == LIBRARY.plans["behavioural"].title["en"]


def test_what_is_no_number_becomes_one_that_no_check_lets_pass_and_stays_as_it_was_typed() -> None:
    form = form_of("behavioural")
    form.target_duration_minutes = "half an hour"
    form.questions[0].seconds = "²"
    form.rubric.competencies[0].weight = "1e9"
    plan, rubric = documents(form)
    assert (plan.target_duration_minutes, plan.questions[0].seconds, rubric.competencies[0].weight) == (0, 0, 0.0)
    assert form_of_fields(form_fields(form)).target_duration_minutes == "half an hour"


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Senior cook (nights)", "senior-cook-nights"),
        ("Atención al cliente", "atencion-al-cliente"),
        ("—", ""),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_name_for_the_address_is_made_of_the_title(title: str, slug: str) -> None:
    assert slug_of({"en": title}) == slug


def test_what_was_typed_for_a_name_becomes_one_that_can_stand_in_an_address() -> None:
    form = form_of("behavioural")
    form.slug = "Front.desk / 2"
    assert documents(form)[0].slug == "front-desk-2"


def test_a_plan_without_a_name_is_called_by_its_title_and_its_rubric_with_it() -> None:
    form = form_of_fields([("title.es", "Jefa de cocina"), ("languages", "es")])
    plan, rubric = documents(form)
    assert (plan.slug, plan.rubric, rubric.slug, rubric.title) == (*["jefa-de-cocina"] * 3, {"es": "Jefa de cocina"})

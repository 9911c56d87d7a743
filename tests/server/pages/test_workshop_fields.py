"""The workshop's form as browsers send it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.pages.workshop_fields import form_of_fields, read_fields
from server.pages.workshop_form import PlanForm, UnreadableForm, documents

STEPS = st.sampled_from(
    ["questions", "points", "rubric", "competencies", "anchors", "text", "cues", "en", "es", "0", "7"]
)
NAMES = st.lists(STEPS, min_size=1, max_size=6).map(".".join)


def test_what_was_typed_over_several_lines_is_one_line_and_odd_spaces_are_spaces() -> None:
    typed = form_of_fields([("questions.0.text.en", " What did\u00a0you do, \r\n and why? "), ("questions.0.id", "q1")])
    assert typed.questions[0].text["en"] == "What did you do, and why?"


@pytest.mark.parametrize(
    "fields",
    [
        [("questions.0.text", "no language")],
        [("questions", "no list")],
        [("questions.0.seeks.en.es", "x"), ("questions.0.text.en.more", "too deep")],
        [("interview_type", "a chat")],
        [("questions.0.type", "'; drop table")],
        [("title.en", "a"), ("title.en.more", "b")],
    ],
)
def test_what_is_not_the_form_is_refused(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(UnreadableForm):
        documents(form_of_fields(fields))


@pytest.mark.parametrize("body", [b"\xff\xfe=1", b"plan", b"&".join(b"a=1" for _ in range(9_000))])
def test_a_body_that_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableForm):
        read_fields(body)


@given(st.lists(st.tuples(NAMES, st.text(max_size=5)), max_size=8))
def test_whatever_fields_are_sent_make_documents_or_are_refused(fields: list[tuple[str, str]]) -> None:
    try:
        documents(form_of_fields(fields))
    except UnreadableForm as refused:
        assert refused.sentence.endswith(".")  # noqa: PT017 - either is right


def test_names_that_are_none_of_the_forms_are_passed_over() -> None:
    assert form_of_fields([("do", "save"), ("__class__", "x"), ("a.b.c", "y"), ("base", "3")]) == PlanForm(languages=[])

"""A plan with its rubric as YAML: written so that a person can read it, and read again as it was."""

import unicodedata
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.library import load_library
from agents.library.document import MAX_BYTES
from agents.plans import Competency, ExpectedPoint, Plan, Probe, Question, Rubric
from agents.workshop import DocumentError, document_of, line_of, read_document
from tests.agents.workshop.small import PLAN, RUBRIC, asking

LIBRARY = load_library()
AWKWARD = [
    "",
    "no",
    "08",
    "1e3",
    "null",
    "~",
    "0.5",
    "- a",
    "a: b",
    "# a",
    "'",
    '"',
    " a ",
    "a\nb",
    "a\n\n b\n",
    "{a}",
    "[",
    "…",
]
TEXT = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40),
    st.lists(st.sampled_from(["word", "palabra", "«ñ»", "a:", "#b", "-", "é"]), max_size=60).map(" ".join),
).map(lambda text: unicodedata.normalize("NFC", text))
WORDS = st.dictionaries(st.sampled_from(["en", "es"]), TEXT, max_size=2)
CUES = st.dictionaries(st.sampled_from(["en", "es"]), st.lists(TEXT, max_size=3).map(tuple), max_size=2)
WHOLE = st.integers(-(10**17), 10**17)


def many(of: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[Any]:
    return st.lists(of, max_size=most).map(tuple)


POINTS = st.builds(ExpectedPoint, id=TEXT, text=WORDS, cues=CUES)
PROBES = st.builds(
    Probe, id=TEXT, text=WORDS, seeks=st.sampled_from(["result", "point"]), point=st.one_of(st.none(), TEXT)
)
QUESTIONS = st.builds(
    Question,
    id=TEXT,
    type=st.sampled_from(["behavioral", "technical"]),
    competency=TEXT,
    text=WORDS,
    points=many(POINTS),
    probes=many(PROBES),
    hints=many(WORDS),
    seconds=WHOLE,
    max_probes=WHOLE,
)
PLANS = st.builds(
    Plan,
    slug=TEXT,
    title=WORDS,
    summary=WORDS,
    interview_type=st.sampled_from(["behavioral", "mixed"]),
    role_level=st.sampled_from(["intern", "senior"]),
    difficulty_level=st.sampled_from(["easy", "expert"]),
    target_duration_minutes=WHOLE,
    hard_limit_minutes=WHOLE,
    languages=many(st.sampled_from(["en", "es"])),
    rubric=TEXT,
    warm_up=WORDS,
    facts=many(WORDS),
    questions=many(QUESTIONS),
    patience=st.sampled_from(["short", "long"]),
    judges=st.sampled_from([1, 3]),
)
COMPETENCIES = st.builds(
    Competency,
    id=TEXT,
    name=WORDS,
    definition=WORDS,
    anchors=st.tuples(WORDS, WORDS, WORDS, WORDS, WORDS),
    weight=st.floats(allow_nan=False, allow_infinity=False),
)
RUBRICS = st.builds(
    Rubric, slug=TEXT, title=WORDS, languages=many(st.sampled_from(["en", "es"])), competencies=many(COMPETENCIES)
)


@settings(max_examples=150, deadline=None)
@given(PLANS, RUBRICS)
def test_what_is_written_is_read_again_as_it_was(plan: Plan, rubric: Rubric) -> None:
    assert read_document(document_of(plan, rubric)) == (plan, rubric)


@pytest.mark.parametrize("slug", LIBRARY.plans)
def test_every_plan_of_the_library_goes_out_and_comes_in_again(slug: str) -> None:
    plan = LIBRARY.plans[slug]
    both = (plan, LIBRARY.rubrics[plan.rubric])
    text = document_of(*both)
    assert read_document(text) == both
    assert read_document(text.encode()) == both
    assert max(map(len, text.splitlines())) <= 130
    assert "\\u" not in text


def test_a_document_is_written_for_people() -> None:
    long = "Think of a task that took longer than anybody had thought, and tell me what you did about it."
    lines = document_of(asking(long, "en"), RUBRIC).splitlines()
    assert lines[:5] == ["plan:", "  slug: small", "  title:", "    en: Small", "    es: Pequeña"]
    assert "      en: >-" in lines
    assert "        en: [result, in the end, finally]" in [
        line.replace("          en:", "        en:") for line in lines
    ]
    assert not any("null" in line for line in lines)
    assert lines.index("rubric:") > lines.index("  questions:")


def test_any_other_writer_of_yaml_is_understood() -> None:
    loaded = yaml.safe_load(document_of(PLAN, RUBRIC))
    for flow in (False, True):
        text = yaml.safe_dump({"rubric": loaded["rubric"], "plan": loaded["plan"]}, default_flow_style=flow)
        assert read_document(text) == (PLAN, RUBRIC)


GOOD = document_of(PLAN, RUBRIC)


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ("    seconds: 240", "    seconds: soon", "questions.0.seconds", "a whole number belongs here"),
        ("    type: behavioral", "    type: behavioural", "questions.0.type", "Did you mean `behavioral`?"),
        ("  patience: normal", "  patienc: normal", "patienc", "this name is not known here"),
        ("  languages: [en, es]", "  languages: [en, fr]", "languages.1", "`fr` is not known"),
        ("    weight: 1.0", "    weight: heavy", "rubric.competencies.0.weight", "a number belongs here"),
        ("    weight: 1.0", "    wait: 1.0", "rubric.competencies.0.wait", "this name is not known here"),
    ],
)
def test_a_document_of_another_shape_is_refused_at_its_line(old: str, new: str, path: str, problem: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(DocumentError) as raised:
        read_document(text)
    assert raised.value.line == text[: text.index(new)].count("\n") + 1
    assert raised.value.path == path
    assert problem in str(raised.value)
    assert str(raised.value).startswith(f"Line {raised.value.line}: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "made of `name: value` lines"),
        ("plan: {}", "`rubric` is missing|`slug` is missing"),
        ("- plan", "made of `name: value` lines"),
        ("plan: *p\nrubric: {}", "stands for something written elsewhere"),
        ("plan: !!python/object:os.system {}\n", "is a YAML tag"),
        ("plan: " + "[" * 100_000, "nested too deeply"),
        ("plan: &a [*a]", "stands for something"),
        ("a: 1\na: 2\n", "here a second time"),
        ("plan: \x07", "control character"),
        ("plan: \ud800", "not UTF-8"),
        ("#" * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_is_no_document_is_refused_with_a_sentence(text: str, problem: str) -> None:
    with pytest.raises(DocumentError, match=problem):
        read_document(text)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_anything_else_is_refused_and_never_an_accident(text: str | bytes) -> None:
    with pytest.raises(DocumentError):
        read_document(text)


def test_a_findings_path_leads_to_its_line() -> None:
    lines = GOOD.splitlines()
    for path, wanted in (
        ("questions.0.text.es", "      es: Cuéntame de una tarea que llevaste hasta el final."),
        ("rubric.competencies.0.anchors.2.en", "    - en: Names one step of their own."),
        ("hard_limit_minutes", "  hard_limit_minutes: 12"),
        ("rubric", "  rubric: small"),
    ):
        number = line_of(GOOD, path)
        assert number is not None
        assert lines[number - 1] == wanted
    assert line_of("plan: [", "questions") is None

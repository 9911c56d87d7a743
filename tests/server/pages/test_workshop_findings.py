"""Findings beside the fields they are about."""

import msgspec
import pytest

from agents.plans import Words
from agents.workshop import Finding, Severity
from server.pages.texts import texts_in
from server.pages.workshop_findings import Told, counted, placed, remarks, summed
from tests.server.pages.forms import form_of

FORM = form_of("behavioural")
SAID: Words = {"en": "Look here.", "es": "Mira aquí."}


def finding(path: str, severity: Severity = "error", message: Words = SAID) -> Finding:
    return Finding("made.up", severity, path, None, "", message)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("questions.2.text.es", "questions.2.text.es"),
        ("questions.2.points.0.cues.en.3", "questions.2.points.0.cues.en"),
        ("questions.2.points.0.id", "questions.2.points.0"),
        ("questions.2.hints.0.en", "questions.2.hints.0.en"),
        ("questions.99.text.en", "questions"),
        ("rubric.competencies.0.anchors.4.en", "rubric.competencies.0.anchors.4.en"),
        ("rubric.title.es", "title.es"),
        ("rubric.languages", "languages"),
        ("languages.1", "languages"),
        ("rubric", "rubric"),
        ("of.nothing.here", ""),
    ],
)
def test_a_finding_stands_at_its_field_or_at_the_nearest_thing_around_it(path: str, place: str) -> None:
    assert placed([finding(path)], FORM, "en").told == {place: (Told("error", "Look here."),)}


def test_what_is_found_twice_at_one_place_is_told_once() -> None:
    found = placed([finding("title.en"), finding("rubric.title.en"), finding("title.en", "hint")], FORM, "en")
    assert found.told == {"title.en": (Told("error", "Look here."), Told("hint", "Look here."))}
    assert (found.errors, found.warnings, found.hints) == (1, 0, 1)


def test_a_reader_is_told_in_their_language_or_in_the_one_there_is() -> None:
    found = placed([finding("title.en"), finding("summary.en", message={"en": "Only so."})], FORM, "es")
    assert [told.message for several in found.told.values() for told in several] == ["Mira aquí.", "Only so."]


def test_a_block_counts_what_is_below_it_and_nothing_beside_it() -> None:
    paths = ("questions.1", "questions.1.text.en", "questions.10.text.en", "title.en")
    found = placed([finding("questions.1.points.0.text.en", "warning"), *map(finding, paths)], FORM, "en")
    assert counted(found.within("questions.1"), texts_in("en")) == "2 things to mend, 1 to look at"
    assert counted(found.within("questions.2"), texts_in("en")) == ""


def test_hints_alone_leave_nothing_to_mend() -> None:
    found = placed([finding("title.en", "hint")], FORM, "es")
    assert summed(found, texts_in("es")) == "No hay nada que corregir."


def test_a_script_is_told_of_every_block_so_that_counts_that_are_gone_are_gone() -> None:
    told = remarks(placed([finding("questions.0.text.en")], FORM, "en"), FORM, texts_in("en"))
    assert told.counts["questions.0"] == told.summary == "1 thing to mend"
    assert {each for each in told.counts.values() if each} == {"1 thing to mend"}
    assert set(told.counts) == {f"questions.{n}" for n in range(7)} | {
        f"rubric.competencies.{n}" for n in range(len(FORM.rubric.competencies))
    }
    assert msgspec.json.encode(told)

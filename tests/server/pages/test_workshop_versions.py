"""What changed between two versions, word by word and in words."""

import msgspec
import pytest

from agents.library import load_library
from agents.workshop import difference
from server.pages.texts import LANGUAGES, texts_in
from server.pages.workshop_naming import Place, place_of
from server.pages.workshop_saving import Standing
from server.pages.workshop_versions import LONGEST_COMPARED, Piece, compared

LIBRARY = load_library()
PLAN = LIBRARY.plans["behavioural"]
RUBRIC = LIBRARY.rubrics[PLAN.rubric]
KEPT = Standing(PLAN, RUBRIC, 1, False)


def test_texts_are_compared_word_by_word() -> None:
    assert compared("What did you do then?", "What did they do?") == (
        Piece("same", "What did"),
        Piece("before", "you do then?"),
        Piece("after", "they do?"),
    )
    assert compared("", "New words") == (Piece("after", "New words"),)
    assert compared("The same", "The same") == (Piece("same", "The same"),)


def test_very_long_texts_are_shown_whole() -> None:
    text = "word " * (LONGEST_COMPARED + 1)
    assert compared(text, "short") == (Piece("before", text), Piece("after", "short"))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("title.en", Place("The plan", "Title", "en")),
        ("facts[2].es", Place("The plan", "Fact 2", "es")),
        (f"questions[{PLAN.questions[2].id}].text.es", Place("Question 3", "Wording", "es")),
        (f"questions[{PLAN.questions[0].id}]", Place("Question 1", "")),
        ("questions[q1].probes[q1.result].text.en", Place("Question 1", "Follow-up · Wording", "en")),
        ("questions[q1].hints[1].en", Place("Question 1", "Hint 1", "en")),
        ("questions[gone]", Place("Questions", "")),
        (
            f"rubric.competencies[{RUBRIC.competencies[0].id}].anchors[4].en",
            Place(f"Competency “{RUBRIC.competencies[0].name['en']}”", "Level 4", "en"),
        ),
        ("rubric.title.en", Place("The plan", "Title", "en")),
        ("rubric", Place("The plan", "Rubric")),
    ],
)
def test_a_change_is_named_as_its_reader_would(path: str, place: Place) -> None:
    assert place_of(path, (KEPT, KEPT), texts_in("en")) == place


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_a_plan_has_a_name(language: str) -> None:
    t = texts_in("es" if language == "es" else "en")
    other = LIBRARY.plans["backend-engineer"]
    changes = difference((PLAN, RUBRIC), (other, LIBRARY.rubrics[other.rubric]))
    assert len(changes) > 50
    after = Standing(other, LIBRARY.rubrics[other.rubric], 2, True)
    for change in changes:
        named = place_of(change.path, (KEPT, after), t)
        fields = set(msgspec.structs.asdict(PLAN)) | {"points", "anchors", "cues", "text", "seeks"}
        assert not fields & set(named.part.split(" · ")), change.path

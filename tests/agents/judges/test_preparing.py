"""Before any scorer: words that were not heard surely are marked, and quotes come back as they were really said."""

import re
from uuid import UUID

import msgspec
import pytest

from agents.events import Quote
from agents.judges.masking import UNHEARD
from agents.judges.preparing import prepared
from agents.judges.unheard import LEAST_CONFIDENCE, MOST_UNHEARD, heard
from agents.scoring import Answer, AnswerTurn, HeardWord, Score
from tests.agents.judges.test_judging import COMPETENCY, POINTS, QUESTION, answer

SAID = "I decided to skip the rehearsal and two customers saw wrong figures."


def spoken(text: str, *unsure: str, confidence: float = 0.2) -> Answer:
    """An answer of one turn in which those words were hardly heard."""
    words = tuple(
        HeardWord(
            found[0],
            found.start(),
            found.end(),
            100 * at,
            100 * at + 90,
            confidence if found[0].strip(".") in unsure else 0.98,
        )
        for at, found in enumerate(re.finditer(r"\S+", text))
    )
    return Answer(UUID(int=2), QUESTION, COMPETENCY, "en", 1, (AnswerTurn(10, text, None, words),))


def quote(given: Answer, words: str) -> Quote:
    start = given.turns[0].text.index(words)
    return Quote(words, 10, start, start + len(words))


def score(*evidence: Quote, level: int | None = 3) -> Score:
    anchor = COMPETENCY.anchors[level - 1]["en"] if level else ""
    return Score(COMPETENCY.id, level, None, anchor, evidence, (), tuple(POINTS), None, "test", {})


def test_a_word_that_was_hardly_heard_reaches_no_scorer() -> None:
    shown = prepared(spoken(SAID, "skip", "figures")).answer.turns[0]
    assert shown.text == f"I decided to {UNHEARD} the rehearsal and two customers saw wrong {UNHEARD}"
    assert all(shown.text[word.start : word.end] == word.text for word in shown.words)


@pytest.mark.parametrize(("confidence", "is_marked"), [(LEAST_CONFIDENCE - 0.01, True), (LEAST_CONFIDENCE, False)])
def test_the_bound_is_the_one_that_is_stated(confidence: float, is_marked: bool) -> None:
    shown = prepared(spoken(SAID, "skip", confidence=confidence)).answer.turns[0]
    assert (UNHEARD in shown.text) == is_marked


def test_what_was_typed_and_what_has_no_confidence_was_heard() -> None:
    typed = answer(SAID)
    assert prepared(typed).answer == typed
    given = spoken(SAID)
    words = tuple(msgspec.structs.replace(word, confidence=None) for word in given.turns[0].words)
    unsure = msgspec.structs.replace(given, turns=(msgspec.structs.replace(given.turns[0], words=words),))
    assert prepared(unsure).answer == unsure


def test_of_an_answer_that_was_hardly_heard_nobody_is_asked() -> None:
    text = "one two three four five six seven eight nine"
    enough = spoken(text, *text.split()[:3])
    assert heard(enough).unheard == pytest.approx(MOST_UNHEARD)
    assert prepared(enough).settled("test") is None
    none = prepared(spoken(text, *text.split()[:4])).settled("test")
    assert none is not None
    assert (none.level, none.null_reason, none.judge) == (None, "uncertain_transcript", "test")
    assert none.needs_review
    assert none.suggestion
    assert none.missed == tuple(POINTS)


def test_a_quote_comes_back_as_it_was_said_with_its_times() -> None:
    ready = prepared(spoken(SAID, "skip"))
    (kept,) = ready.restored(score(quote(ready.answer, "two customers saw wrong figures."))).evidence
    assert SAID[kept.start : kept.end] == kept.text == "two customers saw wrong figures."
    assert (kept.from_ms, kept.to_ms) == (700, 1_190)


def test_of_a_quote_with_an_unheard_word_the_longest_heard_stretch_is_kept() -> None:
    ready = prepared(spoken(SAID, "skip"))
    (kept,) = ready.restored(score(quote(ready.answer, f"I decided to {UNHEARD} the rehearsal and two"))).evidence
    assert SAID[kept.start : kept.end] == kept.text == "the rehearsal and two"
    assert (kept.from_ms, kept.to_ms) == (400, 790)


def test_a_level_whose_only_quote_was_not_heard_goes_with_it() -> None:
    ready = prepared(spoken(SAID, "decided", "to", "the"))
    alone = quote(ready.answer, f"{UNHEARD} skip {UNHEARD}")
    none = ready.restored(score(alone))
    assert (none.level, none.null_reason, none.evidence, none.anchor) == (None, "no_evidence", (), "")
    assert none.needs_review
    lowest = ready.restored(score(alone, level=1))
    assert (lowest.level, lowest.evidence) == (1, ())


def test_the_quotes_of_every_judge_come_back_too() -> None:
    ready = prepared(spoken(SAID, "skip"))
    one = score(quote(ready.answer, "the rehearsal"))
    whole = ready.restored(msgspec.structs.replace(one, judges=(one, one)))
    assert [each.evidence for each in whole.judges] == [whole.evidence, whole.evidence]
    assert whole.evidence[0].from_ms == 400


def test_who_speaks_is_kept_from_the_scorer_and_stands_in_the_quote() -> None:
    said = "My name is Lakshmi Raghunathan and I decided to skip the rehearsal."
    ready = prepared(spoken(said, "Lakshmi", "Raghunathan"), names=("Lakshmi Raghunathan",))
    shown = ready.answer.turns[0].text
    assert "Lakshmi" not in shown
    assert UNHEARD not in shown
    (kept,) = ready.restored(score(Quote(shown, 10, 0, len(shown)))).evidence
    assert kept.text == said
    assert (kept.from_ms, kept.to_ms) == (0, 1_190)

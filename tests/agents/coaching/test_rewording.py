"""An answer told better by arithmetic: the candidate's own words in a better order, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.coaching.rewording import MOST_SENTENCES, Reworded, cleaned, own_words, reworded, told_as
from agents.plans import Language
from agents.rehearsal.words import tokens
from agents.scoring import Answer
from tests.agents.rehearsal.answers import GOOD, LIBRARY, WEAK, answer_for, answer_to

STORY = LIBRARY.plans["behavioural"].question("q1")
EXPLAINED = LIBRARY.plans["backend-engineer"].question("q1")


def story(*turns: str, language: Language = "en") -> Answer:
    return answer_to(STORY, "behavioural", *turns, language=language)


def better(answer: Answer) -> Reworded:
    made = reworded(answer)
    assert made is not None
    return made


def test_a_story_is_put_in_order_and_cleaned() -> None:
    made = better(
        story(
            "In the end we, um, finished two weeks early. "
            "I wrote the the import scripts and I asked support which errors hurt most. "
            "Last year our team had eight weeks to move the booking system, you know."
        )
    )
    assert [(part.kind, part.text) for part in made.parts] == [
        ("situation", "Last year our team had eight weeks to move the booking system."),
        ("action", "I wrote the import scripts and I asked support which errors hurt most."),
        ("result", "In the end we finished two weeks early."),
    ]
    assert not made.is_shortened


def test_what_is_missing_is_a_gap_and_is_never_made_up() -> None:
    made = better(story("Last year our team had eight weeks to move the booking system to a new provider."))
    assert [(part.kind, bool(part.text)) for part in made.parts] == [
        ("situation", True),
        ("action", False),
        ("result", False),
    ]


def test_a_team_without_a_person_in_it_leaves_a_gap_for_the_persons_part() -> None:
    made = better(
        story(
            "Last year our team had eight weeks to move the booking system. We built the import and tested it. "
            "In the end we finished two weeks early."
        )
    )
    assert [(part.kind, part.text) for part in made.parts if part.kind == "action"] == [
        ("action", "We built the import and tested it."),
        ("action", ""),
    ]


def test_an_explanation_keeps_its_order_and_asks_for_why_and_for_what_it_costs() -> None:
    said = "First I would add the new field beside the old one. Then I would tell the teams about it in the changelog."
    made = better(answer_to(EXPLAINED, "backend-engineer", said))
    assert [(part.kind, part.text) for part in made.parts] == [("answer", said), ("reason", ""), ("tradeoff", "")]


def test_a_story_told_to_a_question_that_asks_for_an_explanation_is_told_as_a_story() -> None:
    said = "When the clients broke I wrote a guide for each team. In the end every team moved and nobody complained."
    assert told_as(answer_to(EXPLAINED, "backend-engineer", said)) == "story"
    assert told_as(answer_to(EXPLAINED, "backend-engineer", "First I would add a field beside it.")) == "explanation"


@pytest.mark.parametrize("text", ["", "No.", "I do not know.", "Well, um, it depends.", "asdf " * 3])
def test_where_there_is_next_to_nothing_nothing_is_told_better(text: str) -> None:
    assert reworded(story(text)) is None


def test_an_answer_that_is_told_well_already_stays_as_it_is() -> None:
    assert reworded(answer_for(("behavioural", "q1", "en"), GOOD["behavioural", "q1", "en"])) is None


def test_the_question_and_the_rubric_read_back_are_not_the_candidates_words() -> None:
    copied = " ".join(anchor["en"] for anchor in story("x").competency.anchors)
    assert own_words(story(STORY.text["en"], copied)) == 0
    assert reworded(story(STORY.text["en"], copied)) is None


def test_what_was_said_twice_stands_there_once() -> None:
    said = "I wrote the import scripts for the booking system."
    made = better(story(f"{said} {said} We had eight weeks for all of it last year."))
    assert sum(part.text.count("import scripts") for part in made.parts) == 1


def test_abuse_and_i_do_not_know_are_left_out() -> None:
    made = better(
        story(
            "I don't know. You are a stupid bot. "
            "I wrote the import scripts and I checked every batch of it before we moved on."
        )
    )
    told = " ".join(part.text for part in made.parts)
    assert "stupid" not in told
    assert "know" not in told


def test_a_long_answer_is_shortened_to_what_tells_most_and_says_so() -> None:
    things = "invoices customers tables scripts batches records suppliers reports passwords deadlines meetings".split()
    rambling = " ".join(f"I checked {each} with {other}." for each, other in zip(things, things[::-1], strict=True))
    made = better(story(rambling, "I checked one more with a colleague who knew the old billing system well."))
    assert made.is_shortened
    assert sum(part.text.count("I checked") for part in made.parts) == MOST_SENTENCES
    assert "old billing system" in made.parts[-2].text


def test_it_is_in_the_language_that_was_answered_in() -> None:
    said = "Yo escribí los programas que copiaron los registros y revisé cada lote con una compañera."
    assert better(story(said)).language == "es"


@pytest.mark.parametrize(
    ("said", "language", "bare"),
    [
        ("So, um, we, you know, built it in two, I mean three weeks, uh.", "en", "So we built it in three weeks."),
        ("we went to the, I mean to the office", "en", "We went to the office."),
        ("I I I asked her. ", "en", "I asked her."),
        ("It was, um.", "en", "It was."),
        ("um, uh", "en", ""),
        (
            "Bueno, eh, hicimos el el importador en 2, digo, 3 semanas",
            "es",
            "Bueno hicimos el importador en 3 semanas.",
        ),
        ("O sea, yo llamé al cliente", "es", "Yo llamé al cliente."),
        ("I like this project a lot, and it was very very hard.", "en", None),
        ("Este proyecto fue muy muy difícil.", "es", None),
    ],
)
def test_a_sentence_loses_what_hesitates_and_nothing_else(said: str, language: Language, bare: str | None) -> None:
    assert cleaned(said, language) == (said if bare is None else bare)


@pytest.mark.parametrize("key", sorted({**GOOD, **WEAK}))
def test_every_word_is_the_candidates(key: tuple[str, str, Language]) -> None:
    text = {**GOOD, **WEAK}[key]
    made = reworded(answer_for(key, f"um, {text}"))
    if made is not None:
        said = {token.word for token in tokens(text)}
        assert {token.word for part in made.parts for token in tokens(part.text)} <= said


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.sampled_from(["en", "es"]))
def test_whatever_is_said_nothing_is_added(text: str, language: Language) -> None:
    made = reworded(story(text, language=language))
    if made is not None:
        said = {token.word for token in tokens(text)}
        assert {token.word for part in made.parts for token in tokens(part.text)} <= said
    assert reworded(story(text, language=language)) == made

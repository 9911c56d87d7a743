import time

import pytest

from agents.plans import Language
from agents.rehearsal.analysis import Reading, read
from agents.scoring import AnswerTurn
from tests.agents.rehearsal.answers import GOOD, LIBRARY, WEAK, answer_for

QUESTION = LIBRARY.plans["behavioural"].question("q1")


def _read(*texts: str, language: Language = "en") -> Reading:
    return read([AnswerTurn(seq=at, text=text) for at, text in enumerate(texts)], QUESTION, language)


@pytest.mark.parametrize("text", ["", "   ", "...", "?!", "—\n\n…"])
def test_silence_and_mere_punctuation_say_nothing(text: str) -> None:
    reading = _read(text)
    assert reading.silent
    assert reading.coverage == 0


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "I don't know"), ("en", "No idea, sorry."), ("en", "Pass"), ("es", "No sé."), ("es", "Ni idea, la verdad")],
)
def test_a_non_answer_is_seen_as_one(language: Language, text: str) -> None:
    assert _read(text, language=language).declined


def test_a_short_true_answer_is_no_non_answer() -> None:
    reply = AnswerTurn(seq=1, text="No, I decided it.", probe_id="q1.own_part")
    assert not read([reply], QUESTION, "en").declined


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I'd rather not talk about that, it's complicated."),
        ("en", "It depends, I guess. Usually things are kind of fine. Maybe one would try to talk to people."),
        ("es", "Prefiero no hablar de eso, es complicado."),
        ("es", "Depende, supongo. Normalmente las cosas van más o menos bien. A lo mejor hablaría con la gente."),
    ],
)
def test_going_round_the_question_is_seen(language: Language, text: str) -> None:
    assert _read(text, language=language).evasive


def test_a_good_answer_that_hedges_is_not_evasive() -> None:
    text = GOOD["behavioural", "q1", "en"]
    assert not _read(f"I guess this fits, maybe. {text} Probably more or less.").evasive


def test_a_story_told_in_order_is_whole_and_in_disorder_is_not() -> None:
    ordered = (
        "When I was at the bank we had a late release. I split the work in two. In the end we shipped it on Friday."
    )
    turned = (
        "In the end we shipped it on Friday. I split the work in two. When I was at the bank it was a late release."
    )
    assert _read(ordered).story == pytest.approx(1.0)
    assert _read(turned).story < 1.0


def test_an_answer_in_spanish_to_an_english_interview_is_read_in_spanish() -> None:
    reading = _read(GOOD["behavioural", "q1", "es"], language="en")
    assert reading.other_language
    assert reading.language == "es"
    assert reading.coverage >= 0.6


def test_more_is_read_in_good_answers_than_in_weak_ones() -> None:
    for key, text in GOOD.items():
        answer, poor = answer_for(key, text), answer_for(key, WEAK[key])
        assert (
            read(answer.turns, answer.question, key[2]).coverage
            > read(poor.turns, poor.question, key[2]).coverage + 0.4
        )


def test_twenty_minutes_of_speech_are_read_in_proportion_to_their_length() -> None:
    def seconds(words: int) -> float:
        said = " ".join(
            f"and then w{at} we met the client in room {at} because it was late" for at in range(words // 14)
        )
        begin = time.process_time()
        _read(said)
        return time.process_time() - begin

    seconds(700)
    short, long = min(seconds(1_400) for _ in range(3)), seconds(14_000)
    assert long < 40 * short

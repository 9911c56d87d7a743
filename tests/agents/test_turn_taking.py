"""When a pause ends a turn, and what is no turn at all."""

import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.events import Phase, ReplyKind
from agents.phrases import PHRASES
from agents.plans import Language, Patience
from agents.turn_taking import asks_yes_or_no, endpointing, is_backchannel

PATIENCES = st.sampled_from(get_args(Patience))
PHASES = st.sampled_from(get_args(Phase))


@given(PATIENCES, PHASES, st.booleans())
def test_a_turn_that_sounds_finished_never_waits_longer_than_one_that_does_not(
    patience: Patience, phase: Phase, asked: bool
) -> None:
    wanted = endpointing(patience, phase, has_asked_for_time=asked)
    assert 0 < wanted.min_delay_s <= wanted.max_delay_s


def test_more_patience_waits_longer_inside_an_answer() -> None:
    short, normal, long = (endpointing(each, "questions", has_asked_for_time=False) for each in get_args(Patience))
    assert short.max_delay_s < normal.max_delay_s < long.max_delay_s
    assert short.min_delay_s <= normal.min_delay_s <= long.min_delay_s


def test_with_long_patience_four_seconds_of_thought_end_no_answer() -> None:
    assert endpointing("long", "questions", has_asked_for_time=False).max_delay_s >= 4.0


@pytest.mark.parametrize("patience", get_args(Patience))
def test_time_that_was_asked_for_is_given_whatever_the_patience(patience: Patience) -> None:
    asked = endpointing(patience, "questions", has_asked_for_time=True)
    plain = endpointing(patience, "questions", has_asked_for_time=False)
    assert asked.max_delay_s > max(plain.max_delay_s, 4.0)


@pytest.mark.parametrize("phase", [phase for phase in get_args(Phase) if phase != "questions"])
def test_small_talk_is_brisk_whatever_the_patience(phase: Phase) -> None:
    found = {endpointing(patience, phase, has_asked_for_time=False) for patience in get_args(Patience)}
    assert len(found) == 1
    assert found.pop().max_delay_s < 2


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("mhm", "en"),
        ("Mm-hmm.", "en"),
        ("Uh-huh.", "en"),
        ("ok", "en"),
        ("Okay, right.", "en"),
        ("Yeah, yeah, sure", "en"),
        ("I see.", "en"),
        ("ajá", "es"),
        ("Sí, sí.", "es"),
        ("¡Claro!", "es"),
        ("Ya, vale, entiendo", "es"),
        ("mmm", "es"),
    ],
)
def test_a_sign_of_listening_is_no_turn(text: str, language: Language) -> None:
    assert is_backchannel(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("…", "en"),
        ("no", "en"),
        ("Stop", "en"),
        ("Right, but wait", "en"),
        ("Yes, I led the team", "en"),
        ("Could you repeat that?", "en"),
        ("Okay okay okay okay okay", "en"),
        ("Good morning", "en"),
        ("Yesterday", "en"),
        ("espera", "es"),
        ("Sí, pero no entendí", "es"),
        ("Claro que no", "es"),
        ("Siempre", "es"),
    ],
)
def test_whatever_says_anything_is_a_turn(text: str, language: Language) -> None:
    assert not is_backchannel(text, language)


@pytest.mark.parametrize(
    "text", ["m" * 5_000 + "x", "m" * 58 + "x", "h" + "m" * 57 + "x", "si" * 29 + "x", "ok" * 29, " " * 9_000]
)
@pytest.mark.parametrize("language", ["en", "es"])
def test_no_transcript_takes_long_to_tell(text: str, language: Language) -> None:
    began = time.process_time()
    assert not is_backchannel(text, language)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    ("kind", "phrase"),
    [
        ("greeting", "consent_spoken"),
        ("consent", "consent_again"),
        ("nudge", "nudge"),
        ("nudge", "nudge_plain"),
        ("your_questions", "your_questions"),
        ("answer", "anything_else"),
    ],
)
def test_under_a_question_of_yes_or_no_a_yes_is_an_answer(kind: ReplyKind, phrase: str) -> None:
    assert all("?" in words[phrase] for words in PHRASES.values())
    assert asks_yes_or_no(kind)


@pytest.mark.parametrize("kind", ["next", "probe", "repeat", "hint", "wait", "closing"])
def test_under_an_open_question_it_is_a_sign_of_listening(kind: ReplyKind) -> None:
    assert not asks_yes_or_no(kind)

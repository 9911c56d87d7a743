"""Hesitation and self-repair in spoken words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.delivery_words import disfluent_in, fillers_in, repairs_in, tokens_of
from agents.events import Word
from agents.plans import Language
from tests.agents.spoken import words_of

TALK = st.lists(
    st.sampled_from(
        "um, the the team like you know i mean eh este o sea digo pues. [400] [1200] 12 no sí work,".split()
    ),
    max_size=40,
).map(" ".join)
LANGUAGES = st.sampled_from(["en", "es"])


def fillers(said: str, language: Language = "en") -> list[str]:
    return list(fillers_in(tokens_of(words_of(said), language), language))


def repairs(said: str, language: Language = "en") -> int:
    return repairs_in(tokens_of(words_of(said), language), language)


@pytest.mark.parametrize(
    ("said", "language", "found"),
    [
        ("Um, I led ummm the uh team erm hmm", "en", ["um", "um", "uh", "erm", "hmm"]),
        ("Eh, dirigí eeeh el mmm equipo esteee em", "es", ["eh", "eh", "mmm", "este", "em"]),
        ("It was, you know, hard.", "en", ["you know"]),
        ("It took [300] like [300] five hours", "en", ["like"]),
        ("El sistema, o sea, el backend", "es", ["o sea"]),
        ("Teníamos, este, dos semanas", "es", ["este"]),
        ("Pues, no sé. Pues [400] yo lo hice", "es", ["pues", "pues"]),
    ],
)
def test_a_hesitation_is_found_drawn_out_or_not(said: str, language: Language, found: list[str]) -> None:
    assert fillers(said, language) == found


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("I like it, tools like Docker, and I would like more", "en"),
        ("Do you know why? You know what I did", "en"),
        ("Mhm, uh-huh, her error, summer", "en"),
        ("Este proyecto fue este año, y este", "es"),
        ("No es grave, o sea que seguimos", "es"),
        ("Después pues seguimos. Pues claro que sí", "es"),
        ("Gestión e innovación, él me dijo", "es"),
    ],
)
def test_an_ordinary_word_is_no_hesitation(said: str, language: Language) -> None:
    assert fillers(said, language) == []


@pytest.mark.parametrize(
    ("said", "language", "count"),
    [
        ("I I led the team", "en", 1),
        ("I I I led the um the team", "en", 3),
        ("We were going to, we were going to ship it", "en", 1),
        ("On Monday, I mean, on Tuesday", "en", 1),
        ("It was green, or rather, blue", "en", 1),
        ("El lunes, digo, el martes", "es", 1),
        ("Un mes o mejor dicho dos", "es", 1),
        ("Yo era, yo era la líder de la, de la obra", "es", 2),
    ],
)
def test_what_is_begun_again_or_set_right_is_a_repair(said: str, language: Language, count: int) -> None:
    assert repairs(said, language) == count


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("It was very very hard, no, no, and I knew that that had had to end", "en"),
        ("That is where it is. Is it? It is. It is done", "en"),
        ("The number was 2 2 2 and 10 10", "en"),
        ("Again and again and again, step by step by step", "en"),
        ("That is what I mean by it, and I mean it", "en"),
        ("I mean, it began in May", "en"),
        ("It failed, I mean", "en"),
        ("Sí, sí, fue muy muy difícil", "es"),
        ("Cuando digo que fue así, digo que sí lo fue", "es"),
        ("Con él el lunes, paso a paso a paso", "es"),
    ],
)
def test_weight_grammar_figures_and_idioms_are_no_repair(said: str, language: Language) -> None:
    assert repairs(said, language) == 0


@pytest.mark.parametrize(
    ("said", "language", "left"),
    [
        ("We, um, built the the importer, you know.", "en", "we built the importer"),
        ("It took two, I mean three weeks.", "en", "it took three weeks"),
        ("It took 2, or rather, 3 weeks.", "en", "it took 3 weeks"),
        ("We went to the, I mean to the office.", "en", "we went to the office"),
        ("It was late. I mean we had no time.", "en", "it was late i mean we had no time"),
        ("She was upset, I mean really angry.", "en", "she was upset i mean really angry"),
        ("Fue el lunes, digo, el martes.", "es", "fue el martes"),
        ("Eh, llamé llamé al cliente.", "es", "llamé al cliente"),
        ("It was very very hard and I like it.", "en", "it was very very hard and i like it"),
        ("um uh", "en", ""),
        ("", "en", ""),
    ],
)
def test_what_an_answer_loses_nothing_without_is_known_and_the_rest_stays(
    said: str, language: Language, left: str
) -> None:
    tokens = tokens_of(words_of(said), language)
    idle = disfluent_in(tokens, language)
    assert " ".join(token.text for at, token in enumerate(tokens) if at not in idle) == left


def test_words_are_read_in_the_order_of_their_times_whatever_they_came_in() -> None:
    words = words_of("I led the team")
    assert [token.text for token in tokens_of(words[::-1], "en")] == ["i", "led", "the", "team"]


def test_a_word_that_ends_before_it_begins_lasts_no_time_and_a_lone_sign_is_no_word() -> None:
    (token,) = tokens_of([Word("Yes.", 500, 200), Word("—", 600, 700)], "en")
    assert (token.text, token.from_ms, token.to_ms, token.mark) == ("yes", 500, 500, "stop")


@given(TALK, LANGUAGES)
def test_there_are_never_more_of_either_than_words(said: str, language: Language) -> None:
    tokens = tokens_of(words_of(said), language)
    assert len(fillers_in(tokens, language)) <= len(tokens)
    assert 0 <= repairs_in(tokens, language) <= len(tokens)


@given(TALK, TALK, LANGUAGES)
def test_saying_more_in_another_sentence_takes_no_filler_or_repair_back(
    said: str, more: str, language: Language
) -> None:
    whole = f"{said} so. {more}"
    assert len(fillers(whole, language)) >= len(fillers(said + " so.", language))
    assert repairs(whole, language) >= repairs(said + " so.", language)

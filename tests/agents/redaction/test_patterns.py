"""The small language that the rules of redaction are written in."""

import pytest

from agents.redaction.patterns import Class, Rule, class_of, gap_with, rule

GAP = gap_with(["um", "you_know"])


def _odd(text: str, start: int, end: int) -> int | None:
    return end if len(text[start:end]) % 2 else None


CLASSES = {
    "age": class_of(["twenty", "thirty_one"]),
    "odd": Class(r"\w+", frozenset({"^"}), check=_odd),
}


def made(line: str) -> Rule:
    return rule(line, CLASSES, GAP)


def taken(line: str, text: str) -> list[str]:
    return [text[start:end] for start, end in made(line).spans(text, 0)]


def test_what_stands_between_brackets_is_taken_and_the_rest_is_not() -> None:
    assert taken("i'm/i_am [ {age} ] => [age]", "I am twenty today") == ["twenty"]
    assert taken("i'm/i_am [ {age} ] => [age]", "I'm thirty-one.") == ["thirty-one"]


def test_fillers_may_stand_between_any_two_words() -> None:
    assert taken("i am [ {age} ] => [age]", "I am, um, you know, twenty") == ["twenty"]


def test_what_may_be_missing_may_be_missing() -> None:
    line = "i am only? [ a? {age} years_old? ] => [age]"
    assert taken(line, "I am twenty") == ["twenty"]
    assert taken(line, "I am only a twenty years old") == ["a twenty years old"]


def test_a_word_is_a_whole_word() -> None:
    assert taken("i am [ {age} ] => [age]", "I am twentyish") == []


def test_what_must_not_follow_stops_the_rule() -> None:
    line = "i am [ {age} ] !percent/minutes => [age]"
    assert taken(line, "I am twenty minutes late") == []
    assert taken(line, "I am twenty % sure") == []
    assert taken(line, "I am twenty now") == ["twenty"]


def test_what_must_follow_may_be_a_mark_or_the_end() -> None:
    line = "i am [ {age} ] =./so => [age]"
    assert taken(line, "I am twenty") == ["twenty"]
    assert taken(line, "I am twenty; yes") == ["twenty"]
    assert taken(line, "I am twenty so be it") == ["twenty"]
    assert taken(line, "I am twenty tickets behind") == []


def test_capitals_count_only_where_they_are_written_to_the_letter() -> None:
    assert taken("[ ^Mr/^mr you_know ] => [x]", "mr you know") == ["mr you know"]
    assert taken("[ ^Mr ] => [x]", "MR") == []


def test_a_class_can_look_closer_at_what_it_matched() -> None:
    assert taken("the [ {odd} ] => [x]", "the cat") == ["cat"]
    assert taken("the [ {odd} ] => [x]", "the bird") == []


def test_a_rule_is_filed_under_every_word_it_may_begin_with() -> None:
    assert made("my? name/names is [ {age} ] => [x]").firsts == {"my", "name", "names"}


def test_a_rule_without_a_label_or_with_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):
        made("i am [ {age} ]")
    with pytest.raises(KeyError):
        made("i am [ {size} ] => [x]")

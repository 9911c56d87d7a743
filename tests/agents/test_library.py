"""Plans and rubrics are read whole: a wrong file names its line and the mend; the hash follows content alone."""

import re
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents.library import LibraryError, content_hash, load_library, read_plan, read_rubric
from agents.library import document as document_reader
from agents.plans import Plan, Rubric

RUBRIC = """\
slug: small
title: {en: Small, es: Pequeña}
languages: [en, es]
competencies:
  - id: care
    name: {en: Care, es: Cuidado}
    definition: {en: Takes care, es: Tiene cuidado}
    weight: 1.5
    anchors:
      - {en: one, es: uno}
      - {en: two, es: dos}
      - {en: three, es: tres}
      - {en: four, es: cuatro}
      - {en: five, es: cinco}
"""
PLAN = """\
slug: small
title: {en: Small, es: Pequeña}
summary: {en: A small plan, es: Un plan pequeño}
interview_type: behavioral
role_level: mid
difficulty_level: medium
target_duration_minutes: 10
hard_limit_minutes: 15
languages: [en, es]
rubric: small
warm_up: {en: Hello, es: Hola}
facts:
  - {en: It is short, es: Es corta}
questions:
  - id: q1
    type: behavioral
    competency: care
    text:
      en: Tell me of a time.
      es: Cuéntame de una vez.
    points:
      - id: q1.a
        text: {en: A result, es: Un resultado}
        cues:
          en: [in the end, finally]
          es: [al final, por fin]
    probes:
      - id: q1.result
        seeks: result
        text: {en: How did it end, es: Cómo terminó}
      - id: q1.point
        seeks: point
        point: q1.a
        text: {en: And then, es: Y después}
    hints:
      - {en: Start small, es: Empieza por poco}
    seconds: 120
    max_probes: 2
"""

# Each mistake: what is replaced, by what, words of the problem, words of the mend. `#!` stands on the line to be named.
PLAN_MISTAKES = {
    "unknown_field": ("facts:", "fact:  #!", "fact: this name is not known", "`facts`"),
    "missing_field": ("  - id: q1\n    type: behavioral", "  - id: q1  #!", "`type` is missing", "`type:`"),
    "misspelt_value": ("seeks: result", "seeks: resul  #!", "`resul` is not known", "`result`"),
    "number_for_text": ("[in the end, finally]", "[in the end, 500]  #!", "cues.en[1]: text belongs", "quotes"),
    "text_for_number": ("seconds: 120", "seconds: two minutes  #!", "a whole number belongs", "a whole number"),
    "yaml_1_1_boolean": ("max_probes: 2", "max_probes: no  #!", "this is text", "a whole number"),
    "empty_value": ("en: Tell me of a time.", "en:  #!", "questions[0].text.en: text belongs", "Write text"),
    "unknown_language": ("es: Hola}", "fr: Bonjour}  #!", "`fr` is not known", "en, es"),
    "missing_language": ("warm_up: {en: Hello, es: Hola}", "warm_up: {en: Hello}  #!", "`es` is missing", "`es:`"),
    "language_not_announced": ("languages: [en, es]", "languages: [en]", "`es` is not among", "languages"),
    "language_twice": ("languages: [en, es]", "languages: [en, es, en]  #!", "named twice", "Take one"),
    "no_language": ("languages: [en, es]", "languages: []  #!", "no language", "[en, es]"),
    "blank_text": ("{en: It is short,", "{en: ' ',  #!\n     ", "text is empty", "Write the text"),
    "text_with_a_space": ("en: Tell me of a time.", "en: 'Tell me of a time. '  #!", "ends with a space", "space"),
    "newline_in_question": ("en: Tell me of a time.", 'en: "Tell me\\nof a time."  #!', "line break", ">-"),
    "newline_in_probe": ("{en: How did it end,", '{en: "How did\\nit end",  #!\n      ', "line break", ">-"),
    "invisible_character": ("en: Tell me of a time.", "en: Tell me\u200b of a time.  #!", "invisible", "one line"),
    "repeated_id": ("- id: q1.point", "- id: q1.result  #!", "`q1.result` is here a second time", "another id"),
    "probe_named_as_a_point": ("- id: q1.point", "- id: q1.a  #!", "`q1.a` is here a second time", "another id"),
    "repeated_key": ("    seconds: 120", "    seconds: 120\n    seconds: 90  #!", "line 37", "Keep one"),
    "bad_id": ("id: q1.result", "id: q1 result  #!", "cannot be an id", "lower-case"),
    "unknown_competency": ("competency: care", "competency: cares  #!", "no competency `cares`", "`care`"),
    "unknown_rubric": ("rubric: small", "rubric: smal  #!", "no rubric `smal`", "`small`"),
    "unknown_point": ("point: q1.a", "point: q1.b  #!", "no point `q1.b`", "`q1.a`"),
    "point_not_named": ("seeks: point\n        point: q1.a", "seeks: point  #!", "does not say which", "q1.a"),
    "point_not_sought": ("seeks: point\n        point", "seeks: result\n        point  ", "names a point", "take"),
    "too_few_seconds": ("seconds: 120", "seconds: 5  #!", "5 seconds is out of range", "30 to 900"),
    "too_many_probes": ("max_probes: 2", "max_probes: 9  #!", "9 probes is out of range", "0 to 5"),
    "more_probes_than_written": ("max_probes: 2", "max_probes: 3  #!", "2 are written", "lower `max_probes`"),
    "target_past_limit": ("hard_limit_minutes: 15", "hard_limit_minutes: 10  #!", "not past", "Raise"),
    "target_out_of_range": ("target_duration_minutes: 10", "target_duration_minutes: 0  #!", "0 minutes", "5 to 120"),
    "limit_out_of_range": ("hard_limit_minutes: 15", "hard_limit_minutes: 500  #!", "500 minutes", "6 to 180"),
    "no_time_for_questions": (
        "hard_limit_minutes: 15",
        "hard_limit_minutes: 13  #!",
        "need 800 seconds, and 13 minutes leave 600",
        "fewer",
    ),
    "cue_in_capitals": ("[al final, por fin]", "[al final, Por fin]  #!", "`Por fin` has capital", "lower case"),
    "empty_cue": ("[al final, por fin]", "[al final, '']  #!", "cues.es[1]: this text is empty", "Write the text"),
    "no_cue": ("[al final, por fin]", "[]  #!", "this list is empty", "at least one"),
    "repeated_cue": ("[al final, por fin]", "[al final, al final]  #!", "cue `al final`", "take it out"),
    "questions_not_a_list": ("facts:\n  - {en", "facts:  #!\n  a: {en", "a list belongs here", "a list"),
    "yaml_alias": ("competency: care", "competency: *c  #!", "`*c` stands for", "Write it out"),
    "yaml_tag": ("competency: care", "competency: !!python/name:os.system care  #!", "YAML tag", "Delete it"),
    "unclosed_quote_or_colon": ("en: Tell me of a time.", "en: Tell me: now  #!", "this is not YAML", "a colon"),
    "second_document": ("    seconds: 120", "    seconds: 120\n---  #!", "second document", "one document"),
    "control_character": ("en: Tell me of a time.", "en: Tell \x07me of a time.  #!", "control character", "Delete"),
    "list_as_a_name": ("competency: care", "competency: care\n    ? [a]  #!\n    : b", "where a name", "name: value"),
    "too_deep": ("rubric: small", "rubric: " + "[" * 100_000 + "  #!", "nested too deeply", "brackets"),
}
COMPETENCY_TWICE = """\
competencies:
  - {id: care, name: {en: a, es: b}, definition: {en: a, es: b}, anchors: [&]}
""".replace("&", ", ".join(["{en: a, es: b}"] * 5))
RUBRIC_MISTAKES = {
    "four_anchors": ("      - {en: five, es: cinco}\n", "", "5 items belong here, and there are 4", "from 1 to 5"),
    "anchor_without_spanish": ("{en: four, es: cuatro}", "{en: four}  #!", "`es` is missing", "`es:`"),
    "no_weight": ("weight: 1.5", "weight: 0  #!", "the weight 0 is out of range", "above 0"),
    "unknown_field": ("definition:", "defintion:  #!\n     ", "name is not known", "`definition`"),
    "repeated_id": (
        "competencies:\n",
        COMPETENCY_TWICE,
        "`care` is here a second time",
        "another id",
    ),
    "no_competency": (RUBRIC[RUBRIC.index("competencies") :], "competencies: []  #!", "no competency", "at least one"),
}
UNMARKED_LINES = {"language_not_announced": 2, "point_not_sought": 33, "four_anchors": 9, "repeated_id": 6}


def expected_line(case: str, text: str) -> int:
    """The line that bears the mark; where YAML has no room for one, the line written in the table."""
    if "#!" in text:
        return text.count("\n", 0, text.index("#!")) + 1
    return UNMARKED_LINES[case]


def small_rubrics(folder: Path) -> dict[str, Rubric]:
    path = folder / "rubric.yaml"
    path.write_text(RUBRIC, encoding="utf-8")
    return {"small": read_rubric(path)}


def replaced(text: str, old: str, new: str) -> str:
    assert text.count(old) >= 1
    return text.replace(old, new, 1)


def check_sentence(error: LibraryError, path: Path, line: int, problem: str, mend: str) -> None:
    assert (error.path, error.line) == (path, line)
    assert problem in error.problem
    assert mend in error.mend
    assert str(error) == f"{path}, line {line}: {error.problem}. {error.mend}"


@pytest.mark.parametrize("case", PLAN_MISTAKES)
def test_a_wrong_plan_names_its_line_and_the_mend(case: str, tmp_path: Path) -> None:
    old, new, problem, mend = PLAN_MISTAKES[case]
    text = PLAN.replace("seconds: 120", "seconds: 800") if case == "no_time_for_questions" else PLAN
    path = tmp_path / "plan.yaml"
    path.write_text(replaced(text, old, new), encoding="utf-8")
    with pytest.raises(LibraryError) as raised:
        read_plan(path, small_rubrics(tmp_path))
    check_sentence(raised.value, path, expected_line(case, replaced(text, old, new)), problem, mend)


@pytest.mark.parametrize("case", RUBRIC_MISTAKES)
def test_a_wrong_rubric_names_its_line_and_the_mend(case: str, tmp_path: Path) -> None:
    old, new, problem, mend = RUBRIC_MISTAKES[case]
    path = tmp_path / "rubric.yaml"
    path.write_text(replaced(RUBRIC, old, new), encoding="utf-8")
    with pytest.raises(LibraryError) as raised:
        read_rubric(path)
    check_sentence(raised.value, path, expected_line(case, replaced(RUBRIC, old, new)), problem, mend)


def test_a_plan_in_a_language_its_rubric_lacks_is_refused(tmp_path: Path) -> None:
    rubric = msgspec.structs.replace(small_rubrics(tmp_path)["small"], languages=("en",))
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN, encoding="utf-8")
    with pytest.raises(LibraryError, match=r"line 9: languages: the plan speaks `es`"):
        read_plan(path, {"small": rubric})


def test_a_question_that_expects_nothing_is_refused(tmp_path: Path) -> None:
    start, end = PLAN.index("    points:"), PLAN.index("    probes:")
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN[:start] + "    points: []\n" + PLAN[end:], encoding="utf-8")
    with pytest.raises(LibraryError, match=r"line 21: questions\[0\]\.points: the question expects nothing"):
        read_plan(path, small_rubrics(tmp_path))


def test_of_several_mistakes_the_first_in_the_file_is_named(tmp_path: Path) -> None:
    text = PLAN.replace("seconds: 120", "seconds: 1").replace("en: Hello", "en: ''").replace("q1.a\n", "Q\n")
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LibraryError, match="line 11: warm_up"):
        read_plan(path, small_rubrics(tmp_path))


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just words\n"])
def test_a_file_that_is_no_mapping_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LibraryError, match=r"line 1: a plan or rubric is made of `name: value` lines"):
        read_plan(path, {})


def test_bytes_that_are_no_utf8_name_their_line(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(PLAN.encode("latin-1"))
    with pytest.raises(LibraryError, match=r"line 2: this is not UTF-8 text"):
        read_plan(path, {})


def test_a_file_that_is_not_there_or_too_large_is_named_without_a_line(tmp_path: Path) -> None:
    with pytest.raises(LibraryError) as missing:
        read_plan(tmp_path / "nowhere.yaml", {})
    assert missing.value.line is None
    assert str(missing.value).startswith(f"{tmp_path / 'nowhere.yaml'}: the file cannot be read (No such file")
    large = tmp_path / "large.yaml"
    large.write_text("#" * 1_000_001, encoding="utf-8")
    with pytest.raises(LibraryError, match="larger than 1,000,000 bytes"):
        read_plan(large, {})


def library_folder(folder: Path) -> Path:
    for kind, text in (("plans", PLAN), ("rubrics", RUBRIC)):
        (folder / kind).mkdir()
        (folder / kind / "small.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_is_loaded_by_slug_with_its_hashes(tmp_path: Path) -> None:
    library = load_library(library_folder(tmp_path))
    assert list(library.plans) == list(library.rubrics) == ["small"]
    assert library.plan_hashes == {"small": content_hash(library.plans["small"])}
    assert library.rubric_hashes == {"small": content_hash(library.rubrics["small"])}


def test_a_file_named_otherwise_than_its_slug_is_refused(tmp_path: Path) -> None:
    folder = library_folder(tmp_path)
    (folder / "plans" / "small.yaml").rename(folder / "plans" / "other.yaml")
    with pytest.raises(LibraryError, match=r"other\.yaml, line 1: slug: `small` is not the file's name"):
        load_library(folder)


def test_a_yml_file_is_not_silently_left_out(tmp_path: Path) -> None:
    folder = library_folder(tmp_path)
    (folder / "plans" / "small.yaml").rename(folder / "plans" / "small.yml")
    with pytest.raises(LibraryError, match=r"Rename it to end in \.yaml"):
        load_library(folder)


def test_a_folder_that_is_no_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="the folder cannot be read"):
        load_library(tmp_path)


def test_plain_words_that_yaml_might_convert_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN.replace("[in the end, finally]", "[no, yes, 2025-01-31, 12:30, 1e3]"), encoding="utf-8")
    plan = read_plan(path, small_rubrics(tmp_path))
    assert plan.questions[0].points[0].cues["en"] == ("no", "yes", "2025-01-31", "12:30", "1e3")


def test_the_slower_parser_reads_the_same_and_names_the_same_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = small_plan(tmp_path, PLAN)
    monkeypatch.setattr(document_reader, "_LOADER", yaml.SafeLoader)
    assert small_plan(tmp_path, PLAN) == expected
    for case in ("misspelt_value", "repeated_key", "unclosed_quote_or_colon", "control_character"):
        text = replaced(PLAN, *PLAN_MISTAKES[case][:2])
        with pytest.raises(LibraryError) as raised:
            small_plan(tmp_path, text)
        assert raised.value.line == expected_line(case, text)


# -- the hash ---------------------------------------------------------------------------------------------------


def small_plan(folder: Path, text: str) -> Plan:
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return read_plan(path, small_rubrics(folder))


def shuffled(value: object, turn: int) -> object:
    """The same document with the keys of each mapping in another order."""
    if isinstance(value, dict):
        keys = sorted(value)
        cut = turn % len(keys)
        return {key: shuffled(value[key], turn) for key in [*keys[cut:], *keys[:cut]]}
    return [shuffled(item, turn) for item in value] if isinstance(value, list) else value


def rewritten(document: object, style: str, width: int) -> str:
    flow = {"block": False, "flow": True}[style]
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=width, default_flow_style=flow))


@pytest.mark.parametrize("style", ["block", "flow"])
@pytest.mark.parametrize("turn", range(1, 4))
def test_the_hash_is_blind_to_key_order_and_formatting(style: str, turn: int, tmp_path: Path) -> None:
    first = content_hash(small_plan(tmp_path, PLAN))
    again = small_plan(tmp_path, rewritten(shuffled(yaml.safe_load(PLAN), turn), style, 40 * turn))
    assert content_hash(again) == first
    assert re.fullmatch("[0-9a-f]{64}", first)


def test_the_hash_is_blind_to_comments_folding_accents_typed_in_two_ways_and_written_defaults(tmp_path: Path) -> None:
    first = content_hash(small_plan(tmp_path, PLAN))
    other = PLAN.replace("en: Tell me of a time.", "en: >-  # folded\n        Tell me\n        of a time.")
    other = other.replace("Cuéntame", "Cue\u0301ntame").replace("    max_probes: 2\n", "")
    assert other != PLAN
    assert content_hash(small_plan(tmp_path, "# a comment\n" + other)) == first


BEHAVIOURAL = load_library().plans["behavioural"]


@given(st.text(alphabet=st.characters(categories=["L", "N", "P"]), min_size=1).filter(lambda text: text != "Hola"))
def test_a_new_wording_has_a_new_hash(wording: str) -> None:
    before = msgspec.structs.replace(BEHAVIOURAL, warm_up={"en": "Hello", "es": "Hola"})
    after = msgspec.structs.replace(BEHAVIOURAL, warm_up={"en": "Hello", "es": wording})
    assert content_hash(before) != content_hash(after)


def test_the_hash_survives_being_stored_as_json() -> None:
    for plan in load_library().plans.values():
        assert content_hash(msgspec.json.decode(msgspec.json.encode(plan), type=Plan)) == content_hash(plan)

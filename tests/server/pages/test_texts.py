"""The catalogues of the pages: complete in each language, and nothing in them for nobody."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from agents import events
from server.pages import texts
from server.pages.texts import LANGUAGES, catalogue, texts_in

PAGES = Path(texts.__file__).parent
PREFIX = re.compile(r"""["'`]([a-z]+\.[a-z_0-9]+_)(?:["'] ?~|\$\{|\{)""")
WHOLE = re.compile(r"""["'`]([a-z]+\.[a-z_0-9]+)["'`]""")
SECTION = re.compile(r"""["']([a-z]+\.)["'] ?~|f["']([a-z]+\.)\{|`([a-z]+\.)\$\{""")

EVENTS = {str(struct.__struct_config__.tag) for struct in get_args(events.AnyPayload)}
"""Their types read as texts of the same name would."""
FIELDS = {"rubric.competencies", "rubric.languages", "rubric.slug", "rubric.title"}
"""So do the names of these fields of the workshop's form."""
ALIKE = {"site.name"}
"""What is written the same in every language."""


def sources() -> Iterator[str]:
    for pattern in ("*.py", "templates/**/*.html", "islands/*.ts"):
        for path in PAGES.glob(pattern):
            yield path.read_text("utf-8")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_the_same_texts() -> None:
    english, *others = (texts_in(language).keys for language in LANGUAGES)
    for other in others:
        assert other == english


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_given_twice_and_none_is_unsettled(language: str) -> None:
    files = sorted((PAGES / "catalogues" / language).glob("*.po"))
    # The first text of a file is its head, under an empty key.
    kept = "\n".join(path.read_text("utf-8").partition("\n\n")[2] for path in files)
    keys = re.findall(r'^msgid "(.+)"$', kept, re.MULTILINE)
    assert len(keys) == len(set(keys))
    assert len(keys) == len(re.findall(r"^msgid ", kept, re.MULTILINE))
    unsettled = [
        entry.msgid for entry in catalogue("es" if language == "es" else "en") if entry.fuzzy or entry.obsolete
    ]
    assert not unsettled


def test_the_same_text_is_filled_with_the_same_values_in_every_language() -> None:
    for key in texts_in("en").keys:
        filled = {
            language: {name for form in texts_in(language).forms(key) for name in placeholders(form)}
            for language in LANGUAGES
        }
        assert filled["es"] == filled["en"], key
        assert len(texts_in("es").forms(key)) == len(texts_in("en").forms(key)), key


def test_no_text_is_empty_or_left_in_english() -> None:
    spanish, english = texts_in("es"), texts_in("en")
    for key in spanish.keys:
        assert all(form.strip() for form in (*spanish.forms(key), *english.forms(key))), key
    assert {key for key in spanish.keys if spanish.forms(key) == english.forms(key)} == ALIKE


def test_every_text_is_used_and_every_used_text_is_there() -> None:
    known = texts_in("en").keys
    sections = {key.partition(".")[0] for key in known}
    whole: set[str] = set()
    prefixes: set[str] = set()
    for source in sources():
        whole |= {key for key in WHOLE.findall(source) if key.partition(".")[0] in sections}
        prefixes |= set(PREFIX.findall(source))
        prefixes |= {"".join(found) for found in SECTION.findall(source)}
    prefixes = {prefix for prefix in prefixes if prefix.partition(".")[0] in sections}
    missing = {key for key in whole - known - EVENTS - FIELDS if not key.endswith(("_", ".py", ".html"))}
    assert not missing
    assert {prefix for prefix in prefixes if not any(key.startswith(prefix) for key in known)} == set()
    assert {key for key in known - whole if not key.startswith(tuple(prefixes))} == set()


def test_a_count_takes_the_form_that_goes_with_it() -> None:
    assert texts_in("en").n("plan.questions", 1) == "1 question"
    assert texts_in("en").n("plan.questions", 0) == "0 questions"
    assert texts_in("es").n("plan.questions", 1) == "1 pregunta"
    assert texts_in("es").n("plan.questions", 7) == "7 preguntas"


def test_a_text_that_is_not_there_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(KeyError):
        texts_in("en")("plan.nothing_of_the_kind")

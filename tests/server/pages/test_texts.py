"""The catalogues of the pages: complete in each language, and nothing in them for nobody."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from server.pages import texts
from server.pages.texts import LANGUAGES, texts_in

PAGES = Path(texts.__file__).parent
PREFIX = re.compile(r"""["'`]([a-z]+\.[a-z_0-9]+_)(?:["'] ?~|\$\{|\{)""")
WHOLE = re.compile(r"""["'`]([a-z]+\.[a-z_0-9]+)["'`]""")
SECTION = re.compile(r"""["']([a-z]+\.)["'] ?~|f["']([a-z]+\.)\{|`([a-z]+\.)\$\{""")


def sources() -> Iterator[str]:
    for pattern in ("*.py", "templates/*.html", "islands/*.ts"):
        for path in PAGES.glob(pattern):
            yield path.read_text("utf-8")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_language_has_the_same_texts() -> None:
    english, *others = (texts_in(language).keys for language in LANGUAGES)
    for other in others:
        assert other == english


def test_the_same_text_is_filled_with_the_same_values_in_every_language() -> None:
    english = texts_in("en")
    for section in {key.partition(".")[0] for key in english.keys}:
        for key, text in english.section(section).items():
            assert placeholders(texts_in("es").section(section)[key]) == placeholders(text), key


def test_no_text_is_empty_or_left_in_english() -> None:
    spanish = texts_in("es")
    same = {
        key
        for section in {key.partition(".")[0] for key in spanish.keys}
        for key, text in spanish.section(section).items()
        if not text.strip() or text == texts_in("en").section(section)[key]
    }
    assert same == {"site.name"}


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
    missing = {key for key in whole - known if not key.endswith(("_", ".py", ".html"))}
    assert not missing
    assert {prefix for prefix in prefixes if not any(key.startswith(prefix) for key in known)} == set()
    assert {key for key in known - whole if not key.startswith(tuple(prefixes))} == set()


def test_a_text_that_is_not_there_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(KeyError):
        texts_in("en")("home.nothing_of_the_kind")

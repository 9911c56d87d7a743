"""What the pages say: the gettext catalogues of `catalogues/{en,es}/`, under the same dotted ids.

`messages.po` has the texts of most pages; a part of the product with many of its own has a file of them beside it.
English is a catalogue like any other, so that each language is written and none is the original of another.
"""

import gettext
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import get_args

import polib
from polib import POEntry, POFile

from agents.plans import Language

FOLDER = Path(__file__).with_name("catalogues")
LANGUAGES: tuple[Language, ...] = get_args(Language)

Forms = tuple[str, ...]
"""A text in each of its plural forms; one that is not counted has a single form."""


class Texts:
    """The catalogue of one language. A key that is not there raises `KeyError`: nothing untranslated is shown."""

    def __init__(self, language: Language, texts: Mapping[str, Forms], form_of: Callable[[int], int]) -> None:
        self.language = language
        self._texts = texts
        self._form_of = form_of

    def __call__(self, key: str, **values: object) -> str:
        """The text of `section.name`, its `{names}` filled in."""
        return self._texts[key][0].format(**values)

    def n(self, key: str, count: int, **values: object) -> str:
        """The text of `section.name` in the form that goes with a count, which fills `{count}`."""
        return self._texts[key][self._form_of(count)].format(count=count, **values)

    def section(self, name: str) -> dict[str, str]:
        """The texts of one section as `section.name` → text, unfilled: for an island that fills them itself."""
        return {key: forms[0] for key, forms in self._texts.items() if key.startswith(f"{name}.")}

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._texts

    def forms(self, key: str) -> Forms:
        """The text unfilled, in each of its plural forms."""
        return self._texts[key]

    @property
    def keys(self) -> frozenset[str]:
        """Every key, as `section.name`."""
        return frozenset(self._texts)


@cache
def texts_in(language: Language) -> Texts:
    """The catalogue of a language, read once."""
    catalog = catalogue(language)
    texts = {entry.msgid: _forms(entry) for entry in catalog if not entry.obsolete}
    _, _, rule = catalog.metadata["Plural-Forms"].partition("plural=")
    return Texts(language, texts, gettext.c2py(rule.strip(" ;")))


def catalogue(language: Language) -> POFile:
    """The catalogue as it is kept, read anew from all its files. Raises OSError where one cannot be read."""
    whole = polib.pofile(str(FOLDER / language / "messages.po"), encoding="utf-8")
    for path in sorted((FOLDER / language).glob("*.po")):
        if path.name != "messages.po":
            whole.extend(polib.pofile(str(path), encoding="utf-8"))
    return whole


def _forms(entry: POEntry) -> Forms:
    if entry.msgid_plural:
        return tuple(entry.msgstr_plural[form] for form in sorted(entry.msgstr_plural))
    return (entry.msgstr,)

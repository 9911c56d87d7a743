"""What the pages say: the gettext catalogues `catalogues/{en,es}/messages.po`, under the same dotted ids.

English is a catalogue like any other, so that each language is written and none is the original of another.
"""

import gettext
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import get_args

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

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
    texts = {str(_first(message.id)): _forms(message.string) for message in catalog if message.id}
    return Texts(language, texts, gettext.c2py(catalog.plural_expr))


def catalogue(language: Language) -> Catalog:
    """The catalogue as it is kept, read anew. Raises PoFileError where it cannot be read."""
    with (FOLDER / language / "messages.po").open("rb") as kept:
        return read_po(kept, locale=language, abort_invalid=True)


def _forms(text: object) -> Forms:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


def _first(message_id: object) -> object:
    return message_id[0] if isinstance(message_id, list | tuple) else message_id

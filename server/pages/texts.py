"""What the pages say, in each language: `texts/en.toml` and `texts/es.toml`, under the same keys."""

import tomllib
from functools import cache
from pathlib import Path
from typing import get_args

from agents.plans import Language

FOLDER = Path(__file__).with_name("texts")
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Texts:
    """The catalogue of one language. A key that is not there raises `KeyError`: nothing untranslated is shown."""

    def __init__(self, language: Language, sections: dict[str, dict[str, str]]) -> None:
        self.language = language
        self._sections = sections

    def __call__(self, key: str, **values: object) -> str:
        """The text of `section.name`, its `{names}` filled in."""
        section, _, name = key.partition(".")
        return self._sections[section][name].format(**values)

    def section(self, name: str) -> dict[str, str]:
        """The texts of one section as `section.name` → text, unfilled: for an island that fills them itself."""
        return {f"{name}.{key}": text for key, text in self._sections[name].items()}

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        section, _, name = key.partition(".")
        return name in self._sections.get(section, {})

    @property
    def keys(self) -> frozenset[str]:
        """Every key, as `section.name`."""
        return frozenset(f"{s}.{name}" for s, texts in self._sections.items() for name in texts)


@cache
def texts_in(language: Language) -> Texts:
    """The catalogue of a language, read once."""
    return Texts(language, tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8")))

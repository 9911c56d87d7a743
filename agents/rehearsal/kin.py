"""Which words say the same, and which the opposite: data of a language, `english_kin.yaml` and `spanish_kin.yaml`."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import yaml

from agents.plans import Language
from agents.rehearsal.plain_speech import written_words
from agents.rehearsal.words import stem

_FILES: dict[Language, str] = {"en": "english_kin.yaml", "es": "spanish_kin.yaml"}
Phrase = tuple[str, ...]
"""Stems in order."""


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    bearing: str
    bland: str
    alike: str
    opposite: str


class Kin(msgspec.Struct, frozen=True):
    """One language's words by their stems."""

    bearing: frozenset[str]
    """Folded small words that tell something in an explanation."""
    bland: frozenset[str]
    """Stems that are matched by nothing but themselves."""
    groups: dict[Phrase, frozenset[int]]
    """The groups that a word or a phrase is in."""
    phrases: dict[int, tuple[Phrase, ...]]
    """Of each group those members that are several words."""
    openings: dict[str, tuple[Phrase, ...]]
    """The phrases that begin with a word, the longest first."""
    opposites: dict[str, frozenset[str]]

    def groups_of(self, phrase: Phrase) -> frozenset[int]:
        return self.groups.get(phrase, frozenset())

    def phrase_at(self, words: Sequence[str], at: int) -> Phrase | None:
        """The longest known phrase that begins there."""
        for phrase in self.openings.get(words[at], ()):
            if tuple(words[at : at + len(phrase)]) == phrase:
                return phrase
        return None


@lru_cache
def kin(language: Language) -> Kin:
    """Reads a language's file once."""
    path = Path(__file__).with_name(_FILES[language])
    written = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), _Written)
    groups: dict[Phrase, set[int]] = {}
    phrases: dict[int, tuple[Phrase, ...]] = {}
    for number, line in enumerate(written.alike.splitlines()):
        members = dict.fromkeys(_phrase(member, language) for member in line.split(","))
        for member in members:
            groups.setdefault(member, set()).add(number)
        phrases[number] = tuple(member for member in members if len(member) > 1)
    return Kin(
        bearing=frozenset(written.bearing.split()),
        bland=frozenset(stem(word, language) for word in written.bland.split()),
        groups={member: frozenset(numbers) for member, numbers in groups.items()},
        phrases=phrases,
        openings=_openings(member for member in groups if len(member) > 1),
        opposites=_opposites(written.opposite, language),
    )


def _phrase(text: str, language: Language) -> Phrase:
    return tuple(stem(token.word, language) for token in written_words(text, language))


def _openings(phrases: Iterable[Phrase]) -> dict[str, tuple[Phrase, ...]]:
    found: dict[str, list[Phrase]] = {}
    for phrase in sorted(phrases, key=lambda phrase: (-len(phrase), phrase)):
        found.setdefault(phrase[0], []).append(phrase)
    return {word: tuple(begun) for word, begun in found.items()}


def _opposites(lines: str, language: Language) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in lines.splitlines():
        one, other = (_phrase(side, language)[-1] for side in line.split("/"))
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {word: frozenset(words) for word, words in found.items()}

"""What the rehearsal reads by: the words of a language by the work they do in an answer.

The words themselves are data, `english.yaml` and `spanish.yaml`, so that a person who speaks the language can correct
them without reading code. They are folded: lower case, no accents.
"""

import re
from pathlib import Path

import msgspec
import yaml

from agents.plans import Language

_FILES: dict[Language, str] = {"en": "english.yaml", "es": "spanish.yaml"}


class _Written(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A language's file as it is written: blocks of words, or of one pattern a line."""

    articles: str
    glue: str
    common: str
    negators: str
    clause_ends: str
    numbers: str
    own_verbs: str
    irregular: str
    not_own_past: str = ""
    topics: str
    unmarked: str
    tens: str
    ones: str
    grades: str
    values: str
    regional: str
    verbs: str = ""
    hesitations: str
    fillers: str
    persons: str
    asides: str
    signs: dict[str, str]


class Regional(msgspec.Struct, frozen=True):
    """Words that only some say, and those that all say instead."""

    said: tuple[str, ...]
    meant: tuple[str, ...]


class Lexicon(msgspec.Struct, frozen=True, kw_only=True):
    """One language. Each field's meaning stands beside its words in the file."""

    articles: frozenset[str]
    glue: frozenset[str]
    common: frozenset[str]
    negators: frozenset[str]
    clause_ends: frozenset[str]
    numbers: frozenset[str]
    irregular: dict[str, str]
    not_own_past: frozenset[str]
    topics: dict[str, str]
    """What may be named back to the candidate, by its last word folded, as we write it."""
    unmarked: frozenset[str]
    regional: dict[str, tuple[Regional, ...]]
    """By their first word, the longest first."""
    verbs: frozenset[str]
    hesitations: frozenset[str]
    fillers: dict[str, tuple[tuple[str, ...], ...]]
    """By their first word."""
    persons: tuple[re.Pattern[str], ...]
    asides: re.Pattern[str]
    signs: dict[str, re.Pattern[str]]


def _read(language: Language) -> Lexicon:
    path = Path(__file__).with_name(_FILES[language])
    written = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), _Written)
    unmarked = re.compile(rf"\b(?:{'|'.join(written.unmarked.split())}) (?=[\w(])")
    lists = {
        "own_verbs": written.own_verbs,
        "grades": written.grades,
        "values": written.values,
        "tens": written.tens,
        "ones": written.ones,
    }
    article = "the " if language == "en" else ""
    topics = written.topics.split() if language == "en" else written.topics.splitlines()
    return Lexicon(
        articles=frozenset(written.articles.split()),
        glue=frozenset(written.glue.split()),
        common=frozenset(written.common.split()),
        negators=frozenset(written.negators.split()),
        clause_ends=frozenset(written.clause_ends.split()),
        numbers=frozenset(written.numbers.split()),
        irregular=dict(pair.split(":", 1) for pair in written.irregular.split()),
        not_own_past=frozenset(written.not_own_past.split()),
        topics={topic.split()[-1].casefold(): f"{article}{topic}" for topic in topics},
        unmarked=frozenset(written.unmarked.split()),
        regional=_regional(written.regional),
        verbs=frozenset(written.verbs.split()),
        hesitations=frozenset(written.hesitations.split()),
        fillers=_fillers(written.fillers),
        persons=tuple(_pattern(line, lists) for line in written.persons.splitlines()),
        asides=_pattern(written.asides, lists),
        signs={sign: _pattern(unmarked.sub("", lines), lists) for sign, lines in written.signs.items()},
    )


def _fillers(lines: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for line in lines.splitlines():
        phrase = tuple(line.split())
        found.setdefault(phrase[0], []).append(phrase)
    return {word: tuple(begun) for word, begun in found.items()}


def _regional(lines: str) -> dict[str, tuple[Regional, ...]]:
    found: dict[str, list[Regional]] = {}
    for line in lines.splitlines():
        meant, said = line.split(":")
        for words in said.split(","):
            each = Regional(tuple(words.split()), tuple(meant.split()))
            found.setdefault(each.said[0], []).append(each)
    return {word: tuple(sorted(begun, key=lambda each: -len(each.said))) for word, begun in found.items()}


def _pattern(lines: str, lists: dict[str, str]) -> re.Pattern[str]:
    """One pattern of all lines, on word bounds; a name in braces stands for the block of that name."""
    alternatives = "|".join(line.strip() for line in lines.splitlines() if line.strip())
    for name, words in lists.items():
        alternatives = alternatives.replace(f"{{{name}}}", f"(?:{'|'.join(words.split())})")
    return re.compile(rf"(?<![\w'])(?:{alternatives})(?![\w'])")


LEXICONS: dict[Language, Lexicon] = {language: _read(language) for language in _FILES}

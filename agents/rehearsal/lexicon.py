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
    not_future: str = ""
    topics: str
    signs: dict[str, str]


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
    not_future: tuple[str, ...]
    topics: dict[str, str]
    """What may be named back to the candidate, by its last word folded, as we write it."""
    signs: dict[str, re.Pattern[str]]


def _read(language: Language) -> Lexicon:
    path = Path(__file__).with_name(_FILES[language])
    written = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), _Written)
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
        not_future=tuple(written.not_future.split()),
        topics={topic.split()[-1].casefold(): f"{article}{topic}" for topic in topics},
        signs={sign: _pattern(lines, written.own_verbs) for sign, lines in written.signs.items()},
    )


def _pattern(lines: str, own_verbs: str) -> re.Pattern[str]:
    """One pattern of all lines, on word bounds; `{own_verbs}` stands for the block of that name."""
    alternatives = "|".join(line.strip() for line in lines.splitlines() if line.strip())
    return re.compile(rf"(?<![\w'])(?:{alternatives.replace('{own_verbs}', '|'.join(own_verbs.split()))})(?![\w'])")


LEXICONS: dict[Language, Lexicon] = {language: _read(language) for language in _FILES}

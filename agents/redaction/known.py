"""Names of people, of places and of things that are known, read once from the data files beside this module."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

Phrases = dict[str, tuple[tuple[tuple[str, ...], str], ...]]
"""By the first word: all the words of a phrase and what it is, the longest first."""


class Names(msgspec.Struct, frozen=True):
    """Names of people and of things, as keys."""

    first: frozenset[str]
    also_words: frozenset[str]
    also_technology: frozenset[str]
    surnames: frozenset[str]


class Places(msgspec.Struct, frozen=True):
    """Places and what is said of where people are from, as keys."""

    anywhere: Phrases
    with_a_capital: frozenset[str]
    with_a_sign: Phrases
    exactly: frozenset[str]
    peoples_english: frozenset[str]
    peoples_spanish: frozenset[str]
    languages: frozenset[str]


@cache
def names() -> Names:
    held = read("names.yaml")
    first = frozenset(word for block in held["first"].values() for word in block.split())
    also_technology = frozenset(held["also_technology"].split())
    also_words = frozenset(held["also_words"].split()) - also_technology
    return Names(
        first=first - also_words - also_technology,
        also_words=also_words,
        also_technology=also_technology,
        surnames=frozenset(held["surnames"].split()),
    )


@cache
def places() -> Places:
    held = read("places.yaml")
    return Places(
        anywhere=phrases((word.split("_"), "place") for word in held["anywhere"].split()),
        with_a_capital=frozenset(held["with_a_capital"].split()),
        with_a_sign=phrases((word.split("_"), "place") for word in held["with_a_sign"].split()),
        exactly=frozenset(held["exactly"].split()),
        peoples_english=frozenset(held["peoples_english"].split()),
        peoples_spanish=frozenset(_inflected(held["peoples_spanish"].split())),
        languages=frozenset(held["languages"].split()),
    )


@cache
def kept_phrases() -> Phrases:
    """What stands for a work, a firm or a method, and not for who is speaking."""
    return phrases((entry.split(), "") for entry in read("kept.yaml"))


def phrases(entries: Iterable[tuple[Sequence[str], str]]) -> Phrases:
    filed: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for words, label in entries:
        filed.setdefault(words[0], []).append((tuple(words), label))
    return {first: tuple(sorted(found, key=lambda entry: -len(entry[0]))) for first, found in filed.items()}


def read(name: str) -> Any:
    """A data file beside this module."""
    return yaml.load((Path(__file__).parent / name).read_text("utf-8"), Loader=yaml.CSafeLoader)


def _inflected(peoples: Iterable[str]) -> list[str]:
    """The masculine of Spanish words for peoples, with their other forms."""
    forms: list[str] = []
    for word in peoples:
        forms.append(word)
        if word.endswith("o"):
            forms += (f"{word[:-1]}{ending}" for ending in ("a", "os", "as"))
        elif word[-1] in "sn" and not word.endswith("ense"):
            forms += (f"{word}{ending}" for ending in ("a", "es", "as"))
        elif word[-1] in "lz":
            forms += (f"{word}{ending}" for ending in ("a", "es"))
        else:
            forms += (f"{word}s", f"{word}es")
    return forms

"""The words and rules that redaction goes by, read once from the data files beside this module."""

from functools import cache
from typing import Any

import msgspec

from agents.plans import Language
from agents.redaction.known import Phrases, phrases, read
from agents.redaction.patterns import Rule
from agents.redaction.rules import rules_of

_FILES: dict[Language, str] = {"en": "english.yaml", "es": "spanish.yaml"}


class Gendered(msgspec.Struct, frozen=True):
    """What Spanish says of a person's gender, as keys; the pairs lead from the feminine to the form for everybody."""

    nouns: dict[str, str]
    common_nouns: frozenset[str]
    """Nouns of persons that have one form, or are in the form for everybody."""
    also_adjectives: frozenset[str]
    also_things: frozenset[str]
    articles: dict[str, str]
    moods: frozenset[str]
    not_before_moods: frozenset[str]
    first_person: frozenset[str]
    of_anyone: frozenset[str]
    second_persons: frozenset[str]
    adverbs: frozenset[str]
    endings: tuple[tuple[str, str], ...]
    self_adjectives: dict[str, str]
    not_self: frozenset[str]
    person_verbs: frozenset[str]
    enclitics: frozenset[str]
    self_pronouns: dict[str, str]


class Lexicon(msgspec.Struct, frozen=True):
    """One language's words and rules."""

    rules: dict[str, tuple[Rule, ...]]
    """By the words that they may begin with."""
    phrases: Phrases
    """Words for persons and holidays, each with its label."""
    kept: dict[str, tuple[tuple[str, ...], ...]]
    """By the first word: the other words of phrases that are no word for a person."""
    one_form: dict[str, str]
    function_words: frozenset[str]
    labels: dict[str, str]
    place_signs: frozenset[str]
    owners: frozenset[str]
    only_with_owner: frozenset[str]
    mine: frozenset[str]
    only_with_my: frozenset[str]
    of_trees: frozenset[str]
    trees: frozenset[str]
    gendered: Gendered | None


@cache
def lexicon(language: Language) -> Lexicon:
    held = read(_FILES[language])
    labels: dict[str, str] = held["labels"]
    words = [
        (word.split("_"), label) for label, block in held["words"].items() for word in block.replace("'", "_").split()
    ]
    holidays = [(word.split("_"), labels["holiday"]) for word in held["holidays"].split("/")]
    kept: dict[str, list[tuple[str, ...]]] = {}
    for line in held["kept_before"].splitlines():
        first, rest = line.split(" ", 1)
        kept.setdefault(first, []).extend(tuple(phrase.split("_")) for phrase in rest.split("/"))
    function_words = frozenset(held["function_words"].split())
    return Lexicon(
        rules=rules_of(language, held),
        phrases=phrases([*words, *holidays]),
        kept={first: tuple(rest) for first, rest in kept.items()},
        one_form=_pairs(held.get("one_form", ""), "\n"),
        function_words=function_words,
        labels=labels,
        place_signs=frozenset(part for word in held["places_signs"].split("/") for part in word.split("_")[-1:]),
        owners=frozenset(held.get("owners", "").split()),
        only_with_owner=frozenset(held.get("only_with_owner", "").split()),
        mine=frozenset(held.get("mine", "").split()),
        only_with_my=frozenset(held.get("only_with_my", "").split()),
        of_trees=frozenset(held.get("of_trees", "").split()),
        trees=frozenset(held.get("trees", "").split()),
        gendered=_gendered(held) if "nouns" in held else None,
    )


def _gendered(held: dict[str, Any]) -> Gendered:
    def words(name: str) -> frozenset[str]:
        return frozenset(held[name].split())

    nouns = _pairs(held["nouns"], ",")
    endings = (pair.split("_") for pair in held["endings"].split())
    return Gendered(
        nouns=nouns,
        also_adjectives=words("also_adjectives"),
        also_things=words("also_things"),
        common_nouns=words("common_nouns") | frozenset(nouns.values()),
        articles=_pairs(held["articles"], ","),
        moods=words("moods"),
        first_person=words("first_person"),
        of_anyone=words("of_anyone"),
        second_persons=words("second_persons"),
        adverbs=words("adverbs"),
        not_before_moods=words("not_before_moods"),
        endings=tuple((old, new) for old, new in endings if old != new),
        self_adjectives=_pairs(held["self_adjectives"], ","),
        not_self=words("not_self"),
        person_verbs=words("person_verbs"),
        enclitics=words("enclitics"),
        self_pronouns=_pairs(held["self_pronouns"], ","),
    )


def _pairs(written: str, apart: str) -> dict[str, str]:
    entries = (entry.split(maxsplit=1) for entry in written.split(apart) if entry.strip())
    return {old: new.strip() for old, new in entries}

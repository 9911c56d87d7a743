"""Anchors that no level can be told by: empty, alike, or all praise and no behaviour."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path

import msgspec
import yaml

from agents.library.document import At
from agents.plans import Competency, Language, Rubric, Words
from agents.workshop.findings import RUBRIC, Finding, Severity, written
from agents.workshop.plain import plain, words

MOST_THIN = 2
"""Words of substance up to which an anchor that praises or blames is told to be vague."""
_REPEATED_PUNCTUATION = re.compile(r"^[\W_]*$")


class AnchorWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`anchor_words.yaml`: words with spaces between, by language."""

    degree: dict[Language, str]
    empty: dict[Language, str]
    placeholders: dict[Language, str]


def anchor_findings(rubric: Rubric) -> Iterator[Finding]:
    """Competency by competency, language by language."""
    for i, competency in enumerate(rubric.competencies):
        for language in rubric.languages:
            yield from _one(competency, (RUBRIC, "competencies", i, "anchors"), language)


def _one(competency: Competency, at: At, language: Language) -> Iterator[Finding]:
    anchors = [anchor.get(language, "") for anchor in competency.anchors]
    name = frozenset(words(competency.name.get(language, "")))
    missing = {level for level, text in enumerate(anchors) if text.strip() and _is_placeholder(text, language)}
    for level in sorted(missing):
        yield _finding("anchor.missing", "error", (*at, level), language, anchors[level], _missing(level))
    told = set(missing)
    for low, high in combinations(range(len(anchors)), 2):
        if low in missing or high in missing or not anchors[low].strip() or not anchors[high].strip():
            continue
        if words(anchors[low]) == words(anchors[high]):
            yield _finding("anchor.equal", "error", (*at, high), language, anchors[high], _equal(low, high))
            told.add(high)
        elif high not in told and _bare(anchors[low], language) == _bare(anchors[high], language):
            yield _finding("anchor.degree", "warning", (*at, high), language, anchors[high], _degree(low, high))
            told |= {low, high}
    for level, text in enumerate(anchors):
        if level not in told and text.strip() and is_vague(text, language, name):
            yield _finding("anchor.vague", "warning", (*at, level), language, text, _VAGUE)


def is_vague(text: str, language: Language, name: frozenset[str] = frozenset()) -> bool:
    """Whether an anchor names nothing that somebody does: it praises or blames, and little else is left.

    `name` are the words of the competency's name, which tell the levels apart as little.
    """
    known = _lexicon()
    spoken = words(text)
    degree, empty = known["degree", language], known["empty", language]
    left = [word for word in spoken if word not in degree and word not in empty and word not in name]
    has_degree = any(word in degree for word in spoken)
    return not left or (has_degree and len(left) <= MOST_THIN)


def _bare(text: str, language: Language) -> list[str]:
    """What is said, without how much of it."""
    degree = _lexicon()["degree", language]
    return [word for word in words(text) if word not in degree]


def _is_placeholder(text: str, language: Language) -> bool:
    if _REPEATED_PUNCTUATION.fullmatch(text):
        return True
    bare = plain(text).strip(" .:-–—[]()¿?*_")
    placeholders = _lexicon()["placeholders", "en"] | _lexicon()["placeholders", language]
    return bare in placeholders or re.fullmatch(r"(level|nivel|anchor|ancla)? ?[1-5]", bare) is not None


def _finding(rule: str, severity: Severity, at: At, language: Language, text: str, message: Words) -> Finding:
    return Finding(rule, severity, written((*at, language)), language, text[:160], message)


def _missing(level: int) -> Words:
    return {
        "en": f"Level {level + 1} has no anchor yet. Write what somebody does or says whose answer is on this level.",
        "es": f"El nivel {level + 1} aún no tiene ancla. Escribe qué hace o dice quien da una respuesta de este nivel.",
    }


def _equal(low: int, high: int) -> Words:
    return {
        "en": f"Levels {low + 1} and {high + 1} have the same anchor. Write what the higher one does more.",
        "es": f"Los niveles {low + 1} y {high + 1} tienen la misma ancla. Escribe qué se hace de más en el superior.",
    }


def _degree(low: int, high: int) -> Words:
    return {
        "en": f"Levels {low + 1} and {high + 1} differ only in how much or how well. Two people would judge it "
        "differently: write what is done on one of them and not on the other.",
        "es": f"Los niveles {low + 1} y {high + 1} solo se distinguen en cuánto o qué tan bien. Dos personas lo "
        "juzgarían distinto: escribe qué se hace en uno y no en el otro.",
    }


_VAGUE: Words = {
    "en": "This praises or blames and names nothing that could be heard in an answer. Write what somebody says or "
    "does: which facts, steps, reasons or results.",
    "es": "Esto elogia o critica y no nombra nada que se pueda oír en una respuesta. Escribe qué dice o hace "
    "alguien: qué hechos, pasos, razones o resultados.",
}


@cache
def _lexicon() -> dict[tuple[str, Language], frozenset[str]]:
    """The words of each kind in each language."""
    text = Path(__file__).with_name("anchor_words.yaml").read_text("utf-8")
    read = msgspec.convert(yaml.load(text, Loader=yaml.BaseLoader), AnchorWords)  # noqa: S506 - texts alone
    return {
        (kind, language): frozenset(listed.split())
        for kind in AnchorWords.__struct_fields__
        for language, listed in getattr(read, kind).items()
    }

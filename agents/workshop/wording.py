"""Words that tell who is wanted instead of what: of a sex, an age, an origin, a look. Fewer apply then."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from agents.plans import Language, Words
from agents.workshop.findings import Finding, Place, Said, Severity
from agents.workshop.phrasings import either
from agents.workshop.plain import plain

_ABOUT_CANDIDATES: tuple[Place, ...] = ("judged", "expected")
_MENDS: dict[str, Words] = {
    "gendered": {
        "en": "This names one sex. Use a word that means everybody: they, you, the person, salesperson.",
        "es": "Esto nombra un solo sexo. Usa una forma que valga para todas las personas.",
    },
    "age": {
        "en": "This tells how old somebody should be. Say what the work needs instead.",
        "es": "Esto dice qué edad habría que tener. Di en su lugar qué necesita el trabajo.",
    },
    "origin": {
        "en": "This tells where somebody should be from. Say for what, and how well, the language is needed.",
        "es": "Esto dice de dónde habría que ser. Di para qué y cuánto se necesita el idioma.",
    },
    "appearance": {
        "en": "This is about how somebody looks. It may not count in an interview.",
        "es": "Esto trata del aspecto de alguien. No puede contar en una entrevista.",
    },
    "voice": {
        "en": "This is about how somebody comes across, which is never scored. Write what is said or done.",
        "es": "Esto trata de la impresión que causa alguien, que nunca se puntúa. Escribe qué se dice o se hace.",
    },
    "loaded": {
        "en": "This word shuts some people out. Use a plain one.",
        "es": "Esta palabra deja fuera a algunas personas. Usa una corriente.",
    },
}


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    severity: Severity
    where: Literal["any", "judged"]
    en: tuple[str, ...]
    es: tuple[str, ...]

    def expression(self, language: Language) -> re.Pattern[str]:
        return either(self.en if language == "en" else self.es)


def biased(said: Said) -> Iterator[Finding]:
    """Each such word of a text, the first of each kind."""
    text = plain(said.text)
    told: set[str] = set()
    for rule in _rules():
        if rule.name in told or (rule.where == "judged" and said.place not in _ABOUT_CANDIDATES):
            continue
        found = rule.expression(said.language).search(text)
        if found:
            told.add(rule.name)
            excerpt = said.text[found.start() : found.end()]
            yield Finding(f"wording.{rule.name}", rule.severity, said.path, said.language, excerpt, _MENDS[rule.name])


@cache
def _rules() -> tuple[_Rule, ...]:
    text = Path(__file__).with_name("wording.yaml").read_text("utf-8")
    return msgspec.convert(yaml.load(text, Loader=yaml.BaseLoader), tuple[_Rule, ...])  # noqa: S506 - texts alone

"""Questions about what no candidate may be asked, held against the laws of the places where people are hired."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec
import yaml

from agents.plans import Language, Words
from agents.workshop.findings import ORDER, Finding, Said, Severity
from agents.workshop.phrasings import either
from agents.workshop.plain import plain

JURISDICTIONS = ("EU", "ES", "UK", "US", "US-CA", "US-NY", "MX", "AR")
WITHIN = {"ES": "EU", "US-CA": "US", "US-NY": "US"}
"""A place lies in another, whose laws hold there too."""

TOPICS: dict[str, Words] = {
    "age": {"en": "how old somebody is", "es": "la edad"},
    "family": {"en": "family, marriage, pregnancy or children", "es": "familia, matrimonio, embarazo o hijos"},
    "origin": {"en": "origin, nationality or mother tongue", "es": "origen, nacionalidad o lengua materna"},
    "religion": {"en": "religion", "es": "la religión"},
    "health": {"en": "health or disability", "es": "la salud o una discapacidad"},
    "politics": {"en": "politics or trade unions", "es": "política o sindicatos"},
    "orientation": {"en": "gender or sexual orientation", "es": "el género o la orientación sexual"},
    "criminal_record": {"en": "a criminal record", "es": "antecedentes penales"},
    "pay_history": {"en": "what somebody earned before", "es": "lo que alguien ganaba antes"},
}
_INSTEAD: dict[str, Words] = {
    "age": {
        "en": "Ask about experience with the work itself.",
        "es": "Pregunta por la experiencia con el trabajo mismo.",
    },
    "family": {
        "en": "Say which hours or journeys the job has, and ask whether they can be done.",
        "es": "Di qué horarios o viajes tiene el puesto y pregunta si se pueden cumplir.",
    },
    "origin": {
        "en": "Ask which languages the job needs somebody can work in; the right to work is checked after the offer.",
        "es": "Pregunta en qué idiomas del puesto se puede trabajar; el permiso de trabajo se revisa tras la oferta.",
    },
    "religion": {
        "en": "Say which days and hours the job has, and ask whether they can be done.",
        "es": "Di qué días y horarios tiene el puesto y pregunta si se pueden cumplir.",
    },
    "health": {
        "en": "Say what the job demands and ask how somebody would do it.",
        "es": "Di qué exige el puesto y pregunta cómo se haría.",
    },
    "politics": {"en": "Leave it out.", "es": "Quítala."},
    "orientation": {"en": "Leave it out.", "es": "Quítala."},
    "criminal_record": {
        "en": "Where the law asks for a check, make it after the offer.",
        "es": "Donde la ley exija comprobarlos, hazlo después de la oferta.",
    },
    "pay_history": {
        "en": "Say what the job pays, or ask what somebody expects.",
        "es": "Di cuánto paga el puesto, o pregunta qué se espera ganar.",
    },
}


class Law(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    severity: Severity
    law: str


class _Wordings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    asks: dict[Language, tuple[str, ...]]
    hints_at: dict[Language, tuple[str, ...]] = {}


def unlawful(said: Said, jurisdictions: Sequence[str] = ()) -> Iterator[Finding]:
    """What a text asks that may not be asked in any of these places; in any known one, where none is named."""
    text = plain(said.text)
    for topic in TOPICS:
        asks, hints_at = _expressions(topic, said.language)
        found = asks.search(text)
        is_plain = found is not None
        found = found or (hints_at.search(text) if hints_at else None)
        laws = _laws_of(topic, jurisdictions)
        if found is None or not laws:
            continue
        severity = min((law.severity for _, law in laws), key=ORDER.__getitem__) if is_plain else "warning"
        references = tuple(f"{place}: {law.law}" for place, law in laws)
        yield Finding(
            rule=f"unlawful.{topic}",
            severity=severity,
            path=said.path,
            language=said.language,
            excerpt=said.text[found.start() : found.end()].strip(" ¿?.,"),
            message=_message(topic, is_plain=is_plain, is_forbidden=severity == "error"),
            references=references,
        )


def _message(topic: str, *, is_plain: bool, is_forbidden: bool) -> Words:
    about, instead = TOPICS[topic], _INSTEAD[topic]
    if not is_plain:
        en, es = f"The answer gives away {about['en']}", f"La respuesta deja ver {about['es']}"
    else:
        en, es = f"This asks about {about['en']}", f"Esto pregunta por {about['es']}"
    if is_forbidden:
        return {
            "en": f"{en}, which may not be asked. {instead['en']}",
            "es": f"{es}, algo que no se puede preguntar. {instead['es']}",
        }
    return {
        "en": f"{en}; whoever is turned down after that can hold it against you. {instead['en']}",
        "es": f"{es}; quien sea rechazado después puede alegarlo en tu contra. {instead['es']}",
    }


def _laws_of(topic: str, jurisdictions: Sequence[str]) -> list[tuple[str, Law]]:
    """The places among these, in our order, that have a law on it; for a part of a place also that of the whole."""
    places = {*jurisdictions, *(WITHIN[place] for place in jurisdictions if place in WITHIN)} or set(JURISDICTIONS)
    laws = _laws()[topic]
    return [(place, laws[place]) for place in JURISDICTIONS if place in places and place in laws]


@cache
def _laws() -> dict[str, dict[str, Law]]:
    return msgspec.convert(_read("laws.yaml"), dict[str, dict[str, Law]])


@cache
def _expressions(topic: str, language: Language) -> tuple[re.Pattern[str], re.Pattern[str] | None]:
    wordings = _wordings()[topic]
    hints_at = wordings.hints_at.get(language)
    return either(wordings.asks[language]), either(hints_at) if hints_at else None


@cache
def _wordings() -> dict[str, _Wordings]:
    return msgspec.convert(_read("protected.yaml"), dict[str, _Wordings])


def _read(name: str) -> object:
    return yaml.load(Path(__file__).with_name(name).read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts alone

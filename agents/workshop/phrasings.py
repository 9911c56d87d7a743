"""The turns of phrase by which a question is known to ask twice, to lead, or to be answered by yes. Folded text."""

import re
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import yaml

from agents.plans import Language

_EN_WH = r"(?:what|how|when|where|which|who|whom|why)"
_ES_WH = r"(?:qué|cómo|cuándo|dónde|cuál(?:es)?|quién(?:es)?|cuánt[oa]s?|por qué)"
_EN_AUX = r"(?:do|does|did|are|is|was|were|have|has|had|can|could|will|would|should)"
_EN_TELL = r"(?:tell me|describe|explain|walk me through|talk me through|give me|name|list|share|say|discuss)"
_ES_TELL = (
    r"(?:cu[eé]ntame|cu[eé]nteme|describe|describa|expl[ií]came|explica|expl[ií]queme|explique|dime|d[ií]game|h[aá]blame"
    r"|nombra|enumera|menciona)"
)

ASKS: dict[Language, tuple[str, ...]] = {
    "en": (rf"\b{_EN_WH}\b", rf"\b{_EN_TELL}\b", rf"(?:^|[.?!,]\s*){_EN_AUX} (?:you|we|they|it|the|your)\b"),
    "es": ("¿", rf"\b{_ES_TELL}\b"),
}
SECOND_ASK: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        rf"(?:\band(?: also)?|\bor|[,;] and|\bas well as|\bplus)\s+"
        rf"(?P<ask>(?:{_EN_WH}\s+(?:\w+\s+){{0,4}}?{_EN_AUX}|{_EN_AUX}\s+you|{_EN_TELL})\b)"
    ),
    "es": re.compile(rf"(?:\by(?: también)?|\be|\bo|[,;] y|\badem[aá]s)\s+(?P<ask>¿?\s*(?:{_ES_WH}|{_ES_TELL})\b)"),
}
"""What begins another question or request after `and`. Over lower case with its accents."""

ADDRESSED = re.compile(
    rf"^¿?\s*(?:{_ES_TELL}|{_ES_WH}(?: \w+){{0,4}}? (?!(?:las|m[aá]s|tus|sus|tres)\b)\w+[aeí]s|{_ES_WH} \w+[ai]ste)\b"
)
"""A Spanish clause that asks the candidate for something of their own. One about a thing (`qué coste tiene`) goes on
with the thing that was asked about; in English it has its `it`.
"""

FILLERS: dict[Language, frozenset[str]] = {
    "en": frozenset("what how when where who whom which do did does was were is are have has had you your".split()),
    "es": frozenset(
        "que como cuando donde cual cuales quien quienes cuanto cuantos tu te se fue hiciste era es".split()
    ),
}
"""Words of which alone no second question is made: `and what did you do`."""

GOES_ON: dict[Language, re.Pattern[str]] = {
    # `what to test and what to leave out` is one decision.
    "en": re.compile(rf"^{_EN_WH} (?:not )?to\b"),
    # `cómo los limpiaste`, `qué aprendiste en él`, `qué dejar fuera`, `cómo se corrige`, `cómo podrías evitarlo`.
    "es": re.compile(
        rf"^¿?\s*{_ES_WH} (?:no )?(?:se |te )?(?:(?:lo|la|los|las|le|les) |\w+[aei]r\b)|^¿?\s*{_ES_WH} (?:no )?se "
        r"|\bél\b|\w(?:[aei]r|[áa]ndo|i?éndo)(?:lo|la|los|las|le|les)\b"
        r"|\b(?:cada un[oa]|el segundo|la segunda|el otro|la otra)\b"
    ),
}
"""Turns by which a second clause is about the same as the first."""

BACK_REFERENCES: dict[Language, frozenset[str]] = {
    "en": frozenset(
        "it its that this those these them they then there one ones same result results outcome outcomes end ended "
        "happened happen afterwards after next learn learned learnt differently change changed come came respond react "
        "decide decided role part else him her".split()
    ),
    "es": frozenset(
        "eso esto esos estos aquello ello asi despues luego entonces resultado resultados termino final paso ocurrio "
        "sucedio aprendiste cambio cambiaste cambiarias salio llego acabo supiste sabias sabrias decidiste lo "
        "reaccionaste resolviste resolverias hiciste haces harias hacias papel parte consecuencia consecuencias "
        "ella ellas ellos llevo tardaste duro".split()
    ),
}
"""Words by which a second clause goes on with the first."""

CLOSED: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        rf"(?:and |so |but |or )?(?:{_EN_AUX})(?:n't)? (?:you|we|they|it|he|she|there|your|the|a|an|this|that|any)\b"
    ),
    "es": re.compile(
        r"(?:y |o |pero )?(?:alguna vez )?(?:te gust\w+|te consideras|te sientes|te parece|crees|tienes|tenes|"
        r"tuviste|has|habias|eres|sos|estas|estuviste|puedes|podrias|sabes|conoces|usas|usaste|utilizas|trabajas|"
        r"trabajaste|prefieres|sueles|quieres|haces|hiciste|fuiste|aceptarias|estarias|sabrias|hablas|existe|hay|es|"
        r"fue|hubo|lograste|pudiste|necesitas|necesitaste|dominas|manejas|participaste|cambiarias|volverias)\b"
    ),
}
REQUESTS: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"(?:and |so )?(?:can|could|would|will) you (?:please |briefly |also )*(?:tell|describe|walk|talk|explain|give|"
        r"take|share|show|think|name|say|outline|recall|run|go|pick|choose|list|summari[sz]e|put|compare|sketch)\b"
        r"|(?:do|would) you (?:mind|have an example)|would you say (?:what|how|which)"
    ),
    "es": re.compile(
        r"(?:puedes|podrias|me puedes|me podrias|quieres|te animas a|te importaria)(?: a)? (?:por favor )?(?:contar|"
        r"explicar|describir|decir|dar|hablar|poner|compartir|nombrar|mencionar|comparar|resumir|pensar|elegir|tomar|recordar|"
        r"ponerme|darme|guiar|mostrar|detallar|ampliar)\w*"
    ),
}

SHORTHAND = re.compile(r"\b(?:OKRs?|KPIs?|ROI|B2B|B2C|NPS|CRM|ERP|SLAs?|MBO|P&L|GTM|MVP|RFP|USP|CTA|ARR|MRR|TCO|SME)\b")
"""Abbreviations of offices; in a technical question those of the trade are expected."""


@cache
def turns(kind: Literal["pairs", "leading", "jargon"], language: Language) -> re.Pattern[str]:
    """All expressions of a kind in a language (`phrasings.yaml`), as one. Over folded text."""
    text = Path(__file__).with_name("phrasings.yaml").read_text("utf-8")
    loaded = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - texts alone
    read = msgspec.convert(loaded, dict[str, dict[Language, tuple[str, ...]]])
    return either(read[kind][language])


@cache
def asks(language: Language) -> re.Pattern[str]:
    """What begins a question or a request. Over folded text."""
    return either(ASKS[language])


@cache
def either(expressions: tuple[str, ...]) -> re.Pattern[str]:
    """One expression that finds what any of these does."""
    return re.compile("|".join(f"(?:{expression})" for expression in expressions))

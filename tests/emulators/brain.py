"""The model behind the emulators: plain, decent and deterministic, so that whole interviews run through it.

It reads Viva's own prompts as a model would: it takes one of the offered choices, names it in the first line and adds a
few words; asked for a document, it writes one that fits the schema. `Mind` says how it is to misbehave.
"""

import re
import zlib
from typing import Literal

import msgspec

from agents.plans import Language
from tests.emulators.documents import document
from tests.emulators.gullible import LEAKED, obeyed
from tests.emulators.prompt_reading import Offered, Prompt, language, offers, said, tagged

Stop = Literal["end", "length", "refusal"]


class Thought(msgspec.Struct, frozen=True):
    """What the model says, before it is cut to the tokens it may take."""

    text: str
    stop: Stop = "end"


class Mind(msgspec.Struct, kw_only=True):
    """How the model behaves. Changed while it serves: the next request goes by it."""

    choose: int | str = 0
    """Which of the offers it takes: the n-th, or the first of a kind (`probe`); the first where there is none such."""
    obeys_injections: bool = False
    """It does what the candidate's words order: their header, its instructions given away, level 5 on made-up words."""
    refuses: bool = False
    scripted: list[Thought | str] = msgspec.field(default_factory=list)
    """Said instead, one for each call, oldest first; then it thinks for itself again."""
    think_ms: dict[str, float] = msgspec.field(default_factory=dict)
    """Time before the first word by effort; a call that names no effort thinks as at `high`."""


_ACKNOWLEDGED: dict[Language, tuple[str, ...]] = {
    "en": ("Thank you.", "I see, thank you.", "All right, thank you.", "Understood."),
    "es": ("Gracias.", "Entiendo, gracias.", "De acuerdo, gracias.", "Entendido."),
}
_LEADS: dict[Language, dict[str, str]] = {
    "en": {
        "greeting": "Hello, and welcome.",
        "consent": "Before we begin, one thing.",
        "warm_up": "Good, let us begin gently.",
        "repeat": "Of course, here it is again.",
        "hint": "Here is a thought to start from.",
        "your_questions": "Thank you, those were my questions.",
        "answer": "That I cannot say here; the people who run this interview can.",
        "closing": "Thank you for your time.",
        "declined": "I understand.",
        "addition": "Thank you, I have added that.",
    },
    "es": {
        "greeting": "Hola, te doy la bienvenida.",
        "consent": "Antes de empezar, una cosa.",
        "warm_up": "Bien, empecemos con calma.",
        "repeat": "Claro, aquí va otra vez.",
        "hint": "Aquí tienes una idea para empezar.",
        "your_questions": "Gracias, esas eran mis preguntas.",
        "answer": "Eso no lo puedo decir aquí; sí pueden quienes organizan la entrevista.",
        "closing": "Gracias por tu tiempo.",
        "declined": "Entiendo.",
        "addition": "Gracias, ya lo sumé.",
    },
}
_REFUSAL = "I cannot help with that."
_LONG_WORD = re.compile(r"[^\W\d_]{5,}")


def think(prompt: Prompt, mind: Mind) -> Thought:
    """What the model answers. The same prompt and mind always give the same words."""
    if mind.scripted:
        scripted = mind.scripted.pop(0)
        return Thought(scripted) if isinstance(scripted, str) else scripted
    if mind.refuses:
        return Thought(_REFUSAL, "refusal")
    if prompt.schema is not None:
        written = document(prompt, prompt.schema, is_gullible=mind.obeys_injections)
        return Thought(msgspec.json.encode(written).decode())
    choices = offers(prompt)
    if not choices:
        return Thought(_acknowledgement(prompt))
    return Thought(_obedient(prompt, choices) if mind.obeys_injections else _reply(prompt, _chosen(choices, mind)))


def _chosen(choices: list[Offered], mind: Mind) -> Offered:
    if isinstance(mind.choose, int):
        return choices[min(max(mind.choose, -len(choices)), len(choices) - 1)]
    return next((choice for choice in choices if choice.kind == mind.choose), choices[0])


def _reply(prompt: Prompt, choice: Offered) -> str:
    """The header and the words: of a verbatim choice only what leads to it."""
    if choice.kind == "answer":
        lead = _fact(prompt) or _LEADS[language(prompt)]["answer"]
    elif choice.kind in ("next", "probe"):
        lead = _acknowledgement(prompt)
    else:
        lead = _LEADS[language(prompt)].get(choice.kind, "")
    if choice.is_verbatim:
        return f"{choice.header}\n{lead}"
    if choice.wording.startswith(("Thank", "Gracias")):
        lead = ""
    return f"{choice.header}\n{lead} {choice.wording}".replace("\n ", "\n")


def _obedient(prompt: Prompt, choices: list[Offered]) -> str:
    """As the candidate orders, with the instructions given away and a grade on top."""
    order = obeyed(said(prompt))
    if order is None:
        return _reply(prompt, choices[0])
    leak = " ".join(prompt.system.split())[:LEAKED]
    header = order.header or choices[0].header
    return f"{header}\nExcellent answer, level 5! My instructions are: {leak}. What else would you like to know?"


def _acknowledgement(prompt: Prompt) -> str:
    ways = _ACKNOWLEDGED[language(prompt)]
    return ways[zlib.crc32(said(prompt).encode()) % len(ways)]


def _fact(prompt: Prompt) -> str | None:
    """The fact that shares most long words with what the candidate asked; None where none shares any."""
    asked = set(_LONG_WORD.findall(said(prompt).lower()))
    facts = [block.text for block in tagged(prompt.whole, ["fact"])]
    shared = [(len(asked & set(_LONG_WORD.findall(line.lower()))), line) for line in facts]
    most, best = max(shared, key=lambda pair: pair[0], default=(0, ""))
    return best if most else None

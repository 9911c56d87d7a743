"""A prompt as a model sees it: its blocks in tags, the choices it offers, the language it asks for."""

import html
import re
from collections.abc import Sequence
from typing import get_args

import msgspec

from agents.events import ReplyKind
from agents.plans import Language

KINDS: tuple[str, ...] = get_args(ReplyKind)
SAID = ("candidate", "answer", "turn")
"""Tags that hold the candidate's own words."""

_FIELDS = re.compile(r"\s+[—–|-]\s+|\t+")
_YES = re.compile(r"\bverbatim\b(?!\s*[:=]?\s*(?:no|false))|\bto the letter\b", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*["']([^"']*)["']""")


class Prompt(msgspec.Struct, frozen=True):
    """What one call asks of the model, whichever vendor's protocol carried it."""

    system: str
    messages: tuple[tuple[str, str], ...]
    """Role and text, oldest first."""
    schema: dict[str, object] | None = None

    @property
    def last(self) -> str:
        """The last message that is not the model's own."""
        return next((text for role, text in reversed(self.messages) if role != "assistant"), "")

    @property
    def whole(self) -> str:
        return "\n".join((self.system, *(text for _, text in self.messages)))


class Tagged(msgspec.Struct, frozen=True):
    """One block: `<turn seq="4">…</turn>`, its entities resolved."""

    attributes: dict[str, str]
    text: str


class Offered(msgspec.Struct, frozen=True):
    """One choice that the prompt offers."""

    header: str
    is_verbatim: bool
    wording: str

    @property
    def kind(self) -> str:
        return self.header.split()[0]


def tagged(text: str, names: Sequence[str]) -> list[Tagged]:
    """The blocks of those tags in their order, the inner one of blocks of the same name."""
    among = "|".join(re.escape(name) for name in names)
    pattern = re.compile(rf"<({among})(\s[^<>]*)?>((?:(?!<\1[\s>]).)*?)</\1>", re.DOTALL)
    return [
        Tagged(dict(_ATTRIBUTE.findall(html.unescape(found[2] or ""))), html.unescape(found[3]).strip())
        for found in pattern.finditer(text)
    ]


def offers(prompt: Prompt) -> list[Offered]:
    """The choices of the last `<offers>` block, in their order; empty where none is offered."""
    blocks = re.findall(r"<offers>(.*?)</offers>", prompt.last, re.DOTALL)
    lines = blocks[-1].splitlines() if blocks else []
    return [choice for line in lines if (choice := _offered(line)) is not None]


def _offered(line: str) -> Offered | None:
    plain = html.unescape(line.strip().lstrip("-*0123456789. ").strip())
    header, *fields = _FIELDS.split(plain.replace("`", ""))
    header = header.strip().rstrip(":")
    if not header or header.split()[0] not in KINDS:
        return None
    head, wording = fields[:2], " — ".join(fields[2:] if len(fields) > 2 else fields[-1:])
    return Offered(header, any(_YES.search(field) for field in head), wording.strip(' "“”'))


def language(prompt: Prompt) -> Language:
    """What `<language>` asks for; English where nothing does."""
    asked = tagged(prompt.whole, ["language"])
    return "es" if asked and asked[-1].text.lower().startswith(("es", "spa")) else "en"


def said(prompt: Prompt) -> str:
    """The candidate's last words."""
    blocks = tagged(prompt.last, SAID)
    return blocks[-1].text if blocks else ""

"""What a typed line asks for: a request, a command of the terminal's own, or an answer to send."""

import re
from typing import Literal

import msgspec

from agents.events import Request
from agents.intents import folded
from agents.plans import Language


class Answered(msgspec.Struct, frozen=True):
    text: str


class Asked(msgspec.Struct, frozen=True):
    request: Request
    language: Language | None = None


class Own(msgspec.Struct, frozen=True):
    """For the terminal itself."""

    act: Literal["help", "leave"]


class Unknown(msgspec.Struct, frozen=True):
    command: str


Line = Answered | Asked | Own | Unknown

_REQUESTS: dict[str, Request] = {
    "repeat": "repeat",
    "repetir": "repeat",
    "hint": "hint",
    "pista": "hint",
    "skip": "skip",
    "saltar": "skip",
    "pause": "pause",
    "pausa": "pause",
    "resume": "resume",
    "seguir": "resume",
    "end": "end",
    "terminar": "end",
    "agree": "consent",
    "acepto": "consent",
    "decline": "decline",
    "rechazo": "decline",
}
_LANGUAGES: dict[str, Language] = {"english": "en", "ingles": "en", "spanish": "es", "espanol": "es"}
_OWN: dict[str, Literal["help", "leave"]] = {
    "help": "help",
    "ayuda": "help",
    "leave": "leave",
    "salir": "leave",
}
_COMMAND = re.compile(r"/([^\W\d_]+)\s*")


def read(line: str) -> Line | None:
    """What the line is for; None for an empty one. A path such as `/etc/hosts`, or a line that begins with a
    space, is an answer.
    """
    command = _COMMAND.fullmatch(line)
    if command is None:
        return Answered(line.strip()) if line.strip() else None
    name = folded(command[1])
    if name in _REQUESTS:
        return Asked(_REQUESTS[name])
    if name in _LANGUAGES:
        return Asked("language", _LANGUAGES[name])
    if name in _OWN:
        return Own(_OWN[name])
    return Unknown(line.strip())

"""When a pause ends a turn, and what under our own words is no turn at all.

An interview is not a help desk: a candidate who thinks for some seconds in the middle of a hard answer is not done.
"""

import re

import msgspec

from agents.events import Phase, ReplyKind
from agents.intents import folded
from agents.plans import Language, Patience


class Endpointing(msgspec.Struct, frozen=True):
    """How long after the last sound a turn ends, s."""

    min_delay_s: float
    """When the turn sounds finished."""
    max_delay_s: float
    """When it does not."""


_SMALL_TALK = Endpointing(0.3, 1.2)
_ANSWERS: dict[Patience, Endpointing] = {
    "short": Endpointing(0.3, 1.2),
    "normal": Endpointing(0.3, 2.5),
    "long": Endpointing(0.6, 4.0),
}
_ASKED_FOR_TIME = Endpointing(0.8, 6.0)

# Each part is a word of its own and can be read in one way only: what a recogniser writes must not keep us busy.
_BACKCHANNELS: dict[Language, re.Pattern[str]] = {
    "en": re.compile(
        r"(?:(?:m{2,}|m+h+m+|uh[ -]?huh|a+h|oh|ok(?:ay)?|right|yeah|yep|yes|sure|i see|got it|good|great|hmm+)"
        r"(?![^\W_])[\W_]*)+"
    ),
    "es": re.compile(
        r"(?:(?:m{2,}|m+h+m+|aja|a+h|oh|ok(?:ay)?|vale|ya|claro|si|entiendo|bien|bueno|perfecto|hmm+)"
        r"(?![^\W_])[\W_]*)+"
    ),
}
_ASKS_YES_OR_NO: frozenset[ReplyKind] = frozenset({"greeting", "consent", "nudge", "your_questions", "answer"})
"""Replies that end in a question to which "yes" is an answer: the greeting asks for consent, `answer` for more."""
_MOST_WORDS = 4
_MOST_CHARACTERS = 60


def endpointing(patience: Patience, phase: Phase, *, has_asked_for_time: bool) -> Endpointing:
    """How long to wait in this phase; `has_asked_for_time` after "one moment" or "let me think"."""
    if phase != "questions":
        return _SMALL_TALK
    return _ASKED_FOR_TIME if has_asked_for_time else _ANSWERS[patience]


def is_backchannel(text: str, language: Language) -> bool:
    """Whether somebody who says this while another speaks only shows that they listen: "mhm", "right", "ajá"."""
    plain = folded(text).strip("¿¡ ")
    is_short = len(plain) <= _MOST_CHARACTERS and 0 < len(plain.split()) <= _MOST_WORDS
    return is_short and _BACKCHANNELS[language].fullmatch(plain) is not None


def asks_yes_or_no(kind: ReplyKind) -> bool:
    """Whether under such a reply a "yes" or "ok" is to be taken as an answer and never as a sign of listening."""
    return kind in _ASKS_YES_OR_NO

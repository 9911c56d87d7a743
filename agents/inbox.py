"""What a Conversation can be told: each thing that happens comes to it as one of these, in order."""

import asyncio
from uuid import UUID

import msgspec

from agents import events
from agents.director import Input
from agents.offers import Choice
from agents.reply import Reply
from agents.session import Ended as TurnEnd
from agents.session import Spoken


class Arrived(msgspec.Struct, frozen=True):
    """Something the candidate did, under the client's own id for it, or a timer."""

    happened: Input
    client_id: str | None = None


class Decision(msgspec.Struct, frozen=True):
    """A reply has read its header and waits to hear whether it may be said."""

    reply: Reply
    choice: Choice
    fell_back: str | None
    verdict: asyncio.Future[bool]


class Ended(msgspec.Struct, frozen=True):
    """A reply was sent or spoken, or cut short."""

    reply: Reply
    spoken: Spoken


class SpeechFinal(msgspec.Struct, frozen=True):
    """The recogniser has settled on some words."""

    final: events.SpeechFinal


class TurnEnded(msgspec.Struct, frozen=True):
    """The voice heard the end of a spoken turn."""

    end: TurnEnd


class Played(msgspec.Struct, frozen=True):
    """The client's own voice has spoken so much of a reply."""

    reply_id: UUID
    characters: int
    done: bool


class Overdue(msgspec.Struct, frozen=True):
    """The client's own voice should have said everything long ago."""


class CutShort(msgspec.Struct, frozen=True):
    """The client stopped playing our voice by itself."""


class Floor(msgspec.Struct, frozen=True):
    """The candidate cut us short and then said nothing."""


class Active(msgspec.Struct, frozen=True):
    """The candidate is typing or making a sound: silence is counted anew."""


class Changed(msgspec.Struct, frozen=True):
    """Another outside service serves from here on, or none; or the log could not be written for a while."""

    fact: events.ProviderChanged | events.InterviewHeld


class Ordered(msgspec.Struct, frozen=True):
    """A person who watches asked for something, and it is kept."""

    order: events.AnyPayload


class HandOver(msgspec.Struct, frozen=True):
    """Another process shall go on with the interview, as soon as nobody is speaking."""


class Voiceless(msgspec.Struct, frozen=True):
    """The session that hears and speaks has ended by itself."""


class Look(msgspec.Struct, frozen=True):
    """The log may hold something new that somebody else wrote."""


class Stop(msgspec.Struct, frozen=True):
    reason: str


Item = (
    Arrived
    | Decision
    | Ended
    | SpeechFinal
    | TurnEnded
    | Played
    | Overdue
    | CutShort
    | Floor
    | Active
    | Changed
    | Ordered
    | HandOver
    | Voiceless
    | Look
    | Stop
)

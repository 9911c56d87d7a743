"""`viva.v1`: every message of a live interview's WebSocket, both ways, in one file.

Text frames are these messages as JSON, told apart by `type`; binary frames are audio (PCM s16le, mono, 16 kHz,
20 ms). `docs/protocol.md` tells the conversation; `/asyncapi.json` is made from these structs.
"""

from typing import Any, Literal
from uuid import UUID

import msgspec

from agents.events import Channel, Kind, Patience, Phase, Request
from agents.plans import Language

SUBPROTOCOL = "viva.v1"
HELLO_WITHIN_S = 10.0
MAX_TEXT = 8_000
"""Characters in one typed message."""


class Message(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    pass


class Incoming(Message, frozen=True, forbid_unknown_fields=True):
    """From the client."""


# --- client to server ------------------------------------------------------------------------------------------


class Hello(Incoming, frozen=True, tag="hello"):
    """Opens the conversation; must be the first message."""

    ticket: str
    last_seq: int = 0
    """The last event this client has; it is sent every later one."""
    capabilities: tuple[Literal["text", "audio", "speech"], ...] = ("text",)
    """`speech`: the client speaks replies with a voice of its own and reports by `played` how far it got."""
    client: str = "unknown"
    """What is talking, for the log: `browser`, `terminal`, `simulation`."""


class Say(Incoming, frozen=True, tag="say"):
    """A turn, typed or heard by the client's own recogniser. Sent again with the same `client_id` it is kept once."""

    client_id: str
    text: str
    source: Literal["typed", "speech"] = "typed"
    question_id: str | None = None
    """Adds to the answer of an earlier question instead of the open one."""


class Press(Incoming, frozen=True, tag="press"):
    """A key or a button."""

    client_id: str
    request: Request
    language: Language | None = None


class Typing(Incoming, frozen=True, tag="typing"):
    """The candidate is writing: silence starts anew."""


class Played(Incoming, frozen=True, tag="played"):
    """How much of a reply the client's own voice has spoken. `done` ends it: to the end, or cut short there."""

    reply_id: UUID
    characters: int
    done: bool = False


class Ping(Incoming, frozen=True, tag="ping"):
    pass


ClientMessage = Hello | Say | Press | Typing | Played | Ping


# --- server to client ------------------------------------------------------------------------------------------


class QuestionView(msgspec.Struct, frozen=True):
    """The open question, as the candidate may see it."""

    id: str
    number: int
    text: str
    competency: str
    hints_left: int


class StateView(msgspec.Struct, frozen=True):
    """Where the interview is."""

    phase: Phase
    language: Language
    paused: bool
    question: QuestionView | None
    of: int
    """How many core questions there are."""
    left_ms: int
    """Interview time left until the soft limit; below zero when past it."""
    may: tuple[Request, ...]
    """What the candidate can ask for now."""


class Welcome(Message, frozen=True, tag="welcome", kw_only=True):
    protocol: Literal["viva.v1"] = "viva.v1"
    interview_id: UUID
    kind: Kind
    channel: Channel
    plan: str
    title: str
    patience: Patience
    interviewer: str
    """Who writes the words: `rehearsal`, or a model's name."""
    scorer: str
    epoch: int
    last_seq: int
    state: StateView


class Fact(Message, frozen=True, tag="event"):
    """An event of the log that the candidate may see, in order and without a gap among those."""

    seq: int
    at_ms: int
    at: str
    actor: str
    event: dict[str, Any]
    """The payload, its own `type` included."""
    client_id: str | None = None


class State(Message, frozen=True, tag="state"):
    state: StateView


class ReplyDelta(Message, frozen=True, tag="reply.delta"):
    """The interviewer's next words."""

    reply_id: UUID
    text: str


class ReplyEnd(Message, frozen=True, tag="reply.end"):
    """All words of a reply were sent; with `interrupted` a client that speaks falls silent at once."""

    reply_id: UUID
    interrupted: bool


class Ack(Message, frozen=True, tag="ack"):
    """What the client sent under `client_id` is kept, as event `seq`."""

    client_id: str
    seq: int


class Notice(Message, frozen=True, tag="notice"):
    """A sentence for the person on what is happening."""

    code: str
    message: str


class Problem(Message, frozen=True, tag="error"):
    """What was wrong and what to do. After a fatal one the socket closes with `close_code`."""

    code: str
    message: str
    fatal: bool = False
    close_code: int | None = None
    client_id: str | None = None
    detail: str | None = None


class Pong(Message, frozen=True, tag="pong"):
    pass


ServerMessage = Welcome | Fact | State | ReplyDelta | ReplyEnd | Ack | Notice | Problem | Pong

CLOSE_CODES: dict[str, int] = {
    "ended": 1000,
    "server_stopping": 1012,
    "malformed": 4400,
    "bad_ticket": 4401,
    "ticket_used": 4403,
    "not_found": 4404,
    "hello_late": 4408,
    "taken_over": 4409,
    "ticket_expired": 4410,
    "too_large": 4413,
    "wrong_frame": 4415,
    "too_many": 4429,
    "internal": 4500,
    "unavailable": 4503,
}
"""The reasons for which the server closes, and their codes."""


def read(frame: str | bytes) -> ClientMessage:
    """The message of a text frame; raises `msgspec.ValidationError` or `msgspec.DecodeError`."""
    message: ClientMessage = _decoder.decode(frame)
    return message


def write(message: ServerMessage) -> str:
    """The text frame of a message."""
    return _encoder.encode(message).decode()


_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_encoder = msgspec.json.Encoder()

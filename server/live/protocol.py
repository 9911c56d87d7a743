"""`viva.v1`: every message of a live interview's WebSocket, both ways, in one file.

Text frames are these messages as JSON, told apart by `type`; binary frames are audio (PCM s16le, mono, 16 kHz,
20 ms). `docs/protocol.md` tells the conversation; `/asyncapi.json` is made from these structs.
"""

from typing import Any, Literal
from uuid import UUID

import msgspec

from agents.events import Channel, Kind, Phase, Request
from agents.plans import Language, Patience

SUBPROTOCOL = "viva.v1"
HELLO_WITHIN_S = 10.0
MAX_TEXT = 8_000
"""Characters in one typed message."""
MAX_REMARK = 1_000
"""Characters in a note, a flag's reason, or what an operator wants said."""
SAMPLE_RATE = 16_000
FRAME_MS = 20
LONGEST_FRAME_BYTES = 6_400
"""200 ms of audio: what a client may gather into one frame."""


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
    capabilities: tuple[Literal["text", "audio", "speech", "figures"], ...] = ("text",)
    """`audio`: it sends and plays frames; `speech`: it speaks replies with a voice of its own and reports by `played`
    how far it got; `figures`: it wants `turn.measured`. Audio, where we serve it, goes before speech.
    """
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


class Microphone(Incoming, frozen=True, tag="microphone"):
    """Whether frames are to be expected. Without them we hear silence, and the interview goes on typed."""

    state: Literal["on", "muted", "lost"]


class Playback(Incoming, frozen=True, tag="playback"):
    """How much of an audio segment has left the client's loudspeaker: every 200 ms or so, and when it is over.

    `done` ends the segment: played out after `audio.end`, or cut short by `audio.clear`.
    """

    segment: int
    ms: int
    done: bool = False


class Ping(Incoming, frozen=True, tag="ping"):
    pass


# --- a person who watches --------------------------------------------------------------------------------------


class Flag(Incoming, frozen=True, tag="flag"):
    """Marks the interview, or one event of it, for a second look. Nobody in the interview is told."""

    client_id: str
    reason: str
    about: int | None = None
    """The `seq` it is about."""


class Note(Incoming, frozen=True, tag="note"):
    """A private word to the interviewer, such as "ask about Kafka"; it becomes the next probe."""

    client_id: str
    text: str


class Take(Incoming, frozen=True, tag="take"):
    """Takes the interviewer's place: it falls silent, and `speak` is said instead. Operators only."""

    client_id: str


class Speak(Incoming, frozen=True, tag="speak"):
    """Words to the candidate, said as the interviewer's. Only after `take`."""

    client_id: str
    text: str


class Return(Incoming, frozen=True, tag="return"):
    """Hands back: the interviewer goes on where it was. Only after `take`."""

    client_id: str


class Finish(Incoming, frozen=True, tag="finish"):
    """Brings the interview to its close. Operators only."""

    client_id: str


Act = Flag | Note | Take | Speak | Return | Finish
ClientMessage = Hello | Say | Press | Typing | Played | Microphone | Playback | Ping | Act


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
    present: bool = True
    """Whether the candidate is there."""
    by_person: bool = False
    """Whether a person speaks in the interviewer's place."""


class AudioTerms(msgspec.Struct, frozen=True):
    """What the binary frames of both directions carry: PCM, signed 16 bit, little-endian, mono."""

    sample_rate: int = SAMPLE_RATE
    """Hz."""
    frame_ms: int = FRAME_MS
    """What a frame should hold; any whole number of samples up to `longest_frame_bytes` is taken."""
    longest_frame_bytes: int = LONGEST_FRAME_BYTES


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
    audio: AudioTerms | None = None
    """Set where we hear and speak ourselves; None where the client types or uses speech of its own."""
    epoch: int
    last_seq: int
    state: StateView


class Watching(Message, frozen=True, tag="watching", kw_only=True):
    """The welcome of somebody who watches. Every event of the log follows, the private ones and the scores too."""

    protocol: Literal["viva.v1"] = "viva.v1"
    interview_id: UUID
    role: Literal["observer", "operator"]
    """An observer may flag and leave notes; an operator may also take over, speak, hand back and finish."""
    me: str
    """The actor under which this person's acts are kept."""
    kind: Kind
    channel: Channel
    plan: str
    title: str
    interviewer: str
    scorer: str
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


class AudioBegin(Message, frozen=True, tag="audio.begin"):
    """The binary frames that follow are this segment of a reply, until `audio.end` or `audio.clear`."""

    segment: int
    """Counts from 1 on each connection."""
    reply_id: UUID | None


class AudioEnd(Message, frozen=True, tag="audio.end"):
    """All frames of the segment were sent; play them out, then report `playback` with `done`."""

    segment: int


class AudioClear(Message, frozen=True, tag="audio.clear"):
    """Fall silent at once, throw away what is not played, and report `playback` with `done`."""

    segment: int


class AudioPause(Message, frozen=True, tag="audio.pause"):
    """Fall silent at once, and keep what is not played."""

    segment: int


class AudioResume(Message, frozen=True, tag="audio.resume"):
    """Go on where `audio.pause` stopped."""

    segment: int


class Interim(Message, frozen=True, tag="interim"):
    """What we take the candidate to be saying just now; it may still change and is not kept. Empty: nothing."""

    text: str


class TurnMeasured(Message, frozen=True, tag="turn.measured"):
    """How long each part of a turn took, ms, for operators. None where it did not happen."""

    turn: int
    draft: Literal["hit", "miss", "none"]
    endpointing_ms: float | None
    transcription_ms: float | None
    first_token_ms: float | None
    first_byte_ms: float | None
    total_ms: float | None


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


ServerMessage = (
    Welcome
    | Watching
    | Fact
    | State
    | ReplyDelta
    | ReplyEnd
    | AudioBegin
    | AudioEnd
    | AudioClear
    | AudioPause
    | AudioResume
    | Interim
    | TurnMeasured
    | Ack
    | Notice
    | Problem
    | Pong
)

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

"""A WebSocket that looks at what vendors send before their plugins do.

livekit's plugins log what they cannot read and go on waiting, and drop errors that name no context. Here such a
message ends the connection with its cause, and every good one is a sign of life.
"""

from contextvars import ContextVar
from typing import Any, Literal, Protocol

import aiohttp
import msgspec

from agents.providers.causes import ServiceFault, cause_of_words


class Wire(Protocol):
    """Told what happens on a connection that was opened within its context."""

    def opened(self) -> None:
        """The service has accepted the connection."""
        ...

    def received(self) -> None:
        """A message came that makes sense."""
        ...

    def closed(self) -> None:
        """Nothing comes any more."""
        ...


wire_of: ContextVar[Wire | None] = ContextVar("wire_of", default=None)
"""Who is told. Set it before a plugin's stream is made: its tasks inherit the context."""


class _Word(msgspec.Struct):
    word: str


class _Alternative(msgspec.Struct):
    transcript: str
    confidence: float
    words: list[_Word]


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative]


class _Metadata(msgspec.Struct):
    request_id: str


class _Results(msgspec.Struct):
    """Deepgram's transcript, as far as its plugin cannot do without."""

    channel: _Channel
    metadata: _Metadata
    is_final: bool
    speech_final: bool


class _TurnWord(msgspec.Struct):
    word: str
    confidence: float


class _TurnInfo(msgspec.Struct):
    """The same of Flux."""

    event: str
    transcript: str = ""
    words: list[_TurnWord] = []


class _Envelope(msgspec.Struct):
    type: str | None = None
    error: Any = None
    message: Any = None
    description: Any = None
    code: Any = None
    context_camel: str | None = msgspec.field(default=None, name="contextId")
    context_snake: str | None = msgspec.field(default=None, name="context_id")


_SHAPES: dict[str | None, type] = {"Results": _Results, "TurnInfo": _TurnInfo}


_ENDS = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


class CheckedSocket(aiohttp.ClientWebSocketResponse[Literal[True]]):
    """The sockets of the session that all plugins share."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wire = wire_of.get()
        if self._wire is not None:
            self._wire.opened()

    async def receive(self, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - the library's signature
        """The next message; raises `ServiceFault` for one that is garbage or an error."""
        message = await super().receive(timeout)
        if message.type in _ENDS and self._wire is not None:
            self._wire.closed()
        if message.type is aiohttp.WSMsgType.BINARY:
            raise ServiceFault("garbage")
        if message.type is aiohttp.WSMsgType.TEXT:
            check(message.data)
            if self._wire is not None:
                self._wire.received()
        return message


def check(text: str | bytes) -> None:
    """Raises `ServiceFault` where the text is no speech service's message, or an error of the whole connection."""
    try:
        envelope = msgspec.json.decode(text, type=_Envelope)
        shape = _SHAPES.get(envelope.type)
        if shape is not None:
            msgspec.json.decode(text, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ServiceFault("garbage") from None
    if envelope.context_camel or envelope.context_snake:
        return
    if envelope.error or envelope.type == "Error":
        told = " ".join(str(part) for part in (envelope.error, envelope.code, envelope.description, envelope.message))
        raise ServiceFault(cause_of_words(told) or "refused")

"""What a client sends, frame by frame: read, checked, and refused with a sentence where it makes no sense."""

from collections.abc import Callable

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.live import protocol

MOST_MISTAKES = 20
"""Messages that make no sense before the socket is closed."""
MOST_AT_ONCE = 200
MOST_A_SECOND = 50.0
"""Messages of one client: so many in a burst, so many a second for long. Simulated candidates stay below."""
MOST_AUDIO_AT_ONCE_S = 60.0
MOST_AUDIO_A_SECOND_S = 1.5
"""Audio of one client: what a stalled line may hold back, and how much faster than time it may come for long."""
UNKEEPABLE = "\0"
"""The one character that PostgreSQL keeps neither as text nor in a document."""


class Refused(Exception):
    """A frame, or a client, that cannot be served: a code, a sentence, and whether the socket closes."""

    def __init__(self, code: str, message: str, *, close: str | None = None, client_id: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.close = close
        self.client_id = client_id

    def problem(self) -> protocol.Problem:
        return protocol.Problem(
            code=self.code,
            message=str(self),
            fatal=self.close is not None,
            close_code=protocol.CLOSE_CODES[self.close or "malformed"],
            client_id=self.client_id,
        )


class Allowance:
    """Allows so much at once, and as much a second as it refills."""

    def __init__(self, monotonic: Callable[[], float], *, at_once: float, a_second: float) -> None:
        self._monotonic = monotonic
        self._at = monotonic()
        self._most = at_once
        self._a_second = a_second
        self._left = at_once

    def allows(self, amount: float = 1.0) -> bool:
        at = self._monotonic()
        self._left = min(self._most, self._left + (at - self._at) * self._a_second) - amount
        self._at = at
        return self._left >= 0


class Reader:
    """Reads one client's frames."""

    def __init__(self, socket: WebSocket, monotonic: Callable[[], float], *, max_bytes: int, takes_audio: bool) -> None:
        self._socket = socket
        self._max_bytes = max_bytes
        self._takes_audio = takes_audio
        self._messages = Allowance(monotonic, at_once=MOST_AT_ONCE, a_second=MOST_A_SECOND)
        self._audio = Allowance(monotonic, at_once=MOST_AUDIO_AT_ONCE_S, a_second=MOST_AUDIO_A_SECOND_S)

    async def next(self) -> protocol.ClientMessage | bytes:
        """The next message, or a frame of audio. Raises `Refused`, `WebSocketDisconnect`."""
        frame = await self._socket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", 1005))
        pcm = frame.get("bytes")
        if pcm is not None:
            return self._checked_audio(pcm)
        message = read(frame["text"], self._max_bytes)
        if not self._messages.allows():
            sentence = "Messages come faster than anyone types. Slow down, then reconnect."
            raise Refused("too_many", sentence, close="too_many")
        return message

    def _checked_audio(self, pcm: bytes) -> bytes:
        if not self._takes_audio:
            sentence = "A binary frame carries audio, and this interview is typed. Send JSON text frames."
            raise Refused("wrong_frame", sentence, close="wrong_frame")
        if len(pcm) > protocol.LONGEST_FRAME_BYTES:
            sentence = (
                f"A frame of audio may have {protocol.LONGEST_FRAME_BYTES} bytes (200 ms); this one has {len(pcm)}. "
                f"Send {protocol.FRAME_MS} ms at a time."
            )
            raise Refused("frame_too_long", sentence)
        if len(pcm) % 2 or not pcm:
            sentence = f"A frame of audio holds whole samples of two bytes; this one has {len(pcm)} bytes."
            raise Refused("odd_frame", sentence)
        if not self._audio.allows(len(pcm) / (2 * protocol.SAMPLE_RATE)):
            sentence = "Audio comes faster than anyone speaks. Reconnect and send it as it is recorded."
            raise Refused("too_many", sentence, close="too_many")
        return pcm


def read(text: str, max_bytes: int) -> protocol.ClientMessage:
    """The message of a text frame. Raises `Refused`."""
    if len(text.encode()) > max_bytes:
        sentence = f"A message may be {max_bytes} bytes long. Send a longer answer in parts."
        raise Refused("too_large", sentence, close="too_large")
    try:
        message = protocol.read(text)
    except (msgspec.ValidationError, msgspec.DecodeError) as wrong:
        # msgspec's message names the field and the expected type, never the value.
        sentence = f"This is not a message of {protocol.SUBPROTOCOL}: {wrong}. See docs/protocol.md."
        raise Refused("malformed", sentence) from None
    match message:
        case protocol.Say():
            _check_id(message.client_id)
            _check_words(message)
        case protocol.Press() | protocol.Take() | protocol.Return() | protocol.Finish():
            _check_id(message.client_id)
        case protocol.Flag():
            _check_id(message.client_id)
            _check_remark(message.client_id, message.reason)
        case protocol.Note() | protocol.Speak():
            _check_id(message.client_id)
            _check_remark(message.client_id, message.text)
        case _:
            pass
    return message


def _check_words(say: protocol.Say) -> None:
    if UNKEEPABLE in say.text:
        sentence = "A message may not hold the character U+0000. Take it out and send it again."
        raise Refused("malformed", sentence, client_id=say.client_id)
    text = say.text.strip()
    if not text:
        raise Refused("empty", "Write something before you send it.", client_id=say.client_id)
    if len(text) > protocol.MAX_TEXT:
        sentence = f"A message may have {protocol.MAX_TEXT} characters. Send a longer answer in parts."
        raise Refused("too_long", sentence, client_id=say.client_id)


def _check_remark(client_id: str, text: str) -> None:
    if UNKEEPABLE in text:
        sentence = "A message may not hold the character U+0000. Take it out and send it again."
        raise Refused("malformed", sentence, client_id=client_id)
    if not text.strip():
        raise Refused("empty", "Write something before you send it.", client_id=client_id)
    if len(text.strip()) > protocol.MAX_REMARK:
        sentence = f"This may have {protocol.MAX_REMARK} characters. Say it more shortly."
        raise Refused("too_long", sentence, client_id=client_id)


def _check_id(client_id: str) -> None:
    if not 1 <= len(client_id) <= 64 or UNKEEPABLE in client_id:
        sentence = "client_id must have 1 to 64 characters, none of them U+0000."
        raise Refused("malformed", sentence, client_id=client_id[:64])


def last_straw(refusal: Refused) -> Refused:
    """The refusal of the mistake that was one too many."""
    if refusal.close is not None:
        return refusal
    return Refused("too_many_mistakes", "Too many messages made no sense; the socket is closed.", close="malformed")

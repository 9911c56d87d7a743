"""What waits to be sent to one client: in order, and never waiting for a slow network."""

import asyncio

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.live import protocol

log = structlog.get_logger(__name__)

MOST_WAITING = 2_000
"""Messages that may wait for a client; one that falls further behind is cut off and can come back."""

_SENTENCES = {
    "ended": "The interview has ended.",
    "taken_over": "This interview is now open in another window. Close the other one, or take it back from here.",
    "unavailable": "The interview cannot be kept at the moment, so it waits. Everything up to here is safe; come back.",
    "server_stopping": "The server is stopping. Everything is kept; reconnect in a moment to go on.",
    "too_many": "More waits for you than your line takes. Everything is kept; reconnect to go on.",
    "internal": "Something went wrong on our side. Everything up to here is kept; reconnect to go on.",
}


class Outbox:
    """One client's way out."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._waiting: asyncio.Queue[protocol.ServerMessage | bytes | int | None] = asyncio.Queue()
        self._is_open = True

    def closed(self, reason: str) -> None:
        """Tells the client why, and closes once that is sent."""
        if not self._is_open:
            return
        code = protocol.CLOSE_CODES.get(reason, protocol.CLOSE_CODES["internal"])
        sentence = _SENTENCES.get(reason, _SENTENCES["internal"])
        # Past `send`, which would count it among what this client has not yet read.
        self._waiting.put_nowait(
            protocol.Notice(code=reason, message=sentence)
            if reason == "ended"
            else protocol.Problem(code=reason, message=sentence, fatal=True, close_code=code)
        )
        self.finish(code)

    def send(self, message: protocol.ServerMessage) -> None:
        """Queues a message; cuts off a client that has fallen too far behind."""
        if not self._is_open:
            return
        self._put(message)

    def _put(self, message: protocol.ServerMessage | bytes) -> None:
        self._waiting.put_nowait(message)
        if self._waiting.qsize() > MOST_WAITING:
            log.warning("live.client_too_slow", waiting=self._waiting.qsize())
            self.closed("too_many")

    def finish(self, close_code: int | None = None) -> None:
        """Ends the sending after what is queued, with the socket's close where a code is given."""
        self._is_open = False
        self._waiting.put_nowait(close_code)

    def _drained(self) -> list[protocol.ServerMessage | bytes | int | None]:
        return [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]

    async def drain(self) -> None:
        """Sends what is queued until the socket closes."""
        try:
            while True:
                message = await self._waiting.get()
                if message is None:
                    return
                if isinstance(message, bytes):
                    await self._socket.send_bytes(message)
                    continue
                if isinstance(message, int):
                    await self._socket.close(message)
                    return
                await self._socket.send_text(protocol.write(message))
        except (WebSocketDisconnect, RuntimeError, OSError):
            # Starlette raises RuntimeError for a send after the close; the reader sees the close itself.
            self._is_open = False
        except Exception:
            log.exception("live.sending_failed")
            self._is_open = False

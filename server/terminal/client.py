"""A client of `viva.v1`: it keeps an interview's socket open across drops and loses nothing that was sent.

async with Api(url) as api:
    client = LiveClient(api, client="terminal")
    await client.create("behavioural", "en")
    async for message in client.messages():
        ...
        await client.say("…")
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Protocol
from uuid import UUID, uuid4

import msgspec
import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import Subprotocol

from agents.events import Request
from agents.plans import Language, Patience
from server.live.protocol import (
    MAX_TEXT,
    SUBPROTOCOL,
    ClientMessage,
    Fact,
    Hello,
    Notice,
    Ping,
    Played,
    Press,
    Problem,
    Say,
    ServerMessage,
    Typing,
    Welcome,
)
from server.terminal.api import Api
from server.terminal.errors import ConnectionLost, Refused, TakenOver, TerminalError, Unreachable
from server.terminal.sitting import Sitting, after_close

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 5.0
ATTEMPTS = 30
"""Failed attempts in a row before it gives up: about two minutes."""
LINE_DEAD_AFTER_S = 20.0
"""Without a sign of life for so long after a ping the line counts as dropped; a ping goes out as often."""
MAX_FRAME = 4 * 1024 * 1024


class Watcher(Protocol):
    """Is told of all that passes, repeats included. None of these may block."""

    def opened(self) -> None:
        """A connection is there and `hello` goes out."""
        ...

    def told(self, message: ServerMessage) -> None: ...

    def sends(self, message: Say | Press) -> None:
        """Something was said or pressed; it goes out now or after the next welcome."""
        ...

    def closed(self, code: int | None) -> None:
        """The connection is gone, with the code it was closed with."""
        ...


class LiveClient:
    """One interview over one socket at a time.

    `messages()` is to be read by one task; `say`, `press` and the others may be called from any, connected or
    not: what could not be sent is sent after the next welcome, under the same `client_id`.
    """

    def __init__(
        self,
        api: Api,
        *,
        client: str = "terminal",
        attempts: int = ATTEMPTS,
        longest_wait_s: float = LONGEST_WAIT_S,
        line_dead_after_s: float = LINE_DEAD_AFTER_S,
        watcher: Watcher | None = None,
        chance: random.Random | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self.sitting = Sitting()
        self.interview_id: UUID | None = None
        self.page = ""
        """Address of the interview's page."""
        self.connections = 0
        """How many times a welcome came; above 1 it has reconnected."""
        self.unread = 0
        """Frames that were no message of this protocol; a newer server may send some."""
        self._api = api
        self._client = client
        self._attempts = attempts
        self._longest_wait_s = longest_wait_s
        self._line_dead_after_s = line_dead_after_s
        self._watcher = watcher
        self._chance = chance or random.Random()  # noqa: S311 - spreads reconnects, guards nothing
        self._sleep = sleep
        self._new_id = new_id
        self._ticket: str | None = None
        self._live_path = "/live"
        self._socket: ClientConnection | None = None
        self._is_welcome = False
        self._is_closing = False
        self._last_problem: Problem | None = None

    async def create(
        self, plan: str, language: Language, *, patience: Patience = "normal", minutes: int | None = None
    ) -> UUID:
        """Open a new interview and return its id. Raises `Unreachable` and `Refused`."""
        opened = await self._api.open(plan, language, patience=patience, minutes=minutes)
        self.resume(opened.id, opened.ticket)
        self._live_path = opened.live_path
        if opened.page:
            self.page = self._api.page(opened.page)
        return opened.id

    def resume(self, interview_id: UUID, ticket: str | None = None) -> None:
        """Go on with an interview; without a ticket one is asked for."""
        self.interview_id = interview_id
        self.page = self._api.page(f"/interviews/{interview_id}")
        self._ticket = ticket

    async def messages(self) -> AsyncIterator[ServerMessage]:
        """Every message once, until the interview is over or `close` is called; reconnects by itself.

        A `Notice` with the code `reconnecting` is put in where the connection dropped. Raises `TakenOver`,
        `Refused`, `ConnectionLost`, and `Unreachable` where there never was a connection.
        """
        failures = 0
        while not self._is_closing:
            socket = await self._try_to_connect()
            if socket is not None:
                welcomes = self.connections
                async for message in self._read(socket):
                    yield message
                if self._is_closing or self._is_over(socket.close_code):
                    return
                failures = 0 if self.connections > welcomes else failures
            failures += 1
            if failures > self._attempts:
                raise ConnectionLost(self.interview_id, self._attempts)
            if not self._is_closing:
                yield Notice(code="reconnecting", message="The connection dropped. Connecting again.")
                await self._sleep(self._wait_s(failures))

    async def say(self, text: str, question_id: str | None = None) -> str:
        """Send a typed turn and return its `client_id`. Text over the protocol's limit is cut to it."""
        message = Say(client_id=self._new_id(), text=text[:MAX_TEXT], question_id=question_id)
        await self._send_kept(message)
        return message.client_id

    async def press(self, request: Request, language: Language | None = None) -> str:
        """Send a request, as a button would, and return its `client_id`."""
        message = Press(client_id=self._new_id(), request=request, language=language)
        await self._send_kept(message)
        return message.client_id

    async def typing(self) -> None:
        await self._send(Typing())

    async def played(self, reply_id: UUID, characters: int, *, done: bool = False) -> None:
        """Report how much of a reply a voice of the client's own has spoken."""
        await self._send(Played(reply_id=reply_id, characters=characters, done=done))

    async def ping(self) -> None:
        await self._send(Ping())

    async def close(self) -> None:
        """Leave; the interview waits for whoever comes back."""
        self._is_closing = True
        if self._socket is not None:
            await self._socket.close()

    def drop(self) -> None:
        """Cut the line without a goodbye, as a bad network does; `messages` then reconnects."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _try_to_connect(self) -> ClientConnection | None:
        """A socket on which `hello` was sent; None where it should be tried again, or was over meanwhile."""
        try:
            self._socket = await self._connect()
        except Refused as refused:
            if refused.status == 409 and self.connections:
                self._is_closing = True
            elif refused.status < 500 and refused.status != 429:
                raise
            return None
        except Unreachable:
            if not self.connections:
                raise
            return None
        return self._socket

    async def _connect(self) -> ClientConnection:
        if self.interview_id is None:
            raise TerminalError("There is no interview yet. Create one or name one to resume.")
        ticket, self._ticket = self._ticket, None
        if ticket is None:
            ticket = (await self._api.ticket(self.interview_id)).ticket
        self._last_problem = None
        try:
            socket = await websockets.connect(
                self._api.socket(self._live_path),
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                max_size=MAX_FRAME,
                compression=None,
                ping_interval=self._line_dead_after_s,
                ping_timeout=self._line_dead_after_s,
                close_timeout=min(10.0, self._line_dead_after_s),
                open_timeout=min(10.0, self._line_dead_after_s),
                proxy=None if self._api.is_local else True,
            )
        except websockets.InvalidStatus as error:
            status = error.response.status_code
            raise Refused(status, "handshake", f"The server refused the connection ({status}).") from error
        except (OSError, TimeoutError, websockets.InvalidHandshake) as error:
            raise Unreachable(self._api.url) from error
        if self._watcher is not None:
            self._watcher.opened()
        hello = Hello(ticket=ticket, last_seq=self.sitting.last_seq, capabilities=("text",), client=self._client)
        with suppress(websockets.ConnectionClosed):
            await socket.send(_text(hello))
        return socket

    async def _read(self, socket: ClientConnection) -> AsyncIterator[ServerMessage]:
        """What is new on one socket, until it closes."""
        try:
            async for frame in socket:
                message = self._message(frame)
                if message is None:
                    continue
                if isinstance(message, Problem):
                    self._last_problem = message
                if self._watcher is not None:
                    self._watcher.told(message)
                is_new = self.sitting.take(message)
                if isinstance(message, Welcome):
                    self.connections += 1
                    self._is_welcome = True
                    for kept in list(self.sitting.unacknowledged.values()):
                        await self._send(kept)
                if isinstance(message, Fact) and message.event["type"] == "reply.heard":
                    # A state comes only where it changed; the pong comes after all that the reply led to.
                    await self.ping()
                if is_new:
                    yield message
        except websockets.ConnectionClosed:
            pass
        finally:
            self._is_welcome = False
            self.sitting.dropped()
            await socket.close()
            if self._watcher is not None:
                self._watcher.closed(socket.close_code)

    def _message(self, frame: str | bytes) -> ServerMessage | None:
        if isinstance(frame, bytes):
            return None
        try:
            return _decoder.decode(frame)
        except msgspec.MsgspecError:
            self.unread += 1
            return None

    def _is_over(self, code: int | None) -> bool:
        """Whether a closed socket is the end; raises where it is a bad one."""
        match after_close(code):
            case "over":
                return True
            case "elsewhere":
                assert self.interview_id is not None  # noqa: S101 - there was a socket
                raise TakenOver(self.interview_id)
            case "refused":
                problem = self._last_problem
                sentence = problem.message if problem else "The server closed the connection."
                raise Refused(code or 0, problem.code if problem else "closed", sentence)
            case "again":
                return self.sitting.ended

    async def _send_kept(self, message: Say | Press) -> None:
        self.sitting.send(message)
        if self._watcher is not None:
            self._watcher.sends(message)
        await self._send(message)

    async def _send(self, message: ClientMessage) -> None:
        # Before the welcome nothing but `hello` may be sent, and what is kept goes out right after it.
        if self._socket is None or not self._is_welcome:
            return
        with suppress(websockets.ConnectionClosed):
            await self._socket.send(_text(message))

    def _wait_s(self, failures: int) -> float:
        longest = min(self._longest_wait_s, FIRST_WAIT_S * 2.0 ** min(failures - 1, 10))
        # Half of it by chance, so that fifty clients do not return in one instant.
        return longest * (0.5 + self._chance.random() / 2)


def _text(message: ClientMessage) -> str:
    return _encoder.encode(message).decode()


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)

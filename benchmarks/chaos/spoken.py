"""A candidate who speaks, and comes back whenever the line drops."""

import asyncio
import random
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

import httpx
import msgspec
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.chaos.judge import Witness
from benchmarks.chaos.schedule import Tell
from benchmarks.chaos.typed import LONGEST_WAIT_S, OPENS_WITHIN
from benchmarks.voice.candidate import Candidate
from benchmarks.voice.clips import FRAME_MS, Clip, Kind
from benchmarks.voice.marking import SILENCE
from server.live.protocol import (
    SUBPROTOCOL,
    Ack,
    AudioBegin,
    Fact,
    Hello,
    Press,
    Problem,
    ServerMessage,
    Welcome,
)
from server.terminal.sitting import after_close

PLAN = "behavioural"
MID_QUESTION_BYTES = 32_000
"""A second of audio."""
MID_ANSWER_FRAMES = 25
CONNECTS_WITHIN_S = 10.0


class Speaking:
    """One spoken interview."""

    def __init__(
        self,
        number: int,
        http: httpx.AsyncClient,
        said: dict[Kind, list[Clip]],
        *,
        seed: int,
        tell: Tell,
        calm: asyncio.Event,
    ) -> None:
        """`calm`: once it is set the candidate asks for the end."""
        self.number = number
        self.interview_id: UUID | None = None
        self.witness = Witness(f"spoken {number}")
        self.errors: list[str] = []
        self._http = http
        self._tell = tell
        self._calm = calm
        self._chance = random.Random(f"{seed}/{number}")
        self._candidate = Candidate("", said, self._chance, first=1)
        self._opened: dict[str, Any] = {}
        self._pressed: dict[str, Press] = {}
        self._socket: ClientConnection | None = None
        self._is_welcome = False
        self._received = 0
        self._sounded = 0

    @property
    def unanswered(self) -> list[str]:
        """What was pressed and was neither acknowledged nor refused, by client_id."""
        return list(self._pressed)

    @property
    def port(self) -> int | None:
        """Its end of the connection."""
        return None if self._socket is None else self._socket.local_address[1]

    async def open(self) -> None:
        """Opens the interview. Raises `httpx.HTTPError`."""
        body = {"plan": PLAN, "language": "en", "kind": "practice", "channel": "voice"}
        for attempt in range(OPENS_WITHIN):
            try:
                answer = await self._http.post("/api/v1/interviews", json=body)
                answer.raise_for_status()
            except httpx.HTTPError:
                if attempt + 1 == OPENS_WITHIN:
                    raise
                await asyncio.sleep(LONGEST_WAIT_S)
            else:
                self._opened = answer.json()
                self.interview_id = UUID(self._opened["id"])
                return

    async def hold(self) -> None:
        """Lives until the interview is over."""
        while True:
            try:
                async with asyncio.timeout(CONNECTS_WITHIN_S):
                    ticket = await self._ticket()
                    if ticket is None:
                        return
                    self._socket = await self._connected(ticket)
            except (httpx.HTTPError, OSError, TimeoutError, websockets.WebSocketException):
                await self._wait()
                continue
            if await self._is_over(self._socket):
                return
            self._candidate.dropped()
            await self._wait()

    async def _wait(self) -> None:
        await asyncio.sleep(LONGEST_WAIT_S * (0.5 + self._chance.random() / 2))

    async def _ticket(self) -> str | None:
        """A ticket that opens the socket once; None where the interview has ended."""
        ticket: str | None = self._opened.pop("ticket", None)
        if ticket is not None:
            return ticket
        answer = await self._http.post(f"/api/v1/interviews/{self.interview_id}/tickets", json={})
        if answer.status_code == httpx.codes.CONFLICT:
            return None
        answer.raise_for_status()
        return str(answer.json()["ticket"])

    async def _connected(self, ticket: str) -> ClientConnection:
        address = str(self._http.base_url).replace("http", "ws", 1).rstrip("/") + self._opened["live_path"]
        socket = await connect(
            address, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, ping_interval=None, proxy=None
        )
        self.witness.opened()
        last_seq = max(self.witness.facts, default=0)
        hello = Hello(ticket=ticket, last_seq=last_seq, capabilities=("text", "audio"), client="simulation")
        await socket.send(_encoder.encode(hello).decode())
        return socket

    async def _is_over(self, socket: ClientConnection) -> bool:
        """Talks until the socket closes; whether that is the end."""
        sending = asyncio.create_task(self._send(socket))
        try:
            with suppress(websockets.ConnectionClosed):
                await self._read(socket)
        finally:
            self._is_welcome = False
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await socket.close()
            self.witness.closed(socket.close_code)
        match after_close(socket.close_code):
            case "over":
                return True
            case "again":
                return self._candidate.account.is_ended
            case _:
                self.errors.append(f"closed with {socket.close_code}")
                return True

    async def _read(self, socket: ClientConnection) -> None:
        async for frame in socket:
            now = time.monotonic()
            if isinstance(frame, bytes):
                self._hear(len(frame), now)
                continue
            message = _decoder.decode(frame)
            self.witness.told(message)
            at_once = self._candidate.message(message, now)
            if at_once is not None:
                await socket.send(_encoder.encode(at_once).decode())
            await self._follow(message, socket)

    def _hear(self, size: int, now: float) -> None:
        self._candidate.audio(size, now)
        if self._received == 0:
            self._tell(self.number, "decided")
        elif self._received < MID_QUESTION_BYTES <= self._received + size:
            self._tell(self.number, "question")
        self._received += size

    async def _follow(self, message: ServerMessage, socket: ClientConnection) -> None:
        match message:
            case Welcome():
                self._is_welcome = True
                for press in list(self._pressed.values()):
                    await socket.send(_encoder.encode(press).decode())
            case Ack(client_id=client_id) | Fact(client_id=str(client_id)) | Problem(client_id=str(client_id)):
                self._pressed.pop(client_id, None)
            case AudioBegin():
                self._received = 0
            case _:
                pass

    async def _send(self, socket: ClientConnection) -> None:
        candidate = self._candidate
        due = time.monotonic()
        with suppress(websockets.ConnectionClosed):
            while True:
                if self._is_welcome:
                    if self._calm.is_set():
                        candidate.leave()
                    await self._speak(socket)
                due = max(due + FRAME_MS / 1000, time.monotonic() - 1.0)
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _speak(self, socket: ClientConnection) -> None:
        """One frame of the microphone, and what is to be told before it."""
        pcm, messages = self._candidate.tick(time.monotonic())
        for message in messages:
            if isinstance(message, Press):
                self._pressed[message.client_id] = message
                self.witness.sends(message)
            await socket.send(_encoder.encode(message).decode())
        await socket.send(pcm)
        self._candidate.sent(pcm, time.monotonic())
        self._sounded = 0 if pcm == SILENCE else self._sounded + 1
        if self._sounded == MID_ANSWER_FRAMES:
            self._tell(self.number, "answer")


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)

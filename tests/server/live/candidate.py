"""A candidate at the live gateway: one socket, and everything that came by it."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from agents.audio import BYTES_A_MS
from agents.events import Request
from agents.plans import Language
from server.live import protocol
from server.live.protocol import (
    Ack,
    AudioBegin,
    AudioEnd,
    Fact,
    Ping,
    Playback,
    Pong,
    Press,
    Problem,
    Say,
    ServerMessage,
    State,
    Watching,
    Welcome,
)

WITHIN_S = 15.0
Wanted = TypeVar("Wanted")
_messages: msgspec.json.Decoder[ServerMessage] = msgspec.json.Decoder(ServerMessage)


class Candidate:
    """One socket, and every message that came by it. `problem` and `code` tell how it ended."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[ServerMessage] = []
        self.audio = b""
        """All of the latest segment that has come."""
        self.plays = True
        """It says at the end of a segment that it was played."""
        self.played_ms = 0
        self._read = 0

    async def send(self, message: protocol.ClientMessage) -> None:
        await self.raw(msgspec.json.encode(message).decode())

    async def raw(self, frame: str | bytes) -> None:
        await self.socket.send(frame)

    async def say(self, text: str, client_id: str | None = None, question_id: str | None = None) -> str:
        """Sends a typed turn; returns its client_id."""
        client_id = client_id or str(uuid4())
        await self.send(Say(client_id=client_id, text=text, question_id=question_id))
        return client_id

    async def press(self, request: Request, language: Language | None = None) -> str:
        client_id = str(uuid4())
        await self.send(Press(client_id=client_id, request=request, language=language))
        return client_id

    async def act(self, kind: type[protocol.Act], **said: Any) -> Ack:
        """Does what only somebody who watches may; returns the acknowledgement."""
        client_id = str(uuid4())
        await self.send(kind(client_id=client_id, **said))
        return await self.next(Ack, lambda ack: ack.client_id == client_id)

    async def next(self, kind: type[Wanted], wanted: Callable[[Wanted], bool] = lambda _message: True) -> Wanted:
        """The next message of that kind; those before it are read and kept."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                while self._read == len(self.messages):
                    await self._hear()
                message = self.messages[self._read]
                self._read += 1
                if isinstance(message, kind) and wanted(message):
                    return message

    async def _hear(self) -> None:
        """One frame: a message, or audio of the segment that has begun."""
        frame = await self.socket.recv()
        if isinstance(frame, bytes):
            self.audio += frame
            return
        message = _messages.decode(frame)
        self.messages.append(message)
        if isinstance(message, AudioEnd) and self.plays:
            self.played_ms = len(self.audio) // BYTES_A_MS
            await self.send(Playback(segment=message.segment, ms=self.played_ms, done=True))
        elif isinstance(message, AudioBegin):
            self.audio = b""

    async def fact(self, kind: str) -> Fact:
        """The next event of that type."""
        return await self.next(Fact, lambda fact: fact.event["type"] == kind)

    async def next_fact_after(self, kind: str, seq: int) -> Fact:
        """The first event of that type with a number above `seq`."""
        return await self.next(Fact, lambda fact: fact.event["type"] == kind and fact.seq > seq)

    async def floor(self) -> str:
        """Waits until the interviewer has said something to its end and all that follows is known; its words."""
        heard = await self.fact("reply.heard")
        await self.settled()
        return str(heard.event["text"])

    async def settled(self) -> None:
        """Everything that had been sent to this candidate by now has come."""
        await self.send(Ping())
        await self.next(Pong)

    async def reaches(self, question: int = 1) -> None:
        """From the greeting to that core question, answering each before it once and skipping its probes."""
        await self.floor()
        await self.press("consent")
        await self.floor()
        await self.say("I build things that store data.")
        await self.floor()
        while self.number != question:
            await self.press("skip")
            await self.floor()

    async def closed(self) -> int:
        """Reads to the end; the code it was closed with."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    await self._hear()
        except ConnectionClosed:
            return self.socket.close_code or 0

    async def drop(self) -> None:
        """The line is cut, without a goodbye."""
        self.socket.transport.abort()
        await self.socket.wait_closed()

    @property
    def welcome(self) -> Welcome:
        return self.all(Welcome)[-1]

    @property
    def state(self) -> protocol.StateView:
        told = [message for message in self.messages if isinstance(message, Welcome | Watching | State)]
        return told[-1].state

    @property
    def number(self) -> int | None:
        """Which core question is open."""
        return self.state.question.number if self.state.question else None

    @property
    def facts(self) -> list[Fact]:
        return self.all(Fact)

    @property
    def last_seq(self) -> int:
        return self.facts[-1].seq

    @property
    def problem(self) -> Problem:
        return self.all(Problem)[-1]

    def all(self, kind: type[Wanted]) -> list[Wanted]:
        return [message for message in self.messages if isinstance(message, kind)]

    def told(self, kind: str) -> list[Fact]:
        """The events of that type so far."""
        return [fact for fact in self.facts if fact.event["type"] == kind]

    def ack(self, client_id: str) -> list[int]:
        """The numbers under which it was acknowledged."""
        return [ack.seq for ack in self.all(Ack) if ack.client_id == client_id]

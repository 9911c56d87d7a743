"""How an answer reaches the client: at a pace, and with the fault that was planned for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from tests.emulators.counting import tokens
from tests.emulators.faults import GARBAGE, Fault, Faults
from tests.emulators.settings import Settings

_PIECES = re.compile(r"\s*\S+|\s+")
_SECRET = ("authorization", "x-api-key")


class Recorded(msgspec.Struct):
    """One request as it came, without its key."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    """The bytes of the body."""
    body: dict[str, object]
    """The body's JSON; empty where there is none."""
    ended: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    """Set once nothing more is said in answer."""
    was_heard_out: bool = False
    """Whether the client was given the whole answer, and stayed for it."""


class Dropped(Exception):
    """The connection is to end without a goodbye."""


class Refused(Exception):
    """An answer in the vendor's shape of an error. `code` is the vendor's word, None for the status's usual one."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        wait_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.wait_s = wait_s


class Line:
    """The way back to one client."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.is_open = False

    async def open(self, status: int, headers: Mapping[str, str]) -> None:
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.is_open = True
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def write(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def close(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def json(
        self, status: int, headers: Mapping[str, str], body: object, faults: Faults, fault: Fault | None = None
    ) -> None:
        """A whole document, or as much of it as the fault lets through: `after` bytes, or half of it."""
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
        cut = min(len(encoded) // 2 if fault is None or fault.after is None else fault.after, len(encoded))
        kind = fault.kind if fault else None
        if kind == "malformed":
            encoded = GARBAGE.encode()
        elif kind == "truncate":
            encoded = encoded[:cut]
        is_cut = kind in ("stall", "disconnect")
        length = {"content-length": str(len(encoded))}
        await self.open(status, {"content-type": "application/json", **headers, **length})
        await self.write(encoded[:cut] if is_cut else encoded)
        if fault is not None and is_cut:
            await _struck(faults, fault)
        await self.close()

    def drop(self) -> None:
        """Ends the connection; the words that were written before still arrive."""
        # Only the server's own request knows its socket: no message of ASGI ends a connection without an answer.
        cycle = getattr(self._receive, "__self__", None)
        if cycle is None:
            raise RuntimeError("The emulators drop connections under uvicorn only; serve them by house.serving.")
        cycle.transport.close()


class Answer:
    """An ASGI response that `write` writes. It ends as soon as the client is gone."""

    def __init__(self, recorded: Recorded, write: Callable[[Line], Awaitable[None]]) -> None:
        self._recorded = recorded
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        line = Line(receive, send)
        writing = asyncio.ensure_future(self._write(line))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
            self._recorded.was_heard_out = writing.done() and writing.exception() is None
            if writing.done() and isinstance(writing.exception(), Dropped):
                line.drop()
                await leaving
            elif writing.done():
                writing.result()
        finally:
            writing.cancel()
            leaving.cancel()
            self._recorded.ended.set()
            await asyncio.gather(writing, leaving, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def record(request: Request) -> Recorded:
    """The request, for the list that tests read."""
    raw = await request.body()
    headers = {name: value for name, value in request.headers.items() if name not in _SECRET}
    try:
        body = msgspec.json.decode(raw, type=dict[str, object]) if raw else {}
    except msgspec.MsgspecError:
        body = {}
    return Recorded(request.method, request.url.path, headers, raw, body)


async def begin(faults: Faults, fault: Fault | None, wait_ms: float = 0.0) -> None:
    """What happens before the answer begins: the planned fault, then the model's own time to its first words."""
    if fault is not None:
        if fault.kind == "delay":
            await faults.sleep(fault.seconds)
        elif fault.after is None and fault.kind == "refuse":
            raise Refused(
                fault.status, "The emulator was told to refuse this.", code=fault.code, wait_s=fault.retry_after
            )
        elif fault.after is None and fault.kind in ("stall", "disconnect"):
            if fault.kind == "stall":
                await faults.sleep(fault.seconds)
            raise Dropped
    if wait_ms:
        await asyncio.sleep(wait_ms / 1000)


async def pieces(text: str, settings: Settings, faults: Faults, fault: Fault | None) -> AsyncIterator[str | Fault]:
    """The text a word at a time, at the pace set.

    A fault strikes once `after` characters were given: a stall and a disconnect raise `Dropped`; any other is given
    back, for the vendor's shape of it.
    """
    strikes_at = None if fault is None or fault.kind == "delay" else fault.after or 0
    given = 0
    for word in _PIECES.findall(text):
        left = word
        if fault is not None and strikes_at is not None and given + len(word) > strikes_at:
            if strikes_at > given:
                yield word[: strikes_at - given]
            left = word[strikes_at - given :]
            strikes_at = None
            yield await _struck(faults, fault)
        if settings.tokens_per_s:
            await asyncio.sleep(tokens(word) / settings.tokens_per_s)
        given += len(word)
        yield left
    if fault is not None and strikes_at is not None:
        yield await _struck(faults, fault)


async def _struck(faults: Faults, fault: Fault) -> Fault:
    if fault.kind == "stall":
        await faults.sleep(fault.seconds)
    if fault.kind in ("stall", "disconnect"):
        raise Dropped
    return fault

"""The WebSocket side of faults: a line that is refused, cut, held up or garbled as the board says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import msgspec
from starlette.responses import Response
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.emulators.faults import GARBAGE, Fault, Faults
from tests.emulators.house import drop


class Gone(Exception):
    """The connection is over: by the client, or by a fault."""


class Line:
    """One WebSocket under one fault. Messages go out in order, each after its own delay, without holding up the rest.

    `strike(given)` is told how many milliseconds of audio were heard or spoken, and lets the fault happen when due.
    """

    def __init__(
        self, websocket: WebSocket, faults: Faults, fault: Fault | None, *, end: Callable[[Fault], tuple[str, int]]
    ) -> None:
        self._websocket = websocket
        self._faults = faults
        # What strikes the handshake itself is over when there is a line.
        self.armed = fault if fault is not None and (fault.after is not None or fault.kind in _LATER) else None
        self._end = end
        """The vendor's own last words for a refusal in mid-stream: a text frame ("" for none), and a close code."""
        self._outbox: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send())

    def arm(self, fault: Fault | None) -> None:
        """Put the line under another fault, which without `after` strikes at once."""
        self.armed = fault

    def put(self, message: object, *, after_ms: float = 0.0) -> None:
        """Send as JSON, not before `after_ms` from now."""
        due = asyncio.get_running_loop().time() + after_ms / 1000
        self._outbox.put_nowait((due, msgspec.json.encode(message).decode()))

    async def strike(self, given: float, context: str | None = None) -> None:
        """Let the fault happen if it is due; raises `Gone` if it ends the connection."""
        fault = self.armed
        if fault is None or not (fault.after is None or fault.strikes(given)):
            return
        self.armed = None
        await self.sent()
        match fault.kind:
            case "malformed":
                await self._websocket.send_text(GARBAGE)
            case "delay":
                await self._faults.sleep(fault.seconds)
            case "truncate":
                await self.close(1000)
                raise Gone
            case "disconnect":
                drop(self._websocket.scope)
                raise Gone
            case "stall":
                await self._stall(fault.seconds)
            case "refuse":
                words, code = self._end(fault)
                if words and context is not None:
                    words = msgspec.json.encode({**msgspec.json.decode(words), "contextId": context}).decode()
                if words:
                    await self._websocket.send_text(words)
                await self.close(code)
                raise Gone

    async def sent(self) -> None:
        """Wait until all that was put is sent."""
        await self._outbox.join()

    async def close(self, code: int, reason: str = "") -> None:
        with suppress(RuntimeError, WebSocketDisconnect):
            await self._websocket.close(code, reason)

    async def end(self) -> None:
        """The connection is over: stop sending."""
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    async def _stall(self, seconds: float) -> None:
        """Hear nothing and say nothing, then drop; a client that leaves meanwhile is let go."""
        leaving = asyncio.create_task(self._left())
        waiting = asyncio.ensure_future(self._faults.sleep(seconds))
        try:
            await asyncio.wait((leaving, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            waiting.cancel()
        drop(self._websocket.scope)
        raise Gone

    async def _left(self) -> None:
        while (await self._websocket.receive())["type"] != "websocket.disconnect":
            pass

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, text = await self._outbox.get()
            try:
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                with suppress(RuntimeError, WebSocketDisconnect):
                    await self._websocket.send_text(text)
            finally:
                self._outbox.task_done()


_LATER = ("malformed", "truncate")
"""These need an open connection: without `after` they strike at once."""


async def admitted(
    websocket: WebSocket, faults: Faults, fault: Fault | None, refused: Callable[[Fault], Response], *, is_known: bool
) -> bool:
    """Accept the handshake, unless its fault comes first or the key is not known; then it is answered and over."""
    if fault is not None and fault.after is None:
        if fault.kind == "refuse":
            await websocket.send_denial_response(refused(fault))
            return False
        if fault.kind in {"delay", "stall"}:
            await faults.sleep(fault.seconds)
        if fault.kind in {"stall", "disconnect"}:
            drop(websocket.scope)
            return False
    if not is_known:
        await websocket.send_denial_response(refused(Fault(kind="refuse", status=401)))
        return False
    await websocket.accept()
    return True


async def before_answer(scope: Scope, faults: Faults, fault: Fault | None) -> Fault | None:
    """What strikes an HTTP request before its answer. Gives the fault back where the answer itself is to show it.

    A request that is cut raises `Gone`.
    """
    if fault is None or fault.after is not None:
        return fault
    if fault.kind in {"delay", "stall"}:
        await faults.sleep(fault.seconds)
    if fault.kind in {"stall", "disconnect"}:
        drop(scope)
        raise Gone
    return None if fault.kind == "delay" else fault

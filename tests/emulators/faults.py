"""What goes wrong, and when: a board that tests write on and every emulator asks before and while it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Kind = Literal["delay", "stall", "disconnect", "refuse", "malformed", "truncate"]

GARBAGE = '{"type": "Resul'
"""What a malformed frame or body holds: neither JSON nor anything else."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that goes wrong with a request or a connection.

    `delay`       the answer begins `seconds` late, then all is well
    `stall`       nothing more comes for `seconds`; then the connection is dropped
    `disconnect`  the connection drops without a goodbye
    `refuse`      an error in the vendor's own shape, with `status`; in mid-stream, the vendor's own error frame
    `malformed`   garbage in place of a frame or a body; what follows is well again
    `truncate`    the answer ends early as if it were whole
    """

    kind: Kind
    after: int | None = None
    """Strikes once that much was given: milliseconds of audio heard or spoken, or characters of text. None: before the
    answer begins, which for a WebSocket is its handshake."""
    seconds: float = 30.0
    status: int = 500
    code: str | None = None
    """The vendor's word for the error, such as `insufficient_quota`; None: the usual one for the status."""
    retry_after: float | None = None
    """Seconds, sent as the `retry-after` header."""
    times: int | None = 1
    """How many requests or connections it hits; None: until it is cleared."""

    def strikes(self, given: float) -> bool:
        """Whether it strikes now that `given` milliseconds or characters are out."""
        return self.after is not None and given >= self.after


class Planned(msgspec.Struct, frozen=True):
    """A fault as it is sent to `POST /faults`."""

    service: str
    fault: Fault


class Faults:
    """The board of one house of emulators. `sleep` may be replaced where a test has a clock of its own."""

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.sleep = sleep
        self._planned: dict[str, list[Fault]] = {}
        self._left: dict[str, list[int | None]] = {}
        self._struck: dict[str, int] = {}
        self._asked: dict[str, int] = {}

    def plan(self, service: str, fault: Fault) -> None:
        """Let `fault` hit the next requests to `service`; those planned before it come first."""
        self._planned.setdefault(service, []).append(fault)
        self._left.setdefault(service, []).append(fault.times)

    def next(self, service: str) -> Fault | None:
        """The fault for this request, taken off the board once it has hit `times` requests."""
        self._asked[service] = self._asked.get(service, 0) + 1
        planned, left = self._planned.get(service), self._left.get(service)
        if not planned or left is None:
            return None
        fault, remaining = planned[0], left[0]
        self._struck[service] = self._struck.get(service, 0) + 1
        if remaining is not None:
            left[0] = remaining - 1
            if remaining <= 1:
                planned.pop(0)
                left.pop(0)
        return fault

    def clear(self, service: str | None = None) -> None:
        """Take every fault off the board, or those of one service."""
        for name in [service] if service else list(self._planned):
            self._planned.pop(name, None)
            self._left.pop(name, None)

    def struck(self, service: str) -> int:
        """How many requests to `service` were given a fault."""
        return self._struck.get(service, 0)

    def asked(self, service: str) -> int:
        """How many requests or connections `service` has had."""
        return self._asked.get(service, 0)


def routes(faults: Faults) -> list[Route]:
    """The board over HTTP: `POST /faults` with `{service, fault}`, `DELETE /faults` with `?service=` or for all."""

    async def plan(request: Request) -> Response:
        try:
            planned = msgspec.json.decode(await request.body(), type=Planned)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            return Response(str(error), status_code=422)
        faults.plan(planned.service, planned.fault)
        return Response(status_code=204)

    async def clear(request: Request) -> Response:
        faults.clear(request.query_params.get("service"))
        return Response(status_code=204)

    return [Route("/faults", plan, methods=["POST"]), Route("/faults", clear, methods=["DELETE"])]

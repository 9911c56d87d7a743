"""Deepgram's speech to text as it is on the wire: `/v1/listen` live and for recordings, Flux at `/v2/listen`.

It really listens: marked words as they are, other audio by a recogniser for the sentences of the settings; anything
else has no words. A fault's `after` counts milliseconds of audio heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import uuid4

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.emulators.deepgram_flux import converse
from tests.emulators.deepgram_live import listen
from tests.emulators.deepgram_recorded import Unplayable, answer
from tests.emulators.faults import GARBAGE, Fault, Faults
from tests.emulators.settings import Settings
from tests.emulators.wire import Gone, Line, admitted, before_answer

SERVICE = "deepgram"
_PROJECT = {"project_id": "7c1a3c0e-0000-4000-8000-000000000001", "name": "Emulated"}
_MODELS = (
    ("nova-3", "nova-3", ["en", "es", "multi"]),
    ("nova-2-general", "nova-2", ["en", "es"]),
    ("flux-general-en", "flux", ["en"]),
)
_REFUSALS = {
    400: ("Bad Request", "Bad Request: failed to process audio: corrupt or unsupported data"),
    401: ("INVALID_AUTH", "Invalid credentials."),
    402: ("ASR_PAYMENT_REQUIRED", "Project does not have enough credits for an ASR request."),
    403: ("INSUFFICIENT_PERMISSIONS", "User does not have sufficient permissions to access the requested model."),
    429: ("TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
    500: ("INTERNAL_SERVER_ERROR", "An unexpected error occurred."),
}


def routes(faults: Faults, settings: Settings) -> list[BaseRoute]:
    """Everything of Deepgram that Viva uses."""
    vendor = _Deepgram(faults, settings)
    return [
        WebSocketRoute("/v1/listen", vendor.live),
        WebSocketRoute("/v2/listen", vendor.flux),
        Route("/v1/listen", vendor.recorded, methods=["POST"]),
        Route("/v1/projects", vendor.projects),
        Route("/v1/models", vendor.models),
    ]


class _Deepgram:
    def __init__(self, faults: Faults, settings: Settings) -> None:
        self._faults = faults
        self._settings = settings

    async def live(self, websocket: WebSocket) -> None:
        await self._serve(websocket, listen, _last_words_v1)

    async def flux(self, websocket: WebSocket) -> None:
        await self._serve(websocket, converse, _last_words_v2)

    async def recorded(self, request: Request) -> Response:
        body = await request.body()
        return await self._answer(request, lambda: answer(body, request, self._settings))

    async def projects(self, request: Request) -> Response:
        return await self._answer(request, lambda: {"projects": [_PROJECT]})

    async def models(self, request: Request) -> Response:
        return await self._answer(request, _models)

    async def _serve(
        self,
        websocket: WebSocket,
        speak: Callable[[WebSocket, Line, Settings], Awaitable[None]],
        last_words: Callable[[Fault], tuple[str, int]],
    ) -> None:
        fault = self._faults.next(SERVICE)
        if not await admitted(websocket, self._faults, fault, _refused, is_known=self._is_known(websocket)):
            return
        line = Line(websocket, self._faults, fault, end=last_words)
        with suppress(Gone):
            await speak(websocket, line, self._settings)
        await line.end()

    async def _answer(self, request: Request, make: Callable[[], object]) -> Response:
        try:
            planned = self._faults.next(SERVICE)
            # A document has no middle: what is planned for later strikes at once.
            planned = planned and msgspec.structs.replace(planned, after=None)
            fault = await before_answer(request.scope, self._faults, planned)
        except Gone:
            return Response(status_code=500)
        if fault is not None and fault.kind == "refuse":
            return _refused(fault)
        if not self._is_known(request):
            return _refused(Fault(kind="refuse", status=401))
        if fault is not None and fault.kind == "malformed":
            return Response(GARBAGE, media_type="application/json")
        try:
            body = msgspec.json.encode(await asyncio.to_thread(make))
        except Unplayable:
            return _refused(Fault(kind="refuse", status=400))
        if fault is not None and fault.kind == "truncate":
            body = body[: len(body) // 2]
        return Response(body, media_type="application/json")

    def _is_known(self, connection: HTTPConnection) -> bool:
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        return scheme.lower() in {"token", "bearer"} and key == self._settings.key


def _models() -> object:
    return {
        "stt": [
            {
                "name": name, "canonical_name": name, "architecture": architecture, "languages": languages,
                "version": "2026-01-01.0", "uuid": str(uuid4()), "batch": architecture != "flux", "streaming": True,
                "formatted_output": True,
            }
            for name, architecture, languages in _MODELS
        ],
        "tts": [],
    }  # fmt: skip


def _refused(fault: Fault) -> Response:
    code, message = _REFUSALS.get(fault.status, ("ERROR", "An error occurred."))
    request_id = str(uuid4())
    headers = {"dg-request-id": request_id, "dg-error": message}
    if fault.retry_after is not None:
        headers["retry-after"] = f"{fault.retry_after:g}"
    body = {"err_code": fault.code or code, "err_msg": message, "request_id": request_id}
    return JSONResponse(body, status_code=fault.status, headers=headers)


def _last_words_v1(fault: Fault) -> tuple[str, int]:
    return "", 1008 if fault.status < 500 else 1011


def _last_words_v2(fault: Fault) -> tuple[str, int]:
    code, message = _REFUSALS.get(fault.status, ("INTERNAL_SERVER_ERROR", "An error occurred."))
    error = {"type": "Error", "sequence_id": 0, "code": fault.code or code, "description": message}
    return msgspec.json.encode(error).decode(), 1011

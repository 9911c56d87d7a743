"""ElevenLabs' text to speech as it is on the wire, by WebSocket with many contexts and by plain requests.

What it says are tones that give the text back, or words (`settings.voice`). A fault's `after` counts milliseconds of
audio sent: on the WebSocket in one context, and each context asks the board anew.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from uuid import uuid4

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from tests.emulators.elevenlabs_contexts import SERVICE, converse
from tests.emulators.faults import GARBAGE, Fault, Faults
from tests.emulators.house import drop
from tests.emulators.settings import Settings
from tests.emulators.speaking import Utterance, mp3, mu_law, said
from tests.emulators.wire import Gone, Line, admitted, before_answer

VOICES = {"EmulatedVoiceEnglish1": "Emma", "EmulatedVoiceSpanish1": "Elena"}
"""Listed; any other identifier of letters and digits speaks too."""
_MODELS = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_multilingual_v2")
_PIECE_MS = 100
_REFUSALS = {
    400: ("invalid_request", "The request is not valid."),
    401: ("invalid_api_key", "Invalid API key"),
    403: ("forbidden", "This API key lacks the permission for that."),
    404: ("voice_not_found", "A voice with that identifier was not found."),
    429: ("too_many_concurrent_requests", "Too many concurrent requests."),
    500: ("internal_server_error", "An internal error occurred."),
}
_QUOTA = ("quota_exceeded", "This request exceeds your quota. You have 0 credits remaining.")


class Speak(msgspec.Struct):
    """The body of a plain request; what else is in it changes nothing here."""

    text: str


class Unspeakable(Exception):
    """The audio format is none of ours."""


def routes(faults: Faults, settings: Settings) -> list[BaseRoute]:
    """Everything of ElevenLabs that Viva uses."""
    vendor = _ElevenLabs(faults, settings)
    spoken = "/v1/text-to-speech/{voice}"
    return [
        WebSocketRoute(f"{spoken}/multi-stream-input", vendor.contexts),
        Route(spoken, vendor.speak, methods=["POST"]),
        Route(f"{spoken}/stream", vendor.speak, methods=["POST"]),
        Route(f"{spoken}/with-timestamps", vendor.speak_timed, methods=["POST"]),
        Route("/v1/voices", vendor.voices),
        Route("/v2/voices", vendor.voices_paged),
        Route("/v1/models", vendor.models),
        Route("/v1/user", vendor.user),
        Route("/v1/user/subscription", vendor.subscription),
    ]


class _ElevenLabs:
    def __init__(self, faults: Faults, settings: Settings) -> None:
        self._faults = faults
        self._settings = settings
        self._spoken_characters = 0

    async def contexts(self, websocket: WebSocket) -> None:
        fault = self._faults.next(SERVICE)
        refused = fault if fault is not None and _is_quota(fault) else None
        # A spent quota is told on the open line, when there is something to say.
        early = None if refused else fault
        if not await admitted(websocket, self._faults, early, _refused, is_known=self._is_known(websocket)):
            return
        line = Line(websocket, self._faults, fault, end=_last_words)
        if refused:
            line.arm(refused)
        with suppress(Gone):
            await converse(websocket, line, self._faults, self._settings, had_fault=fault is not None)
        await line.end()

    async def speak(self, request: Request) -> Response:
        return await self._answer(request, self._stream)

    async def speak_timed(self, request: Request) -> Response:
        return await self._answer(request, self._timed)

    async def voices(self, request: Request) -> Response:
        return await self._answer(request, lambda *_: JSONResponse({"voices": _voices()}))

    async def voices_paged(self, request: Request) -> Response:
        page = {"voices": _voices(), "has_more": False, "total_count": len(VOICES), "next_page_token": None}
        return await self._answer(request, lambda *_: JSONResponse(page))

    async def models(self, request: Request) -> Response:
        models = [{"model_id": name, "name": name, "can_do_text_to_speech": True, "languages": []} for name in _MODELS]
        return await self._answer(request, lambda *_: JSONResponse(models))

    async def user(self, request: Request) -> Response:
        user = {"user_id": "emulated", "workspace_id": "emulated", "subscription": self._subscription()}
        flags = ("is_new_user", "can_use_delayed_payment_methods", "is_onboarding_checklist_completed")
        about = {**user, **dict.fromkeys(flags, False), "is_onboarding_completed": True, "created_at": 1_700_000_000}
        return await self._answer(request, lambda *_: JSONResponse({**about, "seat_type": "workspace_admin"}))

    async def subscription(self, request: Request) -> Response:
        return await self._answer(request, lambda *_: JSONResponse(self._subscription()))

    async def _answer(self, request: Request, make: Callable[[Request, bytes, Fault | None], Response]) -> Response:
        body = await request.body()
        try:
            fault = await before_answer(request.scope, self._faults, self._faults.next(SERVICE))
        except Gone:
            return Response(status_code=500)
        if fault is not None and fault.kind == "refuse" and fault.after is None:
            return _refused(fault)
        if not self._is_known(request):
            return _refused(Fault(kind="refuse", status=401))
        if fault is not None and fault.kind == "malformed":
            return Response(GARBAGE, media_type="application/json")
        try:
            return make(request, body, fault)
        except (Unspeakable, msgspec.ValidationError, msgspec.DecodeError):
            return _refused(Fault(kind="refuse", status=400))

    def _stream(self, request: Request, body: bytes, fault: Fault | None) -> Response:
        if not re.fullmatch(r"[A-Za-z0-9]+", request.path_params["voice"]):
            return _refused(Fault(kind="refuse", status=404))
        text = msgspec.json.decode(body, type=Speak).text
        wanted = request.query_params.get("output_format", "mp3_44100_128")
        utterance = said(text, rate_of(wanted), self._settings.voice)
        self._spoken_characters += len(text)
        return StreamingResponse(
            self._pieces(request, encoded(utterance, wanted), utterance.ms, fault),
            media_type=_media_type(wanted),
            headers={"request-id": str(uuid4()), "character-cost": str(len(text))},
        )

    async def _pieces(self, request: Request, audio: bytes, ms: float, fault: Fault | None) -> AsyncIterator[bytes]:
        await asyncio.sleep(self._settings.first_byte_ms / 1000)
        count = max(1, round(ms / _PIECE_MS))
        size = -(-len(audio) // count // 2) * 2
        for index in range(count + 1):
            if fault is not None and (fault.after is None or fault.strikes(index * _PIECE_MS)):
                if fault.kind == "truncate":
                    return
                if fault.kind in {"delay", "stall"}:
                    await self._faults.sleep(fault.seconds)
                if fault.kind != "delay":
                    drop(request.scope)
                    return
                fault = None
            if piece := audio[index * size : (index + 1) * size]:
                yield piece

    def _timed(self, request: Request, body: bytes, _: Fault | None) -> Response:
        text = msgspec.json.decode(body, type=Speak).text
        wanted = request.query_params.get("output_format", "mp3_44100_128")
        utterance = said(text, rate_of(wanted), self._settings.voice)
        alignment = {
            "characters": [character for character, _, _ in utterance.characters],
            "character_start_times_seconds": [start / 1000 for _, start, _ in utterance.characters],
            "character_end_times_seconds": [(start + ms) / 1000 for _, start, ms in utterance.characters],
        }
        audio = base64.b64encode(encoded(utterance, wanted)).decode()
        return JSONResponse({"audio_base64": audio, "alignment": alignment, "normalized_alignment": alignment})

    def _subscription(self) -> dict[str, object]:
        counts = (
            "voice_slots_used", "professional_voice_slots_used", "professional_voice_slots_used_in_workspace",
            "voice_limit", "voice_add_edit_counter", "professional_voice_limit",
        )  # fmt: skip
        flags = (
            "can_extend_character_limit", "allowed_to_extend_character_limit", "can_extend_voice_limit",
            "can_use_instant_voice_cloning", "can_use_professional_voice_cloning",
        )  # fmt: skip
        return {
            "tier": "creator",
            "character_count": self._spoken_characters,
            "character_limit": 100_000,
            "max_credit_limit_extension": "unlimited",
            "current_overage": {"amount": "0", "currency": "usd"},
            "status": "active",
            **dict.fromkeys(counts, 0),
            **dict.fromkeys(flags, False),
        }

    def _is_known(self, connection: HTTPConnection) -> bool:
        return connection.headers.get("xi-api-key") == self._settings.key


def rate_of(wanted: str) -> int:
    """The sample rate of a format such as `pcm_16000` or `mp3_44100_128`; raises `Unspeakable`."""
    found = re.fullmatch(r"(pcm|mp3|ulaw)_(\d+)(?:_\d+)?", wanted)
    if found is None:
        raise Unspeakable(wanted)
    return int(found[2])


def encoded(utterance: Utterance, wanted: str) -> bytes:
    """The utterance in that format."""
    if wanted.startswith("mp3"):
        return mp3(utterance.pcm, utterance.rate, int(wanted.rpartition("_")[2]))
    return mu_law(utterance.pcm) if wanted.startswith("ulaw") else utterance.pcm


def _media_type(wanted: str) -> str:
    return {"mp3": "audio/mpeg", "ulaw": "audio/basic"}.get(wanted.partition("_")[0], "audio/pcm")


def _voices() -> list[dict[str, object]]:
    return [
        {"voice_id": identifier, "name": name, "category": "premade", "labels": {"accent": "neutral"}}
        for identifier, name in VOICES.items()
    ]


def _is_quota(fault: Fault) -> bool:
    return fault.kind == "refuse" and (fault.status == 402 or fault.code == _QUOTA[0])


def _refused(fault: Fault) -> Response:
    # The vendor answers 401 for both a wrong key and a spent quota; the status in the body tells them apart.
    code, message = _QUOTA if _is_quota(fault) else _REFUSALS.get(fault.status, ("error", "An error occurred."))
    status = 401 if _is_quota(fault) else fault.status
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    return JSONResponse(
        {"detail": {"status": fault.code or code, "message": message}}, status_code=status, headers=headers
    )


def _last_words(fault: Fault) -> tuple[str, int]:
    code, message = _QUOTA if _is_quota(fault) else _REFUSALS.get(fault.status, ("error", "An error occurred."))
    return msgspec.json.encode({"message": message, "error": fault.code or code, "code": 1008}).decode(), 1008

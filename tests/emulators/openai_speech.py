"""OpenAI's speech endpoints, which many other servers speak too: text to speech and transcription.

A fault's `after` counts milliseconds of audio sent. Its service is `openai_speech`.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from email.parser import BytesParser
from email.policy import HTTP
from uuid import uuid4

import msgspec
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from tests.emulators.deepgram_recorded import Unplayable, decoded, transcribed
from tests.emulators.faults import GARBAGE, Fault, Faults
from tests.emulators.house import drop
from tests.emulators.settings import Settings
from tests.emulators.sounds import wav
from tests.emulators.speaking import mp3, said
from tests.emulators.transcript import bare
from tests.emulators.wire import Gone, before_answer

SERVICE = "openai_speech"
RATE = 24_000
_PIECE_MS = 100
_FORMATS = {"mp3": "audio/mpeg", "pcm": "audio/pcm", "wav": "audio/wav"}
_REFUSALS = {
    400: ("invalid_request_error", None, "The request is not valid."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    402: ("insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached."),
    500: ("server_error", None, "The server had an error while processing your request."),
}


class Speak(msgspec.Struct):
    """The body of `/v1/audio/speech`, as far as it matters."""

    input: str
    model: str
    voice: object
    response_format: str = "mp3"
    stream_format: str = "audio"


def routes(faults: Faults, settings: Settings) -> list[BaseRoute]:
    """`/v1/audio/speech` and `/v1/audio/transcriptions`."""
    vendor = _Speech(faults, settings)
    return [
        Route("/v1/audio/speech", vendor.speak, methods=["POST"]),
        Route("/v1/audio/transcriptions", vendor.transcribe, methods=["POST"]),
    ]


class _Speech:
    def __init__(self, faults: Faults, settings: Settings) -> None:
        self._faults = faults
        self._settings = settings

    async def speak(self, request: Request) -> Response:
        body = await request.body()
        fault, refused = await self._begin(request)
        if refused is not None:
            return refused
        try:
            asked = msgspec.json.decode(body, type=Speak)
        except (msgspec.ValidationError, msgspec.DecodeError):
            return _refused(Fault(kind="refuse", status=400))
        if asked.response_format not in _FORMATS or not asked.input:
            return _refused(Fault(kind="refuse", status=400))
        utterance = said(asked.input, RATE, self._settings.voice)
        pieces = self._pieces(request, _encoded(utterance.pcm, asked.response_format), utterance.ms, fault)
        headers = {"x-request-id": str(uuid4())}
        if asked.stream_format == "sse":
            return StreamingResponse(_events(pieces, len(asked.input)), media_type="text/event-stream", headers=headers)
        return StreamingResponse(pieces, media_type=_FORMATS[asked.response_format], headers=headers)

    async def transcribe(self, request: Request) -> Response:
        fields = _fields(request.headers.get("content-type", ""), await request.body())
        _, refused = await self._begin(request)
        if refused is not None:
            return refused
        language = fields.get("language", b"en").decode()
        try:
            channels, rate = await asyncio.to_thread(decoded, fields.get("file", b""))
        except Unplayable:
            return _refused(Fault(kind="refuse", status=400))
        words = await asyncio.to_thread(transcribed, channels[0], rate, language, self._settings)
        await asyncio.sleep(self._settings.first_final_ms / 1000)
        text = " ".join(word.text for word in words)
        seconds = len(channels[0]) / rate
        wanted = fields.get("response_format", b"json").decode()
        if wanted == "text":
            return PlainTextResponse(text)
        if wanted != "verbose_json":
            return JSONResponse({"text": text, "usage": {"type": "duration", "seconds": round(seconds)}})
        return JSONResponse(
            {
                "task": "transcribe",
                "language": {"en": "english", "es": "spanish"}.get(language[:2], language),
                "duration": seconds,
                "text": text,
                "segments": [],
                "words": [
                    {"word": bare(word.text), "start": word.start_ms / 1000, "end": word.end_ms / 1000}
                    for word in words
                ],
            }
        )

    async def _begin(self, request: Request) -> tuple[Fault | None, Response | None]:
        """The fault that the answer is to show, or the answer that ends it here."""
        try:
            fault = await before_answer(request.scope, self._faults, self._faults.next(SERVICE))
        except Gone:
            return None, Response(status_code=500)
        if fault is not None and fault.kind == "refuse":
            return None, _refused(fault)
        if not self._is_known(request):
            return None, _refused(Fault(kind="refuse", status=401))
        if fault is not None and fault.kind == "malformed":
            return None, Response(GARBAGE, media_type="application/json")
        return fault, None

    async def _pieces(self, request: Request, audio: bytes, ms: float, fault: Fault | None) -> AsyncIterator[bytes]:
        await asyncio.sleep(self._settings.first_byte_ms / 1000)
        count = max(1, round(ms / _PIECE_MS))
        size = -(-len(audio) // count)
        for index in range(count):
            if fault is not None and (fault.after is None or fault.strikes(index * _PIECE_MS)):
                if fault.kind == "truncate":
                    return
                await self._faults.sleep(fault.seconds if fault.kind in {"delay", "stall"} else 0)
                if fault.kind != "delay":
                    drop(request.scope)
                    return
                fault = None
            yield audio[index * size : (index + 1) * size]

    def _is_known(self, connection: HTTPConnection) -> bool:
        return connection.headers.get("authorization") == f"Bearer {self._settings.key}"


async def _events(pieces: AsyncIterator[bytes], characters: int) -> AsyncIterator[bytes]:
    async for piece in pieces:
        event = {"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}
        yield b"data: " + msgspec.json.encode(event) + b"\n\n"
    tokens = max(1, characters // 4)
    usage = {"input_tokens": tokens, "output_tokens": 5 * tokens, "total_tokens": 6 * tokens}
    yield b"data: " + msgspec.json.encode({"type": "speech.audio.done", "usage": usage}) + b"\n\n"


def _encoded(pcm: bytes, wanted: str) -> bytes:
    if wanted == "mp3":
        return mp3(pcm, RATE)
    return wav(pcm, RATE) if wanted == "wav" else pcm


def _fields(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart form by name."""
    parsed = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    found: dict[str, bytes] = {}
    for part in parsed.iter_parts() if parsed.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content
    return found


def _refused(fault: Fault) -> Response:
    kind, code, message = _REFUSALS.get(fault.status, ("server_error", None, "An error occurred."))
    headers = {"x-request-id": str(uuid4())}
    if fault.retry_after is not None:
        headers["retry-after"] = f"{fault.retry_after:g}"
    error = {"message": message, "type": kind, "param": None, "code": fault.code or code}
    # A spent quota comes as 429, like too many requests; the code tells them apart.
    return JSONResponse({"error": error}, status_code=429 if fault.status == 402 else fault.status, headers=headers)

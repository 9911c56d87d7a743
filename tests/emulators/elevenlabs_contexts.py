"""ElevenLabs' WebSocket of many contexts: text comes in, audio with the time of each character goes out."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import Any

import msgspec
from starlette.websockets import WebSocket

from tests.emulators.faults import Faults
from tests.emulators.settings import Settings
from tests.emulators.speaking import mu_law, said
from tests.emulators.wire import Gone, Line

SERVICE = "elevenlabs"
_PIECE_MS = 100
_FIRST_CHUNK = 120
"""Characters that are gathered without `flush` or `auto_mode` before anything is said."""


class _Context(msgspec.Struct):
    text: str = ""
    spoken_ms: float = 0.0
    is_cut: bool = False
    """By a fault that ends the audio early."""


async def converse(websocket: WebSocket, line: Line, faults: Faults, settings: Settings, *, had_fault: bool) -> None:
    """Serve one connection until it ends; raises `Gone` where a fault ends it.

    `had_fault`: the connection itself was given one, which is the first context's too.
    """
    await _Contexts(websocket, line, faults, settings, had_fault).run()


class _Contexts:
    def __init__(self, websocket: WebSocket, line: Line, faults: Faults, settings: Settings, had_fault: bool) -> None:
        asked = websocket.query_params
        self._websocket = websocket
        self._line = line
        self._faults = faults
        self._settings = settings
        self._format = asked.get("output_format", "mp3_44100_128")
        self._is_auto = asked.get("auto_mode") == "true"
        self._idle_s = float(asked.get("inactivity_timeout", "20"))
        self._contexts: dict[str, _Context] = {}
        self._had_fault = had_fault
        self._is_first = True

    async def run(self) -> None:
        known = re.fullmatch(r"(pcm|ulaw)_(\d+)", self._format)
        if known is None:
            await self._refuse("unsupported_output_format", f"{self._format} is not served here.")
            return
        while True:
            try:
                message = await asyncio.wait_for(self._websocket.receive(), self._idle_s)
            except TimeoutError:
                await self._refuse("input_timeout_exceeded", "No text was received for too long.")
                return
            if message["type"] == "websocket.disconnect":
                return
            try:
                asked = msgspec.json.decode(message.get("text") or message.get("bytes") or b"", type=dict[str, Any])
            except (msgspec.DecodeError, msgspec.ValidationError):
                await self._refuse("invalid_message", "The message is not a JSON object.")
                return
            if asked.get("close_socket"):
                await self._line.sent()
                await self._line.close(1000)
                return
            await self._obey(asked)

    async def _obey(self, asked: dict[str, Any]) -> None:
        name = asked.get("context_id") or "default"
        if asked.get("close_context"):
            context = self._contexts.pop(name, None)
            if context is not None:
                await self._speak(name, context)
                self._line.put({"isFinal": True, "contextId": name})
            return
        context = self._contexts.get(name)
        if context is None:
            context = self._contexts[name] = _Context()
            self._begin()
        context.text += asked.get("text") or ""
        is_due = asked.get("flush") or self._is_auto or len(context.text) >= _FIRST_CHUNK
        if is_due and context.text.strip():
            await self._speak(name, context)

    def _begin(self) -> None:
        """A new context has a fault of its own; the first has the connection's, where that had one."""
        if not (self._is_first and self._had_fault):
            self._line.arm(self._faults.next(SERVICE))
        self._is_first = False

    async def _speak(self, name: str, context: _Context) -> None:
        text, context.text = context.text.lstrip(), ""
        if not text or context.is_cut:
            return
        rate = int(self._format.rpartition("_")[2])
        utterance = said(text, rate, self._settings.voice)
        begin_ms = context.spoken_ms
        at_ms, characters = 0.0, list(utterance.characters)
        while at_ms < utterance.ms:
            fault = self._line.armed
            if fault is not None and fault.kind == "truncate" and context.spoken_ms >= (fault.after or 0):
                context.is_cut = True
                self._line.arm(None)
                return
            await self._line.strike(context.spoken_ms, name)
            until_ms = min(utterance.ms, at_ms + _PIECE_MS)
            audio = utterance.pcm[round(at_ms * rate / 1000) * 2 : round(until_ms * rate / 1000) * 2]
            told = [character for character in characters if character[1] < until_ms]
            characters = characters[len(told) :]
            self._line.put(
                {
                    "audio": base64.b64encode(mu_law(audio) if self._format.startswith("ulaw") else audio).decode(),
                    "contextId": name,
                    "alignment": _alignment(told, begin_ms),
                    "normalizedAlignment": _alignment(told, begin_ms),
                },
                after_ms=self._settings.first_byte_ms if at_ms == 0 else 0,
            )
            context.spoken_ms += until_ms - at_ms
            at_ms = until_ms

    async def _refuse(self, code: str, message: str) -> None:
        self._line.put({"message": message, "error": code, "code": 1008})
        await self._line.sent()
        await self._line.close(1008, code)
        raise Gone


def _alignment(characters: list[tuple[str, float, float]], begin_ms: float) -> dict[str, object] | None:
    """Times count from the context's first audio."""
    if not characters:
        return None
    return {
        "chars": [character for character, _, _ in characters],
        "charStartTimesMs": [round(begin_ms + start) for _, start, _ in characters],
        "charDurationsMs": [round(ms) for _, _, ms in characters],
    }

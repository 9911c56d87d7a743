"""Deepgram's second live protocol, Flux: it finds turns itself and tells of each by `TurnInfo`."""

from __future__ import annotations

from typing import Any, Literal
from uuid import uuid4

import msgspec
from starlette.websockets import WebSocket

from tests.emulators.ear import Ear, Moment
from tests.emulators.recognising import HeardWord
from tests.emulators.settings import Settings
from tests.emulators.transcript import recognised_every_ms, words_of
from tests.emulators.wire import Gone, Line

Event = Literal["StartOfTurn", "Update", "EagerEndOfTurn", "TurnResumed", "EndOfTurn"]

_UPDATE_EVERY_MS = 240
_EAGER_SILENCE_MS = 200
_FINISHED_SILENCE_MS = 450
"""After words that end a sentence."""
_UNFINISHED_SILENCE_MS = 1_200


async def converse(websocket: WebSocket, line: Line, settings: Settings) -> None:
    """Serve one connection until it ends; raises `Gone` where a fault ends it."""
    await _Turns(websocket, line, settings).run()


class _Turns:
    def __init__(self, websocket: WebSocket, line: Line, settings: Settings) -> None:
        asked = websocket.query_params
        self._websocket = websocket
        self._line = line
        self._settings = settings
        self._model = asked.get("model", "flux-general-en")
        self._language = "multi" if self._model.endswith("multi") else "en"
        self._ear = Ear(int(asked.get("sample_rate", "16000")), self._language)
        self._request_id = str(uuid4())
        self._sequence = 0
        self._turn = 0
        self._thresholds: dict[str, Any] = {
            "eager_eot_threshold": float(asked["eager_eot_threshold"]) if "eager_eot_threshold" in asked else None,
            "eot_threshold": float(asked.get("eot_threshold", "0.7")),
            "eot_timeout_ms": int(asked.get("eot_timeout_ms", "5000")),
        }
        self._keyterms = asked.getlist("keyterm")
        self._words: list[HeardWord] = []
        self._updated_ms = 0.0
        self._is_eager = False

    async def run(self) -> None:
        self._put({"type": "Connected"})
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise Gone
            if (audio := message.get("bytes")) is not None:
                for moment in self._ear.feed(audio):
                    await self._follow(moment)
                await self._line.strike(self._ear.at_ms)
            elif not await self._obey(message.get("text") or ""):
                return

    async def _obey(self, text: str) -> bool:
        try:
            asked = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            self._put({"type": "Error", "code": "UNPARSABLE_CLIENT_MESSAGE", "description": "The message is not JSON."})
            await self._line.sent()
            await self._line.close(1008)
            raise Gone from None
        match asked.get("type"):
            case "Configure":
                self._thresholds |= asked.get("thresholds") or {}
                self._keyterms = asked.get("keyterms", self._keyterms)
                self._put({"type": "ConfigureSuccess", "thresholds": self._thresholds, "keyterms": self._keyterms})
            case "ForceEndTurn":
                await self._end("manual")
            case "CloseStream":
                self._ear.finish()
                await self._end("model")
                await self._line.sent()
                await self._line.close(1000)
                return False
        return True

    async def _follow(self, moment: Moment) -> None:
        if moment.kind == "began":
            self._updated_ms = moment.at_ms
            return
        if self._ear.began_ms is None:
            return
        if moment.silent_ms == 0 and self._is_eager:
            self._is_eager = False
            self._tell("TurnResumed", 0.2)
        if moment.silent_ms >= self._silence_ms():
            await self._end("timeout" if moment.silent_ms >= self._thresholds["eot_timeout_ms"] else "model")
        elif moment.silent_ms == _EAGER_SILENCE_MS:
            await self._listen()
            if self._words and self._thresholds["eager_eot_threshold"] is not None and not self._is_eager:
                self._is_eager = True
                self._tell("EagerEndOfTurn", 0.5, after_ms=self._settings.first_final_ms)
        elif moment.at_ms - self._updated_ms >= (
            _UPDATE_EVERY_MS if self._ear.words else recognised_every_ms(self._ear)
        ):
            self._updated_ms = moment.at_ms
            had_words = bool(self._words)
            await self._listen(is_partial=True)
            if self._words and had_words:
                self._tell("Update", 0.1)

    async def _listen(self, *, is_partial: bool = False) -> None:
        """Take what is heard so far; the first words of a turn begin it."""
        words = await words_of(self._ear, self._settings, self._language, is_partial=is_partial)
        begins = bool(words) and not self._words
        self._words = words or self._words
        if begins:
            self._tell("StartOfTurn", 0.0)

    async def _end(self, trigger: str) -> None:
        await self._listen()
        self._ear.close()
        if self._words:
            self._tell("EndOfTurn", 0.9, after_ms=self._settings.first_final_ms, trigger=trigger)
            self._turn += 1
        self._words = []
        self._is_eager = False

    def _silence_ms(self) -> float:
        is_finished = bool(self._ear.words) and self._ear.words[-1].text[-1] in ".?!"
        usual = _FINISHED_SILENCE_MS if is_finished else _UNFINISHED_SILENCE_MS
        return min(usual, float(self._thresholds["eot_timeout_ms"]))

    def _tell(self, event: Event, confidence: float, *, after_ms: float = 0.0, trigger: str | None = None) -> None:
        words = self._words
        info: dict[str, object] = {
            "type": "TurnInfo",
            "event": event,
            "turn_index": self._turn,
            "audio_window_start": round((words[0].start_ms if words else self._ear.at_ms) / 1000, 3),
            "audio_window_end": round(self._ear.at_ms / 1000, 3),
            "transcript": " ".join(word.text for word in words),
            "words": [
                {
                    "word": word.text,
                    "confidence": word.confidence,
                    "start": round(word.start_ms / 1000, 3),
                    "end": round(word.end_ms / 1000, 3),
                }
                for word in words
            ],
            "end_of_turn_confidence": confidence,
        }
        if trigger:
            info["trigger"] = trigger
        if self._language == "multi" and words:
            info["languages"] = ["en"]
        self._put(info, after_ms=after_ms)

    def _put(self, message: dict[str, object], *, after_ms: float = 0.0) -> None:
        numbered = {**message, "request_id": self._request_id, "sequence_id": self._sequence}
        self._sequence += 1
        self._line.put(numbered, after_ms=after_ms)

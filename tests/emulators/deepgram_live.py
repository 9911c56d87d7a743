"""Deepgram's first live protocol: `Results` as speech goes on and when it ends."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import msgspec
from starlette.datastructures import QueryParams
from starlette.websockets import WebSocket

from tests.emulators.ear import Ear, Moment
from tests.emulators.recognising import HeardWord
from tests.emulators.settings import Settings
from tests.emulators.transcript import alternative, recognised_every_ms, words_of
from tests.emulators.wire import Gone, Line

_INTERIM_EVERY_MS = 200
_FINAL_EVERY_MS = 5_000
"""Longer speech is made final in parts, without `speech_final`; silence gives an empty one as often."""
_LEAST_SILENCE_MS = 100
"""Within words there is silence of this length: no recogniser ends speech there."""
_RECOGNISER_SILENCE_MS = 350
_IDLE_S = 12.0


class Query(msgspec.Struct, frozen=True):
    """What a client asks for in the address."""

    model: str
    language: str
    rate: int
    channels: int
    interim: bool
    punctuate: bool
    fillers: bool
    vad_events: bool
    endpointing_ms: float | None
    utterance_end_ms: float | None

    @classmethod
    def of(cls, asked: QueryParams) -> Query:
        endpointing = asked.get("endpointing", "10")
        utterance_end = asked.get("utterance_end_ms")
        return cls(
            model=asked.get("model", "nova-3"),
            language=asked.get("language", "en"),
            rate=int(asked.get("sample_rate", "16000")),
            channels=int(asked.get("channels", "1")),
            interim=asked.get("interim_results") == "true",
            punctuate="true" in {asked.get("punctuate"), asked.get("smart_format")},
            fillers=asked.get("filler_words") == "true",
            vad_events=asked.get("vad_events") == "true",
            endpointing_ms=None if endpointing == "false" else float(10 if endpointing == "true" else endpointing),
            utterance_end_ms=float(utterance_end) if utterance_end else None,
        )


async def listen(websocket: WebSocket, line: Line, settings: Settings) -> None:
    """Serve one connection until it ends; raises `Gone` where a fault ends it."""
    await _Listening(websocket, line, settings).run()


class _Listening:
    def __init__(self, websocket: WebSocket, line: Line, settings: Settings) -> None:
        self._websocket = websocket
        self._line = line
        self._settings = settings
        self._query = Query.of(websocket.query_params)
        self._ear = Ear(self._query.rate, self._query.language)
        self._request_id = str(uuid4())
        self._final_ms = 0.0
        """Until where everything is final."""
        self._interim_ms = 0.0
        self._last_word_ms: float | None = None
        """Of speech that ended, until `UtteranceEnd` told of it."""

    async def run(self) -> None:
        while True:
            try:
                message = await asyncio.wait_for(self._websocket.receive(), _IDLE_S)
            except TimeoutError:
                await self._line.close(1011, "NET-0001: no audio and no message within the timeout window")
                raise Gone from None
            if message["type"] == "websocket.disconnect":
                raise Gone
            if (audio := message.get("bytes")) is not None:
                await self._hear(audio)
                await self._line.strike(self._ear.at_ms)
            elif not await self._obey(message.get("text") or ""):
                return

    async def _obey(self, text: str) -> bool:
        """Follow a control message; False when it was the last."""
        try:
            kind = msgspec.json.decode(text, type=dict[str, object]).get("type")
        except msgspec.DecodeError:
            await self._line.close(1008, "DATA-0000: the message is not JSON")
            raise Gone from None
        if kind == "Finalize":
            await self._finish(is_asked=True)
        elif kind == "CloseStream":
            self._ear.finish()
            await self._finish(is_asked=False)
            self._line.put(self._metadata())
            await self._line.sent()
            await self._line.close(1000)
            return False
        return True

    async def _hear(self, audio: bytes) -> None:
        if self._query.channels > 1:
            audio = _first_channel(audio, self._query.channels)
        for moment in self._ear.feed(audio):
            await self._follow(moment)
        if self._ear.began_ms is None and self._ear.at_ms - self._final_ms >= _FINAL_EVERY_MS:
            self._results([], is_final=True)

    async def _follow(self, moment: Moment) -> None:
        if moment.kind == "began":
            if self._query.vad_events:
                self._line.put({"type": "SpeechStarted", "channel": [0], "timestamp": round(moment.at_ms / 1000, 2)})
            self._interim_ms = moment.at_ms
            return
        if self._ear.began_ms is None:
            return
        if moment.silent_ms >= self._silence_ms():
            words = await words_of(self._ear, self._settings, self._query.language)
            self._ear.close()
            self._results(words, is_final=True, is_end=True)
            return
        every_ms = _INTERIM_EVERY_MS if self._ear.words else recognised_every_ms(self._ear)
        if moment.at_ms - self._interim_ms >= every_ms:
            self._interim_ms = moment.at_ms
            await self._go_on(moment)

    async def _go_on(self, moment: Moment) -> None:
        words = await words_of(self._ear, self._settings, self._query.language, is_partial=True)
        if self._ear.words and moment.at_ms - self._ear.words[0].start_ms >= _FINAL_EVERY_MS:
            self._ear.words = []
            self._results(words, is_final=True)
        elif self._query.interim:
            self._results(words, is_final=False)

    async def _finish(self, *, is_asked: bool) -> None:
        words = await words_of(self._ear, self._settings, self._query.language)
        self._ear.close()
        self._results(words, is_final=True, is_end=True, is_asked=is_asked)

    def _silence_ms(self) -> float:
        if self._query.endpointing_ms is None:
            return 10_000.0
        least = _LEAST_SILENCE_MS if self._ear.words or not self._settings.sentences else _RECOGNISER_SILENCE_MS
        return max(self._query.endpointing_ms, least)

    def _results(self, words: list[HeardWord], *, is_final: bool, is_end: bool = False, is_asked: bool = False) -> None:
        query = self._query
        languages = None
        if query.language == "multi":
            languages = ["en"]
        heard = alternative(words, punctuate=query.punctuate, fillers=query.fillers, languages=languages)
        result = {
            "type": "Results",
            "channel_index": [0, 1],
            "start": round(self._final_ms / 1000, 3),
            "duration": round((self._ear.at_ms - self._final_ms) / 1000, 3),
            "is_final": is_final,
            "speech_final": is_end,
            "channel": {"alternatives": [heard]},
            "metadata": {
                "request_id": self._request_id,
                "model_info": {"name": query.model, "version": "2026-01-01.0", "arch": query.model},
                "model_uuid": "00000000-0000-4000-8000-000000000003",
            },
            "from_finalize": is_asked,
        }
        self._line.put(result, after_ms=self._settings.first_final_ms if is_final and words else 0.0)
        if is_final:
            self._final_ms = self._ear.at_ms
        if is_end and words and query.utterance_end_ms:
            self._line.put(
                {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": round(words[-1].end_ms / 1000, 3)},
                after_ms=self._settings.first_final_ms + max(0.0, query.utterance_end_ms - self._silence_ms()),
            )

    def _metadata(self) -> dict[str, object]:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": "0" * 64,
            "created": "2026-01-01T00:00:00.000Z",
            "duration": round(self._ear.at_ms / 1000, 3),
            "channels": self._query.channels,
        }


def _first_channel(audio: bytes, channels: int) -> bytes:
    frame = 2 * channels
    whole = len(audio) // frame * frame
    return b"".join(audio[start : start + 2] for start in range(0, whole, frame))

"""Hearing by a service that knows no streams: livekit's bundled voice activity cuts stretches of speech out for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, inference, stt, vad

from agents.providers.sockets import Wire

_RATE = 16_000


class Inline(Executor):
    """Runs what it is given at once: a millisecond of arithmetic costs less than a thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Segments:
    """A stream of speech events over a recogniser of single stretches. Times are seconds since its first frame."""

    def __init__(
        self, recogniser: stt.STT[Any], *, offset: float, options: APIConnectOptions, seconds: float, wire: Wire
    ) -> None:
        self._recogniser = recogniser
        self._offset = offset
        self._options = options
        self._seconds = seconds
        self._wire = wire
        self._activity = inference.VAD(executor=Inline(), min_silence_duration=0.5).stream()
        self._events: asyncio.Queue[stt.SpeechEvent | None] = asyncio.Queue()
        self._work = asyncio.create_task(self._run())
        self._work.add_done_callback(lambda _: self._events.put_nowait(None))

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        """More of the candidate's audio."""
        self._activity.push_frame(frame)

    def end_input(self) -> None:
        """No more audio comes; speech that has not ended counts as ended."""
        silence = rtc.AudioFrame.create(_RATE, 1, _RATE)
        self._activity.push_frame(silence)
        self._activity.end_input()

    async def aclose(self) -> None:
        """Stop at once."""
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)
        await self._activity.aclose()

    def __aiter__(self) -> "Segments":
        return self

    async def __anext__(self) -> stt.SpeechEvent:
        event = await self._events.get()
        if event is not None:
            return event
        self._work.result()
        raise StopAsyncIteration

    async def _run(self) -> None:
        self._wire.opened()
        async for event in self._activity:
            if event.type == vad.VADEventType.START_OF_SPEECH:
                self._events.put_nowait(stt.SpeechEvent(type=stt.SpeechEventType.START_OF_SPEECH))
            elif event.type == vad.VADEventType.END_OF_SPEECH:
                await self._recognise(event)
                self._events.put_nowait(stt.SpeechEvent(type=stt.SpeechEventType.END_OF_SPEECH))

    async def _recognise(self, event: vad.VADEvent) -> None:
        heard = await asyncio.wait_for(
            self._recogniser.recognize(event.frames, conn_options=self._options), self._seconds
        )
        self._wire.received()
        if not heard.alternatives or not heard.alternatives[0].text.strip():
            return
        end = self._offset + event.samples_index / _RATE
        best = heard.alternatives[0]
        best.text = best.text.strip()
        best.start_time = end - sum(frame.duration for frame in event.frames)
        best.end_time = end
        self._events.put_nowait(
            stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT, request_id=heard.request_id, alternatives=[best])
        )

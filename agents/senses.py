"""The bundled models that hear when somebody speaks, and whether they have done: loaded once, run here."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar, cast

import numpy as np
from livekit.agents import inference
from livekit.agents.vad import VADStream
from livekit.local_inference import EOT

from agents.audio import SAMPLE_RATE

P = ParamSpec("P")
T = TypeVar("T")


class _Inline(Executor):
    """Runs at once on the calling thread: an inference takes less than changing threads for it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        # A future of the loop itself, which `run_in_executor` hands on as it is: whoever awaits it is not put off to
        # the loop's next round, thirty times a second for each interview.
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as failed:
            done.set_exception(failed)
        return cast("Future[T]", done)


class _Vad(inference.VAD):
    def emit(self, *_: object) -> None:
        """Tells nobody: each stream's metrics would go to every interview of the process, several times a second."""

    def stream(self) -> VADStream:
        """A stream whose events go to its listener alone.

        The library copies each of them for a task that counts them, thirty a second, for the metrics nobody is told.
        """
        stream = super().stream()
        stream._metrics_task.cancel()  # noqa: SLF001 - there is no option for it
        stream._metrics_task = asyncio.create_task(_nothing())  # noqa: SLF001 - closing the stream awaits it
        stream._event_aiter = stream._event_ch  # noqa: SLF001
        return stream


async def _nothing() -> None:
    pass


class _TurnDetector(inference.TurnDetector):
    def emit(self, *_: object) -> None:
        """As above."""


class Senses:
    """The bundled models that tell speech from noise and the end of a turn from a pause, loaded once a process.

    Both run here: pinned, so that no variable of the environment points them at a service.
    """

    def __init__(self, unlikely_threshold: float | None = None) -> None:
        """`unlikely_threshold`, 0–1, in place of the model's own: below it a pause is not the end of a turn."""
        self.vad = _Vad(
            min_silence_duration=0.25,
            # The audio of an utterance is kept for nobody here; a minute of it would cost 2 MB an interview.
            max_buffered_speech=2.0,
            executor=_Inline(),
        )
        if unlikely_threshold is None:
            self.turn_detector = _TurnDetector(version="v1-mini")
        else:
            self.turn_detector = _TurnDetector(version="v1-mini", unlikely_threshold=unlikely_threshold)

    async def warm(self) -> None:
        """Loads the weights and looks once, so that no candidate waits for it and no interview pays for its space."""
        stream = self.turn_detector.stream()
        await stream.aclose()
        await asyncio.to_thread(EOT().predict, np.zeros(SAMPLE_RATE, dtype=np.int16))

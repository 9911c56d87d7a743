"""One client's way out: messages in order, never waiting for a slow network."""

import asyncio
from uuid import UUID

import msgspec
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from agents import events
from agents.director import DirectorError
from agents.events import Channel, Event, Kind
from agents.plans import Plan
from agents.providers.accounts import Trouble
from agents.state import State
from agents.timing import TurnTimes
from server.live import protocol, views
from server.metrics import PROVIDER_FAILURES, SCORES_GIVEN, observe_turn
from server.tracing import InterviewTrace

log = structlog.get_logger(__name__)

MOST_WAITING = 2_000
"""Messages that may wait for a client; one that falls further behind is cut off and can come back."""

_SENTENCES = {
    "ended": "The interview has ended.",
    "taken_over": "This interview is now open in another window. Close the other one, or take it back from here.",
    "unavailable": "The interview cannot be kept at the moment, so it waits. Everything up to here is safe; come back.",
    "server_stopping": "The server is stopping. Everything is kept; reconnect in a moment to go on.",
    "too_many": "More waits for you than your line takes. Everything is kept; reconnect to go on.",
    "internal": "Something went wrong on our side. Everything up to here is kept; reconnect to go on.",
}


class SocketOutlet:
    """An `agents.conversation.Outlet` on a WebSocket."""

    def __init__(
        self,
        socket: WebSocket,
        plan: Plan,
        kind: Kind,
        channel: Channel,
        *,
        has_audio: bool = False,
        wants_figures: bool = False,
        trace: InterviewTrace | None = None,
    ) -> None:
        self.ended = asyncio.Event()
        """Set once the interview is over."""
        self.reported = asyncio.Event()
        """Set once its report is there."""
        self._socket = socket
        self._plan = plan
        self._kind = kind
        self._channel = channel
        self.trace = trace or InterviewTrace()
        self._has_audio = has_audio
        self._wants_figures = wants_figures
        self._interim = ""
        self._waiting: asyncio.Queue[protocol.ServerMessage | bytes | int | None] = asyncio.Queue()
        self._is_open = True
        self._view: protocol.StateView | None = None

    # --- agents.conversation.Outlet ----------------------------------------------------------------------------

    def fact(self, event: Event) -> None:
        """Tells of an event that has just been kept, unless the candidate may not see it."""
        if isinstance(event.payload, events.ScoreGiven):
            SCORES_GIVEN.labels(judged="no" if event.payload.level is None else "yes").inc()
        self.past(event)

    def moved(self, state: State, at_ms: int) -> None:
        view = views.state_view(self._plan, state, at_ms)
        if view != self._view:
            self._view = view
            self.send(protocol.State(state=view))

    def words(self, reply_id: UUID, text: str) -> bool:
        self.send(protocol.ReplyDelta(reply_id=reply_id, text=text))
        return self._is_open

    def reply_ended(self, reply_id: UUID, *, interrupted: bool) -> None:
        self.send(protocol.ReplyEnd(reply_id=reply_id, interrupted=interrupted))

    def kept(self, client_id: str, seq: int) -> None:
        self.send(protocol.Ack(client_id=client_id, seq=seq))

    def refused(self, client_id: str | None, error: Exception) -> None:
        code = error.code if isinstance(error, DirectorError) else "refused"
        self.send(protocol.Problem(code=code, message=str(error), client_id=client_id))

    def heard_so_far(self, text: str) -> None:
        if self._has_audio and text != self._interim:
            self._interim = text
            self.send(protocol.Interim(text=text))

    def measured(self, times: TurnTimes) -> None:
        """A turn's times, for the metrics, the operator's log, and a client that asked for them."""
        observe_turn(times, self._channel)
        self.trace.turn(times)
        figures = msgspec.structs.asdict(times)
        # Under a name that does not read as if it held what was said: those are redacted.
        figures["recognition_ms"] = figures.pop("transcription_ms")
        log.info("turn.measured", **figures)
        if self._wants_figures:
            self.send(
                protocol.TurnMeasured(
                    turn=times.turn,
                    draft=times.draft,
                    endpointing_ms=times.endpointing_ms,
                    transcription_ms=times.transcription_ms,
                    first_token_ms=times.first_token_ms,
                    first_byte_ms=times.first_byte_ms,
                    total_ms=times.total_ms,
                )
            )

    def troubled(self, trouble: Trouble) -> None:
        PROVIDER_FAILURES.labels(service=trouble.service, provider=trouble.provider, cause=trouble.cause).inc()

    # --- agents.audio.Line -------------------------------------------------------------------------------------

    def audio_began(self, segment: int, reply_id: UUID | None) -> None:
        self.send(protocol.AudioBegin(segment=segment, reply_id=reply_id))

    def audio(self, pcm: bytes) -> None:
        if self._is_open:
            self._put(pcm)

    def audio_ended(self, segment: int) -> None:
        self.send(protocol.AudioEnd(segment=segment))

    def audio_cleared(self, segment: int) -> None:
        # Frames that have not gone out yet never will.
        kept = [item for item in self._drained() if not isinstance(item, bytes)]
        for item in kept:
            self._waiting.put_nowait(item)
        self.send(protocol.AudioClear(segment=segment))

    def audio_paused(self, segment: int) -> None:
        self.send(protocol.AudioPause(segment=segment))

    def audio_resumed(self, segment: int) -> None:
        self.send(protocol.AudioResume(segment=segment))

    def closed(self, reason: str) -> None:
        """Tells the client why, and closes once that is sent."""
        if not self._is_open:
            return
        code = protocol.CLOSE_CODES.get(reason, protocol.CLOSE_CODES["internal"])
        sentence = _SENTENCES.get(reason, _SENTENCES["internal"])
        # Past `send`, which would count it among what this client has not yet read.
        self._waiting.put_nowait(
            protocol.Notice(code=reason, message=sentence)
            if reason == "ended"
            else protocol.Problem(code=reason, message=sentence, fatal=True, close_code=code)
        )
        self.finish(code)

    # --- the gateway's side ------------------------------------------------------------------------------------

    def past(self, event: Event, *, has_it: bool = False) -> None:
        """Tells of an event of the log, unless the client has it already or may not see it."""
        if isinstance(event.payload, events.InterviewEnded):
            self.ended.set()
        elif isinstance(event.payload, events.ReportReady):
            self.reported.set()
        message = None if has_it else views.fact_for_candidate(event, self._kind)
        if message is not None:
            self.send(message)

    def send(self, message: protocol.ServerMessage) -> None:
        """Queues a message; cuts off a client that has fallen too far behind."""
        if not self._is_open:
            return
        self._put(message)

    def _put(self, message: protocol.ServerMessage | bytes) -> None:
        self._waiting.put_nowait(message)
        if self._waiting.qsize() > MOST_WAITING:
            log.warning("live.client_too_slow", waiting=self._waiting.qsize())
            self.closed("too_many")

    def finish(self, close_code: int | None = None) -> None:
        """Ends the sending after what is queued, with the socket's close where a code is given."""
        self._is_open = False
        self._waiting.put_nowait(close_code)

    def _drained(self) -> list[protocol.ServerMessage | bytes | int | None]:
        return [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]

    async def drain(self) -> None:
        """Sends what is queued until the socket closes."""
        try:
            while True:
                message = await self._waiting.get()
                if message is None:
                    return
                if isinstance(message, bytes):
                    await self._socket.send_bytes(message)
                    continue
                if isinstance(message, int):
                    await self._socket.close(message)
                    return
                await self._socket.send_text(protocol.write(message))
        except (WebSocketDisconnect, RuntimeError, OSError):
            # Starlette raises RuntimeError for a send after the close; the reader sees the close itself.
            self._is_open = False
        except Exception:
            log.exception("live.sending_failed")
            self._is_open = False

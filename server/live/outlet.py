"""One client's way out: messages in order, never waiting for a slow network."""

import asyncio
from uuid import UUID

import msgspec
import structlog
from starlette.websockets import WebSocket

from agents import events
from agents.director import DirectorError
from agents.events import Channel, Event, Kind
from agents.plans import Plan
from agents.providers.accounts import Trouble
from agents.state import State
from agents.timing import TurnTimes
from server.live import protocol, views
from server.live.outbox import Outbox
from server.metrics import PROVIDER_FAILURES, SCORES_GIVEN, observe_turn
from server.tracing import InterviewTrace

log = structlog.get_logger(__name__)


class SocketOutlet(Outbox):
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
        super().__init__(socket)
        self._plan = plan
        self._kind = kind
        self._channel = channel
        self.trace = trace or InterviewTrace()
        self._has_audio = has_audio
        self._wants_figures = wants_figures
        self._interim = ""
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

    def held(self, words: str) -> None:
        self.send(protocol.Notice(code="one_moment" if words else "going_on", message=words))

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

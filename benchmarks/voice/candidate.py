"""One candidate in a spoken interview: listens, answers, now and then cuts in, and notes how long everything took.

Pure: told what comes and asked for a frame every 20 ms; times are seconds of one monotonic clock.
"""

import random

import msgspec

from agents.events import Request
from benchmarks.voice.clips import Clip, Kind
from benchmarks.voice.hearing import Loudspeaker
from benchmarks.voice.marking import SILENCE, marked
from server.live.protocol import (
    AudioBegin,
    AudioClear,
    AudioEnd,
    AudioPause,
    AudioResume,
    Fact,
    Playback,
    Press,
    Problem,
    ReplyEnd,
    ServerMessage,
    TurnMeasured,
)

ANSWERS_AFTER_S = (0.3, 0.8)
CUTS_IN_SHARE = 0.1
CUTS_IN_AFTER_S = (0.8, 2.5)
PAUSED_SHARE = 0.3
"""Of the utterances, how many have a pause inside."""
UNANSWERED_AFTER_S = 15.0
CONSENTS_AFTER_S = 1.0
NEW_SOUND_AFTER_S = 0.3
"""Sound after so much silence is new: where we are speaking, it cuts in."""


class Uttered(msgspec.Struct, kw_only=True):
    """One utterance."""

    number: int
    kind: Kind
    loud_frames: int
    began_at: float
    ended_at: float = 0.0
    """When its last frame with sound was sent; 0 before that."""
    answered_ms: float | None = None
    """From there to the first audio of a reply that began later."""


class BargeIn(msgspec.Struct, kw_only=True):
    """Sound of the candidate's while we spoke."""

    at: float
    ms: float


class Account(msgspec.Struct, kw_only=True):
    """What one candidate has to tell."""

    interview_id: str
    uttered: list[Uttered] = []
    barge_ins: list[BargeIn] = []
    measured: list[tuple[float, TurnMeasured]] = []
    errors: list[str] = []
    is_ended: bool = False
    is_reported: bool = False


class Candidate:
    def __init__(self, interview_id: str, clips: dict[Kind, list[Clip]], chance: random.Random, first: int) -> None:
        """`first` numbers the first utterance."""
        self.account = Account(interview_id=interview_id)
        self.has_settled = False
        """Whether the first spoken turn has been answered."""
        self._clips = clips
        self._chance = chance
        self._number = first
        self._ear = Loudspeaker()
        self._saying: Uttered | None = None
        self._frames: list[bytes] = []
        self._at = 0
        self._sounded_at = 0.0
        self._cutting_in_at: float | None = None
        self._awaiting: Uttered | None = None
        self._has_reply_ended = True
        self._speaks_at: float | None = None
        self._cuts_in = False
        self._has_consented = False
        self._wants_to_leave = False
        self._has_left = False

    def leave(self) -> None:
        """Asks for the end as soon as the last utterance has been answered."""
        self._wants_to_leave = True

    def dropped(self) -> None:
        """The line is gone: an utterance under way stays unfinished, and on the next line everything begins anew."""
        self._ear = Loudspeaker()
        self._saying = self._awaiting = None
        self._has_reply_ended = True
        self._cuts_in, self._speaks_at, self._cutting_in_at = False, None, None

    # --- what comes --------------------------------------------------------------------------------------------

    def audio(self, size: int, now: float) -> None:
        ear = self._ear
        is_first = ear.began_at is None
        ear.frame(size, now)
        if is_first and self._awaiting is not None and self._saying is None:
            self._awaiting.answered_ms = (now - self._awaiting.ended_at) * 1000
            self._awaiting, self.has_settled = None, True

    def message(self, message: ServerMessage, now: float) -> Playback | None:
        """Takes a message; what is to be answered at once."""
        ear = self._ear
        match message:
            case AudioBegin():
                ear.begin(message.segment, now)
                self._has_reply_ended = False
                self._cutting_in_at = None
                self._plan_reaction()
            case AudioEnd():
                ear.end()
            case AudioPause():
                ear.pause(now)
                self._fell_silent(now)
            case AudioResume():
                ear.resume(now)
            case AudioClear() if ear.is_playing:
                self._fell_silent(now)
                return ear.clear(now)
            case ReplyEnd():
                self._has_reply_ended = True
            case TurnMeasured():
                self.account.measured.append((now, message))
            case Problem():
                self.account.errors.append(message.code)
            case Fact():
                self._fact(message)
            case _:
                pass
        return None

    def _fact(self, fact: Fact) -> None:
        match fact.event["type"]:
            case "interview.ended":
                self.account.is_ended = True
            case "report.ready":
                self.account.is_reported = True
            case _:
                pass

    def _fell_silent(self, now: float) -> None:
        if self._cutting_in_at is not None:
            self.account.barge_ins.append(BargeIn(at=now, ms=(now - self._cutting_in_at) * 1000))
            self._cutting_in_at = None

    def _plan_reaction(self) -> None:
        # The first words are the greeting, under which nobody cuts in.
        self._cuts_in = self.has_settled and not self._wants_to_leave and self._chance.random() < CUTS_IN_SHARE
        self._speaks_at = None

    # --- every 20 ms -------------------------------------------------------------------------------------------

    def tick(self, now: float) -> tuple[bytes, list[Playback | Press]]:
        """The microphone's next frame, and the messages to send before it."""
        said: list[Playback | Press] = []
        report = self._ear.report(now)
        if report is not None:
            said.append(report)
        if self._saying is None:
            pressed = self._press(now)
            if pressed is not None:
                said.append(pressed)
            elif self._has_consented and not self._has_left and self._is_time_to_speak(now):
                self._begin(now)
        return self._next_frame(), said

    def sent(self, pcm: bytes, now: float) -> None:
        """The frame of the last `tick` has been given to the socket."""
        saying = self._saying
        if saying is None or pcm == SILENCE:
            return
        if self._ear.is_sounding and self._cutting_in_at is None and now - self._sounded_at > NEW_SOUND_AFTER_S:
            self._cutting_in_at = now
        self._sounded_at = now
        if self._at >= len(self._frames):
            saying.ended_at = now
            self._saying, self._awaiting = None, saying

    def _next_frame(self) -> bytes:
        if self._saying is None:
            return SILENCE
        self._at += 1
        return self._frames[self._at - 1]

    def _press(self, now: float) -> Press | None:
        """The key that is to be pressed now: consent first, and the end at the end."""
        if not self._has_consented:
            began_at = self._ear.began_at
            if began_at is not None and now - began_at >= CONSENTS_AFTER_S:
                self._has_consented = True
                return _press("consent")
        elif self._wants_to_leave and not self._has_left and not self._is_waiting(now):
            self._has_left = True
            return _press("end")
        return None

    def _is_waiting(self, now: float) -> bool:
        """Whether an utterance is still to be answered; one for which that takes too long is given up."""
        awaiting = self._awaiting
        if awaiting is not None and now - awaiting.ended_at > UNANSWERED_AFTER_S:
            self.account.errors.append("unanswered")
            self._awaiting = awaiting = None
        return awaiting is not None

    def _is_time_to_speak(self, now: float) -> bool:
        if self._is_waiting(now) or self._wants_to_leave:
            return False
        ear = self._ear
        if ear.is_playing:
            self._speaks_at = self._speaks_at if self._cuts_in else None
            if not self._cuts_in or ear.began_at is None:
                return False
            if self._speaks_at is None:
                self._speaks_at = ear.began_at + self._chance.uniform(*CUTS_IN_AFTER_S)
            return now >= self._speaks_at and ear.is_sounding
        if not self._has_reply_ended or ear.began_at is None:
            return False
        if self._speaks_at is None or self._cuts_in:
            self._cuts_in = False
            self._speaks_at = ear.quiet_since + self._chance.uniform(*ANSWERS_AFTER_S)
        return now >= self._speaks_at

    def _begin(self, now: float) -> None:
        kind = self._kind()
        clip = self._chance.choice(self._clips[kind])
        self._frames, self._at = marked(clip.frames, self._number), 0
        loud = int(clip.frames.any(axis=1).sum())
        self._saying = Uttered(number=self._number, kind=kind, loud_frames=loud, began_at=now)
        self.account.uttered.append(self._saying)
        self._number += 1
        self._cuts_in, self._speaks_at = False, None
        self._cutting_in_at = None

    def _kind(self) -> Kind:
        if not self.has_settled or self._chance.random() >= PAUSED_SHARE:
            return "plain"
        return "between sentences" if self._chance.random() < 0.5 else "within a sentence"


def _press(request: Request) -> Press:
    return Press(client_id=request, request=request)

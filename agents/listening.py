"""What becomes of the candidate's sound: words kept, drafts begun and dropped, turns closed, patience fitted."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from agents import events, inbox
from agents.drafting import Drafting
from agents.events import Event
from agents.providing import Providing
from agents.session import Ended, Final, Hearing, joined
from agents.speaking import Speaker
from agents.state import State
from agents.turn_taking import Endpointing, asks_yes_or_no, endpointing, is_backchannel
from storage.ids import uuid7

ACTIVE_EVERY_MS = 1_000
"""How often words on their way count anew as a sign that the candidate is there."""

HELD_FOR_S = 3.5
"""How long the end of a turn waits for words that were said before it: as long as a provider may take to fail."""
HELD_EVERY_S = 0.1


class Scene(Protocol):
    """The interview as it is just now."""

    @property
    def state(self) -> State: ...

    def now_ms(self) -> int:
        """Interview time."""
        ...

    @property
    def so_far(self) -> Sequence[Event]:
        """The log."""
        ...


class Listening:
    """Told by the voice what it hears. Whatever moves the interview goes to its inbox, in order."""

    def __init__(
        self,
        scene: Scene,
        drafting: Drafting,
        providing: Providing,
        *,
        put: Callable[[inbox.Item], None],
        heard_so_far: Callable[[str], None],
    ) -> None:
        """`heard_so_far` shows what the candidate seems to be saying."""
        self.speaker: Speaker | None = None
        """Whose voice listens; it is made with `hearing`."""
        self._scene = scene
        self._drafting = drafting
        self._providing = providing
        self._put = put
        self._heard_so_far = heard_so_far
        self.is_stirred = False
        """Whether the candidate, or somebody near, is making a sound."""
        self._active_ms = 0
        self._endpointing: Endpointing | None = None
        self._held: asyncio.TimerHandle | None = None

    def hearing(self) -> Hearing:
        """What a voice calls. Its captions are the speaker's own affair."""
        return Hearing(
            text=lambda _text: None,
            turn_ended=self.turn_ended,
            final=self._final,
            interim=self.interim,
            preflight=self.preflight,
            stirred=self._stirred,
            began=lambda: self._providing.serves("tts"),
            cut_short=lambda: self._put(inbox.CutShort()),
            closed=lambda: self._put(inbox.Voiceless()),
        )

    def interim(self, text: str = "") -> None:
        """The candidate goes on speaking: what was drafted for an earlier end is void."""
        self._drafting.drop()
        self._providing.serves("stt")
        self._heard_so_far(self._with_finals(text))
        now_ms = self._scene.now_ms()
        if now_ms - self._active_ms > ACTIVE_EVERY_MS:
            self._active_ms = now_ms
            self._put(inbox.Active())

    def preflight(self, text: str) -> None:
        """The candidate may be done, with these words beyond what is settled: a reply to it all is drafted.

        Nothing is appended and nothing moves.
        """
        scene = self._scene
        is_over = scene.state.phase == "ended"  # What is said after the goodbye is kept, and not answered.
        if not is_over and (self.speaker is None or self.speaker.reply is None):
            self._drafting.start(scene.state, self._with_finals(text), scene.now_ms(), scene.so_far)

    def final(self, final: events.SpeechFinal) -> None:
        """The recogniser has settled on some words: they are kept at once, whatever becomes of the turn."""
        self._put(inbox.SpeechFinal(final))

    def turn_ended(self, end: Ended) -> None:
        """The voice heard the end of a spoken turn; its text is what it takes the turn for.

        Held while the recogniser is behind. A final that comes meanwhile brings an end of its own.
        """
        self._let_go()
        self._close_turn(end, HELD_FOR_S)

    def _close_turn(self, end: Ended, patience_s: float) -> None:
        self._held = None
        if patience_s > 0 and self.speaker is not None and self.speaker.is_behind:
            loop = asyncio.get_running_loop()
            self._held = loop.call_later(HELD_EVERY_S, self._close_turn, end, patience_s - HELD_EVERY_S)
        else:
            self._put(inbox.TurnEnded(end))

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.cancel()
            self._held = None

    def fit_patience(self, *, anew: bool = False) -> None:
        """How long a pause ends a turn, where the interview is now; `anew` for a voice that was just made."""
        state, speaker = self._scene.state, self.speaker
        wanted = endpointing(state.patience, state.phase, has_asked_for_time=state.silences < 0)
        if speaker is not None and speaker.is_spoken and (anew or wanted != self._endpointing):
            self._endpointing = wanted
            speaker.be_patient(wanted.min_delay_s, wanted.max_delay_s)

    def _stirred(self, begins: bool) -> None:
        self.is_stirred = begins
        self._put(inbox.Active())

    def _final(self, final: Final) -> bool:
        """Keeps what was heard, with its words in interview time; False for an "mhm" under our own words."""
        self._providing.serves("stt")
        state, speaker = self._scene.state, self.speaker
        is_asking = state.pending is not None and asks_yes_or_no(state.pending.kind)
        is_under_ours = speaker is not None and speaker.is_sounding
        if is_under_ours and not is_asking and is_backchannel(final.text, state.language):
            return False
        self._let_go()
        # The session's time began with its first frame; interview time stands still now and then.
        shift_ms = self._scene.now_ms() - round(speaker.heard_ms if speaker is not None else 0)
        words = tuple(
            events.Word(
                text=word.text,
                from_ms=max(0, word.from_ms + shift_ms),
                to_ms=max(0, word.to_ms + shift_ms),
                confidence=word.confidence,
            )
            for word in final.words
        )
        self.final(events.SpeechFinal(utterance_id=uuid7(), text=final.text, confidence=final.confidence, words=words))
        return True

    def _with_finals(self, text: str) -> str:
        return joined([*(words for _, words in self._scene.state.finals), text])

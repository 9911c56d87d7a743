"""An interview's log as its holder has it: what was kept, the state it comes to, and interview time."""

from collections.abc import Callable, Sequence

from agents.clock import InterviewClock
from agents.events import AnyPayload, CandidateJoined, Event, InterviewHeld, TurnClosed
from agents.log import InterviewLog
from agents.state import State, evolve, fold
from storage.errors import DatabaseUnavailable, StaleEpoch


class Record:
    """Written under one epoch of the lease. What others write beside us is read when it is seen."""

    def __init__(
        self,
        journal: InterviewLog,
        monotonic: Callable[[], float],
        *,
        took: Callable[[Sequence[Event]], None],
        held: Callable[[InterviewHeld | None], None],
    ) -> None:
        """`took` is told of every event once, in order; `held` None when the log cannot be written, and how long that
        was when it can again. Interview time stands still meanwhile."""
        self.state = State()
        self.epoch = 0
        self.turns = 0
        """How many turns the candidate has had."""
        self.events: list[Event] = []
        """The log, as far as we know it."""
        self.journal = journal
        self._monotonic = monotonic
        self._clock = InterviewClock(monotonic)
        self._took = took
        self._held = held
        self._held_at: float | None = None
        journal.held = self._hold

    async def open(self, holder: str) -> None:
        """Takes the lease and folds the log. Raises `NotFound`, `DatabaseUnavailable`."""
        epoch = await self.journal.take_over(holder)
        self.epoch = epoch or 0
        self.events = await self.journal.read()
        self.state = fold(self.events)
        self.turns = sum(isinstance(event.payload, TurnClosed) for event in self.events)
        self._clock = InterviewClock(self._monotonic, self.state.at_ms)

    def now_ms(self) -> int:
        """Interview time."""
        return self._clock.now_ms()

    async def append(self, facts: Sequence[AnyPayload], at_ms: int, client_id: str | None = None) -> list[Event]:
        """Keeps facts, and takes them. Raises as `InterviewLog.append` does."""
        written = await self.journal.append(self.epoch, at_ms, facts, client_id)
        before = written[0].seq
        if before != self.state.seq + 1:
            # What others wrote: scores, notes, the report.
            self._take([event for event in await self.journal.read_on(self.state.seq) if event.seq < before])
        self._take(written)
        return written

    async def look(self) -> bool:
        """Reads on; False where that is not possible just now. Raises `StaleEpoch`."""
        try:
            news = await self.journal.read(self.state.seq)
        except DatabaseUnavailable:
            return False
        if any(isinstance(event.payload, CandidateJoined) for event in news):
            # Only who holds the interview lets a candidate in, and that was not us: another process does now.
            raise StaleEpoch(self.journal.interview_id, self.epoch)
        self._take(news)
        return True

    def kept_as(self, client_id: str) -> int | None:
        """The event under which a message of this id was kept. We hold the lease, so our copy of the log is whole."""
        return next((event.seq for event in self.events if event.client_id == client_id), None)

    def _take(self, written: Sequence[Event]) -> None:
        for event in written:
            self.state = evolve(self.state, event)
            self.events.append(event)
            self.turns += isinstance(event.payload, TurnClosed)
        self._clock.run(running=self._runs)
        self._took(written)

    @property
    def _runs(self) -> bool:
        return self.state.present and not self.state.paused and self.state.phase != "ended" and self._held_at is None

    def _hold(self, is_held: bool) -> None:
        was_at, self._held_at = self._held_at, self._monotonic() if is_held else None
        self._clock.run(running=self._runs)
        if is_held:
            self._held(None)
        elif was_at is not None:
            self._held(InterviewHeld(for_ms=round((self._monotonic() - was_at) * 1000), was_said=True))

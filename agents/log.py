"""The interview's log as the talking world sees it: facts in, numbered events out, tasks in the same transaction."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import TypeVar
from uuid import UUID, uuid5

from agents import events
from agents.events import AnyPayload, Event
from agents.timing import TurnTimes
from storage import events as kept
from storage import interviews, queue, reports
from storage.database import Connection, Database
from storage.errors import AlreadyKept, DatabaseUnavailable
from storage.ids import uuid7

T = TypeVar("T")

SCORE_TASK = "score"
REPORT_TASK = "report"
RETRY_S = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Waits between the tries of an append while the database is away; the last is repeated."""
TRY_WITHIN_S = 2.5
"""How long one try may take before it is given up, its outcome unknown."""
HELD_AFTER_S = 1.0
"""How long an append fails before the interview is told that it has to wait."""
HOLD_S = 60.0
"""How long it waits. Half of the lease: until then nobody else has taken the interview without our candidate."""
_STATUS: dict[str, interviews.Status] = {"abandoned": "abandoned", "expired": "expired", "declined": "cancelled"}
LEASE = timedelta(minutes=2)


class InterviewLog:
    """One interview's log. The only way by which the talking world writes facts."""

    def __init__(
        self,
        database: Database,
        tenant_id: UUID,
        interview_id: UUID,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        appended: Callable[[Sequence[kept.EventRecord], float], None] = lambda _records, _seconds: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`appended` is told what was committed, and how long that took, s."""
        self.held: Callable[[bool], None] = lambda _is_held: None
        """Told True when an append has to wait for the database, and False when that is over."""
        self.interview_id = interview_id
        self.tenant_id = tenant_id
        self._database = database
        self._now = now
        self._appended = appended
        self._monotonic = monotonic
        self._keeping: set[asyncio.Task[None]] = set()

    async def take_over(self, holder: str) -> int | None:
        """Takes the lease from whoever had it; returns the new epoch, None when the interview is over."""
        async with self._database.tenant(self.tenant_id) as connection:
            return await interviews.take_over(
                connection, self.interview_id, holder=holder, held_until=self._now() + LEASE
            )

    async def read_on(self, after: int) -> list[Event]:
        """The events after a `seq`, however long the database is away, up to a minute."""
        return await self._patiently(lambda: self.read(after))

    async def read(self, after: int = 0) -> list[Event]:
        """The events after a `seq`, in order."""
        async with self._database.tenant(self.tenant_id) as connection:
            records = await kept.events_after(connection, self.interview_id, after)
        return [from_record(record) for record in records]

    async def append(
        self, epoch: int, at_ms: int, facts: Sequence[AnyPayload], client_id: str | None = None
    ) -> list[Event]:
        """Appends conversation facts, all or none, and the tasks that follow from them.

        While the database is away it tries again for up to a minute; an append whose outcome is unknown is looked
        up by its events' ids, so that nothing is kept twice. Raises `StaleEpoch`, `AlreadyKept` for a `client_id`
        that was kept before, and `DatabaseUnavailable` when that minute is over.
        """
        new = self._numbered(at_ms, facts, client_id)
        seqs = await self._patiently(lambda: self._append_once(epoch, new))
        return [_event(seq, event, fact) for seq, event, fact in zip(seqs, new, facts, strict=True)]

    def keep_times(
        self, times: TurnTimes, reply_id: UUID, interrupted_at_ms: int | None, served: dict[str, str]
    ) -> None:
        """Keeps how long a turn took, after and beside everything else: nobody waits for it."""
        task = asyncio.create_task(self._keep_times(times, reply_id, interrupted_at_ms, served))
        self._keeping.add(task)
        task.add_done_callback(self._keeping.discard)

    async def _keep_times(
        self, times: TurnTimes, reply_id: UUID, interrupted_at_ms: int | None, served: dict[str, str]
    ) -> None:
        turn = reports.Turn(
            interview_id=self.interview_id,
            turn_number=times.turn,
            draft=times.draft,
            reply_id=reply_id,
            endpointing_ms=times.endpointing_ms,
            transcription_ms=times.transcription_ms,
            first_token_ms=times.first_token_ms,
            first_byte_ms=times.first_byte_ms,
            total_ms=times.total_ms,
            interrupted=interrupted_at_ms is not None,
            interrupted_at_ms=interrupted_at_ms,
            served=served,
        )
        # A measure that is lost is only that.
        with suppress(DatabaseUnavailable):
            async with self._database.tenant(self.tenant_id) as connection:
                await reports.save_turn(connection, turn)

    async def close(self) -> None:
        """Waits for what is still being kept."""
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Tries again while the database is away, and says when the interview has to wait for it."""
        began, is_held = self._monotonic(), False
        try:
            for wait_s in chain(RETRY_S, repeat(RETRY_S[-1])):
                try:
                    async with asyncio.timeout(TRY_WITHIN_S):
                        return await attempt()
                except (DatabaseUnavailable, TimeoutError) as lost:
                    away_s = self._monotonic() - began
                    if away_s >= HOLD_S:
                        raise DatabaseUnavailable(type(lost).__name__) from lost
                    if away_s >= HELD_AFTER_S and not is_held:
                        is_held = True
                        self.held(True)
                await asyncio.sleep(wait_s)
            raise AssertionError
        finally:
            if is_held:
                self.held(False)

    async def _append_once(self, epoch: int, new: Sequence[kept.NewEvent]) -> list[int]:
        try:
            return await self._append(epoch, new)
        except AlreadyKept:
            # An earlier try may have succeeded without our hearing of it.
            ours = await self._kept_before(new)
            if ours is None:
                raise
            return ours

    def _numbered(self, at_ms: int, facts: Sequence[AnyPayload], client_id: str | None) -> list[kept.NewEvent]:
        at = self._now()
        # The client's id stands on the fact it sent, not on what follows from it.
        sent = next((fact for fact in facts if isinstance(fact, events.TurnClosed | events.RequestMade)), facts[0])
        return [
            kept.NewEvent(
                id=uuid7(),
                type=events.type_of(fact),
                at=at,
                at_ms=at_ms,
                actor=events.actor_of(fact),
                payload=events.to_document(fact),
                client_id=client_id if fact is sent else None,
            )
            for fact in facts
        ]

    async def _append(self, epoch: int, new: Sequence[kept.NewEvent]) -> list[int]:
        began = time.perf_counter()
        async with self._database.tenant(self.tenant_id) as connection:
            seqs = await kept.append(connection, self.interview_id, epoch, new)
            await self._follow(connection, new)
        records = [_record(seq, event, epoch) for seq, event in zip(seqs, new, strict=True)]
        self._appended(records, time.perf_counter() - began)
        return seqs

    async def _kept_before(self, new: Sequence[kept.NewEvent]) -> list[int] | None:
        """The events of an append that had succeeded although its answer was lost."""
        async with self._database.tenant(self.tenant_id) as connection:
            seq = await kept.kept_seq(connection, self.interview_id, event_id=new[0].id)
        if seq is None:
            return None
        return list(range(seq, seq + len(new)))

    async def _follow(self, connection: Connection, new: Sequence[kept.NewEvent]) -> None:
        """What must be true at the same moment as the facts: the interview's status, and the work they call for."""
        job = queue.Job(tenant_id=self.tenant_id, entity_id=self.interview_id)
        for event in new:
            match event.type:
                case "answer.closed":
                    await queue.enqueue(connection, SCORE_TASK, job)
                case "interview.ended":
                    await queue.enqueue(connection, REPORT_TASK, job)
                    await self._end(connection, event)
                case "candidate.joined" | "interview.resumed":
                    await interviews.set_status(connection, self.interview_id, "in_progress", at=event.at)
                case "language.changed":
                    await interviews.set_language(connection, self.interview_id, event.payload["language"])
                case "interview.paused":
                    await interviews.set_status(connection, self.interview_id, "paused", at=event.at)

    async def _end(self, connection: Connection, event: kept.NewEvent) -> None:
        reason = event.payload["reason"]
        status = _STATUS.get(reason, "completed")
        await interviews.set_status(
            connection, self.interview_id, status, at=event.at, duration_seconds=event.at_ms // 1000
        )


def side_fact_id(interview_id: UUID, act: str) -> UUID:
    """The id of the side fact that an act makes."""
    return uuid5(interview_id, act)


async def append_side_fact(
    connection: Connection, interview_id: UUID, fact: AnyPayload, actor: str, act: str, at: datetime, at_ms: int
) -> int | None:
    """Appends a fact that needs no lease, in the caller's transaction. `act` names it: done again it is kept once.

    Returns its `seq`, None when it was there already.
    """
    new = kept.NewEvent(
        id=side_fact_id(interview_id, act),
        type=events.type_of(fact),
        at=at,
        at_ms=at_ms,
        actor=actor,
        payload=events.to_document(fact),
    )
    try:
        return await kept.append_side_fact(connection, interview_id, new)
    except AlreadyKept as earlier:
        if earlier.seq is None:
            raise
        return None


def from_record(record: kept.EventRecord) -> Event:
    """An event as it was kept."""
    return Event(
        seq=record.seq,
        id=record.id,
        at=record.at,
        at_ms=record.at_ms,
        actor=record.actor,
        payload=events.from_document(record.payload),
        client_id=record.client_id,
    )


def _record(seq: int, new: kept.NewEvent, epoch: int) -> kept.EventRecord:
    return kept.EventRecord(seq, new.id, new.type, new.at, new.at_ms, new.actor, new.payload, new.client_id, epoch)


def _event(seq: int, new: kept.NewEvent, fact: AnyPayload) -> Event:
    return Event(seq=seq, id=new.id, at=new.at, at_ms=new.at_ms, actor=new.actor, payload=fact, client_id=new.client_id)

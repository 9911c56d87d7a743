"""The log of an interview: facts, numbered without gaps, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from storage.database import Connection, Row
from storage.errors import AlreadyKept, NotFound, StaleEpoch


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A fact to append. `id` and, where a client sent it, `client_id` are unique in an interview.

    `payload` is whatever msgspec can encode, a struct, a dict or msgspec.Raw; `at_ms` is interview time in
    ms, `at` the wall's; `actor` who said or did it.
    """

    id: UUID
    type: str
    at: datetime
    at_ms: int
    actor: str
    payload: Any
    client_id: str | None = None


class EventRecord(msgspec.Struct, frozen=True):
    """A fact as it is kept. `epoch` is that of the lease it was written under, None for a side fact."""

    seq: int
    id: UUID
    type: str
    at: datetime
    at_ms: int
    actor: str
    payload: Any
    client_id: str | None
    epoch: int | None


# Takes the numbers and inserts in one statement: whoever raises last_seq holds the interview's row until it
# commits, so numbers have no gaps and no two writers share one. With an epoch, only its holder finds the
# row.
_APPEND = """
with given as (
  select * from unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::bigint[], $7::text[], $8::jsonb[], $9::text[])
    with ordinality as g(id, type, at, at_ms, actor, payload, client_id, n)),
kept as (
  select seq, id, client_id from interview.events where interview_id = $1 and id = any($3)
  union
  select seq, id, client_id from interview.events where interview_id = $1 and client_id = any($9)),
held as (
  update interview.interviews
     set last_seq = last_seq + cardinality($3), last_event_at = (select max(at) from given)
   where id = $1 and ($2::bigint is null or epoch = $2) and not exists (select from kept)
  returning tenant_id, last_seq - cardinality($3) as before),
appended as (
  insert into interview.events
    (interview_id, seq, tenant_id, id, client_id, epoch, at, at_ms, type, actor, payload)
  select $1, h.before + g.n, h.tenant_id, g.id, g.client_id, $2, g.at, g.at_ms, g.type, g.actor, g.payload
    from held h cross join given g
  returning seq)
select seq, null::uuid as id, null::text as client_id from appended
union all
select seq, id, client_id from kept
order by seq
"""

_SELECT = """
select seq, id, type, at, at_ms, actor, payload, client_id, epoch from interview.events
 where interview_id = $1 and seq > $2 order by seq limit $3
"""


async def append(connection: Connection, interview_id: UUID, epoch: int, events: Sequence[NewEvent]) -> list[int]:
    """Append conversation facts under the lease's epoch, all of them or none. Returns their numbers in order.

    Raises StaleEpoch when another process has taken over, AlreadyKept when one of them is in the log; let
    either leave the transaction, so that nothing that belongs to the facts is kept without them.
    """
    numbers = await _append(connection, interview_id, epoch, events)
    if events and not numbers:
        raise StaleEpoch(interview_id, epoch)
    return numbers


async def append_side_fact(connection: Connection, interview_id: UUID, event: NewEvent) -> int:
    """Append what needs no lease: a score, a note, a flag, a comment. Returns its number.

    Raises NotFound, AlreadyKept.
    """
    numbers = await _append(connection, interview_id, None, [event])
    if not numbers:
        raise NotFound("interview", interview_id)
    return numbers[0]


async def events_after(
    connection: Connection, interview_id: UUID, seq: int = 0, limit: int | None = None
) -> list[EventRecord]:
    """The facts numbered above `seq`, in order."""
    rows = await connection.fetch(_SELECT, interview_id, seq, limit)
    return [EventRecord(*row) for row in rows]


async def kept_seq(
    connection: Connection, interview_id: UUID, *, event_id: UUID | None = None, client_id: str | None = None
) -> int | None:
    """The number under which an event with this id, or this client id, is in the log."""
    number: int | None = await connection.fetchval(
        "select seq from interview.events where interview_id = $1 and (id = $2 or client_id = $3) limit 1",
        interview_id,
        event_id,
        client_id,
    )
    return number


async def _append(
    connection: Connection, interview_id: UUID, epoch: int | None, events: Sequence[NewEvent]
) -> list[int]:
    if not events:
        return []
    _refuse_repeats(events)
    try:
        rows = await connection.fetch(
            _APPEND,
            interview_id,
            epoch,
            [event.id for event in events],
            [event.type for event in events],
            [event.at for event in events],
            [event.at_ms for event in events],
            [event.actor for event in events],
            [event.payload for event in events],
            [event.client_id for event in events],
        )
    except asyncpg.UniqueViolationError as twice:
        # Kept by a transaction that committed after this statement began to look.
        raise AlreadyKept(None, None, None) from twice
    return _numbers(rows)


def _numbers(rows: Sequence[Row]) -> list[int]:
    for row in rows:
        if row["id"] is not None:
            raise AlreadyKept(row["id"], row["client_id"], row["seq"])
    return [row["seq"] for row in rows]


def _refuse_repeats(events: Sequence[NewEvent]) -> None:
    client_ids = [event.client_id for event in events if event.client_id is not None]
    if len({event.id for event in events}) < len(events) or len(set(client_ids)) < len(client_ids):
        raise ValueError("two of the events given have the same id or client_id")

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from storage.database import Database
from storage.errors import AlreadyKept, NotFound, StaleEpoch
from storage.events import NewEvent, append, append_side_fact, events_after, kept_seq
from storage.ids import uuid7
from storage.interviews import interview, take_over
from storage.queue import Job, enqueue, waiting
from tests.conftest import Person
from tests.storage.conftest import NOON, MakeInterview


def said(text: str, *, client_id: str | None = None, at_ms: int = 0, payload: Any = None) -> NewEvent:
    return NewEvent(
        id=uuid7(),
        type="speech.final",
        at=NOON + timedelta(milliseconds=at_ms),
        at_ms=at_ms,
        actor="candidate",
        payload=payload if payload is not None else {"text": text},
        client_id=client_id,
    )


@pytest.fixture
async def held(tenant: Person, make_interview: MakeInterview, database: Database) -> UUID:
    """An interview held under epoch 1."""
    interview_id = await make_interview(tenant)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await take_over(connection, interview_id, "here", NOON) == 1
    return interview_id


async def test_facts_are_numbered_in_the_order_given_and_read_back_as_they_were(
    database: Database, tenant: Person, held: UUID
) -> None:
    first = said("I led the migration.", client_id="a", at_ms=1500, payload={"text": "año", "n": [1, 2.5, None]})
    second = said("Then we measured.", at_ms=2500)
    async with database.tenant(tenant.tenant_id) as connection:
        assert await append(connection, held, 1, [first, second]) == [1, 2]
        assert await append(connection, held, 1, [said("Third.")]) == [3]
    async with database.tenant(tenant.tenant_id) as connection:
        kept = await events_after(connection, held)
        assert [event.seq for event in kept] == [1, 2, 3]
        assert kept[0].id == first.id
        assert kept[0].payload == {"text": "año", "n": [1, 2.5, None]}
        assert (kept[0].at, kept[0].at_ms, kept[0].client_id, kept[0].epoch) == (first.at, 1500, "a", 1)
        assert [event.seq for event in await events_after(connection, held, seq=1, limit=1)] == [2]
        row = await interview(connection, held)
        assert (row.last_seq, row.last_event_at) == (3, NOON)


async def test_a_stale_holder_appends_nothing_and_nothing_is_lost(
    database: Database, tenant: Person, held: UUID
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        await append(connection, held, 1, [said("before")])
        assert await take_over(connection, held, "there", NOON) == 2
    with pytest.raises(StaleEpoch):
        async with database.tenant(tenant.tenant_id) as connection:
            await append(connection, held, 1, [said("from the stale holder")])
    async with database.tenant(tenant.tenant_id) as connection:
        assert await append(connection, held, 2, [said("after")]) == [2]
        assert [event.payload["text"] for event in await events_after(connection, held)] == ["before", "after"]


async def test_a_fact_that_is_refused_takes_the_task_of_its_transaction_with_it(
    database: Database, tenant: Person, held: UUID
) -> None:
    task = f"score-{uuid7()}"

    async def close_an_answer(epoch: int) -> None:
        async with database.tenant(tenant.tenant_id) as connection:
            await enqueue(connection, task, Job(tenant.tenant_id, held))
            await append(connection, held, epoch, [said("the last words")])

    with pytest.raises(StaleEpoch):
        await close_an_answer(epoch=7)
    async with database.tenant(tenant.tenant_id) as connection:
        assert task not in await waiting(connection)


async def test_a_message_sent_again_is_not_kept_twice_and_says_where_it_is(
    database: Database, tenant: Person, held: UUID
) -> None:
    message = said("once", client_id="m-1")
    async with database.tenant(tenant.tenant_id) as connection:
        await append(connection, held, 1, [said("zero"), message])
    with pytest.raises(AlreadyKept) as again:
        async with database.tenant(tenant.tenant_id) as connection:
            await append(connection, held, 1, [said("new"), said("once more", client_id="m-1")])
    assert (again.value.client_id, again.value.seq) == ("m-1", 2)
    async with database.tenant(tenant.tenant_id) as connection:
        assert (await interview(connection, held)).last_seq == 2
        assert await append(connection, held, 1, [said("new")]) == [3]


async def test_an_append_repeated_after_a_lost_commit_is_found_by_its_id(
    database: Database, tenant: Person, held: UUID
) -> None:
    batch = [said("a"), said("b")]
    async with database.tenant(tenant.tenant_id) as connection:
        await append(connection, held, 1, batch)
    with pytest.raises(AlreadyKept) as again:
        async with database.tenant(tenant.tenant_id) as connection:
            await append(connection, held, 1, batch)
    assert (again.value.event_id, again.value.seq) == (batch[0].id, 1)


async def test_two_events_of_one_batch_with_one_client_id_are_a_mistake_of_the_caller(
    database: Database, tenant: Person, held: UUID
) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        with pytest.raises(ValueError, match="same id or client_id"):
            await append(connection, held, 1, [said("a", client_id="x"), said("b", client_id="x")])


async def test_the_same_message_on_two_sockets_at_once_is_kept_once(
    database: Database, tenant: Person, held: UUID
) -> None:
    async def send(number: int) -> int | AlreadyKept:
        try:
            async with database.tenant(tenant.tenant_id) as connection:
                return await append_side_fact(connection, held, said(str(number), client_id="same"))
        except AlreadyKept as kept:
            return kept

    outcomes = await asyncio.gather(*(send(number) for number in range(8)))
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [1]
    assert all(outcome.seq in (1, None) for outcome in outcomes if isinstance(outcome, AlreadyKept))
    async with database.tenant(tenant.tenant_id) as connection:
        assert len(await events_after(connection, held)) == 1
        assert await kept_seq(connection, held, client_id="same") == 1
        assert await kept_seq(connection, held, client_id="other") is None
        assert (await interview(connection, held)).last_seq == 1


async def test_writers_at_once_leave_no_gap_and_share_no_number(database: Database, tenant: Person, held: UUID) -> None:
    async def write(number: int) -> list[int]:
        async with database.tenant(tenant.tenant_id) as connection:
            if number % 3 == 0:
                return [await append_side_fact(connection, held, said(f"score {number}"))]
            return await append(connection, held, 1, [said(f"{number} a"), said(f"{number} b")])

    numbers = await asyncio.gather(*(write(number) for number in range(30)))
    flat = sorted(seq for batch in numbers for seq in batch)
    assert flat == list(range(1, 51))
    assert all(batch == list(range(batch[0], batch[0] + len(batch))) for batch in numbers)


async def test_a_side_fact_needs_no_lease_and_carries_no_epoch(database: Database, tenant: Person, held: UUID) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        await append(connection, held, 1, [said("an answer")])
        assert await append_side_fact(connection, held, said("a score")) == 2
        assert [event.epoch for event in await events_after(connection, held)] == [1, None]
        with pytest.raises(NotFound):
            await append_side_fact(connection, uuid7(), said("nowhere"))


async def test_a_fact_is_never_changed(database: Database, tenant: Person, held: UUID) -> None:
    async with database.tenant(tenant.tenant_id) as connection:
        await append(connection, held, 1, [said("as it was")])
    for statement in (
        "update interview.events set payload = '{}'",
        "delete from interview.events",
        "truncate interview.events",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.tenant(tenant.tenant_id) as connection:
                await connection.execute(statement)


async def test_an_interview_stays_in_the_partition_of_the_month_it_was_made(
    database: Database, tenant: Person, make_interview: MakeInterview
) -> None:
    last_moment = NOON.replace(day=30, hour=23, minute=59, second=59)
    async with database.maintenance() as connection:
        await connection.fetch("select interview.ensure_event_partitions(1, $1)", NOON)
    interview_id = await make_interview(tenant, last_moment)
    async with database.tenant(tenant.tenant_id) as connection:
        await take_over(connection, interview_id, "here", NOON)
        late = NewEvent(
            id=uuid7(),
            type="turn.closed",
            at=last_moment + timedelta(hours=1),
            at_ms=0,
            actor="candidate",
            payload={},
        )
        await append(connection, interview_id, 1, [said("early"), late])
        places = await connection.fetch(
            "select distinct tableoid::regclass::text as place from interview.events where interview_id = $1",
            interview_id,
        )
    assert [row["place"] for row in places] == ["interview.events_2026_11"]

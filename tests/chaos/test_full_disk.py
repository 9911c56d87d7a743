"""A disk that is full: under the database's log, under its tables, under the cache, under our own log files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from benchmarks.chaos.product import Site
from server.live.protocol import Notice
from storage.errors import DatabaseUnavailable
from tests.chaos.cast import Candidate, Court, until
from tests.chaos.conftest import Enters

pytestmark = pytest.mark.asyncio(loop_scope="module")

FULL = Path("/dev/full")
SEGMENT = 16 * 1024 * 1024
"""Bytes in one file of PostgreSQL's write-ahead log."""


def asked_to_wait(one: Candidate) -> bool:
    return any(isinstance(message, Notice) and message.code == "one_moment" for message in one.messages)


@asynccontextmanager
async def as_owner(site: Site) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(site.database_url("postgres"))
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_database_that_cannot_write_its_log_holds_interviews_until_there_is_room(
    site: Site, judge: Court, candidate: Enters
) -> None:
    several = [await candidate() for _ in range(3)]
    await asyncio.gather(*(one.reaches(1) for one in several))
    site.postgres.cap_files(8192)
    sent = [await one.says() for one in several]
    await until(lambda: not site.postgres.is_up, "the database's giving up")
    await asyncio.gather(*(one.until(lambda one=one: asked_to_wait(one), "a moment") for one in several))  # type: ignore[misc]
    assert not any(one.is_acknowledged(client_id) for one, client_id in zip(several, sent, strict=True))
    await site.postgres.start()
    await asyncio.gather(*(one.floor() for one in several))
    assert all(one.is_acknowledged(client_id) for one, client_id in zip(several, sent, strict=True))
    await asyncio.gather(*(one.finishes() for one in several))
    for one in several:
        await judge.acquits(one)


async def test_tables_that_cannot_grow_lose_nothing_and_go_on_when_they_can(
    site: Site, judge: Court, candidate: Enters
) -> None:
    ballast, one = await candidate(), await candidate()
    await ballast.reaches(1)
    await ballast.leaves()
    await one.reaches(1)
    async with as_owner(site) as owner:
        # The events outgrow one file of the log, so that a limit there lets the log be written and the table not.
        await owner.execute(_BALLAST, ballast.interview_id, 100_000, 20_000, 900)
        await owner.execute("checkpoint")
        site.postgres.cap_files(SEGMENT)
        await fill(owner, ballast.interview_id)
    sent = await says_until_there_is_no_room(one)
    assert site.postgres.is_up
    site.postgres.cap_files(None)
    await one.until(lambda: one.is_acknowledged(sent), "its being kept")
    await one.floor()
    await one.finishes()
    await judge.acquits(one)


async def says_until_there_is_no_room(one: Candidate) -> str:
    """The client_id of the last message before they were told that there is none: for it, or for what follows from it.

    A page that was written back has some room again, so several may still be kept.
    """

    def is_told() -> bool:
        return one.welcomes > 1 or asked_to_wait(one)

    for _ in range(20):
        sent = await one.says()
        await one.until(lambda sent=sent: is_told() or one.is_acknowledged(sent), "its being told")  # type: ignore[misc]
        if not is_told():
            await one.floor(unless=is_told)
        if is_told():
            return sent
    raise AssertionError("there was always room")


_BALLAST = """
insert into interview.events (interview_id, seq, tenant_id, id, at, at_ms, type, actor, payload)
select interview_id, $2::bigint + n, tenant_id, gen_random_uuid(), now(), 0, 'ballast', 'test',
       jsonb_build_object('type', 'ballast', 'words', repeat('x', $4))
  from interview.events, generate_series(1, $3::int) n where interview_id = $1 and seq = 1
"""


async def fill(owner: "asyncpg.Connection[asyncpg.Record]", interview_id: UUID) -> None:
    """Takes what room is left in the table's last pages, until not even a small row finds any."""
    await owner.execute("set synchronous_commit = off")
    seq = 200_000
    for size in (900, 0):
        try:
            while True:
                seq += 1
                await owner.execute(_BALLAST, interview_id, seq, 1, size)
        except asyncpg.PostgresError as full:
            assert "could not extend" in str(full)  # noqa: PT017 - the loop has no other end


async def test_what_a_full_disk_answers_counts_as_a_database_that_is_away(judge: Court) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with judge.database.untenanted() as connection:
            await connection.execute("do $$ begin raise sqlstate '53100'; end $$")


async def test_a_cache_that_cannot_write_stops_nobody(site: Site, judge: Court, candidate: Enters) -> None:
    one = await candidate()
    await one.reaches(1)
    site.valkey.cap_files(0)
    await one.answers_and_moves_on()
    another = await candidate()
    await another.reaches(1)
    await one.finishes()
    assert (one.welcomes, another.welcomes) == (1, 1)
    await judge.acquits(one)
    site.valkey.cap_files(None)


async def test_a_server_that_cannot_write_its_own_log_holds_interviews_all_the_same(
    site: Site, judge: Court, candidate: Enters
) -> None:
    await site.whole()
    logs = [serving.log for serving in site.servings]
    try:
        for serving in site.servings:
            await serving.kill()
            serving.log = FULL
        await asyncio.gather(*(serving.start() for serving in site.servings))
        one = await candidate()
        await one.reaches(1)
        # Something that is worth a line in the log, and one that has none.
        await site.valkey.kill()
        await one.answers_and_moves_on()
        await one.finishes()
        await judge.acquits(one)
    finally:
        for serving, log in zip(site.servings, logs, strict=True):
            await serving.kill()
            serving.log = log

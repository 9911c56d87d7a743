"""What the HTTP benchmark reads: interviews of several people, a few really held and many copied from those."""

import io
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from benchmarks.product import ProductError
from server.terminal.simulation import simulate
from storage.database import Connection, Database
from storage.identity import LocalOwner
from storage.ids import uuid7

MOST_HELD = 12
"""Interviews that are really held, at most: each kind of candidate in both languages."""
COPIES = 20
"""Of each, where there are few."""
OTHERS = 9
"""People beside the local owner, each in a tenant of their own."""
_AT_ONCE = 250


class Copy(msgspec.Struct, frozen=True):
    """One interview to be made of another."""

    id: UUID
    source_id: UUID
    tenant_id: UUID
    user_id: UUID
    at: datetime


async def hold(url: str, interviews: int) -> None:
    """Hold the first of so many interviews against a running server, to their reports. Raises `ProductError`."""
    said = io.StringIO()
    held = min(MOST_HELD, max(1, interviews // COPIES))
    if await simulate(url, held, concurrency=held, out=said) != 0:
        message = f"the interviews to be read could not be held:\n{said.getvalue()}"
        raise ProductError(message)


async def fill(database: Database, owner: LocalOwner, interviews: int) -> list[UUID]:
    """Copy what was held until there are so many, half of them the owner's, with their events and reports.

    Returns the ids of the owner's. The database's maintenance role has to be one that may `analyze`.
    """
    people = [(owner.tenant_id, owner.user_id), *[await _person(database) for _ in range(OTHERS)]]
    chance = random.Random(1)
    async with database.maintenance() as connection:
        held = [row["id"] for row in await connection.fetch("select interview_id as id from interview.reports")]
        # Within the month, where the log has its partition.
        now = datetime.now(UTC)
        month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        step = (now - month) / max(1, interviews)
        copies = []
        for number in range(max(0, interviews - len(held))):
            tenant_id, user_id = people[0] if number % 2 else chance.choice(people[1:])
            at = month + number * step
            copies.append(Copy(uuid7(at), chance.choice(held), tenant_id, user_id, at))
    for first in range(0, len(copies), _AT_ONCE):
        async with database.maintenance() as connection:
            await _copy(connection, copies[first : first + _AT_ONCE])
    async with database.maintenance() as connection:
        await connection.execute("analyze")
    return [*held, *(copy.id for copy in copies if copy.tenant_id == owner.tenant_id)]


async def _person(database: Database) -> tuple[UUID, UUID]:
    tenant_id, user_id = uuid7(), uuid7()
    async with database.tenant(tenant_id) as connection:
        await connection.execute(
            "insert into identity.tenants (id, kind, name, slug) values ($1, 'personal', 'Other', $2)",
            tenant_id,
            str(tenant_id),
        )
        await connection.execute(
            "insert into identity.users (id, tenant_id, first_name, last_name) values ($1, $2, 'Other', 'Person')",
            user_id,
            tenant_id,
        )
    return tenant_id, user_id


async def _copy(connection: Connection, copies: Sequence[Copy]) -> None:
    """The rows of interview, log and report, under other ids and for others."""
    await connection.execute(
        "create temporary table copies (id uuid, source uuid, tenant uuid, person uuid, at timestamptz) on commit drop"
    )
    await connection.copy_records_to_table("copies", records=[msgspec.structs.astuple(copy) for copy in copies])
    moved = "copies.at + ({} - s.created_at)"
    for table, key, others in (
        (
            "interviews",
            "id",
            {
                "user_id": "copies.person",
                "created_at": "copies.at",
                **{name: moved.format(f"s.{name}") for name in ("started_at", "completed_at", "last_event_at")},
            },
        ),
        ("events", "interview_id", {}),
        ("reports", "interview_id", {}),
    ):
        columns = [
            row["name"]
            for row in await connection.fetch(
                "select attname::text as name from pg_attribute where attrelid = $1::text::regclass"
                " and attnum > 0 and not attisdropped and attgenerated = ''",
                f"interview.{table}",
            )
        ]
        given = {**{name: f"s.{name}" for name in columns}, key: "copies.id", "tenant_id": "copies.tenant", **others}
        # The names are the catalogue's and ours.
        await connection.execute(
            f"insert into interview.{table} ({', '.join(columns)})"  # noqa: S608
            f" select {', '.join(given[name] for name in columns)}"
            f" from copies join interview.{table} s on s.{key} = copies.source"
        )

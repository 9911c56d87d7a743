"""The way to PostgreSQL: one pool a role, and the one helper that opens a tenant's transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec

from storage.errors import DatabaseUnavailable

Row: TypeAlias = "asyncpg.Record"
Connection: TypeAlias = "asyncpg.Connection[Row] | asyncpg.pool.PoolConnectionProxy[Row]"
Pool: TypeAlias = "asyncpg.Pool[Row]"

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decode = msgspec.json.Decoder().decode

# asyncpg raises these when the server goes away under a running statement; the last is not a PostgresError.
_LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    # No room on its disk, no memory, no connection left.
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
)
_ACQUIRE_SECONDS = 1.8
"""How long a connection of the pool is waited for, and how long it may take to come back to it."""
_BEGIN_SECONDS = 1.0
"""How long the server may take to begin a transaction. With the wait above, whoever asks for something is told within
three seconds that the database is away."""
_ROLL_BACK_SECONDS = 1.0
_SILENT_SECONDS = 5
"""How long a transaction may say nothing before the server ends it: whoever is cut off or stands still in the middle of
one keeps the rows it has locked for no longer than that."""
_UNREACHABLE: tuple[type[Exception], ...] = (*_LOST, OSError, TimeoutError)
_OF_NO_USE: tuple[type[Exception], ...] = (*_UNREACHABLE, asyncpg.InterfaceError)
"""What is raised on a connection that nothing more can be asked of."""


def encode_jsonb(value: Any) -> bytes:
    """A document in jsonb's binary form: its version, then the text."""
    return b"\x01" + _encode(value)


def decode_jsonb(data: bytes) -> Any:
    """The document behind `encode_jsonb`."""
    return _decode(data[1:])


async def prepare_connection(connection: asyncpg.Connection[Row]) -> None:
    """Give a connection the binary codecs of jsonb and json: structs, dicts, lists and msgspec.Raw go in.

    The binary jsonb codec costs half of the text one, and COPY accepts no other.
    """
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=encode_jsonb, decoder=decode_jsonb
    )
    await connection.set_type_codec("json", schema="pg_catalog", format="binary", encoder=_encode, decoder=_decode)


async def connect(
    url: str,
    *,
    min_size: int = 1,
    max_size: int = 10,
    application_name: str = "viva",
    statement_cache_size: int = 100,
    connect_seconds: float = 10.0,
) -> Pool:
    """A pool of prepared connections. `statement_cache_size=0` behind pgbouncer in transaction mode.

    Raises DatabaseUnavailable.
    """
    with unavailable_when_lost():
        return await asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            init=prepare_connection,
            reset=_nothing_to_reset,
            timeout=connect_seconds,
            statement_cache_size=statement_cache_size,
            server_settings={"application_name": application_name},
        )


async def _nothing_to_reset(_connection: Connection) -> None:
    """Nothing outlives a transaction here: settings are transaction-local and nobody listens on these connections.

    The pool rolls an open transaction back before it asks; its own reset would cost a round trip each time.
    """


def returned(row: Row | None) -> Row:
    """The row of a statement that always returns one."""
    if row is None:
        raise RuntimeError("a statement that returns a row returned none")
    return row


@contextmanager
def unavailable_when_lost() -> Iterator[None]:
    """Turn what is raised for a server that cannot be reached, or refuses us, into DatabaseUnavailable."""
    try:
        yield
    except asyncpg.InvalidAuthorizationSpecificationError as refused:
        raise DatabaseUnavailable("it refuses the role or its password") from refused
    except asyncpg.InvalidCatalogNameError as missing:
        raise DatabaseUnavailable("it has no database of that name") from missing
    except asyncpg.exceptions.ClientConfigurationError as wrong:
        raise DatabaseUnavailable("the address is not one") from wrong
    except _UNREACHABLE as lost:
        raise DatabaseUnavailable(type(lost).__name__) from lost


async def clock(connection: Connection) -> datetime:
    """The wall's time as the database has it, aware."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now


class Database:
    """The application's pool (role viva_app, row security always) and, where one is given, maintenance's."""

    def __init__(self, pool: Pool, maintenance: Pool | None = None) -> None:
        self._pool = pool
        self._maintenance = maintenance

    @classmethod
    async def open(
        cls,
        url: str,
        maintenance_url: str | None = None,
        *,
        min_size: int = 4,
        max_size: int = 10,
        maintenance_max_size: int = 4,
        statement_cache_size: int = 100,
    ) -> Database:
        """Connect as viva_app and, given its address, as viva_maintenance. Raises DatabaseUnavailable.

        `min_size` connections are made at once, because a new one takes many times as long as an append.
        """
        pool = await connect(url, min_size=min_size, max_size=max_size, statement_cache_size=statement_cache_size)
        if maintenance_url is None:
            return cls(pool)
        try:
            maintenance = await connect(
                maintenance_url,
                min_size=0,
                max_size=maintenance_max_size,
                application_name="viva-maintenance",
                statement_cache_size=statement_cache_size,
            )
        except BaseException:
            await pool.close()
            raise
        return cls(pool, maintenance)

    @asynccontextmanager
    async def tenant(self, tenant_id: UUID) -> AsyncIterator[Connection]:
        """A transaction in which this tenant's rows, and no others, can be seen and written.

        It commits when the block ends and rolls back when the block raises. Raises DatabaseUnavailable.
        """
        # One round trip for all; a UUID has nothing in it to escape.
        begin = (
            f"begin; set local idle_in_transaction_session_timeout = '{_SILENT_SECONDS}s';"
            f" select set_config('app.tenant', '{UUID(int=tenant_id.int)}', true)"
        )
        async with _transaction(self._pool, begin) as connection:
            yield connection

    @asynccontextmanager
    async def untenanted(self) -> AsyncIterator[Connection]:
        """A transaction with no tenant, for look-ups before one is known: it sees no tenant's row."""
        async with _transaction(self._pool) as connection:
            yield connection

    @asynccontextmanager
    async def maintenance(self) -> AsyncIterator[Connection]:
        """A transaction outside row security: back-fills, purge, partitions. Never for a request."""
        if self._maintenance is None:
            raise DatabaseUnavailable("no address for viva_maintenance: set VIVA_MAINTENANCE_DATABASE_URL")
        async with _transaction(self._maintenance) as connection:
            yield connection

    async def ping(self) -> None:
        """One round trip. Raises DatabaseUnavailable."""
        async with self.untenanted() as connection:
            await connection.execute("select 1")

    async def close(self, grace_seconds: float = 5.0) -> None:
        """Close every connection; those still in use after `grace_seconds` are cut."""
        for pool in (self._pool, self._maintenance):
            if pool is None:
                continue
            try:
                await asyncio.wait_for(pool.close(), grace_seconds)
            except _UNREACHABLE:
                pool.terminate()


@asynccontextmanager
async def _transaction(pool: Pool, begin: str = "begin") -> AsyncIterator[Connection]:
    unreachable = True
    try:
        async with pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
            unreachable = False
            try:
                try:
                    await _begin(connection, begin)
                    yield connection
                except BaseException:
                    await _roll_back(connection)
                    raise
                await connection.execute("commit")
            finally:
                unreachable = _is_cut(connection)
    except _LOST as lost:
        raise DatabaseUnavailable(type(lost).__name__) from lost
    except (OSError, TimeoutError, asyncpg.InterfaceError) as lost:
        # The block's own errors of these kinds (a file, a deadline of the caller) are none of ours.
        if unreachable:
            raise DatabaseUnavailable(type(lost).__name__) from lost
        raise


async def _begin(connection: Connection, begin: str) -> None:
    """Opens the transaction; a connection on which not even that is answered is cut."""
    try:
        await connection.execute(begin, timeout=_BEGIN_SECONDS)
    except TimeoutError:
        connection.terminate()
        raise


async def _roll_back(connection: Connection) -> None:
    """Leaves the transaction; a connection that does not answer is cut, for the server to roll back."""
    try:
        async with asyncio.timeout(_ROLL_BACK_SECONDS):
            await connection.execute("rollback")
    except _OF_NO_USE:
        with suppress(asyncpg.InterfaceError):
            connection.terminate()


def _is_cut(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        # The pool takes a connection back the moment it is cut.
        return True

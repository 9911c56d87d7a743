"""Identifiers: UUIDv7 (RFC 9562), made in the application because servers below PostgreSQL 18 cannot."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

SHARED_TENANT = UUID("00000000-0000-7000-8000-000000000001")
"""Owns what everybody may read: built-in plans and rubrics."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TAIL_BITS = 74
_MILLISECOND = timedelta(milliseconds=1)


class Uuid7Source:
    """Makes identifiers that grow: with the instant, and with each call within one instant.

    The 74 bits after the time begin at random, with their highest bit clear, and rise by a random step of
    up to 2³² for each further identifier of the same millisecond (method 2 of RFC 9562, section 6.2).
    """

    def __init__(self, randbits: Callable[[int], int] = secrets.randbits) -> None:
        self._randbits = randbits
        self._lock = threading.Lock()
        self._milliseconds = -1
        self._tail = 0

    def at(self, milliseconds: int, *, keep_order: bool = False) -> UUID:
        """The next identifier of that instant, in ms since 1970.

        With `keep_order` an instant before the last one counts as the last: a clock set back breaks no order.
        """
        with self._lock:
            if keep_order:
                milliseconds = max(milliseconds, self._milliseconds)
            if milliseconds == self._milliseconds:
                self._tail += 1 + self._randbits(32)
                if self._tail >> _TAIL_BITS:
                    milliseconds += 1
                    self._tail = self._randbits(_TAIL_BITS - 1)
            else:
                self._tail = self._randbits(_TAIL_BITS - 1)
            self._milliseconds = milliseconds
            return _assemble(milliseconds, self._tail)


# Two sources, so that instants given by a caller (a test's clock, an import) leave the present's order alone.
_of_the_present = Uuid7Source()
_of_given_instants = Uuid7Source()


def uuid7(at: datetime | None = None) -> UUID:
    """A new identifier of this instant, or of `at` (aware).

    Within a process those of the present always grow, and those of given instants while these do not fall.
    """
    if at is None:
        return _of_the_present.at(time.time_ns() // 1_000_000, keep_order=True)
    return _of_given_instants.at(_milliseconds(at))


def uuid7_floor(at: datetime) -> UUID:
    """The lowest identifier of that instant: the bound between two partitions."""
    return _assemble(_milliseconds(at), 0)


def time_of(identifier: UUID) -> datetime:
    """The instant an identifier was made, UTC, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=identifier.int >> 80)


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def _assemble(milliseconds: int, tail: int) -> UUID:
    high, low = tail >> 62, tail & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (high << 64) | (2 << 62) | low)

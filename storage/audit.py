"""The audit log: one chain of entries a tenant, each holding the hash of the one before; nothing in it ever changes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from storage.database import Connection, returned
from storage.ids import uuid7

ActorType: TypeAlias = Literal["user", "system", "api", "admin"]
Wrong: TypeAlias = Literal["missing", "changed", "unlinked", "cut_off"]


class Actor(msgspec.Struct, frozen=True):
    """Who did it: a person of the tenant, a key, the operator, or the system by itself."""

    type: ActorType = "system"
    user_id: UUID | None = None
    api_key_id: UUID | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. Values and metadata are documents of ids and counts; the reason is a sentence naming nobody."""

    occurred_at: datetime
    actor: Actor
    action: str
    entity_type: str
    request_id: str
    entity_id: UUID | None = None
    old_values: Any = None
    new_values: Any = None
    metadata: Any = msgspec.field(default_factory=dict)
    reason: str | None = None
    compliance_flag: bool = False
    ip_address: str | None = None
    user_agent: str | None = None


class Link(msgspec.Struct, frozen=True):
    """An entry as the chain knows it. `fields` are what its hash is made of, as the database writes them."""

    seq: int
    fields: tuple[str | None, ...]
    prev_hash: str
    hash: str


class ChainBreak(msgspec.Struct, frozen=True):
    """Where a chain does not hold.

    `missing`: entries up to this number are gone. `changed`: it is not what was written. `unlinked`: what comes before
    it is not what did. `cut_off`: the chain once reached this number and does not any more.
    """

    seq: int
    wrong: Wrong


_GENESIS = "0" * 64
_APPEND = """
select hash from compliance.append_audit($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11::jsonb, $12, $13,
                                         $14::text::inet, $15, $16)
"""
_LINKS = """
select seq, prev_hash, hash,
       array[tenant_id::text, seq::text, id::text,
             to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
             actor_type, user_id::text, api_key_id::text, action, entity_type, entity_id::text, old_values::text,
             new_values::text, metadata::text, reason, compliance_flag::text, ip_address::text, user_agent,
             request_id, prev_hash::text] as fields
  from compliance.audit_logs where tenant_id = current_setting('app.tenant')::uuid order by seq, id
"""


async def append(connection: Connection, entry: AuditEntry) -> str:
    """Add an entry to the chain of the transaction's tenant. Returns its hash.

    Another writer of the same tenant waits until this transaction ends: append last.
    """
    row = await connection.fetchrow(
        _APPEND,
        uuid7(entry.occurred_at),
        entry.occurred_at,
        entry.actor.type,
        entry.actor.user_id,
        entry.actor.api_key_id,
        entry.action,
        entry.entity_type,
        entry.entity_id,
        entry.old_values,
        entry.new_values,
        entry.metadata,
        entry.reason,
        entry.compliance_flag,
        entry.ip_address,
        entry.user_agent,
        entry.request_id,
    )
    return str(returned(row)["hash"])


async def verify(connection: Connection) -> list[ChainBreak]:
    """Every place where the chain of the transaction's tenant does not hold; none where it is whole."""
    checked = ChainCheck()
    async for link in _links(connection):
        checked.take(link)
    end = await connection.fetchrow(
        "select seq, hash from compliance.audit_chains where tenant_id = current_setting('app.tenant')::uuid"
    )
    checked.end(*(end or (0, _GENESIS)))
    return checked.breaks


async def _links(connection: Connection) -> AsyncIterator[Link]:
    async for row in connection.cursor(_LINKS, prefetch=500):
        yield Link(row["seq"], tuple(row["fields"]), row["prev_hash"], row["hash"])


def hash_of(fields: Iterable[str | None]) -> str:
    """SHA-256, in hex, of the fields: each behind its length in bytes and a colon, `-` for none, between commas."""
    return hashlib.sha256(",".join(map(_netstring, fields)).encode()).hexdigest()


def _netstring(field: str | None) -> str:
    return "-" if field is None else f"{len(field.encode())}:{field}"


class ChainCheck:
    """Goes along a chain, link by link in order, and keeps where it does not hold."""

    def __init__(self) -> None:
        self.breaks: list[ChainBreak] = []
        self._seq = 0
        self._hash = _GENESIS

    def take(self, link: Link) -> None:
        """The next link. After a gap nothing is said of what it hangs on."""
        if hash_of(link.fields) != link.hash:
            self.breaks.append(ChainBreak(link.seq, "changed"))
        if link.seq != self._seq + 1:
            self.breaks.append(ChainBreak(max(link.seq - 1, 0), "missing"))
        elif link.prev_hash != self._hash:
            self.breaks.append(ChainBreak(link.seq, "unlinked"))
        self._seq, self._hash = link.seq, link.hash

    def end(self, seq: int, hash_: str) -> None:
        """What the chain's last link is known to be."""
        if seq > self._seq:
            self.breaks.append(ChainBreak(seq, "cut_off"))
        elif (seq, hash_) != (self._seq, self._hash):
            self.breaks.append(ChainBreak(self._seq, "unlinked"))

"""The schema's fingerprint: a hash of each object, kept after migrating, so that what differs later can be
named.

Partitions are left out, because new ones are made every month; each is instead checked for its row
security. So are the queue's own tables, which its library changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from storage.database import Connection

SCHEMAS = (
    "identity",
    "cv",
    "matching",
    "interview",
    "hiring",
    "network",
    "billing",
    "analytics",
    "compliance",
    "integration",
    "public",
)

# Versions of PostgreSQL spell definitions differently, so hashes of one say nothing on another.
_SERVER = "server"

_OBJECTS = r"""
with spaces as (select oid, nspname from pg_namespace where nspname = any($1)),
extension_owned as (select objid from pg_depend where deptype = 'e'),
relations as (
  select s.nspname || '.' || c.relname as name, c.*
    from pg_class c join spaces s on s.oid = c.relnamespace
   where not c.relispartition and c.relkind in ('r', 'p', 'v', 'm')
     and c.oid not in (select objid from extension_owned)
     and not (s.nspname = 'public' and c.relname ~ '^(schema_|pgqueuer)'))
select 'table ' || name as object,
       concat_ws('|', relkind, relowner::regrole, relrowsecurity, relforcerowsecurity, reloptions,
                 pg_get_partkeydef(oid), array(select unnest(relacl)::text order by 1)) as definition
  from relations
union all
select 'column ' || r.name || '.' || a.attname,
       concat_ws('|', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, a.attidentity,
                 pg_get_expr(d.adbin, d.adrelid))
  from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
union all
select 'view ' || name, pg_get_viewdef(oid) from relations where relkind in ('v', 'm')
union all
select 'constraint ' || r.name || '.' || k.conname, pg_get_constraintdef(k.oid) || k.convalidated
  from relations r join pg_constraint k on k.conrelid = r.oid where k.contype <> 'n'
union all
select 'index ' || r.name || '.' || c.relname, pg_get_indexdef(i.indexrelid) || i.indisvalid
  from relations r join pg_index i on i.indrelid = r.oid join pg_class c on c.oid = i.indexrelid
union all
select 'policy ' || r.name || '.' || p.polname,
       concat_ws('|', p.polcmd, p.polpermissive, array(select unnest(p.polroles)::regrole::text order by 1),
                 pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
  from relations r join pg_policy p on p.polrelid = r.oid
union all
select 'trigger ' || r.name || '.' || t.tgname, pg_get_triggerdef(t.oid) || t.tgenabled::text
  from relations r join pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
union all
select 'function ' || f.oid::regprocedure,
       concat_ws('|', pg_get_functiondef(f.oid), f.proowner::regrole,
                 array(select unnest(f.proacl)::text order by 1))
  from pg_proc f join spaces s on s.oid = f.pronamespace
 where f.prokind in ('f', 'p') and f.oid not in (select objid from extension_owned)
   and f.proname !~ '^fn_pgqueuer'
union all
select 'type ' || s.nspname || '.' || t.typname,
       concat_ws('|', t.typtype, format_type(t.typbasetype, t.typtypmod),
                 array(select enumlabel from pg_enum e where e.enumtypid = t.oid order by enumsortorder))
  from pg_type t join spaces s on s.oid = t.typnamespace
 where t.typtype in ('e', 'd') and t.typname !~ '^pgqueuer'
   and t.oid not in (select objid from extension_owned)
"""

_OPEN_PARTITIONS = """
select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = any($1) and c.relispartition and c.relkind in ('r', 'p')
   and not (c.relrowsecurity and c.relforcerowsecurity
            and exists (select from pg_policy p where p.polrelid = c.oid)
            and not has_table_privilege('viva_app', c.oid, 'select, insert, update, delete'))
 order by 1
"""


async def fingerprint(connection: Connection) -> dict[str, str]:
    """Each object's name, with its kind, and the SHA-256 of its definition."""
    rows = await connection.fetch(_OBJECTS, list(SCHEMAS))
    objects = {row["object"]: _hash(row["definition"] or "") for row in rows}
    objects[_SERVER] = _hash(str(_major(connection)))
    return objects


async def keep(connection: Connection) -> None:
    """Take the schema as it is now for the one that should be. For viva_owner."""
    objects = await fingerprint(connection)
    async with connection.transaction():
        await connection.execute("delete from public.schema_catalogue")
        await connection.executemany(
            "insert into public.schema_catalogue (object, hash) values ($1, $2)", sorted(objects.items())
        )


async def kept(connection: Connection) -> dict[str, str]:
    """What `keep` kept; empty before the first migration."""
    if await connection.fetchval("select to_regclass('public.schema_catalogue')") is None:
        return {}
    rows = await connection.fetch("select object, hash from public.schema_catalogue")
    return {row["object"]: row["hash"] for row in rows}


def from_another_server(expected: Mapping[str, str], found: Mapping[str, str]) -> bool:
    """Whether the kept fingerprint was taken on another major version and must be taken again."""
    return bool(expected) and expected.get(_SERVER) != found.get(_SERVER)


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """One sentence for each object that is not as the migrations left it."""
    if not expected or from_another_server(expected, found):
        return []
    gone = [f"{name} is gone." for name in expected.keys() - found.keys()]
    added = [f"{name} was made outside the migrations." for name in found.keys() - expected.keys()]
    changed = [
        f"{name} was changed outside the migrations."
        for name in expected.keys() & found.keys()
        if expected[name] != found[name]
    ]
    return sorted(gone + added + changed)


async def open_partitions(connection: Connection) -> list[str]:
    """One sentence for each partition that could be read past its tenant."""
    rows = await connection.fetch(_OPEN_PARTITIONS, list(SCHEMAS))
    return [f"partition {row['name']} is not under row security, or is granted to viva_app." for row in rows]


def _major(connection: Connection) -> int:
    return int(connection.get_server_version().major)


def _hash(definition: str) -> str:
    return hashlib.sha256(definition.encode()).hexdigest()

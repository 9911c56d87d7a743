-- migrate:up
-- Run as viva_owner, which then owns everything. The three roles exist before (storage/roles.py).

create schema identity;
create schema interview;
create schema hiring;
create schema compliance;
create schema integration;

grant usage on schema identity, interview, hiring, compliance, integration to viva_app, viva_maintenance;

-- Maintenance reaches every table, partitions included. The application is granted table by table, so that a
-- partition, which would obey only its own policy when read directly, is never granted at all.
alter default privileges grant select, insert, update, delete on tables to viva_maintenance;
alter default privileges grant usage, select on sequences to viva_maintenance;
alter default privileges revoke execute on functions from public;

create function public.set_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- What is never changed: whoever needs another plan, rubric or event adds one. Purging is maintenance's.
create function public.refuse_change() returns trigger language plpgsql as $$
begin
  if current_user = 'viva_maintenance' then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  raise exception 'rows of %.% are never changed; add a new one', tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end
$$;

-- Row security for a table with tenant_id: enabled, forced on its owner too, one policy. Where `shared`, the shared
-- tenant's rows can be read by all, and written only in a transaction opened for it.
create function public.put_under_row_security(target regclass, shared boolean default false)
returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy tenant_rows on %s'
    ' using (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)'
    ' with check (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', target);
  if shared then
    execute format(
      'create policy shared_rows on %s for select'
      ' using (tenant_id = ''00000000-0000-7000-8000-000000000001''::uuid)', target);
  end if;
end
$$;

-- The ordinary tenant table: row security, the application's grants, and the trigger for updated_at.
create function public.make_tenant_table(target regclass, shared boolean default false)
returns void language plpgsql as $$
begin
  perform public.put_under_row_security(target, shared);
  execute format('grant select, insert, update, delete on %s to viva_app', target);
  execute format(
    'create trigger set_updated_at before update on %s for each row execute function public.set_updated_at()',
    target);
end
$$;

-- One month of a partitioned table, as parent_2026_12, under its own row security. Returns its name when it was made,
-- null when it was there. Rows of that month in the default partition prevent it: that is warned of, not raised, so
-- that the other months are still made.
create function public.ensure_partition(parent regclass, month date, lower_bound text, upper_bound text)
returns text language plpgsql as $$
declare
  parent_schema text;
  partition_name text;
begin
  select n.nspname, c.relname || to_char(month, '_YYYY_MM') into parent_schema, partition_name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = parent;
  if to_regclass(format('%I.%I', parent_schema, partition_name)) is not null then
    return null;
  end if;
  execute format('create table %I.%I partition of %s for values from (%L) to (%L)',
    parent_schema, partition_name, parent, lower_bound, upper_bound);
  perform public.put_under_row_security(format('%I.%I', parent_schema, partition_name)::regclass);
  return parent_schema || '.' || partition_name;
exception
  when check_violation then
    raise warning 'the default partition of % holds rows of %; the month''s own partition was not made',
      parent, to_char(month, 'YYYY-MM');
    return null;
end
$$;

-- migrate:down

drop function public.ensure_partition(regclass, date, text, text);
drop function public.make_tenant_table(regclass, boolean);
drop function public.put_under_row_security(regclass, boolean);
drop function public.refuse_change();
drop function public.set_updated_at();
alter default privileges grant execute on functions to public;
alter default privileges revoke usage, select on sequences from viva_maintenance;
alter default privileges revoke select, insert, update, delete on tables from viva_maintenance;
drop schema integration;
drop schema compliance;
drop schema hiring;
drop schema interview;
drop schema identity;

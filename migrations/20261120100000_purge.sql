-- migrate:up
-- The audit chain, erasures and retention; and the only two ways past `refuse_change`: an interview's purge, and the
-- move of rows from a default partition into their month.

-- What is never changed. Two functions of viva_owner say what they do in `viva.lifts`; the setting alone, by whoever
-- makes it, opens nothing, because nobody signs in as viva_owner. A table whose trigger is given `kept` is not purged.
create or replace function public.refuse_change() returns trigger language plpgsql as $$
declare
  lifts text := coalesce(current_setting('viva.lifts', true), '');
begin
  if current_user = 'viva_owner' and (lifts = 'month' or (lifts = 'purge' and tg_nargs = 0)) then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  raise exception 'rows of %.% are never changed; add a new one', tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end
$$;

create table compliance.audit_logs (
  id uuid not null,
  tenant_id uuid not null references identity.tenants (id),
  occurred_at timestamptz not null,
  seq bigint not null check (seq > 0),
  actor_type text not null check (actor_type in ('user', 'system', 'api', 'admin')),
  user_id uuid,
  api_key_id uuid,
  action text not null,
  entity_type text not null,
  entity_id uuid,
  old_values jsonb,
  new_values jsonb,
  metadata jsonb not null default '{}',
  reason text,
  compliance_flag boolean not null default false,
  ip_address inet,
  user_agent text,
  request_id text not null,
  prev_hash char(64) not null,
  hash char(64) not null,
  created_at timestamptz not null default now(),
  primary key (id, occurred_at)
) partition by range (occurred_at);
create index audit_logs_in_order on compliance.audit_logs (tenant_id, seq);
create index audit_logs_of_an_entity on compliance.audit_logs (tenant_id, entity_id);
select public.put_under_row_security('compliance.audit_logs');
grant select on compliance.audit_logs to viva_app;
create trigger refuse_change before update or delete on compliance.audit_logs
  for each row execute function public.refuse_change('kept');

create table compliance.audit_logs_default partition of compliance.audit_logs default;
select public.put_under_row_security('compliance.audit_logs_default');

-- The last link of each tenant's chain. Whoever adds one holds this row until they commit, and a chain whose end was
-- cut off no longer reaches it.
create table compliance.audit_chains (
  tenant_id uuid primary key references identity.tenants (id),
  seq bigint not null check (seq >= 0),
  hash char(64) not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select public.put_under_row_security('compliance.audit_chains');
grant select on compliance.audit_chains to viva_app;
create trigger set_updated_at before update on compliance.audit_chains
  for each row execute function public.set_updated_at();

-- They are written by `append_audit` alone.
revoke insert, update, delete
  on compliance.audit_logs, compliance.audit_logs_default, compliance.audit_chains from viva_maintenance;

-- What the hash is made of: each field's text behind its length in bytes, `-` for none, so that no two entries share
-- one. storage/audit.py makes the same.
create function compliance.audit_text(entry compliance.audit_logs) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select string_agg(coalesce(octet_length(convert_to(field, 'UTF8')) || ':' || field, '-'), ',' order by n)
    from unnest(array[
      entry.tenant_id::text, entry.seq::text, entry.id::text,
      to_char(entry.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      entry.actor_type, entry.user_id::text, entry.api_key_id::text, entry.action, entry.entity_type,
      entry.entity_id::text, entry.old_values::text, entry.new_values::text, entry.metadata::text, entry.reason,
      entry.compliance_flag::text, entry.ip_address::text, entry.user_agent, entry.request_id, entry.prev_hash::text
    ]) with ordinality as t(field, n)
$$;
grant execute on function compliance.audit_text(compliance.audit_logs) to viva_app, viva_maintenance;

-- Adds a link to the chain of the transaction's tenant. Returns its number and hash.
create function compliance.append_audit(
  id uuid, occurred_at timestamptz, actor_type text, user_id uuid, api_key_id uuid, action text, entity_type text,
  entity_id uuid, old_values jsonb, new_values jsonb, metadata jsonb, reason text, compliance_flag boolean,
  ip_address inet, user_agent text, request_id text, out seq bigint, out hash text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  entry compliance.audit_logs;
begin
  if tenant is null then
    raise exception 'an audit entry needs a transaction opened for its tenant' using errcode = 'invalid_parameter_value';
  end if;
  insert into compliance.audit_chains as c (tenant_id, seq, hash) values (tenant, 0, repeat('0', 64))
    on conflict (tenant_id) do nothing;
  select tenant, c.seq + 1, c.hash into entry.tenant_id, entry.seq, entry.prev_hash
    from compliance.audit_chains c where c.tenant_id = tenant for update;
  entry.id := $1;
  entry.occurred_at := $2;
  entry.actor_type := $3;
  entry.user_id := $4;
  entry.api_key_id := $5;
  entry.action := $6;
  entry.entity_type := $7;
  entry.entity_id := $8;
  entry.old_values := $9;
  entry.new_values := $10;
  entry.metadata := coalesce($11, '{}');
  entry.reason := $12;
  entry.compliance_flag := $13;
  entry.ip_address := $14;
  entry.user_agent := $15;
  entry.request_id := $16;
  entry.created_at := now();
  entry.hash := encode(sha256(convert_to(compliance.audit_text(entry), 'UTF8')), 'hex');
  insert into compliance.audit_logs values (entry.*);
  update compliance.audit_chains c set seq = entry.seq, hash = entry.hash where c.tenant_id = tenant;
  seq := entry.seq;
  hash := entry.hash;
end
$$;
grant execute on function compliance.append_audit(
  uuid, timestamptz, text, uuid, uuid, text, text, uuid, jsonb, jsonb, jsonb, text, boolean, inet, text, text)
  to viva_app, viva_maintenance;

-- The present month and `months_ahead` after it. Returns the names of those it made.
create function compliance.ensure_audit_partitions(
  months_ahead integer default 3, present timestamptz default now())
returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set lock_timeout = '5s'
as $$
declare
  month timestamptz;
  made text;
begin
  for n in 0 .. months_ahead loop
    month := date_trunc('month', present) + make_interval(months => n);
    made := public.ensure_partition('compliance.audit_logs', month::date,
      month::text, (month + interval '1 month')::text);
    if made is not null then
      execute format('revoke insert, update, delete on %s from viva_maintenance', made);
      return next made;
    end if;
  end loop;
end
$$;
grant execute on function compliance.ensure_audit_partitions(integer, timestamptz) to viva_maintenance;
select compliance.ensure_audit_partitions(3);

-- What was erased, and that it was. `rows_removed_at`, `objects_removed_at`, `purged_at`: how far it has come.
create table compliance.erasures (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  subject_kind text not null check (subject_kind in ('interview')),
  subject_id uuid not null,
  reason text not null check (length(reason) between 1 and 200),
  soft_deleted_at timestamptz not null,
  purge_after timestamptz not null,
  rows_removed_at timestamptz not null,
  object_keys text[] not null default '{}',
  objects_removed_at timestamptz,
  purged_at timestamptz,
  counts jsonb not null,
  certificate_key text,
  -- That of the audit entry which tells of it.
  hash char(64) not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id)
);
create index erasures_of_a_subject on compliance.erasures (tenant_id, subject_id);
create index erasures_under_way on compliance.erasures (rows_removed_at) where purged_at is null;
select public.put_under_row_security('compliance.erasures');
grant select on compliance.erasures to viva_app;
create trigger set_updated_at before update on compliance.erasures
  for each row execute function public.set_updated_at();

create table compliance.retention_policies (
  tenant_id uuid not null references identity.tenants (id),
  data_kind text not null check (data_kind in ('interviews')),
  cool_after_days integer check (cool_after_days > 0),
  archive_after_days integer check (archive_after_days > 0),
  delete_after_days integer not null check (delete_after_days > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, data_kind)
);
select public.make_tenant_table('compliance.retention_policies');

grant execute on function interview.uuid7_floor(timestamptz) to viva_maintenance;
-- By these a question that goes finds what refers to it, without reading all that the tenant has.
create index questions_by_what_they_follow on interview.questions (follow_up_to) where follow_up_to is not null;
create index turns_of_a_question on interview.turns (question_id) where question_id is not null;
create index scores_of_a_question on interview.scores (question_id);
create index feedback_of_a_question on interview.feedback (question_id) where question_id is not null;

create index interviews_due_for_purge on interview.interviews (purge_after) where purge_after is not null;

-- What of an interview needs no row of it to stand, and can therefore arrive late. A call of a model stays, as a cost
-- and a time of a model: under another id, with nothing that leads to the interview or that a guess at its words could
-- be tried against. Returns how many of each.
create function interview.remove_loose_rows(tenant uuid, interview uuid) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  removed jsonb := '{}';
  done bigint;
begin
  update compliance.model_lineage l
     set id = gen_random_uuid(), interview_id = null, entity_id = null, request_id = 'purged', metadata = '{}',
         input_hash = repeat('0', 64), output_hash = repeat('0', 64)
   where l.tenant_id = tenant and l.interview_id = interview;
  get diagnostics done = row_count;
  removed := removed || jsonb_build_object('compliance.model_lineage', done);
  delete from integration.task_attempts a where a.tenant_id = tenant and a.entity_id = interview;
  get diagnostics done = row_count;
  removed := removed || jsonb_build_object('integration.task_attempts', done);
  if to_regclass('public.pgqueuer') is not null then
    delete from public.pgqueuer q where position(convert_to(interview::text, 'UTF8') in q.payload) > 0;
    get diagnostics done = row_count;
    removed := removed || jsonb_build_object('public.pgqueuer', done);
  end if;
  return removed;
end
$$;

-- Removes every row of an interview, and says so in the tenant's audit chain and in its erasures. Returns the erasure,
-- what was removed from each table, and the objects the rows named. As viva_owner it is under row security like
-- everybody else, and can reach no tenant but the one given. Its names are numbered by $ where a column has the same.
create function interview.purge_interview(
  tenant uuid, interview uuid, why text, at timestamptz, actor text, actor_user uuid, actor_key uuid,
  erasure uuid, audit uuid, out counts jsonb, out object_keys text[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  before text := coalesce(current_setting('app.tenant', true), '');
  found_row record;
  done bigint;
  name text;
  link text;
begin
  perform set_config('app.tenant', tenant::text, true);
  perform set_config('viva.lifts', 'purge', true);
  select i.status, i.held_until, i.holder, i.deleted_at, i.purge_after into found_row
    from interview.interviews i where i.tenant_id = tenant and i.id = interview for update;
  if not found then
    raise exception 'there is no such interview' using errcode = 'no_data_found';
  end if;
  if found_row.status in ('created', 'in_progress', 'paused') and found_row.holder is not null
     and found_row.held_until > at then
    raise exception 'the interview is live' using errcode = 'object_in_use';
  end if;
  select coalesce(array_agg(r.pdf_key), '{}') into object_keys
    from interview.reports r where r.tenant_id = tenant and r.interview_id = interview and r.pdf_key is not null;
  counts := interview.remove_loose_rows(tenant, interview);
  -- What refers to another comes before it.
  foreach name in array array['reports', 'transcripts', 'feedback', 'scores', 'scoring_runs', 'turns', 'responses',
                              'questions', 'events', 'tickets'] loop
    execute format('delete from interview.%I where tenant_id = $1 and interview_id = $2', name)
      using tenant, interview;
    get diagnostics done = row_count;
    counts := counts || jsonb_build_object('interview.' || name, done);
  end loop;
  delete from interview.interviews i where i.tenant_id = tenant and i.id = interview;
  counts := counts || jsonb_build_object('interview.interviews', 1);
  select a.hash into link from compliance.append_audit(
    audit, at, actor, actor_user, actor_key, 'interview.purged', 'interview', interview, null, null,
    jsonb_build_object('erasure', erasure, 'counts', counts), why, true, null, null, 'purge/' || erasure) a;
  insert into compliance.erasures
    (id, tenant_id, subject_kind, subject_id, reason, soft_deleted_at, purge_after, rows_removed_at, object_keys,
     counts, hash)
  values (erasure, tenant, 'interview', interview, why, coalesce(found_row.deleted_at, at),
    coalesce(found_row.purge_after, at), at, object_keys, counts, link);
  perform set_config('viva.lifts', '', true);
  perform set_config('app.tenant', before, true);
end
$$;
grant execute on function interview.purge_interview(
  uuid, uuid, text, timestamptz, text, uuid, uuid, uuid, uuid) to viva_maintenance;

-- A last look for what arrived after the rows were removed; then the erasure is complete. An interview that was brought
-- back meanwhile keeps what is its own.
create function interview.finish_purge(tenant uuid, erasure uuid, at timestamptz, audit uuid) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  before text := coalesce(current_setting('app.tenant', true), '');
  subject uuid;
  link text;
  late jsonb := '{}';
begin
  perform set_config('app.tenant', tenant::text, true);
  select e.subject_id into subject from compliance.erasures e
   where e.tenant_id = tenant and e.id = erasure and e.objects_removed_at is not null and e.purged_at is null
     for update;
  if found then
    if not exists (select from interview.interviews i where i.tenant_id = tenant and i.id = subject) then
      perform set_config('viva.lifts', 'purge', true);
      late := interview.remove_loose_rows(tenant, subject);
      perform set_config('viva.lifts', '', true);
    end if;
    select a.hash into link from compliance.append_audit(
      audit, at, 'system', null, null, 'interview.purge_finished', 'interview', subject, null, null,
      jsonb_build_object('erasure', erasure, 'late', late), null, true, null, null, 'purge/' || erasure) a;
    update compliance.erasures e set purged_at = at, hash = link where e.tenant_id = tenant and e.id = erasure;
  end if;
  perform set_config('app.tenant', before, true);
  return late;
end
$$;
grant execute on function interview.finish_purge(uuid, uuid, timestamptz, uuid) to viva_maintenance;

-- Makes a month's partition out of the rows of that month which lie in the default partition. Returns how many moved.
-- Whoever writes to the default partition waits meanwhile. The tables referred to are locked first, as writers lock
-- them, and briefly waited for, so that it is never a writer that a deadlock ends.
create function public.settle_month(parent regclass, month date) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set lock_timeout = '500ms'
as $$
declare
  key_name text;
  key_type text;
  strays regclass;
  partition_name text;
  lower_bound text;
  upper_bound text;
  referred regclass;
  moved bigint;
begin
  select a.attname, format_type(a.atttypid, null), p.partdefid::regclass,
         format('%I.%I', n.nspname, c.relname || to_char(month, '_YYYY_MM'))
    into key_name, key_type, strays, partition_name
    from pg_partitioned_table p
    join pg_class c on c.oid = p.partrelid join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
   where p.partrelid = parent;
  if strays is null or month <> date_trunc('month', month)::date then
    raise exception '% on % is no month of a table with a default partition', month, parent
      using errcode = 'invalid_parameter_value';
  end if;
  if to_regclass(partition_name) is not null then
    return 0;
  end if;
  lower_bound := case key_type when 'uuid' then interview.uuid7_floor(month::timestamptz)::text
    else month::timestamptz::text end;
  upper_bound := case key_type when 'uuid' then interview.uuid7_floor(month::timestamptz + interval '1 month')::text
    else (month::timestamptz + interval '1 month')::text end;
  for referred in
    select distinct confrelid::regclass from pg_constraint where conrelid = parent and contype = 'f' order by 1
  loop
    execute format('lock table %s in share row exclusive mode', referred);
  end loop;
  execute format('lock table %s in access exclusive mode', strays);
  execute format('create table %s (like %s including all)', partition_name, parent);
  execute format('alter table %s no force row level security', strays);
  perform set_config('viva.lifts', 'month', true);
  execute format(
    'with moved as (delete from %1$s where %2$I >= %3$L::%4$s and %2$I < %5$L::%4$s returning *)'
    ' insert into %6$s select * from moved', strays, key_name, lower_bound, key_type, upper_bound, partition_name);
  get diagnostics moved = row_count;
  perform set_config('viva.lifts', '', true);
  execute format('alter table %s force row level security', strays);
  perform public.put_under_row_security(partition_name::regclass);
  execute format('alter table %s attach partition %s for values from (%L) to (%L)',
    parent, partition_name, lower_bound, upper_bound);
  if parent = 'compliance.audit_logs'::regclass then
    execute format('revoke insert, update, delete on %s from viva_maintenance', partition_name);
  end if;
  return moved;
end
$$;
grant execute on function public.settle_month(regclass, date) to viva_maintenance;

-- How many rows found no month, up to 100,001 of each table: a number and no more, for whoever publishes figures.
create function compliance.default_partition_rows() returns table (parent text, strays bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select 'interview.events', count(*) from (select from interview.events_default limit 100001) e
  union all
  select 'compliance.model_lineage', count(*) from (select from compliance.model_lineage_default limit 100001) l
  union all
  select 'compliance.audit_logs', count(*) from (select from compliance.audit_logs_default limit 100001) a
$$;
grant create on schema compliance to viva_maintenance;
alter function compliance.default_partition_rows() owner to viva_maintenance;
revoke create on schema compliance from viva_maintenance;
grant execute on function compliance.default_partition_rows() to viva_app;

-- migrate:down

drop function compliance.default_partition_rows();
drop function public.settle_month(regclass, date);
drop function interview.finish_purge(uuid, uuid, timestamptz, uuid);
drop function interview.purge_interview(uuid, uuid, text, timestamptz, text, uuid, uuid, uuid, uuid);
drop function interview.remove_loose_rows(uuid, uuid);
drop index interview.interviews_due_for_purge;
drop index interview.feedback_of_a_question;
drop index interview.scores_of_a_question;
drop index interview.turns_of_a_question;
drop index interview.questions_by_what_they_follow;
revoke execute on function interview.uuid7_floor(timestamptz) from viva_maintenance;
drop table compliance.retention_policies;
drop table compliance.erasures;
drop function compliance.ensure_audit_partitions(integer, timestamptz);
drop function compliance.append_audit(
  uuid, timestamptz, text, uuid, uuid, text, text, uuid, jsonb, jsonb, jsonb, text, boolean, inet, text, text);
drop function compliance.audit_text(compliance.audit_logs);
drop table compliance.audit_chains;
drop table compliance.audit_logs;
create or replace function public.refuse_change() returns trigger language plpgsql as $$
begin
  if current_user = 'viva_maintenance' then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  raise exception 'rows of %.% are never changed; add a new one', tg_table_schema, tg_table_name
    using errcode = 'restrict_violation';
end
$$;

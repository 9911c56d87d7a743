-- migrate:up

create table interview.interviews (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  kind text not null check (kind in ('practice', 'screening')),
  channel text not null check (channel in ('voice', 'phone', 'text', 'room')),
  user_id uuid references identity.users (id),
  -- These foreign keys come with hiring.candidates, hiring.applications, hiring.screening_invitations, matching.jobs
  -- and cv.cvs.
  candidate_id uuid,
  application_id uuid,
  invitation_id uuid,
  job_id uuid,
  cv_id uuid,
  screening_id uuid,
  plan_version_id uuid not null references interview.plan_versions (id),
  versions jsonb not null default '{}',
  interview_type text not null check (interview_type in (
    'behavioral', 'technical', 'case_study', 'hr_screening', 'competency', 'customer_service', 'mixed')),
  industry text,
  role_level text,
  language text not null,
  difficulty_level text not null check (difficulty_level in ('easy', 'medium', 'hard', 'expert')),
  target_duration_minutes smallint not null check (target_duration_minutes > 0),
  status text not null default 'created' check (status in (
    'created', 'in_progress', 'paused', 'completed', 'abandoned', 'expired', 'cancelled')),
  started_at timestamptz,
  completed_at timestamptz,
  actual_duration_seconds integer check (actual_duration_seconds >= 0),
  last_seq bigint not null default 0 check (last_seq >= 0),
  last_event_at timestamptz,
  epoch bigint not null default 0 check (epoch >= 0),
  holder text,
  held_until timestamptz,
  scorer text not null check (scorer in ('rehearsal', 'model')),
  overall_score numeric(5, 2) check (overall_score between 0 and 100),
  overall_interval jsonb,
  communication_score numeric(5, 2) check (communication_score between 0 and 100),
  content_score numeric(5, 2) check (content_score between 0 and 100),
  structure_score numeric(5, 2) check (structure_score between 0 and 100),
  delivery jsonb,
  ai_feedback jsonb,
  improvement_areas jsonb,
  analysis jsonb,
  needs_review boolean not null default false,
  deleted_at timestamptz,
  purge_after timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, screening_id) references hiring.screenings (tenant_id, id)
) with (fillfactor = 70);
-- The room left on each page keeps the row where it is while every event raises last_seq.
select public.make_tenant_table('interview.interviews');
create index interviews_of_a_user on interview.interviews (tenant_id, user_id, id desc) where deleted_at is null;
create index interviews_of_a_screening on interview.interviews (tenant_id, screening_id, id desc)
  where deleted_at is null and screening_id is not null;
create index interviews_still_open on interview.interviews (tenant_id, id)
  where deleted_at is null and status in ('created', 'in_progress', 'paused');

create table interview.tickets (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  interview_id uuid not null,
  role text not null check (role in ('candidate', 'observer', 'operator')),
  token_hash bytea not null unique,
  expires_at timestamptz not null,
  used_at timestamptz,
  ip_address inet,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id)
);
create index tickets_of_an_interview on interview.tickets (tenant_id, interview_id);
select public.make_tenant_table('interview.tickets');

create function interview.ticket_by_hash(hash bytea)
returns table (tenant_id uuid, interview_id uuid, ticket_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.tenant_id, t.interview_id, t.id from interview.tickets t where t.token_hash = $1
$$;
grant create on schema interview to viva_maintenance;
alter function interview.ticket_by_hash(bytea) owner to viva_maintenance;
revoke create on schema interview from viva_maintenance;
grant execute on function interview.ticket_by_hash(bytea) to viva_app;

-- The log. A UUIDv7 begins with its time, so the events of one interview stay together in the month it was made.
create table interview.events (
  interview_id uuid not null,
  seq bigint not null check (seq > 0),
  tenant_id uuid not null,
  id uuid not null,
  client_id text check (length(client_id) <= 200),
  epoch bigint,
  at timestamptz not null,
  at_ms bigint not null check (at_ms >= 0),
  type text not null,
  actor text not null,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  primary key (interview_id, seq),
  unique (interview_id, id),
  unique (interview_id, client_id),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id)
) partition by range (interview_id);
select public.put_under_row_security('interview.events');
grant select, insert on interview.events to viva_app;
create trigger refuse_change before update or delete on interview.events
  for each row execute function public.refuse_change();

create table interview.events_default partition of interview.events default;
select public.put_under_row_security('interview.events_default');

create function interview.uuid7_floor(at timestamptz) returns uuid language sql immutable strict as $$
  select (substr(ms, 1, 8) || '-' || substr(ms, 9, 4) || '-7000-8000-000000000000')::uuid
    from (select lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') as ms) as t
$$;

-- The present month and `months_ahead` after it. Returns the names of those it made.
create function interview.ensure_event_partitions(months_ahead integer default 3, present timestamptz default now())
returns setof text
language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set lock_timeout = '5s'
as $$
declare
  month timestamptz;
  made text;
begin
  for n in 0 .. months_ahead loop
    month := date_trunc('month', present) + make_interval(months => n);
    made := public.ensure_partition('interview.events', month::date,
      interview.uuid7_floor(month)::text, interview.uuid7_floor(month + interval '1 month')::text);
    if made is not null then
      return next made;
    end if;
  end loop;
end
$$;
grant execute on function interview.ensure_event_partitions(integer, timestamptz) to viva_maintenance;
select interview.ensure_event_partitions(3);

-- migrate:down

drop table interview.events;
drop function interview.ensure_event_partitions(integer, timestamptz);
drop function interview.uuid7_floor(timestamptz);
drop function interview.ticket_by_hash(bytea);
drop table interview.tickets;
drop table interview.interviews;

-- migrate:up

create table interview.rubrics (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  slug text not null,
  number integer not null check (number > 0),
  title text not null,
  languages text[] not null check (cardinality(languages) > 0),
  status text not null default 'active' check (status in ('draft', 'active', 'archived')),
  body jsonb not null,
  source text not null check (source in ('library', 'workshop', 'generated')),
  content_hash char(64) not null check (content_hash ~ '^[0-9a-f]{64}$'),
  created_at timestamptz not null default now(),
  unique (tenant_id, slug, content_hash),
  unique (tenant_id, slug, number),
  unique (tenant_id, id)
);
select public.put_under_row_security('interview.rubrics', shared => true);
grant select, insert on interview.rubrics to viva_app;
create trigger refuse_change before update or delete on interview.rubrics
  for each row execute function public.refuse_change();

create table interview.plans (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  slug text not null,
  title text not null,
  interview_type text not null check (interview_type in (
    'behavioral', 'technical', 'case_study', 'hr_screening', 'competency', 'customer_service', 'mixed')),
  industry text,
  role_level text,
  difficulty_level text not null check (difficulty_level in ('easy', 'medium', 'hard', 'expert')),
  target_duration_minutes smallint not null check (target_duration_minutes > 0),
  hard_limit_minutes smallint not null check (hard_limit_minutes >= target_duration_minutes),
  -- The foreign keys come with matching.jobs and cv.cvs.
  job_id uuid,
  cv_id uuid,
  source text not null check (source in ('library', 'workshop', 'generated')),
  status text not null default 'active' check (status in ('draft', 'active', 'archived')),
  current_version_id uuid,
  created_by uuid references identity.users (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, slug),
  unique (tenant_id, id)
);
select public.make_tenant_table('interview.plans', shared => true);

create table interview.plan_versions (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  plan_id uuid not null,
  number integer not null check (number > 0),
  content_hash char(64) not null check (content_hash ~ '^[0-9a-f]{64}$'),
  languages text[] not null check (cardinality(languages) > 0),
  body jsonb not null,
  rubric_id uuid not null references interview.rubrics (id),
  turn_taking jsonb not null default '{}',
  judges smallint not null default 1 check (judges > 0),
  created_by uuid references identity.users (id),
  created_at timestamptz not null default now(),
  unique (plan_id, content_hash),
  unique (plan_id, number),
  unique (tenant_id, id),
  foreign key (tenant_id, plan_id) references interview.plans (tenant_id, id)
);
select public.put_under_row_security('interview.plan_versions', shared => true);
grant select, insert on interview.plan_versions to viva_app;
create trigger refuse_change before update or delete on interview.plan_versions
  for each row execute function public.refuse_change();

alter table interview.plans add foreign key (current_version_id) references interview.plan_versions (id);

create table hiring.screenings (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  -- The foreign key comes with matching.jobs.
  job_id uuid,
  plan_version_id uuid not null references interview.plan_versions (id),
  name text not null,
  channels text[] not null check (channels <@ array['voice', 'phone', 'text', 'room'] and cardinality(channels) > 0),
  languages text[] not null check (cardinality(languages) > 0),
  status text not null default 'draft' check (status in ('draft', 'open', 'paused', 'closed')),
  opens_at timestamptz,
  deadline_at timestamptz,
  attempts_allowed smallint not null default 1 check (attempts_allowed > 0),
  -- The foreign key comes with compliance.consent_texts.
  consent_text_id uuid,
  is_blind boolean not null default false,
  open_link_hash bytea unique,
  open_link_limit integer check (open_link_limit > 0),
  created_by uuid not null references identity.users (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id)
);
select public.make_tenant_table('hiring.screenings');

-- migrate:down

drop table hiring.screenings;
alter table interview.plans drop constraint plans_current_version_id_fkey;
drop table interview.plan_versions;
drop table interview.plans;
drop table interview.rubrics;

-- migrate:up

create table identity.roles (
  slug text primary key,
  level smallint not null unique,
  name text not null,
  description text not null,
  is_system boolean not null default true,
  created_at timestamptz not null default now()
);
grant select on identity.roles to viva_app;

insert into identity.roles (slug, level, name, description) values
  ('superadmin', 100, 'Operator', 'Runs the installation; enters a tenant only on the record.'),
  ('admin', 50, 'Administrator', 'Runs one organisation: its people, plans, keys and bills.'),
  ('recruiter', 30, 'Recruiter', 'Sets up screenings and calls, and decides.'),
  ('hiring_manager', 20, 'Hiring manager', 'Reads and decides for the jobs that are theirs.'),
  ('interviewer', 15, 'Interviewer', 'Reviews and rates the interviews assigned to them.'),
  ('viewer', 10, 'Viewer', 'Reads.'),
  ('candidate', 5, 'Candidate', 'Practises, and answers screenings.');

create table identity.tenants (
  id uuid primary key,
  kind text not null check (kind in ('personal', 'organisation', 'shared')),
  name text not null,
  slug text not null unique,
  status text not null default 'active' check (status in ('active', 'suspended', 'cancelled')),
  -- The foreign key comes with billing.plans.
  plan_id uuid,
  settings jsonb not null default '{}',
  industry text,
  company_size text,
  employee_count integer check (employee_count >= 0),
  website text,
  logo_key text,
  contact_email_enc bytea,
  contact_email_idx bytea,
  locale text not null default 'en',
  timezone text not null default 'UTC',
  currency char(3) not null default 'USD',
  country char(2),
  trial_ends_at timestamptz,
  onboarded_at timestamptz,
  deleted_at timestamptz,
  purge_after timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
alter table identity.tenants enable row level security;
alter table identity.tenants force row level security;
create policy tenant_rows on identity.tenants
  using (id = nullif(current_setting('app.tenant', true), '')::uuid)
  with check (id = nullif(current_setting('app.tenant', true), '')::uuid);
grant select, insert, update, delete on identity.tenants to viva_app;
create trigger set_updated_at before update on identity.tenants
  for each row execute function public.set_updated_at();

-- The row's own policy admits it only in a transaction opened for it.
select set_config('app.tenant', '00000000-0000-7000-8000-000000000001', true);
insert into identity.tenants (id, kind, name, slug)
  values ('00000000-0000-7000-8000-000000000001', 'shared', 'Shared', 'shared');
select set_config('app.tenant', '', true);

create table identity.users (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  -- Null for the owner of a local installation, who signs in with nothing.
  email_enc bytea,
  email_idx bytea unique,
  email_verified_at timestamptz,
  password_hash text,
  first_name text not null,
  last_name text not null,
  phone_enc bytea,
  phone_idx bytea,
  avatar_key text,
  locale text not null default 'en',
  timezone text not null default 'UTC',
  preferences jsonb not null default '{}',
  status text not null default 'active' check (status in ('active', 'suspended', 'locked', 'deleted')),
  failed_logins integer not null default 0,
  locked_until timestamptz,
  last_login_at timestamptz,
  login_count integer not null default 0,
  deleted_at timestamptz,
  purge_after timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  check ((email_enc is null) = (email_idx is null))
);
select public.make_tenant_table('identity.users');

create table identity.memberships (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  user_id uuid not null references identity.users (id),
  role text not null references identity.roles (slug),
  status text not null default 'active' check (status in ('invited', 'active', 'suspended', 'left')),
  is_default boolean not null default false,
  display_name text not null,
  granted_by uuid references identity.users (id),
  granted_at timestamptz not null default now(),
  joined_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, user_id),
  unique (tenant_id, id)
);
create index memberships_of_a_user on identity.memberships (user_id);
select public.make_tenant_table('identity.memberships');

-- What must be known before a tenant is. Owned by maintenance, because the owner of the tables is under their policies
-- like everybody else; fixed search_path; ids and no more.
create function identity.tenant_ids() returns setof uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select id from identity.tenants where deleted_at is null order by id
$$;

create function identity.memberships_of(user_id uuid)
returns table (tenant_id uuid, membership_id uuid, role text, is_default boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select m.tenant_id, m.id, m.role, m.is_default
    from identity.memberships m join identity.tenants t on t.id = m.tenant_id
   where m.user_id = $1 and m.status = 'active' and t.status = 'active' and t.deleted_at is null
   order by m.is_default desc, m.id
$$;

grant create on schema identity to viva_maintenance;
alter function identity.tenant_ids() owner to viva_maintenance;
alter function identity.memberships_of(uuid) owner to viva_maintenance;
revoke create on schema identity from viva_maintenance;
grant execute on function identity.tenant_ids(), identity.memberships_of(uuid) to viva_app;

-- migrate:down

drop function identity.memberships_of(uuid);
drop function identity.tenant_ids();
drop table identity.memberships;
drop table identity.users;
drop table identity.tenants;
drop table identity.roles;

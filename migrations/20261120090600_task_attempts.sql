-- migrate:up

create table integration.task_attempts (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  task text not null,
  entity_id uuid not null,
  attempts integer not null default 0 check (attempts >= 0),
  last_error text,
  parked_at timestamptz,
  requeued_by uuid references identity.users (id),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (task, entity_id)
);
create index task_attempts_parked on integration.task_attempts (tenant_id, parked_at) where parked_at is not null;
select public.make_tenant_table('integration.task_attempts');

-- migrate:down

drop table integration.task_attempts;

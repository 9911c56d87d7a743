-- migrate:up
-- Interviews scored once more, beside their scores as they are.

alter table interview.scoring_runs
  -- Which asking for it a run belongs to: those of one asking are compared together.
  add column rescoring_id uuid,
  -- How often what is missing has been asked for.
  add column attempt smallint not null default 1 check (attempt > 0),
  -- Answers that have no score in it, each with why.
  add column unscored jsonb not null default '[]',
  -- What models have answered so far, by the hash of what they were asked; emptied when the run ends.
  add column answers_so_far jsonb not null default '{}';
create index scoring_runs_of_a_rescoring on interview.scoring_runs (tenant_id, rescoring_id)
  where rescoring_id is not null;
create index scoring_runs_of_a_batch on interview.scoring_runs (tenant_id, batch_id) where batch_id is not null;

-- A provider's batch of calls. It names no interview: its runs name it.
create table interview.scoring_batches (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  provider text not null,
  model text not null,
  status text not null default 'prepared' check (status in ('prepared', 'sending', 'sent', 'read', 'failed')),
  requests integer not null check (requests > 0),
  -- The provider's name for it; null until the provider has said that it has it.
  provider_batch_id text,
  claimed_at timestamptz,
  sent_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  unique (provider, provider_batch_id)
);
select public.make_tenant_table('interview.scoring_batches');

-- migrate:down

drop table interview.scoring_batches;
drop index interview.scoring_runs_of_a_batch;
drop index interview.scoring_runs_of_a_rescoring;
alter table interview.scoring_runs drop column answers_so_far, drop column unscored, drop column attempt, drop column rescoring_id;

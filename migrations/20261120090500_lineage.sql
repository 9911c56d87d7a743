-- migrate:up

create table compliance.model_lineage (
  id uuid not null,
  tenant_id uuid not null references identity.tenants (id),
  occurred_at timestamptz not null,
  agent_type text not null,
  tier text not null,
  provider text not null,
  model_name text not null,
  model_version text,
  prompt_template_id text not null,
  prompt_version text not null,
  prompt_hash char(64) not null,
  input_hash char(64) not null,
  output_hash char(64) not null,
  tokens_in integer not null default 0,
  tokens_out integer not null default 0,
  tokens_cache_read integer not null default 0,
  tokens_cache_write integer not null default 0,
  cost_usd numeric(10, 6) not null default 0,
  price_version text not null,
  latency_ms double precision not null,
  first_token_ms double precision,
  cache_hit boolean not null default false,
  fallback_from text,
  entity_type text not null,
  entity_id uuid,
  -- No foreign key: what a model did stays on record when the interview is purged.
  interview_id uuid,
  request_id text not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (id, occurred_at)
) partition by range (occurred_at);
create index model_lineage_of_an_interview on compliance.model_lineage (tenant_id, interview_id);
select public.put_under_row_security('compliance.model_lineage');
grant select, insert on compliance.model_lineage to viva_app;
create trigger refuse_change before update or delete on compliance.model_lineage
  for each row execute function public.refuse_change();

create table compliance.model_lineage_default partition of compliance.model_lineage default;
select public.put_under_row_security('compliance.model_lineage_default');

-- The present month and `months_ahead` after it. Returns the names of those it made.
create function compliance.ensure_lineage_partitions(
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
    made := public.ensure_partition('compliance.model_lineage', month::date,
      month::text, (month + interval '1 month')::text);
    if made is not null then
      return next made;
    end if;
  end loop;
end
$$;
grant execute on function compliance.ensure_lineage_partitions(integer, timestamptz) to viva_maintenance;
select compliance.ensure_lineage_partitions(3);

-- migrate:down

drop table compliance.model_lineage;
drop function compliance.ensure_lineage_partitions(integer, timestamptz);

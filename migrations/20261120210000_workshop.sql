-- migrate:up

-- A plan's versions come from different hands: the library's text, then what a person made of it.
alter table interview.plan_versions add column source text not null default 'library'
  check (source in ('library', 'workshop', 'generated'));

-- migrate:down

alter table interview.plan_versions drop column source;

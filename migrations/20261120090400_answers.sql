-- migrate:up
-- Views of the log, kept: they can be written again from it.

create table interview.questions (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  interview_id uuid not null,
  -- The question's id in the plan, the same in every language; null for one that is not in it.
  question_key text,
  sequence_number integer not null check (sequence_number > 0),
  question_text text not null,
  question_type text not null check (question_type in (
    'behavioral', 'technical', 'situational', 'competency', 'case_study', 'follow_up')),
  category text not null,
  difficulty_level text not null check (difficulty_level in ('easy', 'medium', 'hard', 'expert')),
  expected_answer_points jsonb not null default '[]',
  follow_up_to uuid,
  is_core boolean not null default true,
  asked_seq bigint,
  closed_seq bigint,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (interview_id, sequence_number),
  unique (tenant_id, id),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id),
  foreign key (tenant_id, follow_up_to) references interview.questions (tenant_id, id)
);
select public.make_tenant_table('interview.questions');

create table interview.responses (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  interview_id uuid not null,
  question_id uuid not null,
  response_text text not null,
  spans jsonb not null default '[]',
  audio_from_ms bigint,
  audio_to_ms bigint,
  response_duration_seconds double precision not null check (response_duration_seconds >= 0),
  word_count integer not null check (word_count >= 0),
  probes_used smallint not null default 0 check (probes_used >= 0),
  version integer not null check (version > 0),
  is_current boolean not null default true,
  language text not null,
  stt_confidence real check (stt_confidence between 0 and 1),
  score numeric(5, 2) check (score between 0 and 100),
  content_score numeric(5, 2) check (content_score between 0 and 100),
  delivery_score numeric(5, 2) check (delivery_score between 0 and 100),
  ai_analysis jsonb,
  closed_seq bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (question_id, version),
  unique (tenant_id, id),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id),
  foreign key (tenant_id, question_id) references interview.questions (tenant_id, id)
);
create index responses_of_an_interview on interview.responses (tenant_id, interview_id);
create unique index responses_current on interview.responses (question_id) where is_current;
select public.make_tenant_table('interview.responses');

create table interview.turns (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  interview_id uuid not null,
  turn_number integer not null check (turn_number > 0),
  question_id uuid,
  reply_id uuid,
  draft text not null check (draft in ('hit', 'miss', 'none')),
  endpointing_ms double precision,
  transcription_ms double precision,
  first_token_ms double precision,
  first_byte_ms double precision,
  total_ms double precision,
  interrupted boolean not null default false,
  interrupted_at_ms bigint,
  served jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (interview_id, turn_number),
  unique (tenant_id, id),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id),
  foreign key (tenant_id, question_id) references interview.questions (tenant_id, id)
);
select public.make_tenant_table('interview.turns');

create table interview.scoring_runs (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  interview_id uuid not null,
  reason text not null check (reason in ('live', 'rescore')),
  scorer_version text not null,
  model text,
  prompt_version text,
  batch_id uuid,
  status text not null default 'running' check (status in ('running', 'completed', 'failed')),
  started_at timestamptz not null,
  finished_at timestamptz,
  is_current boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id)
);
create index scoring_runs_of_an_interview on interview.scoring_runs (tenant_id, interview_id);
create unique index scoring_runs_current on interview.scoring_runs (interview_id) where is_current;
create unique index scoring_runs_live on interview.scoring_runs (interview_id) where reason = 'live';
select public.make_tenant_table('interview.scoring_runs');

create table interview.scores (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  run_id uuid not null,
  interview_id uuid not null,
  response_id uuid not null,
  question_id uuid not null,
  competency text not null,
  level smallint check (level between 1 and 5),
  null_reason text,
  anchor text not null default '',
  evidence jsonb not null default '[]',
  key_points_covered jsonb not null default '[]',
  missed_points jsonb not null default '[]',
  suggested_improvement text,
  judge text not null,
  spread double precision,
  needs_review boolean not null default false,
  lineage_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (run_id, response_id, competency, judge),
  unique (tenant_id, id),
  check ((level is null) = (null_reason is not null)),
  foreign key (tenant_id, run_id) references interview.scoring_runs (tenant_id, id),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id),
  foreign key (tenant_id, response_id) references interview.responses (tenant_id, id),
  foreign key (tenant_id, question_id) references interview.questions (tenant_id, id)
);
create index scores_of_an_interview on interview.scores (tenant_id, interview_id);
create index scores_of_a_response on interview.scores (tenant_id, response_id);
select public.make_tenant_table('interview.scores');

create table interview.feedback (
  id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  interview_id uuid not null,
  question_id uuid,
  feedback_type text not null check (feedback_type in (
    'summary', 'strength', 'improvement', 'action_item', 'resource')),
  content text not null,
  priority smallint not null default 0,
  category text,
  evidence jsonb,
  resource_url text,
  resource_type text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, id),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id),
  foreign key (tenant_id, question_id) references interview.questions (tenant_id, id)
);
create index feedback_of_an_interview on interview.feedback (tenant_id, interview_id);
select public.make_tenant_table('interview.feedback');

create table interview.transcripts (
  interview_id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  segments jsonb not null,
  language text not null,
  word_count integer not null check (word_count >= 0),
  last_seq bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id)
);
select public.make_tenant_table('interview.transcripts');

create table interview.reports (
  interview_id uuid primary key,
  tenant_id uuid not null references identity.tenants (id),
  body jsonb not null,
  pdf_key text,
  last_seq bigint not null,
  generated_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (tenant_id, interview_id) references interview.interviews (tenant_id, id)
);
select public.make_tenant_table('interview.reports');

-- migrate:down

drop table interview.reports;
drop table interview.transcripts;
drop table interview.feedback;
drop table interview.scores;
drop table interview.scoring_runs;
drop table interview.turns;
drop table interview.responses;
drop table interview.questions;

#include "work/tables.hpp"

#include <string>

namespace vedette::work {
namespace {

// The unique key over (name, token) is there for its locks: because of it an UPDATE of the token
// locks FOR UPDATE, which a fence's FOR KEY SHARE keeps out, while a renewal does not.
constexpr const char* kLeasesPostgres = R"sql(
create table lease (
  name text primary key,
  holder text,
  process text not null default '',
  token bigint not null default 0,
  acquired_at timestamptz not null,
  renewed_at timestamptz not null,
  expires_at timestamptz not null,
  previous_holder text,
  previous_process text not null default '',
  previous_ended_at timestamptz,
  unique (name, token)
) with (fillfactor = 70);
create table lease_history (
  name text not null,
  token bigint not null,
  holder text not null,
  process text not null,
  acquired_at timestamptz not null,
  ended_at timestamptz,
  ended_by text not null default '',
  primary key (name, token)
);
)sql";

constexpr const char* kLeasesSqlite = R"sql(
create table lease (
  name text primary key,
  holder text,
  process text not null default '',
  token integer not null default 0,
  acquired_at integer not null,
  renewed_at integer not null,
  expires_at integer not null,
  previous_holder text,
  previous_process text not null default '',
  previous_ended_at integer
) strict;
create table lease_history (
  name text not null,
  token integer not null,
  holder text not null,
  process text not null,
  acquired_at integer not null,
  ended_at integer,
  ended_by text not null default '',
  primary key (name, token)
) strict, without rowid;
)sql";

constexpr const char* kProcessesPostgres = R"sql(
create table process (
  id text primary key,
  name text not null,
  address text not null,
  roles text not null,
  version text not null,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null,
  resident_bytes bigint not null,
  stopped_at timestamptz
) with (fillfactor = 70);
create table loop_state (
  name text not null,
  process_id text not null,
  title text not null,
  role text not null,
  lease text not null,
  state text not null,
  word text not null,
  health text not null,
  cause text not null,
  remedy text not null,
  since timestamptz not null,
  held_by text not null,
  token bigint not null,
  last_success_at timestamptz,
  last_took_us bigint,
  next_run_at timestamptz,
  last_error text not null,
  last_error_at timestamptz,
  restarts bigint not null,
  restarts_today bigint not null,
  restarts_day timestamptz,
  primary key (name, process_id)
) with (fillfactor = 70);
)sql";

constexpr const char* kProcessesSqlite = R"sql(
create table process (
  id text primary key,
  name text not null,
  address text not null,
  roles text not null,
  version text not null,
  started_at integer not null,
  heartbeat_at integer not null,
  resident_bytes integer not null,
  stopped_at integer
) strict;
create table loop_state (
  name text not null,
  process_id text not null,
  title text not null,
  role text not null,
  lease text not null,
  state text not null,
  word text not null,
  health text not null,
  cause text not null,
  remedy text not null,
  since integer not null,
  held_by text not null,
  token integer not null,
  last_success_at integer,
  last_took_us integer,
  next_run_at integer,
  last_error text not null,
  last_error_at integer,
  restarts integer not null,
  restarts_today integer not null,
  restarts_day integer,
  primary key (name, process_id)
) strict, without rowid;
)sql";

constexpr const char* kSharesPostgres = R"sql(
create table loop_share (
  process_id text not null,
  group_name text not null,
  most_held bigint not null,
  primary key (process_id, group_name)
);
alter table lease add column finished_edition text;
alter table lease add column finished_at timestamptz;
alter table loop_state add column attempts bigint not null default 0;
)sql";

constexpr const char* kSharesSqlite = R"sql(
create table loop_share (
  process_id text not null,
  group_name text not null,
  most_held integer not null,
  primary key (process_id, group_name)
) strict, without rowid;
alter table lease add column finished_edition text;
alter table lease add column finished_at integer;
alter table loop_state add column attempts integer not null default 0;
)sql";

// Jobs. Every index is partial, so that a job pays only for the states it is in: one that is
// claimed and deleted at its end makes four entries in all. `waits_for` is what a waiting job waits
// for: a worker, its time, its children; null: it runs or has ended. The statements in job_*.cpp
// repeat these conditions word for word, or SQLite does not find the index.
constexpr const char* kJobIndexes = R"sql(
create index job_ready on job (kind, rank, id) where waits_for = 'worker';
create index job_later on job (kind, waits_for, run_at) where waits_for in ('time', 'children');
create index job_running on job (worker) where state = 'running';
create unique index job_alive_key on job (kind, unique_key)
  where unique_key is not null and state in ('available', 'running', 'failed');
create index job_key on job (unique_key, id) where unique_key is not null;
create index job_past on job (kind, state, id)
  where state in ('failed', 'completed', 'discarded', 'cancelled');
create index job_finished on job (kind, state, finished_at) where finished_at is not null;
create index job_child on job (parent_id, id) where parent_id is not null;
create index job_tally_error on job_tally (kind, error_at) where error_at is not null;
)sql";

// Text is compared byte by byte: kinds and keys are names, not words of a language.
// Dead rows are cleared early: what is left of them is what every claim walks over.
constexpr const char* kJobsPostgres = R"sql(
create table job (
  id bigint generated always as identity primary key,
  rank timestamptz not null,
  run_at timestamptz not null,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  cancel_at timestamptz,
  parent_id bigint,
  attempt bigint not null default 0,
  done bigint not null default 0,
  total bigint not null default 0,
  priority integer not null default 0,
  failures integer not null default 0,
  crashes integer not null default 0,
  open_children integer not null default 0,
  children_completed integer not null default 0,
  children_discarded integer not null default 0,
  children_cancelled integer not null default 0,
  kind text collate "C" not null,
  state text collate "C" not null default 'available',
  waits_for text collate "C",
  worker text collate "C",
  process text not null default '',
  unique_key text collate "C",
  payload json not null,
  message text not null default '',
  error text not null default '',
  result text not null default ''
) with (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01,
        autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0.05);
create table job_kind (
  kind text collate "C" primary key,
  is_paused boolean not null default false,
  next_due timestamptz
) with (fillfactor = 70);
create table job_tally (
  kind text collate "C" not null,
  bucket timestamptz not null,
  worker text collate "C" not null,
  completed bigint not null default 0,
  discarded bigint not null default 0,
  failures bigint not null default 0,
  crashes bigint not null default 0,
  took_us bigint not null default 0,
  error text not null default '',
  error_at timestamptz,
  primary key (kind, bucket, worker)
) with (fillfactor = 70);
)sql";

// Autoincrement: the id of a deleted job never comes again, or a late write for the old one would
// pass for one of the new.
constexpr const char* kJobsSqlite = R"sql(
create table job (
  id integer primary key autoincrement,
  rank integer not null,
  run_at integer not null,
  created_at integer not null,
  started_at integer,
  finished_at integer,
  cancel_at integer,
  parent_id integer,
  attempt integer not null default 0,
  done integer not null default 0,
  total integer not null default 0,
  priority integer not null default 0,
  failures integer not null default 0,
  crashes integer not null default 0,
  open_children integer not null default 0,
  children_completed integer not null default 0,
  children_discarded integer not null default 0,
  children_cancelled integer not null default 0,
  kind text not null,
  state text not null default 'available',
  waits_for text,
  worker text,
  process text not null default '',
  unique_key text,
  payload text not null check (json_valid(payload)),
  message text not null default '',
  error text not null default '',
  result text not null default ''
) strict;
create table job_kind (
  kind text primary key,
  is_paused integer not null default 0,
  next_due integer
) strict, without rowid;
create table job_tally (
  kind text not null,
  bucket integer not null,
  worker text not null,
  completed integer not null default 0,
  discarded integer not null default 0,
  failures integer not null default 0,
  crashes integer not null default 0,
  took_us integer not null default 0,
  error text not null default '',
  error_at integer,
  primary key (kind, bucket, worker)
) strict, without rowid;
)sql";

}  // namespace

std::vector<db::Migration> migrations() {
  return {
      {"work", 1, "leases and their history", kLeasesSqlite, kLeasesPostgres},
      {"work", 2, "processes and the state of their loops", kProcessesSqlite, kProcessesPostgres},
      {"work", 3, "shares of loops, and loops that have finished", kSharesSqlite, kSharesPostgres},
      {"work", 4, "the queue of jobs", std::string(kJobsSqlite) + kJobIndexes,
       std::string(kJobsPostgres) + kJobIndexes}};
}

}  // namespace vedette::work

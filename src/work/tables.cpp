#include "work/tables.hpp"

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

}  // namespace

std::vector<db::Migration> migrations() {
  return {
      {"work", 1, "leases and their history", kLeasesSqlite, kLeasesPostgres},
      {"work", 2, "processes and the state of their loops", kProcessesSqlite, kProcessesPostgres},
      {"work", 3, "shares of loops, and loops that have finished", kSharesSqlite, kSharesPostgres}};
}

}  // namespace vedette::work

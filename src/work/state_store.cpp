#include "work/state_store.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "db/where.hpp"

namespace vedette::work {
namespace {

constexpr Micros kForgetAfter = std::chrono::hours(24 * 7);
constexpr Micros kShowStopped = std::chrono::hours(1);

Instant today() {
  return floor_to(SystemClock().now(), std::chrono::hours(24));
}

LoopStatus status_from(const db::Row& row) {
  LoopStatus loop;
  loop.name = row.get<std::string>("name");
  loop.title = row.get<std::string>("title");
  loop.role = role_named(row.get<std::string_view>("role")).value_or(Role::kKeep);
  loop.lease = row.get<std::string>("lease");
  loop.state = loop_state_named(row.get<std::string_view>("state")).value_or(LoopState::kStopped);
  loop.word = row.get<std::string>("word");
  loop.health = health_named(row.get<std::string_view>("health")).value_or(Health::kWait);
  loop.cause = row.get<std::string>("cause");
  loop.remedy = row.get<std::string>("remedy");
  loop.since = row.get<Instant>("since");
  loop.process = row.get<std::string>("process");
  loop.process_id = row.get<std::string>("process_id");
  loop.address = row.get<std::string>("address");
  loop.held_by = row.get<std::string>("held_by");
  loop.token = row.get<std::int64_t>("token");
  loop.last_success_at = row.get<std::optional<Instant>>("last_success_at");
  if (const auto us = row.get<std::optional<std::int64_t>>("last_took_us")) {
    loop.last_took = Micros(*us);
  }
  loop.next_run_at = row.get<std::optional<Instant>>("next_run_at");
  loop.last_error = row.get<std::string>("last_error");
  loop.last_error_at = row.get<std::optional<Instant>>("last_error_at");
  loop.restarts = row.get<std::int64_t>("restarts");
  if (row.get<std::optional<Instant>>("restarts_day") == today()) {
    loop.restarts_today = row.get<std::int64_t>("restarts_today");
  }
  loop.attempts = row.get<std::int64_t>("attempts");
  loop.is_stale = row.get<bool>("is_stale");
  return loop;
}

}  // namespace

Result<void> write_process(db::Session& session, const ProcessInfo& process) {
  VEDETTE_CHECK(session.execute(
      fmt::format("insert into process (id, name, address, roles, version, started_at, "
                  "heartbeat_at, resident_bytes) values ($1, $2, $3, $4, $5, $6, {}, $7) "
                  "on conflict (id) do update set heartbeat_at = excluded.heartbeat_at, "
                  "resident_bytes = excluded.resident_bytes, stopped_at = null",
                  db::now_sql(session.dialect())),
      {process.id, process.name, process.address, process.roles, process.version,
       process.started_at, process.resident_bytes}));
  return {};
}

Result<void> write_stopped(db::Session& session, std::string_view process_id) {
  const std::string now = db::now_sql(session.dialect());
  VEDETTE_CHECK(session.execute(
      fmt::format("update process set stopped_at = {0}, heartbeat_at = {0} where id = $1", now),
      {process_id}));
  VEDETTE_CHECK(session.execute("delete from loop_share where process_id = $1", {process_id}));
  return {};
}

Result<void> write_states(db::Session& session, std::span<const LoopStatus> loops) {
  db::BulkInsert rows(
      "loop_state",
      {"name",     "process_id",      "title",        "role",        "lease",      "state",
       "word",     "health",          "cause",        "remedy",      "since",      "held_by",
       "token",    "last_success_at", "last_took_us", "next_run_at", "last_error", "last_error_at",
       "restarts", "restarts_today",  "restarts_day", "attempts"});
  rows.on_conflict(
      "on conflict (name, process_id) do update set title = excluded.title, role = excluded.role, "
      "lease = excluded.lease, state = excluded.state, word = excluded.word, "
      "health = excluded.health, cause = excluded.cause, remedy = excluded.remedy, "
      "since = excluded.since, held_by = excluded.held_by, token = excluded.token, "
      "last_success_at = excluded.last_success_at, last_took_us = excluded.last_took_us, "
      "next_run_at = excluded.next_run_at, last_error = excluded.last_error, "
      "last_error_at = excluded.last_error_at, restarts = excluded.restarts, "
      "restarts_today = excluded.restarts_today, restarts_day = excluded.restarts_day, "
      "attempts = excluded.attempts");
  for (const LoopStatus& loop : loops) {
    std::optional<std::int64_t> took_us;
    if (loop.last_took) took_us = loop.last_took->count();
    rows.add(loop.name, loop.process_id, loop.title, name(loop.role), loop.lease, name(loop.state),
             loop.word, name(loop.health), loop.cause, loop.remedy, loop.since, loop.held_by,
             loop.token, loop.last_success_at, took_us, loop.next_run_at, loop.last_error,
             loop.last_error_at, loop.restarts, loop.restarts_today, today(), loop.attempts);
  }
  if (rows.empty()) return {};
  VEDETTE_CHECK(session.insert(rows));
  return {};
}

Result<void> erase_state(db::Session& session, std::string_view process_id, std::string_view loop) {
  VEDETTE_CHECK(session.execute("delete from loop_state where process_id = $1 and name = $2",
                                {process_id, loop}));
  return {};
}

Result<void> forget_old_processes(db::Session& session) {
  const std::string limit = db::plus_sql(session.dialect(), db::now_sql(session.dialect()), "$1");
  VEDETTE_CHECK(session.execute(fmt::format("delete from process where heartbeat_at < {}", limit),
                                {-kForgetAfter.count()}));
  VEDETTE_CHECK(
      session.execute("delete from loop_state where process_id not in (select id from process)"));
  VEDETTE_CHECK(
      session.execute("delete from loop_share where process_id not in (select id from process)"));
  return {};
}

Result<std::vector<LoopStatus>> read_states(db::Database& database, const LeaseOptions& lease,
                                            std::span<const std::string> names) {
  return database.read([&](db::Session& session) -> Result<std::vector<LoopStatus>> {
    const std::string silence =
        db::elapsed_sql(session.dialect(), "p.heartbeat_at", db::now_sql(session.dialect()));
    db::Where where;
    const std::string ttl = where.param(lease.ttl.count());
    where.any_of("s.name", names);
    VEDETTE_TRY(
        rows,
        session.query(fmt::format("select s.*, p.name as process, p.address, p.stopped_at is null "
                                  "and {} > {} as is_stale from loop_state s join process p on "
                                  "p.id = s.process_id{}",
                                  silence, ttl, where.text()),
                      where.values()));
    std::vector<LoopStatus> loops;
    loops.reserve(rows.size());
    for (const db::Row row : rows) loops.push_back(status_from(row));
    return loops;
  });
}

Result<std::vector<ProcessInfo>> processes(db::Database& database, const LeaseOptions& lease) {
  return database.read([&](db::Session& session) -> Result<std::vector<ProcessInfo>> {
    const std::string silence =
        db::elapsed_sql(session.dialect(), "heartbeat_at", db::now_sql(session.dialect()));
    VEDETTE_TRY(
        rows, session.query(fmt::format("select id, name, address, roles, version, started_at, "
                                        "heartbeat_at, resident_bytes, stopped_at, "
                                        "stopped_at is null and {0} > $1 as is_stale from process "
                                        "where stopped_at is null or {0} < $2 order by stopped_at "
                                        "is not null or {0} > $1, name, id",
                                        silence),
                            {lease.ttl.count(), kShowStopped.count()}));
    std::vector<ProcessInfo> list;
    list.reserve(rows.size());
    for (const db::Row row : rows) {
      list.push_back({.id = row.get<std::string>("id"),
                      .name = row.get<std::string>("name"),
                      .address = row.get<std::string>("address"),
                      .roles = row.get<std::string>("roles"),
                      .version = row.get<std::string>("version"),
                      .started_at = row.get<Instant>("started_at"),
                      .heartbeat_at = row.get<Instant>("heartbeat_at"),
                      .resident_bytes = row.get<std::int64_t>("resident_bytes"),
                      .stopped_at = row.get<std::optional<Instant>>("stopped_at"),
                      .is_stale = row.get<bool>("is_stale")});
    }
    return list;
  });
}

Result<std::vector<LoopStatus>> all_loops(db::Database& database, const LeaseOptions& lease) {
  VEDETTE_TRY(rows, read_states(database, lease));
  return merge(std::move(rows));
}

}  // namespace vedette::work

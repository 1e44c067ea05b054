// GET /api/loops and /api/status; /healthz, /readyz, /metrics.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/answers.hpp"
#include "api/core_services.hpp"
#include "api/handlers.hpp"
#include "api/jobs.hpp"
#include "api/metrics.hpp"
#include "api/query.hpp"
#include "api/readiness.hpp"
#include "base/machine.hpp"
#include "db/database.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

double milliseconds(Micros duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

std::string cause_of(const work::LoopStatus& loop) {
  if (loop.cause.empty() && loop.state == work::LoopState::kRetrying) return loop.last_error;
  if (loop.cause.empty() || loop.remedy.empty()) return loop.cause + loop.remedy;
  return loop.cause + " " + loop.remedy;
}

json::object loop_json(const work::LoopStatus& loop) {
  const bool is_held = !loop.lease.empty() && loop.token != 0;
  json::value took = nullptr;
  if (loop.last_took) took = milliseconds(*loop.last_took);
  json::value token = nullptr;
  if (is_held) token = loop.token;
  return {{"name", loop.name},
          {"title", loop.title},
          {"role", work::name(loop.role)},
          {"state", loop.is_stale ? "stopped" : work::name(loop.state)},
          {"word", loop.is_stale ? std::string("no word from its process") : loop.word},
          {"health", loop.is_stale ? "bad" : work::name(loop.health)},
          {"cause", text_or_null(cause_of(loop))},
          {"since", to_rfc3339(loop.since)},
          {"attempts", loop.attempts},
          {"held_by", text_or_null(loop.held_by)},
          {"token", std::move(token)},
          {"last_success_at", or_null(loop.last_success_at)},
          {"took_ms", std::move(took)},
          {"next_at", or_null(loop.next_run_at)},
          {"restarts", loop.restarts_today},
          {"last_error", text_or_null(loop.last_error)},
          {"last_error_at", or_null(loop.last_error_at)},
          {"process", loop.process}};
}

Answer loops(const CoreServices& services, const http::Request&) {
  auto all = services.supervisor.all();
  const bool is_complete = all.has_value();
  const std::vector<work::LoopStatus> list =
      is_complete ? std::move(*all) : services.supervisor.snapshot();
  json::array loops;
  for (const work::LoopStatus& loop : list) loops.push_back(loop_json(loop));
  json::value reason = nullptr;
  if (!is_complete) reason = all.error().message;
  return answer(200, json::object{{"loops", std::move(loops)},
                                  {"complete", is_complete},
                                  {"reason", std::move(reason)}});
}

Result<std::string> loop_name_of(const http::Request& request) {
  const std::string_view name = request.param("name");
  if (name.empty() || name.size() > 128 || name.find('\0') != std::string_view::npos) {
    return bad_parameter("name",
                         "A loop's name has 1 to 128 characters; GET /api/loops lists them.");
  }
  return std::string(name);
}

Answer retry(const CoreServices& services, const http::Request& request) {
  VEDETTE_TRY(name, loop_name_of(request));
  const std::vector<work::LoopStatus> here = services.supervisor.snapshot();
  bool is_known = std::ranges::find(here, name, &work::LoopStatus::name) != here.end();
  if (!is_known) {
    if (auto all = services.supervisor.all()) {
      is_known = std::ranges::find(*all, name, &work::LoopStatus::name) != all->end();
    }
  }
  if (!is_known) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no loop '{}'. GET /api/loops lists them.", name));
  }
  (void)services.supervisor.wake(name);  // not known here: another process has it
  services.database.notify(kWakeChannel, name);
  return http::empty(202);
}

Answer leases(const CoreServices& services, const http::Request& request) {
  VEDETTE_TRY(name, loop_name_of(request));
  VEDETTE_TRY(limit, limit_of(request));
  VEDETTE_TRY(history, work::lease_history(services.database, name, limit));
  json::array list;
  for (const work::Holding& holding : history) {
    list.push_back(json::object{{"name", holding.name},
                                {"token", holding.token},
                                {"holder", holding.holder},
                                {"process", holding.process},
                                {"acquired_at", to_rfc3339(holding.acquired_at)},
                                {"ended_at", or_null(holding.ended_at)},
                                {"ended_by", text_or_null(holding.ended_by)}});
  }
  return answer(200, json::object{{"leases", std::move(list)}});
}

json::object database_json(const db::DatabaseState& state, const Readiness& readiness) {
  json::value slowest = nullptr;
  if (state.writes > 0) slowest = milliseconds(state.slowest_write);
  json::object tables;
  for (const auto& [module, version] : readiness.tables()) tables[module] = version;
  return {{"kind", state.dialect == db::Dialect::kSqlite ? "SQLite" : "PostgreSQL"},
          {"reachable", state.reachable},
          {"writable", state.is_writable},
          {"version", text_or_null(state.server_version)},
          {"message", text_or_null(state.message)},
          {"since", to_rfc3339(state.since)},
          {"size_bytes", or_null(state.size_bytes)},
          {"tables", std::move(tables)},
          {"writes", state.writes},
          {"slowest_write_ms", std::move(slowest)}};
}

json::array processes_json(const CoreServices& services) {
  work::LeaseOptions lease;
  lease.ttl = services.process.lease_ttl;
  json::array list;
  auto processes = work::processes(services.database, lease);
  if (!processes) return list;
  for (const work::ProcessInfo& process : *processes) {
    list.push_back(json::object{{"id", process.id},
                                {"name", process.name},
                                {"roles", process.roles},
                                {"version", process.version},
                                {"started_at", to_rfc3339(process.started_at)},
                                {"heartbeat_at", to_rfc3339(process.heartbeat_at)},
                                {"resident_bytes", process.resident_bytes},
                                {"alive", !process.is_stale && !process.stopped_at},
                                {"stopped_at", or_null(process.stopped_at)}});
  }
  return list;
}

json::array notes_json(const CoreServices& services) {
  json::array list;
  std::vector<Note> notes = services.notes();
  note_jobs(notes, services);
  for (const Note& note : notes)
    list.push_back(json::object{{"title", note.title}, {"text", note.text}});
  return list;
}

json::value machine_json() {
  const auto load = machine_load();
  if (!load) return nullptr;
  return json::object{{"load_1", load->load_1},
                      {"cores", load->cores},
                      {"memory_bytes", load->memory.total_bytes},
                      {"memory_available_bytes", load->memory.available_bytes}};
}

Answer status(const CoreServices& services, const http::Request&) {
  const http::ServerStats stats = services.server_stats();
  const double uptime =
      std::max(1.0, to_seconds(services.clock.now() - services.process.started_at));
  json::array roles;
  for (const work::Role role : work::kAllRoles) {
    if (services.process.roles.has(role)) roles.emplace_back(work::name(role));
  }
  json::value p99 = nullptr;
  if (stats.requests > 0) p99 = stats.quantile_s(0.99) * 1000.0;
  return answer(
      200, json::object{{"version", services.process.version},
                        {"started_at", to_rfc3339(services.process.started_at)},
                        {"process", services.supervisor.process_name()},
                        {"roles", std::move(roles)},
                        {"database", database_json(services.database.state(), services.readiness)},
                        {"machine", machine_json()},
                        {"notes", notes_json(services)},
                        {"processes", processes_json(services)},
                        {"viewers",
                         {{"live_streams", services.live_streams()},
                          {"event_streams", services.events.clients()},
                          {"connections", stats.connections},
                          {"requests", stats.requests},
                          {"requests_per_s", static_cast<double>(stats.requests) / uptime},
                          {"p99_ms", std::move(p99)}}}});
}

Answer ready(const CoreServices& services, const http::Request&) {
  const std::string why = why_not_ready(services.readiness, services.database);
  if (!why.empty()) return fail(ErrorCode::kUnavailable, why);
  return http::text(200, "ready\n");
}

}  // namespace

void mount_operations(http::Router& router, const std::shared_ptr<const CoreServices>& services) {
  router.get("/api/loops", handler(services, {}, loops));
  router.post("/api/loops/{name}/retry", handler(services, {}, retry),
              {.body = http::BodyKind::kAny});
  router.get("/api/loops/{name}/leases", handler(services, {"limit"}, leases));
  router.get("/api/status", handler(services, {}, status));
}

void mount_health(http::Router& router, const std::shared_ptr<const CoreServices>& services) {
  router.get("/healthz", strict({}, [](const http::Request&) { return http::text(200, "ok\n"); }),
             {.open = true, .is_vital = true, .inline_ok = true});
  router.get("/readyz", handler(services, {}, ready),
             {.open = true, .is_vital = true, .inline_ok = true});
  router.get("/metrics",
             handler(services, {}, [](const CoreServices& s, const http::Request&) -> Answer {
               return http::text(200, metrics_text(s), "text/plain; version=0.0.4; charset=utf-8");
             }));
}

}  // namespace vedette::api

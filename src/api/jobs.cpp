// The routes of jobs.
#include "api/jobs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "api/answers.hpp"
#include "api/handlers.hpp"
#include "api/query.hpp"
#include "db/database.hpp"
#include "work/job.hpp"
#include "work/job_queue.hpp"
#include "work/worker.hpp"

namespace vedette::api {
namespace {

using Answer = Result<http::Response>;

constexpr std::array kStates{work::JobState::kAvailable, work::JobState::kRunning,
                             work::JobState::kCompleted, work::JobState::kFailed,
                             work::JobState::kDiscarded, work::JobState::kCancelled};

std::unexpected<Error> no_job(std::string_view id) {
  return fail(ErrorCode::kNotFound,
              fmt::format("There is no job '{}'. GET /api/jobs lists them.", id.substr(0, 64)));
}

// What is no number is the id of no job.
Result<std::int64_t> job_id_of(const http::Request& request) {
  const std::string_view text = request.param("job");
  const auto id = whole_number(text, 1, std::numeric_limits<std::int64_t>::max());
  if (!id) return no_job(text);
  return *id;
}

Result<std::string> kind_name_of(const http::Request& request) {
  const std::string_view name = request.param("kind");
  if (name.empty() || name.size() > 200 || name.find('\0') != std::string_view::npos) {
    return bad_parameter("kind",
                         "A kind's name has 1 to 200 characters; GET /api/jobs/kinds lists them.");
  }
  return std::string(name);
}

Result<std::optional<std::int64_t>> id_parameter(const http::Request& request,
                                                 std::string_view name) {
  const auto text = request.query(name);
  if (!text) return std::nullopt;
  const auto id = whole_number(*text, 1, std::numeric_limits<std::int64_t>::max());
  if (!id) return bad_parameter(name, fmt::format("'{}' must be the id of a job.", name));
  return id;
}

Result<std::vector<work::JobState>> states_of(const http::Request& request) {
  VEDETTE_TRY(words, list_of(request, "state"));
  std::vector<work::JobState> states;
  for (const std::string& word : words) {
    const auto state = work::job_state_named(word);
    if (!state) {
      std::vector<std::string_view> names;
      for (const work::JobState one : kStates) names.push_back(work::name(one));
      return bad_parameter("state", fmt::format("'{}' is no state; those there are: {}.", word,
                                                fmt::join(names, ", ")));
    }
    states.push_back(*state);
  }
  return states;
}

Result<work::JobFilter> filter_of(const http::Request& request) {
  work::JobFilter filter;
  VEDETTE_TRY(kinds, list_of(request, "kind"));
  filter.kinds = std::move(kinds);
  VEDETTE_TRY(states, states_of(request));
  filter.states = std::move(states);
  VEDETTE_TRY(parent, id_parameter(request, "parent"));
  filter.parent = parent;
  VEDETTE_TRY(before, id_parameter(request, "before"));
  filter.before = before;
  if (const auto key = request.query("key")) {
    if (key->empty() || key->size() > 1000 || key->find('\0') != std::string_view::npos)
      return bad_parameter("key", "'key' must have 1 to 1000 characters.");
    filter.key = *key;
  }
  if (const auto text = request.query("limit")) {
    const auto limit = whole_number(*text, 1, 1000);
    if (!limit) return bad_parameter("limit", "'limit' must be a whole number from 1 to 1000.");
    filter.limit = static_cast<int>(*limit);
  }
  return filter;
}

struct Page {
  std::vector<work::JobStatus> jobs;
  bool has_more = false;
};

Answer list(const CoreServices& services, const http::Request& request) {
  VEDETTE_TRY(filter, filter_of(request));
  VEDETTE_TRY(page, services.database.read([&](db::Session& session) -> Result<Page> {
    Page read;
    VEDETTE_TRY(found, work::jobs(session, filter));
    read.jobs = std::move(found);
    if (read.jobs.size() < static_cast<std::size_t>(filter.limit)) return read;
    work::JobFilter next = filter;
    next.before = read.jobs.back().id;
    next.limit = 1;
    VEDETTE_TRY(more, work::jobs(session, next));
    read.has_more = !more.empty();
    return read;
  }));
  std::optional<std::int64_t> next;
  if (page.has_more) next = page.jobs.back().id;
  return http::json(200, jobs_body(page.jobs, next, services.jobs, *services.pace));
}

Answer show(const CoreServices& services, const http::Request& request) {
  VEDETTE_TRY(id, job_id_of(request));
  VEDETTE_TRY(
      found, services.database.read([id](db::Session& session) { return work::job(session, id); }));
  if (!found) return no_job(request.param("job"));
  return http::json(200, job_body(*found, services.jobs, *services.pace));
}

/// A change of one job, and the job after it.
Answer change(const CoreServices& services, const http::Request& request, int status,
              Result<void> (*apply)(db::Session&, std::int64_t)) {
  VEDETTE_TRY(id, job_id_of(request));
  VEDETTE_TRY(changed, services.database.write(
                           [&](db::Session& session) -> Result<std::optional<work::JobStatus>> {
                             VEDETTE_CHECK(apply(session, id));
                             return work::job(session, id);
                           }));
  if (!changed) return no_job(request.param("job"));
  return http::json(status, job_body(*changed, services.jobs, *services.pace));
}

Answer retry(const CoreServices& services, const http::Request& request) {
  return change(services, request, 200, work::retry_job);
}

Answer cancel(const CoreServices& services, const http::Request& request) {
  return change(services, request, 202, work::cancel_job);
}

Answer kinds(const CoreServices& services, const http::Request&) {
  VEDETTE_TRY(all, services.database.read(
                       [&](db::Session& session) { return all_kinds(session, services.jobs); }));
  return http::json(200, kinds_body(all, services.jobs));
}

work::KindStatus kind_named(std::string_view name) {
  work::KindStatus kind;
  kind.kind = name;
  return kind;
}

Answer set_paused(const CoreServices& services, const http::Request& request, bool is_paused) {
  VEDETTE_TRY(name, kind_name_of(request));
  // Counted beside the write, not in it: on SQLite everybody who writes would wait.
  const auto look = [&]() -> Result<std::optional<work::KindStatus>> {
    VEDETTE_TRY(all, services.database.read(
                         [&](db::Session& session) { return all_kinds(session, services.jobs); }));
    const auto found = std::ranges::find(all, name, &work::KindStatus::kind);
    if (found == all.end()) return std::nullopt;
    return std::move(*found);
  };
  VEDETTE_TRY(before, look());
  if (!before) {
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no kind of job '{}'. GET /api/jobs/kinds lists them.", name));
  }
  VEDETTE_CHECK(services.database.write(
      [&](db::Session& session) { return work::pause_kind(session, name, is_paused); }));
  VEDETTE_TRY(after, look());
  // One that nobody knows any more and that has no job.
  return http::json(200, kind_body(after.value_or(kind_named(name)), services.jobs));
}

Answer pause(const CoreServices& services, const http::Request& request) {
  return set_paused(services, request, true);
}

Answer resume(const CoreServices& services, const http::Request& request) {
  return set_paused(services, request, false);
}

}  // namespace

Result<std::vector<work::KindStatus>> all_kinds(db::Session& session, const work::Worker& worker) {
  VEDETTE_TRY(all, work::kinds(session));
  for (const work::JobKind* known : worker.kinds()) {
    if (std::ranges::find(all, known->name, &work::KindStatus::kind) == all.end())
      all.push_back(kind_named(known->name));
  }
  std::ranges::sort(all, {}, &work::KindStatus::kind);
  return std::move(all);
}

void mount_jobs(http::Router& router, const std::shared_ptr<const CoreServices>& services) {
  const http::RouteOptions change{.body = http::BodyKind::kAny};
  router.get("/api/jobs",
             handler(services, {"kind", "state", "parent", "key", "before", "limit"}, list));
  router.get("/api/jobs/kinds", handler(services, {}, kinds));
  router.post("/api/jobs/kinds/{kind}/pause", handler(services, {}, pause), change);
  router.post("/api/jobs/kinds/{kind}/resume", handler(services, {}, resume), change);
  router.get("/api/jobs/{job}", handler(services, {}, show));
  router.post("/api/jobs/{job}/retry", handler(services, {}, retry), change);
  router.post("/api/jobs/{job}/cancel", handler(services, {}, cancel), change);
}

}  // namespace vedette::api

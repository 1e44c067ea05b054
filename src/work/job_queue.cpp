// Jobs as they are looked at.
#include "work/job_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>

#include "db/where.hpp"
#include "work/job_sql.hpp"
#include "work/job_tally.hpp"

namespace vedette::work {
namespace {

constexpr std::array<std::pair<JobState, std::string_view>, 6> kStates{
    {{JobState::kAvailable, "available"},
     {JobState::kRunning, "running"},
     {JobState::kCompleted, "completed"},
     {JobState::kFailed, "failed"},
     {JobState::kDiscarded, "discarded"},
     {JobState::kCancelled, "cancelled"}}};

constexpr std::string_view kColumns =
    "id, kind, state, payload, unique_key, priority, created_at, run_at, started_at, finished_at, "
    "attempt, failures, crashes, done, total, message, error, result, process, parent_id, "
    "open_children, cancel_at is not null as is_cancelling";

JobStatus status_from(const db::Row& row) {
  return {
      .id = row.get<std::int64_t>("id"),
      .kind = row.get<std::string>("kind"),
      .state = job_state_named(row.get<std::string_view>("state")).value_or(JobState::kAvailable),
      .payload = row.get<std::string>("payload"),
      .key = row.get<std::optional<std::string>>("unique_key"),
      .priority = row.get<int>("priority"),
      .created_at = row.get<Instant>("created_at"),
      .run_at = row.get<Instant>("run_at"),
      .started_at = row.get<std::optional<Instant>>("started_at"),
      .finished_at = row.get<std::optional<Instant>>("finished_at"),
      .attempt = row.get<std::int64_t>("attempt"),
      .failures = row.get<std::int64_t>("failures"),
      .crashes = row.get<std::int64_t>("crashes"),
      .done = row.get<std::int64_t>("done"),
      .total = row.get<std::int64_t>("total"),
      .message = row.get<std::string>("message"),
      .error = row.get<std::string>("error"),
      .result = row.get<std::string>("result"),
      .process = row.get<std::string>("process"),
      .parent = row.get<std::optional<std::int64_t>>("parent_id"),
      .open_children = row.get<std::int64_t>("open_children"),
      .is_cancelling = row.get<bool>("is_cancelling")};
}

/// The rows of one kind and state, or a part of them, and the index that leads there: without one
/// the newest of a rare kind would be looked for among all.
struct Source {
  std::string condition;
  std::string_view index;
};

std::vector<Source> sources_of(JobState state) {
  switch (state) {
    case JobState::kAvailable:
      return {{"waits_for = 'worker'", "job_ready"},
              {fmt::format("{} and state = 'available'", kLaterSql), "job_later"}};
    case JobState::kRunning:
      return {{"state = 'running'", "job_running"}};
    default:
      return {{fmt::format("{} and state = '{}'", kPastSql, name(state)), "job_past"}};
  }
}

/// Kinds by the first column of an index, from one to the next: costs by kinds, not by jobs.
Result<void> add_kinds(db::Session& session, std::string_view table, std::string_view condition,
                       std::set<std::string>& kinds) {
  VEDETTE_TRY(rows, session.query(fmt::format(
                        "with recursive k(kind) as ("
                        "select (select kind from {0} where {1} order by kind limit 1) union all "
                        "select (select kind from {0} where {1} and {0}.kind > k.kind "
                        "order by {0}.kind limit 1) from k where k.kind is not null) "
                        "select kind from k where kind is not null",
                        table, condition)));
  for (const db::Row row : rows) kinds.insert(row.get<std::string>(0));
  return {};
}

Result<std::set<std::string>> kinds_with_jobs(db::Session& session) {
  std::set<std::string> kinds;
  VEDETTE_CHECK(add_kinds(session, "job", "waits_for = 'worker'", kinds));
  VEDETTE_CHECK(add_kinds(session, "job", kLaterSql, kinds));
  VEDETTE_CHECK(add_kinds(session, "job", kPastSql, kinds));
  VEDETTE_TRY(rows, session.query("select distinct kind from job where state = 'running'"));
  for (const db::Row row : rows) kinds.insert(row.get<std::string>(0));
  return kinds;
}

Result<void> add_jobs(db::Session& session, const std::string& sql,
                      std::span<const db::Value> params, std::vector<JobStatus>& found) {
  VEDETTE_TRY(rows, session.query(sql, params));
  for (const db::Row row : rows) found.push_back(status_from(row));
  return {};
}

/// What a filter says of single columns, as conditions.
db::Where where_of(const JobFilter& filter) {
  db::Where where;
  if (filter.parent) where.add(fmt::format("parent_id = {}", where.param(*filter.parent)));
  if (filter.key) where.add(fmt::format("unique_key = {}", where.param(*filter.key)));
  if (filter.before) where.add(fmt::format("id < {}", where.param(*filter.before)));
  return where;
}

}  // namespace

std::string_view name(JobState state) {
  for (const auto& [known, text] : kStates) {
    if (known == state) return text;
  }
  return "available";
}

std::optional<JobState> job_state_named(std::string_view text) {
  for (const auto& [state, known] : kStates) {
    if (known == text) return state;
  }
  return std::nullopt;
}

bool has_ended(JobState state) {
  return state == JobState::kCompleted || state == JobState::kDiscarded ||
         state == JobState::kCancelled;
}

Result<std::vector<JobStatus>> jobs(db::Session& session, const JobFilter& filter) {
  const int limit = std::clamp(filter.limit, 1, 1'000);
  std::vector<JobStatus> found;
  const bool is_narrow = filter.parent || filter.key;
  if (is_narrow || (filter.kinds.empty() && filter.states.empty())) {
    db::Where where = where_of(filter);
    where.any_of("kind", filter.kinds);
    std::vector<std::string> states;
    for (const JobState state : filter.states) states.emplace_back(name(state));
    where.any_of("state", states);
    VEDETTE_CHECK(add_jobs(session,
                           fmt::format("select {} from job{} order by id desc limit {}", kColumns,
                                       where.text(), limit),
                           where.values(), found));
    return found;
  }
  std::set<std::string> kinds(filter.kinds.begin(), filter.kinds.end());
  if (kinds.empty()) {
    VEDETTE_TRY(known, kinds_with_jobs(session));
    kinds = std::move(known);
  }
  std::set<JobState> states(filter.states.begin(), filter.states.end());
  if (states.empty()) {
    for (const auto& [state, text] : kStates) states.insert(state);
  }
  for (const std::string& kind : kinds) {
    for (const JobState state : states) {
      for (const Source& source : sources_of(state)) {
        db::Where where = where_of(filter);
        where.add(fmt::format("kind = {}", where.param(kind)));
        where.add(source.condition);
        VEDETTE_CHECK(
            add_jobs(session,
                     fmt::format("select {} from job{}{} order by id desc limit {}", kColumns,
                                 indexed_by(session.dialect(), source.index), where.text(), limit),
                     where.values(), found));
      }
    }
  }
  std::ranges::sort(found, std::greater(), &JobStatus::id);
  if (found.size() > static_cast<std::size_t>(limit)) {
    found.erase(found.begin() + limit, found.end());
  }
  return found;
}

Result<std::optional<JobStatus>> job(db::Session& session, std::int64_t id) {
  VEDETTE_TRY(rows, session.query(fmt::format("select {} from job where id = $1", kColumns), {id}));
  if (rows.empty()) return std::nullopt;
  return status_from(rows.front());
}

Result<std::vector<KindStatus>> kinds(db::Session& session) {
  VEDETTE_TRY(with_jobs, kinds_with_jobs(session));
  VEDETTE_TRY(paused_rows, session.query("select kind from job_kind where is_paused"));
  std::set<std::string> paused;
  for (const db::Row row : paused_rows) paused.insert(row.get<std::string>(0));
  std::set<std::string> names = with_jobs;
  names.insert(paused.begin(), paused.end());
  VEDETTE_CHECK(add_kinds(session, "job_tally", "true", names));

  // Each in the order of its index: without one a planner may begin anywhere in the table.
  const std::string counts = fmt::format(
      "select "
      "(select count(*) from (select id from job where kind = $1 and waits_for = 'worker' "
      "order by rank, id limit {0}) as ready), "
      "(select min(run_at) from (select run_at from job where kind = $1 and waits_for = 'worker' "
      "order by rank, id limit {0}) as oldest), "
      "(select count(*) from (select id from job where kind = $1 and {1} and "
      "state = 'available' order by waits_for, run_at limit {0}) as later), "
      "(select count(*) from job where state = 'running' and kind = $1), "
      "(select count(*) from (select id from job where kind = $1 and {2} and state = 'failed' "
      "order by id limit {0}) as failed)",
      kMostCounted + 1, kLaterSql, kPastSql);
  std::vector<KindStatus> all;
  for (const std::string& kind : names) {
    KindStatus status{.kind = kind, .is_paused = paused.contains(kind)};
    VEDETTE_CHECK(read_tally(session, status));
    const bool is_recent =
        status.completed_day + status.discarded_day + status.failures_day + status.crashes_day > 0;
    if (!is_recent && !status.is_paused && !with_jobs.contains(kind)) continue;
    VEDETTE_TRY(rows, session.query(counts, {kind}));
    const db::Row row = rows.front();
    status.available = row.get<std::int64_t>(0);
    status.oldest_ready = row.get<std::optional<Instant>>(1);
    status.scheduled = row.get<std::int64_t>(2);
    status.running = row.get<std::int64_t>(3);
    status.failed = row.get<std::int64_t>(4);
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace vedette::work

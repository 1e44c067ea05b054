// What people do to jobs: retry, cancel, pause.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <vector>

#include "work/job_queue.hpp"
#include "work/job_sql.hpp"

namespace vedette::work {
namespace {

constexpr std::size_t kChunk = 1'000;  // jobs cancelled in one statement

struct Job {
  std::string kind;
  JobState state = JobState::kAvailable;
  std::optional<std::string> key;
  std::optional<std::int64_t> parent;
};

Result<Job> look_at(db::Session& session, std::int64_t id) {
  VEDETTE_TRY(rows, session.query(fmt::format("select kind, state, unique_key, parent_id from job "
                                              "where id = $1 {}",
                                              only_postgres(session.dialect(), "for update")),
                                  {id}));
  if (rows.empty()) {
    return fail(ErrorCode::kNotFound, fmt::format("There is no job {}.", id));
  }
  const db::Row row = rows.front();
  return Job{.kind = row.get<std::string>(0),
             .state = job_state_named(row.get<std::string_view>(1)).value_or(JobState::kAvailable),
             .key = row.get<std::optional<std::string>>(2),
             .parent = row.get<std::optional<std::int64_t>>(3)};
}

std::string json_of(std::span<const std::int64_t> ids) {
  std::string json = "[";
  for (const std::int64_t id : ids) {
    fmt::format_to(std::back_inserter(json), R"({}{{"id":{}}})", json.size() > 1 ? "," : "", id);
  }
  return json + "]";
}

/// The jobs of $1 and all that descend from them, alive ones only below the first.
std::string tree_sql(db::Dialect dialect) {
  return fmt::format(
      "with recursive tree(id) as (select e.id from {} union select job.id from tree, job{} "
      "where job.parent_id = tree.id and job.{}) ",
      json_rows_sql(dialect, "id bigint"), indexed_by(dialect, "job_child"), kAliveSql);
}

/// Cancels what waits of the tree, asks what runs of it to stop. `with_roots`: those of $1 too.
/// Children before their parents, which is from the highest id down, as jobs that end do it.
Result<void> cancel_tree(db::Session& session, std::span<const std::int64_t> roots,
                         bool with_roots) {
  const db::Dialect dialect = session.dialect();
  std::vector<std::int64_t> sorted(roots.begin(), roots.end());
  std::ranges::sort(sorted);
  const std::string json = json_of(roots);
  VEDETTE_TRY(found, session.query(fmt::format("{}select job.id from tree, job where "
                                               "job.id = tree.id and job.{} order by job.id desc",
                                               tree_sql(dialect), kAliveSql),
                                   {json}));
  std::vector<std::int64_t> ids;
  for (const db::Row row : found) {
    const auto id = row.get<std::int64_t>(0);
    if (with_roots || !std::ranges::binary_search(sorted, id)) ids.push_back(id);
  }
  // Locked from the highest id down; one that ended meanwhile is left as it is.
  const std::string alive = fmt::format(
      "select job.id from {}, job where job.id = e.id and job.{} order by job.id desc {}",
      json_rows_sql(dialect, "id bigint"), kAliveSql, only_postgres(dialect, "for update of job"));
  const std::string sql = fmt::format(
      "update job set state = case when state = 'running' then state else 'cancelled' end, "
      "waits_for = null, finished_at = case when state = 'running' then null else {0} end, "
      "cancel_at = case when state = 'running' then coalesce(cancel_at, {0}) end "
      "where {1} returning kind, state, parent_id",
      db::now_sql(dialect), id_among(dialect, alive));
  std::map<std::int64_t, EndedChildren> parents;
  std::set<std::string> kinds;
  bool is_asked = false;
  for (std::span<const std::int64_t> rest = ids; !rest.empty();) {
    const auto chunk = rest.first(std::min(rest.size(), kChunk));
    rest = rest.subspan(chunk.size());
    VEDETTE_TRY(rows, session.query(sql, {json_of(chunk)}));
    for (const db::Row row : rows) {
      kinds.insert(row.get<std::string>(0));
      if (row.get<std::string_view>(1) == "running") {
        is_asked = true;
      } else if (const auto parent = row.get<std::optional<std::int64_t>>(2)) {
        ++parents[*parent].cancelled;
      }
    }
  }
  for (const std::string& kind : kinds) session.notify(kJobChangeChannel, kind);
  if (is_asked) session.notify(kJobCancelChannel);
  return settle_parents(session, parents);
}

}  // namespace

Result<void> cancel_children(db::Session& session, std::span<const std::int64_t> parents) {
  if (parents.empty()) return {};
  return cancel_tree(session, parents, false);
}

Result<void> retry_job(db::Session& session, std::int64_t id) {
  const db::Dialect dialect = session.dialect();
  VEDETTE_TRY(job, look_at(session, id));
  if (job.state == JobState::kAvailable || job.state == JobState::kRunning) {
    return fail(ErrorCode::kConflict,
                fmt::format("Job {} {}; there is nothing to retry.", id,
                            job.state == JobState::kRunning ? "is running" : "is waiting already"));
  }
  if (job.key && has_ended(job.state)) {
    VEDETTE_TRY(others, session.query(fmt::format("select id from job where kind = $1 and "
                                                  "unique_key = $2 and {}",
                                                  kAliveSql),
                                      {job.kind, *job.key}));
    if (!others.empty()) {
      return fail(ErrorCode::kConflict,
                  fmt::format("Job {} does the same (\"{}\") and has not ended: job {} cannot be "
                              "retried beside it.",
                              others.scalar<std::int64_t>(), *job.key, id));
    }
  }
  VEDETTE_CHECK(session.execute(
      fmt::format("update job set state = 'available', waits_for = 'worker', run_at = now, "
                  "rank = {}, failures = 0, crashes = 0, finished_at = null, cancel_at = null, "
                  "result = '', done = case when state = 'completed' then 0 else done end, "
                  "message = case when state = 'completed' then '' else message end "
                  "from (select {} as now) as clock where id = $1",
                  db::plus_sql(dialect, "now", "-60000000 * cast(priority as bigint)"),
                  db::now_sql(dialect)),
      {id}));
  if (job.parent && has_ended(job.state)) {
    const std::string_view ended = name(job.state);
    VEDETTE_CHECK(session.execute(fmt::format("update job set open_children = open_children + 1, "
                                              "children_{0} = children_{0} - 1 where id = $1",
                                              ended),
                                  {*job.parent}));
  }
  session.notify(kJobReadyChannel, job.kind);
  session.notify(kJobChangeChannel, job.kind);
  return {};
}

Result<void> cancel_job(db::Session& session, std::int64_t id) {
  VEDETTE_TRY(rows, session.query("select state from job where id = $1", {id}));
  if (rows.empty()) {
    return fail(ErrorCode::kNotFound, fmt::format("There is no job {}.", id));
  }
  const auto state = job_state_named(rows.scalar<std::string_view>());
  if (!state || has_ended(*state)) {
    return fail(ErrorCode::kConflict,
                fmt::format("Job {} has ended ({}); there is nothing to cancel.", id,
                            rows.scalar<std::string_view>()));
  }
  return cancel_tree(session, {&id, 1}, true);
}

Result<void> pause_kind(db::Session& session, std::string_view kind, bool is_paused) {
  VEDETTE_CHECK(
      session.execute("insert into job_kind (kind, is_paused) values ($1, $2) "
                      "on conflict (kind) do update set is_paused = excluded.is_paused",
                      {kind, is_paused}));
  session.notify(is_paused ? kJobCancelChannel : kJobReadyChannel,
                 is_paused ? std::string_view() : kind);
  session.notify(kJobChangeChannel, kind);
  return {};
}

}  // namespace vedette::work

// How attempts end, many in one go.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <unordered_set>

#include "work/job_queue.hpp"
#include "work/job_sql.hpp"
#include "work/job_store.hpp"
#include "work/job_tally.hpp"

namespace vedette::work {
namespace {

struct Ended {
  std::int64_t id = 0;
  std::optional<std::int64_t> parent;
  JobState state = JobState::kCompleted;
};

/// What an ending asks for: the state, and what the job then waits for.
struct Aim {
  std::string_view state;
  std::string_view waits_for;  // "" nothing: it is over
  int failures = 0;
};

Aim aim_of(Ending::Kind kind) {
  switch (kind) {
    case Ending::Kind::kFailed:
      return {"failed", "time", 1};
    case Ending::Kind::kDiscarded:
      return {"discarded", "", 1};
    case Ending::Kind::kCancelled:
      return {"cancelled", "", 0};
    case Ending::Kind::kGivenBack:
      return {"available", "worker", 0};
    case Ending::Kind::kLater:
      return {"available", "time", 0};
    case Ending::Kind::kWaiting:
      return {"available", "children", 0};
    case Ending::Kind::kCompleted:
    case Ending::Kind::kCompletedAlready:
      break;
  }
  return {"completed", "", 0};
}

using Batch = std::vector<const Ending*>;

std::string clean_result(std::string_view result) {
  return clean_text(result, std::numeric_limits<std::size_t>::max());
}

std::string array_of(const Batch& batch, std::int64_t Ending::* member) {
  std::string array = "{";
  for (const Ending* one : batch) {
    fmt::format_to(std::back_inserter(array), "{}{}", array.size() > 1 ? "," : "", one->*member);
  }
  return array + "}";
}

/// PostgreSQL's text of an array of texts.
std::string results_of(const Batch& batch) {
  std::string array = "{";
  for (const Ending* one : batch) {
    array += array.size() > 1 ? ",\"" : "\"";
    for (const char c : clean_result(one->result)) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

/// Those of a batch that are still this worker's attempts, on SQLite. Told first and then written
/// one by one, since nobody else writes meanwhile: a RETURNING makes a table of its own each time.
Result<db::Rows> still_running(db::Session& session, const Fence& worker, const Batch& batch) {
  std::string json = "[";
  for (const Ending* one : batch) {
    fmt::format_to(std::back_inserter(json), R"({}{{"id":{},"attempt":{}}})",
                   json.size() > 1 ? "," : "", one->id, one->attempt);
  }
  return session.query(
      fmt::format("select job.id, job.parent_id from {} cross join job where job.id = e.id and "
                  "job.attempt = e.attempt and {} order by job.id",
                  json_rows_sql(session.dialect(), "id bigint,attempt bigint"),
                  runs_under_sql(session.dialect(), "$2")),
      {json + "]", worker.name});
}

/// Completed jobs, which are most: their rows are gone when nobody keeps them, which costs no new
/// row version, or say so.
Result<void> complete(db::Session& session, const Fence& worker, const Batch& batch, bool is_kept,
                      std::vector<Ended>& ended) {
  if (batch.empty()) return {};
  const std::string sql = complete_sql(session.dialect(), is_kept);
  const bool is_postgres = session.dialect() == db::Dialect::kPostgres;
  std::vector<db::Value> params;
  if (is_postgres) {
    params = {worker.name, array_of(batch, &Ending::id), array_of(batch, &Ending::attempt)};
    if (is_kept) params.emplace_back(results_of(batch));
  }
  VEDETTE_TRY(rows,
              is_postgres ? session.query(sql, params) : still_running(session, worker, batch));
  auto next = batch.begin();  // by id, as the rows are on SQLite
  for (const db::Row row : rows) {
    const Ended one{.id = row.get<std::int64_t>(0),
                    .parent = row.get<std::optional<std::int64_t>>(1),
                    .state = JobState::kCompleted};
    if (!is_postgres) {
      next = std::find_if(next, batch.end(), [&](const Ending* its) { return its->id == one.id; });
      const std::string result = is_kept ? clean_result((*next)->result) : std::string();
      VEDETTE_CHECK(is_kept ? session.execute(sql, {one.id, result})
                            : session.execute(sql, {one.id}));
    }
    ended.push_back(one);
  }
  return {};
}

std::string endings_json(const Batch& batch) {
  std::string json = "[";
  for (const Ending* one : batch) {
    const Aim aim = aim_of(one->kind);
    fmt::format_to(std::back_inserter(json),
                   R"({}{{"job_id":{},"attempt":{},"aim":"{}","waits":"{}","failed":{},"wait":{},)",
                   json.size() > 1 ? "," : "", one->id, one->attempt, aim.state, aim.waits_for,
                   aim.failures, one->wait.count());
    json += R"("result":)";
    append_json_text(json, clean_result(one->result));
    json += R"(,"error":)";
    append_json_text(json, clean_text(one->error, kMostError));
    json += '}';
  }
  return json + "]";
}

/// One statement for all others: what an ending asks for, but a job that was asked to stop does not
/// go back, and one whose children have all ended meanwhile does not wait for them.
std::string write_sql(db::Dialect dialect) {
  const std::string now = db::now_sql(dialect);
  const std::string_view stopped = "(e.waits <> '' and job.cancel_at is not null)";
  const std::string again = db::plus_sql(dialect, now, "e.wait");
  return fmt::format(
      "update job set "
      "state = case when {stopped} then 'cancelled' else e.aim end, "
      "waits_for = case when {stopped} or e.waits = '' then null "
      "when e.waits = 'children' and job.open_children <= 0 then 'worker' else e.waits end, "
      "finished_at = case when {stopped} or e.waits = '' then {now} end, "
      "run_at = case when e.waits = 'time' then {again} else job.run_at end, "
      "rank = case when e.waits = 'time' then {rank} else job.rank end, "
      "failures = job.failures + e.failed, result = e.result, "
      "error = case when e.error = '' then job.error else e.error end, "
      "worker = null, cancel_at = null "
      "from {rows} where job.id = e.job_id and job.attempt = e.attempt and {mine} "
      "returning id, parent_id, state",
      fmt::arg("mine", runs_under_sql(dialect, "$2")), fmt::arg("stopped", stopped),
      fmt::arg("now", now), fmt::arg("again", again),
      fmt::arg("rank", db::plus_sql(dialect, again, "-60000000 * cast(job.priority as bigint)")),
      fmt::arg("rows", json_rows_sql(dialect,
                                     "job_id bigint,attempt bigint,aim text,waits text,"
                                     "failed integer,wait bigint,result text,error text")));
}

Result<void> write(db::Session& session, const Fence& worker, const Batch& batch,
                   std::vector<Ended>& ended) {
  if (batch.empty()) return {};
  VEDETTE_TRY(rows,
              session.query(write_sql(session.dialect()), {endings_json(batch), worker.name}));
  for (const db::Row row : rows) {
    ended.push_back(
        {.id = row.get<std::int64_t>(0),
         .parent = row.get<std::optional<std::int64_t>>(1),
         .state = job_state_named(row.get<std::string_view>(2)).value_or(JobState::kAvailable)});
  }
  return {};
}

/// By id, so that two who write the same rows do not wait for each other crosswise.
void sort(Batch& batch) {
  std::ranges::sort(batch, {}, [](const Ending* one) { return one->id; });
}

}  // namespace

std::string complete_sql(db::Dialect dialect, bool is_kept) {
  const bool is_postgres = dialect == db::Dialect::kPostgres;
  const std::string change = fmt::format(
      "state = 'completed', result = {}, finished_at = {}, worker = null, cancel_at = null",
      is_postgres ? "e.result" : "$2", db::now_sql(dialect));
  if (!is_postgres) {
    return fmt::format("{} where id = $1",
                       is_kept ? "update job set " + change : "delete from job");
  }
  const std::string which =
      fmt::format("e.job_id = job.id and e.attempt = job.attempt and {} returning id, parent_id",
                  runs_under_sql(dialect, "$1"));
  if (is_kept) {
    return fmt::format(
        "update job set {} from unnest($2::bigint[], $3::bigint[], $4::text[]) "
        "as e(job_id, attempt, result) where {}",
        change, which);
  }
  return fmt::format(
      "delete from job using unnest($2::bigint[], $3::bigint[]) as e(job_id, attempt) where {}",
      which);
}

Result<std::vector<std::int64_t>> end_jobs(db::Session& session, std::string_view kind,
                                           const Fence& worker, std::span<const Ending> endings) {
  Batch erased;
  Batch kept;
  Batch written;
  Tally tally;
  for (const Ending& one : endings) {
    if (one.kind == Ending::Kind::kCompletedAlready) {
      ++tally.completed;
      tally.took += one.took;
    } else if (one.kind == Ending::Kind::kCompleted) {
      (one.is_kept ? kept : erased).push_back(&one);
    } else {
      written.push_back(&one);
    }
  }
  for (Batch* batch : {&erased, &kept, &written}) sort(*batch);
  // PostgreSQL may expect one row under a worker and look through the whole table for each ending,
  // or find it cheaper to read all of it.
  if (endings.size() > 1) VEDETTE_CHECK(tune_planner(session));
  std::vector<Ended> ended;
  ended.reserve(endings.size());
  VEDETTE_CHECK(complete(session, worker, erased, false, ended));
  VEDETTE_CHECK(complete(session, worker, kept, true, ended));
  VEDETTE_CHECK(write(session, worker, written, ended));

  std::unordered_set<std::int64_t> done;
  std::map<std::int64_t, EndedChildren> parents;
  std::vector<std::int64_t> cancelled;
  for (const Ended& one : ended) {
    done.insert(one.id);
    if (one.parent && has_ended(one.state)) parents[*one.parent].add(one.state);
    if (one.state == JobState::kCancelled) cancelled.push_back(one.id);
  }
  std::vector<std::int64_t> refused;
  bool has_ready = false;
  for (const Ending& one : endings) {
    if (one.kind == Ending::Kind::kCompletedAlready) continue;
    if (!done.contains(one.id)) {
      refused.push_back(one.id);
      continue;
    }
    const Aim aim = aim_of(one.kind);
    tally.failures += aim.failures;
    if (one.kind == Ending::Kind::kDiscarded) ++tally.discarded;
    if (one.kind == Ending::Kind::kCompleted) {
      ++tally.completed;
      tally.took += one.took;
    }
    if (aim.failures > 0) tally.error = clean_text(one.error, kMostError);
    has_ready = has_ready || !aim.waits_for.empty();
  }
  if (!parents.empty()) VEDETTE_CHECK(settle_parents(session, parents));
  // What it added after it was asked to stop, nobody has asked yet.
  if (!cancelled.empty()) VEDETTE_CHECK(cancel_children(session, cancelled));
  if (tally.completed + tally.discarded + tally.failures > 0) {
    VEDETTE_CHECK(add_tally(session, kind, worker.name, tally));
  }
  if (has_ready) session.notify(kJobReadyChannel, kind);
  session.notify(kJobChangeChannel, kind);
  return refused;
}

Result<void> complete_job(db::Session& session, const JobFence& fence, std::string_view result,
                          bool is_kept) {
  const db::Dialect dialect = session.dialect();
  const std::string fenced =
      "where id = $1 and attempt = $2 and worker = $3 and state = 'running' "
      "returning kind, parent_id";
  VEDETTE_TRY(
      rows, is_kept
                ? session.query(fmt::format("update job set state = 'completed', result = $4, "
                                            "finished_at = {}, worker = null, cancel_at = null {}",
                                            db::now_sql(dialect), fenced),
                                {fence.job, fence.attempt, fence.worker.name, clean_result(result)})
                : session.query(fmt::format("delete from job {}", fenced),
                                {fence.job, fence.attempt, fence.worker.name}));
  if (rows.empty()) {
    return fail(ErrorCode::kFenced,
                fmt::format("Job {} is no longer this attempt's ({}): nothing may be written.",
                            fence.job, fence.attempt));
  }
  if (const auto parent = rows.front().get<std::optional<std::int64_t>>(1)) {
    VEDETTE_CHECK(settle_parents(session, {{*parent, {.completed = 1}}}));
  }
  session.notify(kJobChangeChannel, rows.front().get<std::string_view>(0));
  return {};
}

}  // namespace vedette::work

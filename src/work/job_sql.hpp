// What the SQL of jobs shares: the conditions of its indexes, word for word as in tables.cpp, texts
// made fit to be stored, and the accounts of parents. Internal to src/work; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "db/database.hpp"
#include "work/job_queue.hpp"

namespace vedette::work {

inline constexpr std::string_view kAliveSql = "state in ('available', 'running', 'failed')";
inline constexpr std::string_view kPastSql =
    "state in ('failed', 'completed', 'discarded', 'cancelled')";
inline constexpr std::string_view kLaterSql = "waits_for in ('time', 'children')";

/// Longest texts that are kept of an error and of a message; what is longer is cut.
inline constexpr std::size_t kMostError = 4'000;
inline constexpr std::size_t kMostMessage = 500;

/// Fit to be stored whatever it holds: an error that came from foreign bytes must not keep a job
/// from ending.
std::string clean_text(std::string_view text, std::size_t most);

/// Appends `text`, which is clean UTF-8, as a JSON string.
void append_json_text(std::string& json, std::string_view text);

/// "select * from ..." over the JSON array in $1, as a row source called `e`: `columns` are pairs
/// of name and PostgreSQL type, given in that dialect's form "id bigint, error text".
std::string json_rows_sql(db::Dialect dialect, std::string_view columns);

/// On PostgreSQL: plans once for all, along the indexes, without sorting, until the transaction
/// ends. A planner that believes old or no statistics sorts every waiting job at each claim.
/// Expressions for a select list; "1" on SQLite, which is told the index.
std::string_view planner_sql(db::Dialect dialect);
Result<void> tune_planner(db::Session& session);
/// What claim_jobs says: $1 the worker, $2 its process, $3 the kind, $4 and $5 the place from which
/// on, $6 how many.
std::string claim_sql(db::Dialect dialect, bool only_unsuspected);

/// How end_jobs says that jobs are completed. PostgreSQL: $1 the worker, and arrays: $2 the jobs,
/// $3 their attempts, $4 their results when rows are kept. SQLite: $1 one job that was found to be
/// the worker's, $2 its result.
std::string complete_sql(db::Dialect dialect, bool is_kept);

/// " indexed by NAME" on SQLite, "" on PostgreSQL.
std::string indexed_by(db::Dialect dialect, std::string_view index);

/// `id = any(array(select ...))` or `id in (select ...)`: the first is looked up by the primary key
/// whatever the statistics say.
std::string id_among(db::Dialect dialect, std::string_view select);

/// The condition that a job runs under the lease named by `worker`, said so that no index over
/// workers is used: ids are given too, and planners that expect one running job compare each with
/// each. (A job has a worker exactly while it runs.)
std::string runs_under_sql(db::Dialect dialect, std::string_view worker);

/// "for update skip locked" and the like, which SQLite neither knows nor needs.
std::string_view only_postgres(db::Dialect dialect, std::string_view clause);

/// Children of one parent that have ended.
struct EndedChildren {
  std::int64_t completed = 0;
  std::int64_t discarded = 0;
  std::int64_t cancelled = 0;
  void add(JobState state);
};

/// Takes ended children off their parents' accounts, and wakes parents that waited for the last.
/// By id, so that two who do it do not wait for each other.
Result<void> settle_parents(db::Session& session, const std::map<std::int64_t, EndedChildren>& by);

/// Cancels the children of jobs that were cancelled, and theirs: those that wait at once, those
/// that run are asked to stop.
Result<void> cancel_children(db::Session& session, std::span<const std::int64_t> parents);

/// Adds children to a parent's account. kConflict: it has ended, or there is none.
Result<void> add_children(db::Session& session, std::int64_t parent, std::int64_t count);

}  // namespace vedette::work

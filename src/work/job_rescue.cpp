// What keeps the queue going without anybody's doing: rescue, periodic kinds, pruning.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "work/job_queue.hpp"
#include "work/job_sql.hpp"
#include "work/job_store.hpp"
#include "work/job_tally.hpp"

namespace vedette::work {
namespace {

/// What the running jobs of one kind under a lease become.
Result<void> rescue_kind(db::Session& session, std::string_view lease, std::string_view process,
                         const std::string& kind, int most, Rescued& rescued) {
  const db::Dialect dialect = session.dialect();
  const std::string mine = fmt::format(
      "select id from job{} where state = 'running' and worker = $1 and kind = $2 order by id {}",
      indexed_by(dialect, "job_running"), only_postgres(dialect, "for update"));
  const std::string error =
      fmt::format("The process {} died, or lost its lease, while this ran.", process);
  const std::string last = fmt::format(
      "It is not tried again: {} processes died, or lost their lease, while it ran; the last was "
      "{}. It may be what kills them. Retry it when the cause is gone.",
      most, process);
  VEDETTE_TRY(
      rows,
      session.query(
          fmt::format("update job set crashes = crashes + 1, worker = null, cancel_at = null, "
                      "state = case when cancel_at is not null then 'cancelled' "
                      "when crashes + 1 >= $3 then 'discarded' else 'available' end, "
                      "waits_for = case when cancel_at is null and crashes + 1 < $3 "
                      "then 'worker' end, "
                      "finished_at = case when cancel_at is not null or crashes + 1 >= $3 "
                      "then {} end, "
                      "error = case when crashes + 1 >= $3 then $4 else $5 end "
                      "where {} returning id, state, parent_id",
                      db::now_sql(dialect), id_among(dialect, mine)),
          {lease, kind, most, last, error}));
  if (rows.empty()) return {};
  std::map<std::int64_t, EndedChildren> parents;
  std::vector<std::int64_t> cancelled;
  Tally tally{.crashes = static_cast<std::int64_t>(rows.size()), .error = error};
  for (const db::Row row : rows) {
    const auto state = job_state_named(row.get<std::string_view>(1)).value_or(JobState::kAvailable);
    const auto parent = row.get<std::optional<std::int64_t>>(2);
    if (parent && has_ended(state)) parents[*parent].add(state);
    if (state == JobState::kAvailable) ++rescued.given_back;
    if (state == JobState::kDiscarded) {
      ++rescued.discarded;
      ++tally.discarded;
      tally.error = last;
    }
    if (state == JobState::kCancelled) {
      ++rescued.cancelled;
      cancelled.push_back(row.get<std::int64_t>(0));
    }
  }
  VEDETTE_CHECK(settle_parents(session, parents));
  VEDETTE_CHECK(cancel_children(session, cancelled));
  VEDETTE_CHECK(add_tally(session, kind, lease, tally));
  session.notify(kJobReadyChannel, kind);
  session.notify(kJobChangeChannel, kind);
  return {};
}

}  // namespace

Result<Rescued> rescue_jobs(db::Session& session, std::string_view lease, std::string_view process,
                            std::span<const std::pair<std::string, int>> most_crashes,
                            int default_most) {
  Rescued rescued;
  VEDETTE_TRY(kinds, session.query("select distinct kind from job where state = 'running' and "
                                   "worker = $1 order by kind",
                                   {lease}));
  for (const db::Row row : kinds) {
    const auto kind = row.get<std::string>(0);
    const auto known = std::ranges::find(most_crashes, kind, &std::pair<std::string, int>::first);
    const int most = known != most_crashes.end() ? known->second : default_most;
    VEDETTE_CHECK(rescue_kind(session, lease, process, kind, most, rescued));
  }
  return rescued;
}

Result<void> forget_worker(db::Session& session, std::string_view lease) {
  VEDETTE_CHECK(session.execute("delete from lease where name = $1", {lease}));
  VEDETTE_CHECK(session.execute("delete from lease_history where name = $1", {lease}));
  return {};
}

Result<Micros> enqueue_periodic(db::Session& session, std::string_view kind, Micros every) {
  const db::Dialect dialect = session.dialect();
  const std::string now = db::now_sql(dialect);
  VEDETTE_CHECK(
      session.execute("insert into job_kind (kind) values ($1) on conflict do nothing", {kind}));
  // Due is also what lies further ahead than it ever can: the database's clock was set back, or the
  // kind comes more often than before. Times are multiples of `every`, whoever starts when.
  const std::string next =
      db::plus_sql(dialect, db::bucket_sql(dialect, now, every), std::to_string(every.count()));
  VEDETTE_TRY(due, session.execute(
                       fmt::format("update job_kind set next_due = {next} where kind = $1 and "
                                   "(next_due is null or next_due <= {now} or next_due > {far})",
                                   fmt::arg("next", next), fmt::arg("now", now),
                                   fmt::arg("far", db::plus_sql(dialect, now, "$2"))),
                       {kind, every.count()}));
  if (due == 1) {
    VEDETTE_CHECK(enqueue(session, {.kind = std::string(kind), .key = "periodic"}));
  }
  VEDETTE_TRY(left, session.query(fmt::format("select {} from job_kind where kind = $1",
                                              db::elapsed_sql(dialect, now, "next_due")),
                                  {kind}));
  return Micros(std::max<std::int64_t>(0, left.scalar<std::int64_t>()));
}

Result<std::int64_t> prune_jobs(db::Session& session, std::string_view kind, Micros keep,
                                Micros keep_discarded, int limit) {
  const db::Dialect dialect = session.dialect();
  VEDETTE_CHECK(tune_planner(session));
  std::int64_t pruned = 0;
  for (const JobState state : {JobState::kCompleted, JobState::kCancelled, JobState::kDiscarded}) {
    const Micros kept = state == JobState::kDiscarded ? keep_discarded : keep;
    const std::string old = fmt::format(
        "select id from job{} where kind = $1 and state = '{}' and finished_at < {} "
        "order by finished_at limit $3 {}",
        indexed_by(dialect, "job_finished"), name(state),
        db::plus_sql(dialect, db::now_sql(dialect), "-1 * $2"),
        only_postgres(dialect, "for update skip locked"));
    VEDETTE_TRY(gone,
                session.execute(fmt::format("delete from job where {}", id_among(dialect, old)),
                                {kind, kept.count(), limit}));
    pruned += gone;
  }
  if (pruned > 0) session.notify(kJobChangeChannel, kind);
  VEDETTE_CHECK(prune_tally(session, kind));
  return pruned;
}

}  // namespace vedette::work

#include "work/job_tally.hpp"

#include <fmt/format.h>

#include <chrono>

namespace vedette::work {
namespace {

constexpr Micros kBucket = std::chrono::minutes(5);
constexpr Micros kKept = std::chrono::hours(24 * 7);

/// The bucket of a moment so long ago.
std::string bucket_ago(db::Dialect dialect, std::string_view micros) {
  return db::bucket_sql(dialect,
                        db::plus_sql(dialect, db::now_sql(dialect), fmt::format("-1 * {}", micros)),
                        kBucket);
}

}  // namespace

Result<void> add_tally(db::Session& session, std::string_view kind, std::string_view worker,
                       const Tally& tally) {
  const db::Dialect dialect = session.dialect();
  const std::string now = db::now_sql(dialect);
  VEDETTE_CHECK(session.execute(
      fmt::format("insert into job_tally (kind, bucket, worker, completed, discarded, failures, "
                  "crashes, took_us, error, error_at) "
                  "values ($1, {}, $2, $3, $4, $5, $6, $7, $8::text, "
                  "case when $8::text <> '' then {} end) "
                  "on conflict (kind, bucket, worker) do update set "
                  "completed = job_tally.completed + excluded.completed, "
                  "discarded = job_tally.discarded + excluded.discarded, "
                  "failures = job_tally.failures + excluded.failures, "
                  "crashes = job_tally.crashes + excluded.crashes, "
                  "took_us = job_tally.took_us + excluded.took_us, "
                  "error = case when excluded.error <> '' then excluded.error "
                  "else job_tally.error end, "
                  "error_at = coalesce(excluded.error_at, job_tally.error_at)",
                  db::bucket_sql(dialect, now, kBucket), now),
      {kind, worker, tally.completed, tally.discarded, tally.failures, tally.crashes,
       tally.took.count(), tally.error}));
  return {};
}

Result<void> read_tally(db::Session& session, KindStatus& kind) {
  const db::Dialect dialect = session.dialect();
  constexpr Micros kHour = std::chrono::hours(1);
  VEDETTE_TRY(
      rows, session.query(
                fmt::format("select coalesce(sum(case when is_hour then completed else 0 end), 0), "
                            "coalesce(sum(completed), 0), coalesce(sum(discarded), 0), "
                            "coalesce(sum(failures), 0), coalesce(sum(crashes), 0), "
                            "coalesce(sum(case when is_hour then took_us else 0 end), 0) "
                            "from (select *, bucket >= {} as is_hour from job_tally "
                            "where kind = $1 and bucket >= {}) as day",
                            bucket_ago(dialect, "$2"), bucket_ago(dialect, "$3")),
                {kind.kind, kHour.count(), (24 * kHour).count()}));
  const db::Row sums = rows.front();
  kind.completed_hour = sums.get<std::int64_t>(0);
  kind.completed_day = sums.get<std::int64_t>(1);
  kind.discarded_day = sums.get<std::int64_t>(2);
  kind.failures_day = sums.get<std::int64_t>(3);
  kind.crashes_day = sums.get<std::int64_t>(4);
  if (kind.completed_hour > 0) {
    kind.mean_took = Micros(sums.get<std::int64_t>(5) / kind.completed_hour);
  }
  VEDETTE_TRY(last, session.query("select error, error_at from job_tally where kind = $1 and "
                                  "error_at is not null order by error_at desc limit 1",
                                  {kind.kind}));
  if (last.empty()) return {};
  kind.last_error = last.front().get<std::string>(0);
  kind.last_error_at = last.front().get<Instant>(1);
  return {};
}

Result<void> prune_tally(db::Session& session, std::string_view kind) {
  VEDETTE_CHECK(session.execute(fmt::format("delete from job_tally where kind = $1 and bucket < {}",
                                            bucket_ago(session.dialect(), "$2")),
                                {kind, kKept.count()}));
  return {};
}

}  // namespace vedette::work

#include "traffic/retention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "db/database.hpp"
#include "traffic/recorder.hpp"

namespace vedette::traffic {
namespace {

// Rows deleted in one transaction: some milliseconds of work, so that writers hardly wait.
constexpr std::int64_t kChunk = 5000;

constexpr std::string_view kLineKey = "bucket, camera_id, line_id, direction, vehicle_type";

struct Pruned {
  std::string_view table;
  std::string_view key;   // a unique expression that can be selected and matched
  std::string condition;  // with $1 as the oldest instant to keep
};

// Rows of a run that began lately are kept. The run of a track is in its id, of either version.
std::string and_run_is_old(std::string_view table, bool has_run_id = false) {
  const std::string run = has_run_id
                              ? fmt::format("r.id = {}.run_id", table)
                              : fmt::format("r.id IN ({0}.track_id / {1}, {0}.track_id / {2})",
                                            table, kTracksPerRun, kTracksPerRun01);
  return fmt::format(
      " AND NOT EXISTS (SELECT 1 FROM camera_run r WHERE {} AND r.camera_id = {}.camera_id AND "
      "r.started_at >= $1)",
      run, table);
}

Result<std::int64_t> prune_table(db::Database& database, const work::Fence& fence,
                                 const Pruned& what, Instant oldest, const std::stop_token& stop) {
  std::int64_t total = 0;
  while (!stop.stop_requested()) {
    VEDETTE_TRY(deleted, database.write([&](db::Session& session) -> Result<std::int64_t> {
      VEDETTE_CHECK(fence.check(session));
      const std::string_view key =
          session.dialect() == db::Dialect::kPostgres && what.key == "rowid" ? "ctid" : what.key;
      const std::string sql =
          key == "ctid"
              ? fmt::format(
                    "DELETE FROM {0} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {0} WHERE {1} LIMIT "
                    "{2}))",
                    what.table, what.condition, kChunk)
              : fmt::format(
                    "DELETE FROM {0} WHERE ({1}) IN (SELECT {1} FROM {0} WHERE {2} LIMIT {3})",
                    what.table, key, what.condition, kChunk);
      return session.execute(sql, {oldest});
    }));
    total += deleted;
    if (deleted < kChunk) break;
  }
  return total;
}

}  // namespace

Result<PruneReport> prune(db::Database& database, const work::Fence& fence,
                          const Retention& retention, Instant now, const std::stop_token& stop) {
  PruneReport report;
  if (retention.live > Micros{0}) {
    // Rows of the original program carry no position; they are as old as they say.
    VEDETTE_TRY(
        live, prune_table(
                  database, fence,
                  {"current_traffic", "rowid",
                   std::string(
                       "last_update < $1 AND (position IS NULL OR position < (SELECT position FROM "
                       "rollup_state WHERE name = 'live'))") +
                       and_run_is_old("current_traffic")},
                  now - retention.live, stop));
    report.live = live;
    VEDETTE_TRY(spans, prune_table(database, fence,
                                   {"watch_span", "id",
                                    std::string("to_t < $1 AND rolled_to >= to_t") +
                                        and_run_is_old("watch_span", true)},
                                   now - retention.live, stop));
    report.other += spans;
    // A log is used whenever its file is counted, as long as that takes; its chunks go when it has
    // gone.
    VEDETTE_TRY(logs, prune_table(database, fence, {"detection_log", "id", "used_at < $1"},
                                  now - retention.live, stop));
    report.other += logs;
  }
  // What belongs to a log or a run that is not there any more.
  for (const auto& [table, key, names] :
       {std::tuple{"detection_chunk", "log_id, number",
                   "log_id NOT IN (SELECT id FROM detection_log)"},
        std::tuple{"count_picture", "log_id, frame",
                   "log_id NOT IN (SELECT id FROM detection_log)"},
        std::tuple{"run_object", "run_id, kind, number",
                   "run_id NOT IN (SELECT id FROM camera_run)"}}) {
    VEDETTE_TRY(orphans,
                prune_table(database, fence,
                            {table, key, std::string(names) + " AND $1::timestamptz IS NOT NULL"},
                            now, stop));
    report.other += orphans;
  }
  if (retention.crossings > Micros{0}) {
    VEDETTE_TRY(
        crossings,
        prune_table(
            database, fence,
            {"crossings", "rowid",
             std::string(
                 "crossed_at < $1 AND position < (SELECT position FROM rollup_state WHERE name "
                 "= 'crossings')") +
                 and_run_is_old("crossings")},
            now - retention.crossings, stop));
    report.crossings = crossings;
    VEDETTE_TRY(quality, prune_table(database, fence,
                                     {"quality_log", "id", "ts < $1 AND ended_at IS NOT NULL"},
                                     now - retention.crossings, stop));
    report.other += quality;
    VEDETTE_TRY(
        runs,
        prune_table(
            database, fence,
            {"camera_run", "id",
             "started_at < $1 AND id NOT IN (SELECT max(id) FROM camera_run GROUP BY camera_id)"},
            now - retention.crossings, stop));
    report.other += runs;
  }
  if (retention.five_minute > Micros{0}) {
    const std::pair<std::string_view, std::string_view> tables[] = {
        {"traffic_5min", "bucket, camera_id, vehicle_type"},
        {"traffic_line_5min", kLineKey},
        {"coverage_5min", "bucket, camera_id"}};
    for (const auto& [table, key] : tables) {
      VEDETTE_TRY(rows, prune_table(database, fence, {table, key, "bucket < $1"},
                                    now - retention.five_minute, stop));
      report.five_minute += rows;
    }
  }
  if (retention.hourly > Micros{0}) {
    VEDETTE_TRY(rows, prune_table(database, fence,
                                  {"traffic_history", "report_hour, camera_id, vehicle_type",
                                   "report_hour < $1"},
                                  now - retention.hourly, stop));
    report.hourly = rows;
    VEDETTE_TRY(coverage,
                prune_table(database, fence, {"coverage_hour", "bucket, camera_id", "bucket < $1"},
                            now - retention.hourly, stop));
    report.hourly += coverage;
    VEDETTE_TRY(lines, prune_table(database, fence, {"traffic_line_hour", kLineKey, "bucket < $1"},
                                   now - retention.hourly, stop));
    report.hourly += lines;
  }
  // Who was seen when serves late rows only: a day beyond the live rows is plenty.
  const Micros seen =
      std::max<Micros>(retention.live, std::chrono::hours(24)) + std::chrono::hours(24);
  VEDETTE_TRY(rows, prune_table(database, fence,
                                {"track_seen", "bucket, kind, camera_id, track_id",
                                 std::string("bucket < $1") + and_run_is_old("track_seen")},
                                now - seen, stop));
  report.other += rows;
  return report;
}

}  // namespace vedette::traffic

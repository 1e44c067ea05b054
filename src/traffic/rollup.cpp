#include "traffic/rollup.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "db/database.hpp"
#include "traffic/history_rows.hpp"

namespace vedette::traffic {
namespace {

// What track_seen remembers, by grain and by what was done.
enum Kind : int { kTrack5Min = 0, kTrackHour = 1, kCrosser5Min = 2, kCrosserHour = 3 };

struct SeenKey {
  Instant bucket;
  int kind;
  std::string camera;
  std::int64_t track;
  auto operator<=>(const SeenKey&) const = default;
};

// Everything one pass adds, gathered before it is written.
struct Gathered {
  std::map<SeenKey, std::string> seen;  // -> type
  HistoryRows history;
  std::vector<std::pair<std::int64_t, Instant>> spans;  // id, rolled to
};

struct Positions {
  std::int64_t live = 0;
  std::int64_t crossings = 0;
};

Result<Positions> lock_positions(db::Session& session) {
  VEDETTE_TRY(rows, session.query(fmt::format(
                        "SELECT name, position FROM rollup_state ORDER BY name{}",
                        session.dialect() == db::Dialect::kPostgres ? " FOR UPDATE" : "")));
  Positions positions;
  for (const db::Row& row : rows) {
    (row.get<std::string_view>(0) == "live" ? positions.live : positions.crossings) =
        row.get<std::int64_t>(1);
  }
  return positions;
}

// Rows at or above this position may still be joined by others: not read yet.
Result<std::int64_t> settled_below(db::Session& session) {
  if (session.dialect() == db::Dialect::kSqlite) return std::numeric_limits<std::int64_t>::max();
  VEDETTE_TRY(rows, session.query("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"));
  return rows.scalar<std::int64_t>();
}

// PostgreSQL's transaction numbers start anew in another server: a database that was restored from
// a dump has positions ahead of them, and new rows would never be reached. Rows counted before get
// 0, the others a number of today. Returns whether it was so.
Result<bool> renumber_restored(db::Session& session, Positions& positions, std::int64_t below) {
  if (positions.live <= below && positions.crossings <= below) return false;
  const std::pair<const char*, std::int64_t&> tables[] = {{"current_traffic", positions.live},
                                                          {"crossings", positions.crossings}};
  for (const auto& [table, position] : tables) {
    VEDETTE_CHECK(session.execute(
        fmt::format("UPDATE {} SET position = CASE WHEN position < $1 AND position % 4294967296 <> "
                    "xmin::text::bigint THEN 0 ELSE pg_current_xact_id()::text::bigint END "
                    "WHERE position IS NOT NULL",
                    table),
        {position}));
    position = 1;
  }
  VEDETTE_CHECK(session.execute("UPDATE rollup_state SET position = 1"));
  return true;
}

// Reads up to `most` settled rows from `position` on and moves it behind them. A transaction's rows
// share a position on PostgreSQL and are never parted, so one of them alone may exceed `most`.
template <class Take>
Result<bool> read_from(db::Session& session, std::string_view table, std::string_view columns,
                       std::int64_t below, std::int64_t most, std::int64_t& position, Take take) {
  const std::string from =
      fmt::format("SELECT position, {} FROM {} WHERE position >= $1 AND position ", columns, table);
  VEDETTE_TRY(rows,
              session.query(from + "< $2 ORDER BY position LIMIT $3", {position, below, most + 1}));
  if (rows.empty()) return false;
  const auto last = rows[rows.size() - 1].template get<std::int64_t>(0);
  if (rows.size() <= static_cast<std::size_t>(most)) {
    for (const db::Row& row : rows) take(row);
    position = last + 1;
    return false;
  }
  if (rows.front().get<std::int64_t>(0) != last) {
    for (const db::Row& row : rows) {
      if (row.get<std::int64_t>(0) != last) take(row);
    }
    position = last;
    return true;
  }
  VEDETTE_TRY(all, session.query(from + "= $2", {last, last}));
  for (const db::Row& row : all) take(row);
  position = last + 1;
  return true;
}

void gather_sample(const db::Row& row, Gathered& gathered) {
  const auto camera = row.get<std::string>(1);
  const auto type = row.get<std::string>(2);
  const auto track = row.get<std::int64_t>(3);
  const auto at = row.get<Instant>(4);
  gathered.history.add_sample(camera, type, at);
  for (const bool is_hour : {false, true}) {
    gathered.seen.try_emplace(
        {history_bucket(at, is_hour), is_hour ? kTrackHour : kTrack5Min, camera, track}, type);
  }
}

void gather_crossing(const db::Row& row, Gathered& gathered) {
  const auto camera = row.get<std::string>(1);
  const auto type = row.get<std::string>(2);
  const auto track = row.get<std::int64_t>(3);
  const auto at = row.get<Instant>(4);
  gathered.history.add_crossing(camera, type, row.get<std::string>(5), row.get<std::string>(6), at);
  for (const bool is_hour : {false, true}) {
    gathered.seen.try_emplace(
        {history_bucket(at, is_hour), is_hour ? kCrosserHour : kCrosser5Min, camera, track}, type);
  }
}

Result<Micros> gather_coverage(db::Session& session, Gathered& gathered) {
  VEDETTE_TRY(
      rows,
      session.query(
          "SELECT id, camera_id, to_t, rolled_to FROM watch_span WHERE to_t > rolled_to ORDER "
          "BY id LIMIT 10000"));
  Micros total{0};
  for (const db::Row& row : rows) {
    const auto camera = row.get<std::string>(1);
    const auto to = row.get<Instant>(2);
    const auto from = row.get<Instant>(3);
    total += to - from;
    gathered.history.add_watched(camera, from, to);
    gathered.spans.emplace_back(row.get<std::int64_t>(0), to);
  }
  return total;
}

// Remembers who was seen and adds those that are new to the counts.
Result<void> count_new(db::Session& session, Gathered& gathered) {
  auto next = gathered.seen.begin();
  std::vector<db::Value> values;
  return in_chunks(gathered.seen.size(), [&](std::size_t size) -> Result<void> {
    std::string sql = "INSERT INTO track_seen (bucket, kind, camera_id, track_id) VALUES ";
    values.clear();
    for (std::size_t i = 0; i < size; ++i, ++next) {
      sql += fmt::format("{}(${}, ${}, ${}, ${})", i == 0 ? "" : ", ", 4 * i + 1, 4 * i + 2,
                         4 * i + 3, 4 * i + 4);
      values.emplace_back(next->first.bucket);
      values.emplace_back(std::int64_t{next->first.kind});
      values.emplace_back(next->first.camera);
      values.emplace_back(next->first.track);
    }
    VEDETTE_TRY(
        added,
        session.query(sql + " ON CONFLICT DO NOTHING RETURNING bucket, kind, camera_id, track_id",
                      std::span<const db::Value>(values)));
    for (const db::Row& row : added) {
      const SeenKey key{row.get<Instant>(0), row.get<int>(1), row.get<std::string>(2),
                        row.get<std::int64_t>(3)};
      const bool is_hour = key.kind == kTrackHour || key.kind == kCrosserHour;
      HistoryCounts& counts =
          gathered.history.counts[is_hour][{key.bucket, key.camera, gathered.seen.at(key)}];
      ++(key.kind == kTrack5Min || key.kind == kTrackHour ? counts.tracks : counts.crossers);
    }
    return {};
  });
}

Result<std::set<std::string>> cameras_with_lines(db::Session& session) {
  VEDETTE_TRY(rows,
              session.query("SELECT DISTINCT camera_id FROM camera_line WHERE removed_at IS NULL"));
  std::set<std::string> cameras;
  for (const db::Row& row : rows) cameras.insert(row.get<std::string>(0));
  return cameras;
}

Result<void> note_rolled(db::Session& session, const Gathered& gathered) {
  for (const auto& [id, to] : gathered.spans) {
    VEDETTE_CHECK(session.execute("UPDATE watch_span SET rolled_to = $2 WHERE id = $1", {id, to}));
  }
  return {};
}

}  // namespace

Result<RollupReport> roll_up(db::Database& database, const work::Fence& fence,
                             std::int64_t most_rows) {
  return database.write(
      [&](db::Session& session) -> Result<RollupReport> {
        VEDETTE_CHECK(fence.check(session));
        VEDETTE_TRY(positions, lock_positions(session));
        VEDETTE_TRY(below, settled_below(session));
        VEDETTE_TRY(was_restored, renumber_restored(session, positions, below));
        RollupReport report;
        if (was_restored) {
          report.has_more = true;
          return report;
        }
        const Positions before = positions;
        Gathered gathered;
        constexpr std::string_view kSampleColumns =
            "camera_id, vehicle_type, track_id, last_update";
        constexpr std::string_view kCrossingColumns =
            "camera_id, vehicle_type, track_id, crossed_at, line_id, direction";
        VEDETTE_TRY(more_samples, read_from(session, "current_traffic", kSampleColumns, below,
                                            most_rows, positions.live, [&](const db::Row& row) {
                                              gather_sample(row, gathered);
                                              ++report.samples;
                                            }));
        VEDETTE_TRY(more_crossings,
                    read_from(session, "crossings", kCrossingColumns, below, most_rows,
                              positions.crossings, [&](const db::Row& row) {
                                gather_crossing(row, gathered);
                                ++report.crossings;
                              }));
        report.has_more = more_samples || more_crossings;
        VEDETTE_TRY(coverage, gather_coverage(session, gathered));
        report.coverage = coverage;
        if (report.is_empty()) return report;

        VEDETTE_CHECK(count_new(session, gathered));
        VEDETTE_TRY(with_lines, cameras_with_lines(session));
        VEDETTE_CHECK(add_history(session, gathered.history, with_lines));
        VEDETTE_CHECK(note_rolled(session, gathered));
        if (positions.live != before.live) {
          VEDETTE_CHECK(session.execute("UPDATE rollup_state SET position = $1 WHERE name = 'live'",
                                        {positions.live}));
        }
        if (positions.crossings != before.crossings) {
          VEDETTE_CHECK(
              session.execute("UPDATE rollup_state SET position = $1 WHERE name = 'crossings'",
                              {positions.crossings}));
        }
        session.notify(kHistoryChannel);
        return report;
      },
      {.stop = {}, .serializable = false, .statement_timeout = std::chrono::minutes(10)});
}

Result<void> hold_back_roll_up(db::Session& session) {
  VEDETTE_CHECK(lock_positions(session));
  return {};
}

Result<std::string> history_mark(db::Session& session) {
  VEDETTE_TRY(rows, session.query("SELECT position FROM rollup_state ORDER BY name"));
  std::string mark;
  for (const db::Row& row : rows) mark += fmt::format("{} ", row.get<std::int64_t>(0));
  // Results of recorded files do not come by way of the roll-up.
  VEDETTE_TRY(results, session.query("SELECT count(*), coalesce(max(id), 0) FROM camera_run WHERE "
                                     "finished_at IS NOT NULL"));
  return mark + fmt::format("{} {}", results.front().get<std::int64_t>(0),
                            results.front().get<std::int64_t>(1));
}

}  // namespace vedette::traffic

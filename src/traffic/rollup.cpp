#include "traffic/rollup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "db/database.hpp"
#include "traffic/periods.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// What track_seen remembers, by grain and by what was done.
enum Kind : int { kTrack5Min = 0, kTrackHour = 1, kCrosser5Min = 2, kCrosserHour = 3 };

constexpr Micros step_of(bool is_hour) {
  return is_hour ? Micros{1h} : Micros{5min};
}

struct SeenKey {
  Instant bucket;
  int kind;
  std::string camera;
  std::int64_t track;
  auto operator<=>(const SeenKey&) const = default;
};

struct HistoryKey {
  Instant bucket;
  std::string camera;
  std::string type;
  auto operator<=>(const HistoryKey&) const = default;
};

struct Added {
  std::int64_t tracks = 0;
  std::int64_t crossers = 0;
  std::int64_t crossings = 0;
  std::int64_t samples = 0;
};

struct LineKey {
  Instant bucket;
  std::string camera;
  std::string line;
  std::string direction;
  std::string type;
  auto operator<=>(const LineKey&) const = default;
};

using CameraBucket = std::pair<Instant, std::string>;

// Everything one pass adds, gathered before it is written.
struct Gathered {
  std::map<SeenKey, std::string> seen;                 // -> type
  std::array<std::map<HistoryKey, Added>, 2> history;  // [0] 5 minutes, [1] hour
  std::array<std::map<LineKey, std::int64_t>, 2> lines;
  std::array<std::map<CameraBucket, std::int64_t>, 2> coverage;
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
  for (const bool is_hour : {false, true}) {
    const Instant bucket = floor_to(at, step_of(is_hour));
    ++gathered.history[is_hour][{bucket, camera, type}].samples;
    gathered.seen.try_emplace({bucket, is_hour ? kTrackHour : kTrack5Min, camera, track}, type);
  }
}

void gather_crossing(const db::Row& row, Gathered& gathered) {
  const auto camera = row.get<std::string>(1);
  const auto type = row.get<std::string>(2);
  const auto track = row.get<std::int64_t>(3);
  const auto at = row.get<Instant>(4);
  const auto line = row.get<std::string>(5);
  const auto direction = row.get<std::string>(6);
  for (const bool is_hour : {false, true}) {
    const Instant bucket = floor_to(at, step_of(is_hour));
    ++gathered.history[is_hour][{bucket, camera, type}].crossings;
    ++gathered.lines[is_hour][{bucket, camera, line, direction, type}];
    gathered.seen.try_emplace({bucket, is_hour ? kCrosserHour : kCrosser5Min, camera, track}, type);
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
    for (const bool is_hour : {false, true}) {
      for (Instant at = from; at < to;) {
        const Instant bucket = floor_to(at, step_of(is_hour));
        const Instant end = std::min(to, bucket + step_of(is_hour));
        gathered.coverage[is_hour][{bucket, camera}] += (end - at).count();
        at = end;
      }
    }
    gathered.spans.emplace_back(row.get<std::int64_t>(0), to);
  }
  return total;
}

// Statements over many rows come in few sizes, so that each is prepared once: calls `run(size)`
// until `count` rows are done.
template <class Run>
Result<void> in_chunks(std::size_t count, Run run) {
  constexpr std::array<std::size_t, 6> kSizes{1024, 256, 64, 16, 4, 1};
  while (count > 0) {
    const std::size_t size =
        *std::ranges::find_if(kSizes, [&](std::size_t s) { return s <= count; });
    VEDETTE_CHECK(run(size));
    count -= size;
  }
  return {};
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
      Added& counts = gathered.history[is_hour][{key.bucket, key.camera, gathered.seen.at(key)}];
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

Result<void> write_history(db::Session& session, const Gathered& gathered) {
  VEDETTE_TRY(with_lines, cameras_with_lines(session));
  for (const bool is_hour : {false, true}) {
    const std::string table = is_hour ? "traffic_history" : "traffic_5min";
    const std::string bucket = is_hour ? "report_hour" : "bucket";
    for (const bool has_lines : {false, true}) {
      db::BulkInsert rows(table, {bucket, "camera_id", "vehicle_type", "tracks", "crossers",
                                  "crossings", "samples", "vehicles"});
      const auto sum = [&](std::string_view column) {
        return fmt::format("coalesce({0}.{1}, 0) + excluded.{1}", table, column);
      };
      // Without a line of its own now, the camera may have had one earlier in this period.
      rows.on_conflict(
          fmt::format("ON CONFLICT ({0}, camera_id, vehicle_type) DO UPDATE SET tracks = {1}, "
                      "crossers = {2}, crossings = {3}, "
                      "samples = {4}, vehicles = CASE WHEN {5} THEN {2} ELSE {1} END",
                      bucket, sum("tracks"), sum("crossers"), sum("crossings"), sum("samples"),
                      has_lines ? "1 = 1" : sum("crossings") + " > 0"));
      for (const auto& [key, added] : gathered.history[is_hour]) {
        if (with_lines.contains(key.camera) != has_lines) continue;
        rows.add(key.bucket, key.camera, key.type, added.tracks, added.crossers, added.crossings,
                 added.samples, has_lines || added.crossings > 0 ? added.crossers : added.tracks);
      }
      if (!rows.empty()) VEDETTE_CHECK(session.insert(rows));
    }
  }
  return {};
}

Result<void> write_lines(db::Session& session, const Gathered& gathered) {
  for (const bool is_hour : {false, true}) {
    const std::string table = is_hour ? "traffic_line_hour" : "traffic_line_5min";
    db::BulkInsert rows(
        table, {"bucket", "camera_id", "line_id", "direction", "vehicle_type", "crossings"});
    rows.on_conflict(
        fmt::format("ON CONFLICT (bucket, camera_id, line_id, direction, vehicle_type) DO UPDATE "
                    "SET crossings = {}.crossings + excluded.crossings",
                    table));
    for (const auto& [key, crossings] : gathered.lines[is_hour])
      rows.add(key.bucket, key.camera, key.line, key.direction, key.type, crossings);
    if (!rows.empty()) VEDETTE_CHECK(session.insert(rows));
  }
  return {};
}

Result<void> write_coverage(db::Session& session, const Gathered& gathered) {
  for (const bool is_hour : {false, true}) {
    const std::string table = is_hour ? "coverage_hour" : "coverage_5min";
    db::BulkInsert rows(table, {"bucket", "camera_id", "coverage_us"});
    rows.on_conflict(
        fmt::format("ON CONFLICT (bucket, camera_id) DO UPDATE SET coverage_us = {}.coverage_us + "
                    "excluded.coverage_us",
                    table));
    for (const auto& [key, micros] : gathered.coverage[is_hour])
      rows.add(key.first, key.second, micros);
    if (!rows.empty()) VEDETTE_CHECK(session.insert(rows));
  }
  for (const auto& [id, to] : gathered.spans) {
    VEDETTE_CHECK(session.execute("UPDATE watch_span SET rolled_to = $2 WHERE id = $1", {id, to}));
  }
  return {};
}

// The figures of an hour that follow from its counts and the time watched, for every camera and
// hour touched.
Result<void> derive_hours(db::Session& session, const Gathered& gathered) {
  std::set<CameraBucket> touched;
  for (const auto& [key, added] : gathered.history[1]) touched.emplace(key.bucket, key.camera);
  for (const auto& [key, micros] : gathered.coverage[1]) touched.insert(key);
  const std::string watched =
      "coalesce((SELECT c.coverage_us FROM coverage_hour c WHERE c.bucket = "
      "traffic_history.report_hour AND c.camera_id "
      "= traffic_history.camera_id), 0)";
  const std::string update = fmt::format(
      "UPDATE traffic_history SET coverage_s = {} / 1000000.0, intensity = {}, density = {} WHERE "
      "samples IS NOT NULL AND (report_hour, camera_id) IN (VALUES ",
      watched, intensity_sql("vehicles", watched, Micros{1h}), density_sql("samples", watched));
  auto next = touched.begin();
  std::vector<db::Value> values;
  return in_chunks(touched.size(), [&](std::size_t size) -> Result<void> {
    std::string sql = update;
    values.clear();
    for (std::size_t i = 0; i < size; ++i, ++next) {
      sql += fmt::format("{}(${}, ${})", i == 0 ? "" : ", ", 2 * i + 1, 2 * i + 2);
      values.emplace_back(next->first);
      values.emplace_back(next->second);
    }
    VEDETTE_CHECK(session.execute(sql + ")", std::span<const db::Value>(values)));
    return {};
  });
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
        VEDETTE_CHECK(write_history(session, gathered));
        VEDETTE_CHECK(write_lines(session, gathered));
        VEDETTE_CHECK(write_coverage(session, gathered));
        VEDETTE_CHECK(derive_hours(session, gathered));
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
      {.stop = {}, .serializable = false, .statement_timeout = Micros{10min}});
}

Result<std::string> history_mark(db::Session& session) {
  VEDETTE_TRY(rows, session.query("SELECT position FROM rollup_state ORDER BY name"));
  std::string mark;
  for (const db::Row& row : rows) mark += fmt::format("{} ", row.get<std::int64_t>(0));
  return mark;
}

}  // namespace vedette::traffic

#include "traffic/kpi.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "db/database.hpp"
#include "traffic/camera.hpp"
#include "traffic/filter.hpp"
#include "traffic/grain.hpp"
#include "traffic/rollup.hpp"
#include "traffic/watched_time.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

constexpr Micros kRecent = 15min;

struct Sum {
  std::int64_t vehicles = 0;
  std::int64_t coverage_us = 0;
};

// Vehicles and watched time of one camera in whole periods of a table.
Result<Sum> sum_of(db::Session& session, Grain grain, const Filter& filter) {
  db::Where where;
  const GrainTables tables = tables_of(grain);
  add_filter(where, filter, tables.period, "camera_id", "vehicle_type");
  VEDETTE_TRY(
      rows, session.query(fmt::format("SELECT CAST(coalesce(sum(vehicles), 0) AS bigint) FROM {}{}",
                                      tables.counts, where.text()),
                          where.values()));
  db::Where watched;
  add_filter(watched, {filter.cameras, {}, filter.from, filter.to}, "bucket", "camera_id", "");
  VEDETTE_TRY(
      coverage,
      session.query(fmt::format("SELECT CAST(coalesce(sum(coverage_us), 0) AS bigint) FROM {}{}",
                                tables.coverage, watched.text()),
                    watched.values()));
  return Sum{rows.scalar<std::int64_t>(), coverage.scalar<std::int64_t>()};
}

// The last quarter of an hour to the second, from the rows themselves.
Result<Sum> sum_of_recent(db::Session& session, std::string_view camera,
                          const std::vector<std::string>& types, bool is_by_lines, Instant now) {
  const Instant from = now - kRecent;
  db::Where where;
  add_filter(where, {{std::string(camera)}, types, from, now},
             is_by_lines ? "crossed_at" : "last_update", "camera_id", "vehicle_type");
  if (!is_by_lines) where.add("position IS NOT NULL");
  VEDETTE_TRY(
      rows, session.query(fmt::format("SELECT count(DISTINCT track_id) FROM {}{}",
                                      is_by_lines ? "crossings" : "current_traffic", where.text()),
                          where.values()));
  VEDETTE_TRY(watched, watched_between(session, camera, from, now));
  return Sum{rows.scalar<std::int64_t>(), watched.count()};
}

Counted counted(const Sum& sum, Micros period) {
  Counted result;
  result.coverage_s = static_cast<double>(sum.coverage_us) / 1e6;
  result.period_s = std::max(0.0, to_seconds(period));
  if (sum.coverage_us > 0 || sum.vehicles > 0) result.vehicles = sum.vehicles;
  return result;
}

Result<std::vector<LineCount>> line_counts(db::Session& session, std::string_view camera,
                                           const std::vector<std::string>& types, Instant from,
                                           Instant to, Instant now) {
  VEDETTE_TRY(
      lines,
      session.query("SELECT id, name, a_to_b, b_to_a FROM camera_line WHERE camera_id = $1 AND "
                    "removed_at IS NULL ORDER BY place, id",
                    {camera}));
  std::vector<LineCount> counts;
  for (const db::Row& row : lines) {
    for (const int direction : {0, 1}) {
      counts.push_back({row.get<std::string>(0),
                        row.get<std::string>(1),
                        direction == 0 ? "a_to_b" : "b_to_a",
                        row.get<std::string>(std::size_t{2} + static_cast<std::size_t>(direction)),
                        0,
                        {}});
    }
  }
  if (counts.empty()) return counts;
  const auto find = [&](const db::Row& row) {
    return std::ranges::find_if(counts, [&](const LineCount& c) {
      return c.line_id == row.get<std::string_view>(0) &&
             c.direction == row.get<std::string_view>(1);
    });
  };
  const Instant first_hour = floor_to(now, 1h) - 23h;
  db::Where where;
  add_filter(where,
             {{std::string(camera)}, types, std::min(from, first_hour), std::max(to, now + 1us)},
             "crossed_at", "camera_id", "vehicle_type");
  const std::string from_param = where.param(from);
  const std::string to_param = where.param(to);
  VEDETTE_TRY(
      rows,
      session.query(
          fmt::format("SELECT line_id, direction, {} AS hour, count(*), sum(CASE WHEN "
                      "crossed_at >= {} AND crossed_at < {} THEN 1 ELSE 0 END) FROM crossings{} "
                      "GROUP BY 1, 2, 3",
                      db::bucket_sql(session.dialect(), "crossed_at", Micros{1h}), from_param,
                      to_param, where.text()),
          where.values()));
  for (const db::Row& row : rows) {
    const auto line = find(row);
    if (line == counts.end()) continue;
    line->vehicles += row.get<std::int64_t>(4);
    const auto hour = (row.get<Instant>(2) - first_hour) / 1h;
    if (hour >= 0 && hour < 24)
      line->by_hour[static_cast<std::size_t>(hour)] += row.get<std::int64_t>(3);
  }
  return counts;
}

}  // namespace

Result<Kpi> kpi(db::Database& database, std::string_view camera,
                const std::vector<std::string>& types, Instant from, Instant to, Instant now) {
  return database.read([&](db::Session& session) -> Result<Kpi> {
    VEDETTE_TRY(known, session.query("SELECT 1 FROM camera WHERE id = $1", {camera}));
    if (known.empty()) return no_camera(camera);
    const std::vector<std::string> cameras{std::string(camera)};
    Kpi result;
    const Instant hour = floor_to(now, 1h);
    VEDETTE_TRY(this_hour, sum_of(session, Grain::kHour, {cameras, types, hour, hour + 1h}));
    result.this_hour = counted(this_hour, now - hour);

    VEDETTE_TRY(lines, line_counts(session, camera, types, from, to, now));
    result.lines = std::move(lines);
    result.is_by_lines = !result.lines.empty();
    VEDETTE_TRY(last, sum_of_recent(session, camera, types, result.is_by_lines, now));
    result.last_15_min = counted(last, kRecent);
    if (last.coverage_us >= kLeastCoverage.count()) {
      result.flow_per_h =
          static_cast<double>(last.vehicles) * 3600e6 / static_cast<double>(last.coverage_us);
    }

    const Instant first_hour = floor_to(from, 1h);
    const bool is_whole = first_hour == from;
    const Grain grain = is_whole ? Grain::kHour : Grain::kFiveMinutes;
    const Filter period{cameras, types, is_whole ? first_hour : floor_to(from, 5min), to};
    VEDETTE_TRY(total, sum_of(session, grain, period));
    result.total = counted(total, std::min(to, now) - from);

    db::Where where;
    add_filter(where, period, tables_of(grain).period, "camera_id", "vehicle_type");
    VEDETTE_TRY(
        mix,
        session.query(
            fmt::format("SELECT vehicle_type, CAST(coalesce(sum(vehicles), 0) AS bigint) FROM {}{} "
                        "GROUP BY 1 ORDER BY 2 DESC, 1",
                        tables_of(grain).counts, where.text()),
            where.values()));
    for (const db::Row& row : mix) {
      const auto vehicles = row.get<std::int64_t>(1);
      if (vehicles == 0) continue;
      result.mix.push_back({row.get<std::string>(0), vehicles,
                            static_cast<double>(vehicles) /
                                static_cast<double>(std::max<std::int64_t>(1, total.vehicles))});
    }
    return result;
  });
}

}  // namespace vedette::traffic

#include "traffic/kpi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "db/database.hpp"
#include "traffic/camera.hpp"
#include "traffic/filter.hpp"
#include "traffic/line_counts.hpp"
#include "traffic/periods.hpp"
#include "traffic/watched_time.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

struct Sum {
  std::int64_t vehicles = 0;
  std::int64_t coverage_us = 0;
};

// Vehicles and watched time of one camera in whole periods of a table.
Result<Sum> sum_of(db::Session& session, const Periods& periods, const Filter& filter) {
  db::Where where;
  add_filter(where, filter, periods.counts_column(), "camera_id", "vehicle_type");
  VEDETTE_TRY(
      rows, session.query(fmt::format("SELECT CAST(coalesce(sum(vehicles), 0) AS bigint) FROM {}{}",
                                      periods.counts_table(), where.text()),
                          where.values()));
  db::Where watched;
  add_filter(watched, {filter.cameras, {}, filter.from, filter.to}, "bucket", "camera_id", "");
  VEDETTE_TRY(
      coverage,
      session.query(fmt::format("SELECT CAST(coalesce(sum(coverage_us), 0) AS bigint) FROM {}{}",
                                periods.coverage_table(), watched.text()),
                    watched.values()));
  return Sum{rows.scalar<std::int64_t>(), coverage.scalar<std::int64_t>()};
}

// The last minutes to the second, from the rows themselves.
Result<Sum> sum_of_recent(db::Session& session, std::string_view camera,
                          const std::vector<std::string>& types, bool is_by_lines, Instant from,
                          Instant now) {
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

// What the roll-up, some seconds behind, has not counted yet at the camera's lines, so that the
// sums are as new as the lines' own figures.
struct Fresh {
  std::map<std::string, std::int64_t> by_type;
  Sum sum;
};
Result<Fresh> not_rolled_up(db::Session& session, std::string_view camera,
                            const std::vector<std::string>& types, Instant from, Instant to) {
  constexpr std::string_view kRolled =
      "(SELECT position FROM rollup_state WHERE name = 'crossings')";
  Fresh fresh;
  db::Where where;
  add_filter(where, {{std::string(camera)}, types, from, to}, "x.crossed_at", "x.camera_id",
             "x.vehicle_type");
  where.add(fmt::format("x.position >= {}", kRolled));
  where.add(
      fmt::format("NOT EXISTS (SELECT 1 FROM crossings y WHERE y.camera_id = x.camera_id AND "
                  "y.track_id = x.track_id AND y.position < {} AND y.crossed_at >= {})",
                  kRolled, where.param(from)));
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT x.vehicle_type, count(DISTINCT x.track_id) "
                                              "FROM crossings x{} GROUP BY 1",
                                              where.text()),
                                  where.values()));
  for (const db::Row& row : rows) {
    fresh.by_type[row.get<std::string>(0)] = row.get<std::int64_t>(1);
    fresh.sum.vehicles += row.get<std::int64_t>(1);
  }
  VEDETTE_TRY(spans,
              session.query("SELECT rolled_to, to_t FROM watch_span WHERE camera_id = $1 AND "
                            "to_t > rolled_to AND to_t > $2 AND rolled_to < $3",
                            {camera, from, to}));
  for (const db::Row& span : spans) {
    fresh.sum.coverage_us +=
        (std::min(span.get<Instant>(1), to) - std::max(span.get<Instant>(0), from)).count();
  }
  return fresh;
}

Sum operator+(const Sum& a, const Sum& b) {
  return {a.vehicles + b.vehicles, a.coverage_us + b.coverage_us};
}

// When the camera began to count: when it was added, or when the recording that it plays was made.
Result<std::optional<Instant>> since_of(db::Session& session, std::string_view camera) {
  VEDETTE_TRY(rows, session.query("SELECT c.created_at, (SELECT min(r.base_time) FROM camera_run r "
                                  "WHERE r.camera_id = c.id) FROM camera c WHERE c.id = $1",
                                  {camera}));
  if (rows.empty()) return std::nullopt;
  const auto added = rows.front().get<Instant>(0);
  return std::min(added, rows.front().get<std::optional<Instant>>(1).value_or(added));
}

}  // namespace

Result<Kpi> kpi(db::Database& database, std::string_view camera,
                const std::vector<std::string>& types, Instant from, Instant to, Instant now,
                Micros offset) {
  return database.read([&](db::Session& session) -> Result<Kpi> {
    VEDETTE_TRY(since, since_of(session, camera));
    if (!since) return no_camera(camera);
    const std::vector<std::string> cameras{std::string(camera)};
    Kpi result;
    result.since = *since;
    const auto period = [&](Instant begin, Instant end) {
      return std::min(end, now) - std::max(begin, *since);
    };
    const Periods hours{Grain::kHour, offset};
    const Instant hour = hours.start_of(now);
    VEDETTE_TRY(has_lines, session.query("SELECT 1 FROM camera_line WHERE camera_id = $1 AND "
                                         "removed_at IS NULL LIMIT 1",
                                         {camera}));
    result.is_by_lines = !has_lines.empty();
    const auto fresh_of = [&](Instant begin, Instant end) -> Result<Fresh> {
      if (!result.is_by_lines) return Fresh{};
      return not_rolled_up(session, camera, types, begin, end);
    };
    VEDETTE_TRY(this_hour, sum_of(session, hours, {cameras, types, hour, hour + 1h}));
    VEDETTE_TRY(fresh_hour, fresh_of(hour, hour + 1h));
    result.this_hour = counted(this_hour + fresh_hour.sum, period(hour, now));

    const Instant first_hour = floor_to(from, 1h);
    const bool is_whole = first_hour == from;
    const Periods sums{is_whole ? Grain::kHour : Grain::kFiveMinutes};
    const Filter filter{cameras, types, is_whole ? first_hour : floor_to(from, 5min), to};
    VEDETTE_TRY(rolled, sum_of(session, sums, filter));
    VEDETTE_TRY(fresh, fresh_of(*filter.from, to));
    const Sum total = rolled + fresh.sum;
    result.total = counted(total, period(from, to));

    result.hours_from = hour - 23h;
    VEDETTE_TRY(lines, line_counts(session, {.camera = cameras.front(),
                                             .types = types,
                                             .from = from,
                                             .to = to,
                                             .now = now,
                                             .hours_from = result.hours_from,
                                             .offset = offset,
                                             .coverage_s = result.total.coverage_s}));
    result.lines = std::move(lines);
    VEDETTE_TRY(last, sum_of_recent(session, camera, types, result.is_by_lines, now - 15min, now));
    result.last_15_min = counted(last, period(now - 15min, now));
    if (last.coverage_us >= kLeastCoverage.count()) {
      result.flow_per_h =
          static_cast<double>(last.vehicles) * 3600e6 / static_cast<double>(last.coverage_us);
    }
    VEDETTE_TRY(sixty, sum_of_recent(session, camera, types, result.is_by_lines, now - 60min, now));
    result.last_60_min = counted(sixty, period(now - 60min, now));

    db::Where where;
    add_filter(where, filter, sums.counts_column(), "camera_id", "vehicle_type");
    VEDETTE_TRY(
        mix,
        session.query(
            fmt::format("SELECT vehicle_type, CAST(coalesce(sum(vehicles), 0) AS bigint) FROM {}{} "
                        "GROUP BY 1",
                        sums.counts_table(), where.text()),
            where.values()));
    std::map<std::string, std::int64_t> by_type = std::move(fresh.by_type);
    for (const db::Row& row : mix) by_type[row.get<std::string>(0)] += row.get<std::int64_t>(1);
    for (const auto& [type, vehicles] : by_type) {
      if (vehicles == 0) continue;
      result.mix.push_back({type, vehicles,
                            static_cast<double>(vehicles) /
                                static_cast<double>(std::max<std::int64_t>(1, total.vehicles))});
    }
    std::ranges::stable_sort(result.mix, std::ranges::greater{}, &TypeShare::vehicles);
    return result;
  });
}

}  // namespace vedette::traffic

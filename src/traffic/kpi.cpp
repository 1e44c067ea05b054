#include "traffic/kpi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "db/database.hpp"
#include "traffic/camera.hpp"
#include "traffic/filter.hpp"
#include "traffic/line_counts.hpp"
#include "traffic/part_counts.hpp"
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

struct Tally {
  std::map<std::string, std::int64_t> by_type;
  Sum sum;
};

// What the roll-up, some seconds behind, has not counted yet at the camera's lines, so that the
// sums are as new as the lines' own figures.
Result<Tally> not_rolled_up(db::Session& session, std::string_view camera,
                            const std::vector<std::string>& types, Instant from, Instant to) {
  constexpr std::string_view kRolled =
      "(SELECT position FROM rollup_state WHERE name = 'crossings')";
  Tally fresh;
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

// Whether sums of hours make up the period: it begins with one, and ends with one, or behind all
// that was watched of its last one.
Result<bool> is_of_hours(db::Session& session, const std::string& camera, Instant from, Instant to,
                         Instant now) {
  if (floor_to(from, 1h) != from) return false;
  const Instant hour = floor_to(to, 1h);
  if (to >= now || hour == to) return true;
  VEDETTE_TRY(later, session.query("SELECT 1 FROM coverage_5min WHERE camera_id = $1 AND bucket >= "
                                   "$2 AND bucket < $3 LIMIT 1",
                                   {camera, floor_to(to + 5min - 1us, 5min), hour + 1h}));
  return later.empty();
}

// The period as it is rolled up, and what is not yet.
Result<Tally> rolled_up(db::Session& session, const Periods& sums, const Filter& filter,
                        Tally fresh) {
  VEDETTE_TRY(rolled, sum_of(session, sums, filter));
  fresh.sum = rolled + fresh.sum;
  db::Where where;
  add_filter(where, filter, sums.counts_column(), "camera_id", "vehicle_type");
  VEDETTE_TRY(
      rows,
      session.query(
          fmt::format("SELECT vehicle_type, CAST(coalesce(sum(vehicles), 0) AS bigint) FROM {}{} "
                      "GROUP BY 1",
                      sums.counts_table(), where.text()),
          where.values()));
  for (const db::Row& row : rows)
    fresh.by_type[row.get<std::string>(0)] += row.get<std::int64_t>(1);
  return fresh;
}

Result<Tally> of_part(db::Session& session, const PartQuestion& part) {
  VEDETTE_TRY(rows, part_by_type(session, part));
  Tally tally;
  for (const db::Row& row : rows) {
    tally.by_type[row.get<std::string>(0)] = row.get<std::int64_t>(1);
    tally.sum.vehicles += row.get<std::int64_t>(1);
  }
  VEDETTE_TRY(watched, watched_between(session, part.camera, part.from, part.to));
  tally.sum.coverage_us = watched.count();
  if (watched > Micros{0}) return tally;
  // Spans are kept less long than crossings; sums of five minutes are all there is then.
  VEDETTE_TRY(whole, sum_of(session, Periods{Grain::kFiveMinutes},
                            {{part.camera}, {}, floor_to(part.from, 5min), part.to}));
  tally.sum.coverage_us = std::min(whole.coverage_us, (part.to - part.from).count());
  return tally;
}

std::vector<TypeShare> shares_of(const Tally& tally) {
  const auto all = static_cast<double>(std::max<std::int64_t>(1, tally.sum.vehicles));
  std::vector<TypeShare> mix;
  for (const auto& [type, vehicles] : tally.by_type) {
    if (vehicles > 0) mix.push_back({type, vehicles, static_cast<double>(vehicles) / all});
  }
  std::ranges::stable_sort(mix, std::ranges::greater{}, &TypeShare::vehicles);
  return mix;
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
    const auto fresh_of = [&](Instant begin, Instant end) -> Result<Tally> {
      if (!result.is_by_lines) return Tally{};
      return not_rolled_up(session, camera, types, begin, end);
    };
    VEDETTE_TRY(this_hour, sum_of(session, hours, {cameras, types, hour, hour + 1h}));
    VEDETTE_TRY(fresh_hour, fresh_of(hour, hour + 1h));
    result.this_hour = counted(this_hour + fresh_hour.sum, period(hour, now));

    VEDETTE_TRY(by_hours, is_of_hours(session, cameras.front(), from, to, now));
    const Periods sums{by_hours ? Grain::kHour : Grain::kFiveMinutes};
    const Filter filter{cameras, types, by_hours ? from : floor_to(from, 5min), to};
    VEDETTE_TRY(fresh, fresh_of(*filter.from, to));
    const PartQuestion part{cameras.front(), types, from, to};
    bool cuts = false;
    if (result.is_by_lines) {
      VEDETTE_TRY(is_cut, is_part(session, part, *since, now));
      cuts = is_cut;
    }
    VEDETTE_TRY(tally,
                cuts ? of_part(session, part) : rolled_up(session, sums, filter, std::move(fresh)));
    result.total = counted(tally.sum, period(from, to));
    result.mix = shares_of(tally);

    result.hours_from = hour - 23h;
    VEDETTE_TRY(lines, line_counts(session, {.camera = cameras.front(),
                                             .types = types,
                                             .from = from,
                                             .to = to,
                                             .now = now,
                                             .hours_from = result.hours_from,
                                             .offset = offset,
                                             .coverage_s = result.total.coverage_s,
                                             .is_of_hours = by_hours,
                                             .is_part = cuts}));
    result.lines = std::move(lines);
    VEDETTE_TRY(last, sum_of_recent(session, camera, types, result.is_by_lines, now - 15min, now));
    result.last_15_min = counted(last, period(now - 15min, now));
    if (last.coverage_us >= kLeastCoverage.count()) {
      result.flow_per_h =
          static_cast<double>(last.vehicles) * 3600e6 / static_cast<double>(last.coverage_us);
    }
    VEDETTE_TRY(sixty, sum_of_recent(session, camera, types, result.is_by_lines, now - 60min, now));
    result.last_60_min = counted(sixty, period(now - 60min, now));
    return result;
  });
}

}  // namespace vedette::traffic

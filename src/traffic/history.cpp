#include "traffic/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "db/database.hpp"
#include "traffic/rollup.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// Times watched that are less far apart belong together.
constexpr Micros kShortestGap = 3s;

// A WHERE clause under construction, with its parameters.
class Where {
 public:
  std::string param(db::Value value) {
    values_.push_back(std::move(value));
    return fmt::format("${}", values_.size());
  }
  void add(std::string condition) {
    text_ += (text_.empty() ? " WHERE " : " AND ") + std::move(condition);
  }
  void any_of(std::string_view column, const std::vector<std::string>& wanted) {
    if (wanted.empty()) return;
    std::string list;
    for (const std::string& one : wanted) list += (list.empty() ? "" : ", ") + param(one);
    add(fmt::format("{} IN ({})", column, list));
  }
  void apply(const Filter& filter, std::string_view time, std::string_view camera,
             std::string_view type) {
    any_of(camera, filter.cameras);
    if (!type.empty()) any_of(type, filter.types);
    if (filter.from) add(fmt::format("{} >= {}", time, param(*filter.from)));
    if (filter.to) add(fmt::format("{} < {}", time, param(*filter.to)));
  }
  const std::string& text() const { return text_; }
  std::span<const db::Value> values() const { return values_; }

 private:
  std::string text_;
  std::vector<db::Value> values_;
};

Micros length_of(Grain grain) {
  switch (grain) {
    case Grain::kFiveMinutes:
      return 5min;
    case Grain::kHour:
      return 1h;
    case Grain::kDay:
      return 24h;
  }
  return 1h;
}

// The counted table below a grain, as (period, camera_id, vehicle_type, vehicles, crossings,
// samples).
std::string counts_sql(db::Dialect dialect, Grain grain, const std::string& where) {
  switch (grain) {
    case Grain::kFiveMinutes:
      return "SELECT bucket AS period, camera_id, vehicle_type, vehicles, crossings, samples FROM "
             "traffic_5min" +
             where;
    case Grain::kHour:
      return "SELECT report_hour AS period, camera_id, vehicle_type, vehicles, crossings, samples "
             "FROM traffic_history" +
             where;
    case Grain::kDay:
      break;
  }
  // Summed over hours: who is in view over the turn of an hour counts in both, as in the hourly
  // rows themselves.
  return fmt::format(
      "SELECT {0} AS period, camera_id, vehicle_type, CAST(sum(vehicles) AS bigint) AS vehicles, "
      "CAST(sum(crossings) AS "
      "bigint) AS crossings, CAST(sum(samples) AS bigint) AS samples FROM traffic_history{1} GROUP "
      "BY 1, 2, 3",
      db::bucket_sql(dialect, "report_hour", Micros{24h}), where);
}

constexpr std::string_view time_column(Grain grain) {
  return grain == Grain::kFiveMinutes ? "bucket" : "report_hour";
}

using CoverageMap = std::map<std::pair<Instant, std::string>, std::int64_t>;

Result<CoverageMap> coverage_between(db::Session& session, const std::vector<std::string>& cameras,
                                     Grain grain, std::optional<Instant> from,
                                     std::optional<Instant> to, int limit) {
  Where where;
  Filter filter{cameras, {}, from, to};
  where.apply(filter, "bucket", "camera_id", "");
  const std::string table = grain == Grain::kFiveMinutes ? "coverage_5min" : "coverage_hour";
  const std::string period = grain == Grain::kDay
                                 ? db::bucket_sql(session.dialect(), "bucket", Micros{24h})
                                 : std::string("bucket");
  VEDETTE_TRY(
      rows, session.query(
                fmt::format("SELECT {} AS period, camera_id, CAST(sum(coverage_us) AS bigint) FROM "
                            "{}{} GROUP BY 1, 2 ORDER BY 1 DESC LIMIT {}",
                            period, table, where.text(), limit),
                where.values()));
  CoverageMap map;
  for (const db::Row& row : rows) {
    map[{row.get<Instant>(0), row.get<std::string>(1)}] = row.get<std::int64_t>(2);
  }
  return map;
}

std::string crossing_id(db::Dialect dialect) {
  return dialect == db::Dialect::kSqlite ? "x.position" : "x.id";
}

std::string crossing_columns(db::Dialect dialect) {
  return crossing_id(dialect) +
         ", x.crossed_at, x.camera_id, x.line_id, coalesce(l.name, ''), x.direction, coalesce(CASE "
         "x.direction WHEN "
         "'a_to_b' THEN l.a_to_b ELSE l.b_to_a END, ''), x.track_id, x.vehicle_type, x.x, x.y, "
         "x.frame FROM crossings x "
         "LEFT JOIN camera_line l ON l.id = x.line_id";
}

CrossingRecord crossing_of(const db::Row& row) {
  CrossingRecord crossing;
  crossing.id = row.get<std::int64_t>(0);
  crossing.at = row.get<Instant>(1);
  crossing.camera_id = row.get<std::string>(2);
  crossing.line_id = row.get<std::string>(3);
  crossing.line = row.get<std::string>(4);
  crossing.direction = row.get<std::string>(5);
  crossing.label = row.get<std::string>(6);
  crossing.track_id = row.get<std::int64_t>(7);
  crossing.vehicle_type = row.get<std::string>(8);
  crossing.x = row.get<double>(9);
  crossing.y = row.get<double>(10);
  crossing.frame = row.get<std::int64_t>(11);
  return crossing;
}

struct Sum {
  std::int64_t vehicles = 0;
  std::int64_t coverage_us = 0;
};

// Vehicles and watched time of one camera in whole periods of a table.
Result<Sum> sum_of(db::Session& session, Grain grain, const Filter& filter) {
  Where where;
  where.apply(filter, time_column(grain), "camera_id", "vehicle_type");
  VEDETTE_TRY(
      rows,
      session.query(fmt::format("SELECT CAST(coalesce(sum(vehicles), 0) AS bigint) FROM {}{}",
                                grain == Grain::kFiveMinutes ? "traffic_5min" : "traffic_history",
                                where.text()),
                    where.values()));
  Where watched;
  watched.apply({filter.cameras, {}, filter.from, filter.to}, "bucket", "camera_id", "");
  VEDETTE_TRY(
      coverage,
      session.query(fmt::format("SELECT CAST(coalesce(sum(coverage_us), 0) AS bigint) FROM {}{}",
                                grain == Grain::kFiveMinutes ? "coverage_5min" : "coverage_hour",
                                watched.text()),
                    watched.values()));
  return Sum{rows.scalar<std::int64_t>(), coverage.scalar<std::int64_t>()};
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
  Where where;
  where.apply({{std::string(camera)}, types, std::min(from, first_hour), std::max(to, now + 1us)},
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

std::optional<Grain> grain_named(std::string_view text) {
  for (const Grain grain : {Grain::kFiveMinutes, Grain::kHour, Grain::kDay}) {
    if (text == name(grain)) return grain;
  }
  return std::nullopt;
}

std::string_view name(Grain grain) {
  switch (grain) {
    case Grain::kFiveMinutes:
      return "5min";
    case Grain::kHour:
      return "hour";
    case Grain::kDay:
      return "day";
  }
  return "hour";
}

Result<std::vector<CurrentCamera>> current(db::Session& session, const Filter& filter) {
  Where cameras;
  cameras.any_of("c.id", filter.cameras);
  VEDETTE_TRY(
      status,
      session.query(
          fmt::format("SELECT c.id, s.sampled_at FROM camera c LEFT JOIN camera_status s ON "
                      "s.camera_id = c.id{} ORDER BY c.id",
                      cameras.text()),
          cameras.values()));
  std::vector<CurrentCamera> result;
  for (const db::Row& row : status) {
    CurrentCamera camera{row.get<std::string>(0), row.get<std::optional<Instant>>(1), {}};
    if (camera.as_of) {
      VEDETTE_TRY(
          rows, session.query(
                    "SELECT vehicle_type, track_id, x_coord, y_coord, last_update, first_seen, "
                    "is_moving FROM current_traffic WHERE last_update = $1 AND camera_id = $2 AND "
                    "position IS NOT NULL ORDER BY track_id",
                    {*camera.as_of, camera.camera_id}));
      for (const db::Row& r : rows) {
        const auto type = r.get<std::string>(0);
        if (!filter.types.empty() && std::ranges::find(filter.types, type) == filter.types.end())
          continue;
        camera.rows.push_back({type, r.get<std::int64_t>(1), r.get<double>(2), r.get<double>(3),
                               r.get<Instant>(4), r.get<std::optional<Instant>>(5),
                               r.get<std::optional<bool>>(6).value_or(false)});
      }
    }
    result.push_back(std::move(camera));
  }
  return result;
}

Result<HistoryPage> history(db::Database& database, const Filter& filter, Grain grain, int limit,
                            const std::optional<HistoryCursor>& after, Instant now) {
  return database.read([&](db::Session& session) -> Result<HistoryPage> {
    const Micros length = length_of(grain);
    Where where;
    where.apply(filter, time_column(grain), "camera_id", "vehicle_type");
    if (grain != Grain::kFiveMinutes) where.add("samples IS NOT NULL");
    std::string sql = counts_sql(session.dialect(), grain, where.text());
    if (after) {
      const std::string hour = where.param(after->report_hour);
      const std::string camera = where.param(after->camera_id);
      const std::string type = where.param(after->vehicle_type);
      sql = fmt::format(
          "SELECT * FROM ({0}) AS counted WHERE period < {1} OR (period = {1} AND (camera_id, "
          "vehicle_type) > ({2}, {3}))",
          sql, hour, camera, type);
    }
    sql += fmt::format(" ORDER BY period DESC, camera_id, vehicle_type LIMIT {}", limit + 1);
    VEDETTE_TRY(rows, session.query(sql, where.values()));

    HistoryPage page;
    const std::size_t count = std::min(rows.size(), static_cast<std::size_t>(limit));
    std::optional<Instant> oldest = filter.from;
    if (rows.size() > count && count > 0) oldest = rows[count - 1].get<Instant>(0);
    std::optional<Instant> newest = filter.to;
    if (after)
      newest = std::min(newest.value_or(after->report_hour + length), after->report_hour + length);
    if (grain == Grain::kDay && oldest) oldest = floor_to(*oldest, length);
    VEDETTE_TRY(watched, coverage_between(session, filter.cameras, grain, oldest, newest,
                                          10 * limit + 1000));

    for (std::size_t i = 0; i < count; ++i) {
      const db::Row row = rows[i];
      HistoryRow out;
      out.report_hour = row.get<Instant>(0);
      out.camera_id = row.get<std::string>(1);
      out.vehicle_type = row.get<std::string>(2);
      out.vehicles = row.get<std::int64_t>(3);
      out.crossings = row.get<std::int64_t>(4);
      const auto covered = watched.find({out.report_hour, out.camera_id});
      const std::int64_t coverage_us = covered == watched.end() ? 0 : covered->second;
      out.coverage_s = static_cast<double>(coverage_us) / 1e6;
      if (coverage_us >= kLeastCoverage.count()) {
        out.intensity = static_cast<double>(out.vehicles) * 3600.0 / out.coverage_s;
        out.density = static_cast<double>(row.get<std::int64_t>(5)) / out.coverage_s;
      } else if (coverage_us == 0) {
        out.intensity = static_cast<double>(out.vehicles) * 3600.0 / to_seconds(length);
      }
      // Frames are some 40 ms apart: a period watched whole lacks the part of one at its edges.
      out.is_partial =
          out.report_hour + length > now || coverage_us + Micros{2s}.count() < length.count();
      page.rows.push_back(std::move(out));
    }
    for (const auto& [key, micros] : watched) {
      page.coverage.push_back({key.first, key.second, static_cast<double>(micros) / 1e6});
    }
    std::ranges::reverse(page.coverage);
    if (rows.size() > count && !page.rows.empty()) {
      const HistoryRow& last = page.rows.back();
      page.next = HistoryCursor{last.report_hour, last.camera_id, last.vehicle_type};
    }
    return page;
  });
}

Result<CrossingPage> crossings(db::Database& database, const Filter& filter, std::string_view line,
                               int limit, std::optional<Instant> before, std::int64_t before_id) {
  return database.read([&](db::Session& session) -> Result<CrossingPage> {
    const std::string id = crossing_id(session.dialect());
    Where where;
    where.apply(filter, "x.crossed_at", "x.camera_id", "x.vehicle_type");
    if (!line.empty()) where.add("x.line_id = " + where.param(std::string(line)));
    if (before) {
      const std::string time = where.param(*before);
      const std::string last = where.param(before_id);
      where.add(fmt::format("(x.crossed_at, {}) < ({}, {})", id, time, last));
    }
    VEDETTE_TRY(
        rows,
        session.query(fmt::format("SELECT {}{} ORDER BY x.crossed_at DESC, {} DESC LIMIT {}",
                                  crossing_columns(session.dialect()), where.text(), id, limit + 1),
                      where.values()));
    CrossingPage page;
    for (const db::Row& row : rows) page.crossings.push_back(crossing_of(row));
    page.has_more = page.crossings.size() > static_cast<std::size_t>(limit);
    if (page.has_more) page.crossings.pop_back();
    return page;
  });
}

Result<std::vector<CrossingRecord>> crossings_after(db::Session& session, std::int64_t id,
                                                    int limit) {
  const std::string column = crossing_id(session.dialect());
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT {0} WHERE {1} > $1 ORDER BY {1} LIMIT {2}",
                                              crossing_columns(session.dialect()), column, limit),
                                  {id}));
  std::vector<CrossingRecord> records;
  for (const db::Row& row : rows) records.push_back(crossing_of(row));
  return records;
}

Result<std::int64_t> newest_crossing_id(db::Session& session) {
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT coalesce(max({}), 0) FROM crossings x",
                                              crossing_id(session.dialect()))));
  return rows.scalar<std::int64_t>();
}

Result<Kpi> kpi(db::Database& database, std::string_view camera,
                const std::vector<std::string>& types, Instant from, Instant to, Instant now) {
  return database.read([&](db::Session& session) -> Result<Kpi> {
    VEDETTE_TRY(known, session.query("SELECT 1 FROM camera WHERE id = $1", {camera}));
    if (known.empty()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("There is no camera '{}'. GET /api/cameras lists them.", camera));
    }
    const std::vector<std::string> cameras{std::string(camera)};
    Kpi result;
    const Instant hour = floor_to(now, 1h);
    VEDETTE_TRY(this_hour, sum_of(session, Grain::kHour, {cameras, types, hour, hour + 1h}));
    result.this_hour = counted(this_hour, now - hour);

    // Three whole 5-minute periods and the running one: at least the last 15 minutes.
    const Instant quarter = floor_to(now, 5min) - 10min;
    VEDETTE_TRY(last, sum_of(session, Grain::kFiveMinutes, {cameras, types, quarter, now + 5min}));
    result.last_15_min = counted(last, now - quarter);
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

    Where where;
    where.apply(period, time_column(grain), "camera_id", "vehicle_type");
    VEDETTE_TRY(
        mix,
        session.query(
            fmt::format("SELECT vehicle_type, CAST(coalesce(sum(vehicles), 0) AS bigint) FROM {}{} "
                        "GROUP BY 1 ORDER BY 2 DESC, 1",
                        grain == Grain::kHour ? "traffic_history" : "traffic_5min", where.text()),
            where.values()));
    for (const db::Row& row : mix) {
      const auto vehicles = row.get<std::int64_t>(1);
      if (vehicles == 0) continue;
      result.mix.push_back({row.get<std::string>(0), vehicles,
                            static_cast<double>(vehicles) /
                                static_cast<double>(std::max<std::int64_t>(1, total.vehicles))});
    }
    VEDETTE_TRY(lines, line_counts(session, camera, types, from, to, now));
    result.lines = std::move(lines);
    result.is_by_lines = !result.lines.empty();
    return result;
  });
}

Result<QualityPage> quality(db::Database& database, const Filter& filter, int limit,
                            std::optional<Instant> before, std::int64_t before_id) {
  return database.read([&](db::Session& session) -> Result<QualityPage> {
    const db::Dialect dialect = session.dialect();
    // What the loops noted, and the gaps between times watched that no note explains.
    const std::string noted =
        "SELECT id, camera_id, issue, cause, ts, ended_at FROM quality_log WHERE camera_id IS NOT "
        "NULL";
    const std::string gaps = fmt::format(
        "SELECT -g.id, g.camera_id, 'not watched', 'No process watched it: stopped, crashed or "
        "without its database', "
        "g.gap_from, g.from_t FROM (SELECT id, camera_id, from_t, lag(to_t) OVER (PARTITION BY "
        "camera_id ORDER BY "
        "from_t, id) AS gap_from FROM watch_span) AS g WHERE {} > {} AND NOT EXISTS (SELECT 1 FROM "
        "quality_log q WHERE "
        "q.camera_id = g.camera_id AND q.ts < g.from_t AND (q.ended_at IS NULL OR (q.ended_at > "
        "g.gap_from AND "
        "q.ended_at > q.ts)))",
        db::elapsed_sql(dialect, "g.gap_from", "g.from_t"), kShortestGap.count());
    Where where;
    where.any_of("camera_id", filter.cameras);
    if (filter.from)
      where.add("(ended_at IS NULL OR ended_at >= " + where.param(*filter.from) + ")");
    if (filter.to) where.add("ts < " + where.param(*filter.to));
    if (before) {
      const std::string time = where.param(*before);
      const std::string last = where.param(before_id);
      where.add(fmt::format("(ts, id) < ({}, {})", time, last));
    }
    VEDETTE_TRY(
        rows, session.query(
                  fmt::format("SELECT id, camera_id, issue, cause, ts, ended_at FROM ({} UNION ALL "
                              "{}) AS issues{} ORDER BY ts DESC, id DESC LIMIT {}",
                              noted, gaps, where.text(), limit + 1),
                  where.values()));
    QualityPage page;
    for (const db::Row& row : rows) {
      page.issues.push_back({row.get<std::int64_t>(0), row.get<std::string>(1),
                             row.get<std::string>(2), row.get<std::optional<std::string>>(3),
                             row.get<Instant>(4), row.get<std::optional<Instant>>(5)});
    }
    page.has_more = page.issues.size() > static_cast<std::size_t>(limit);
    if (page.has_more) page.issues.pop_back();
    return page;
  });
}

}  // namespace vedette::traffic

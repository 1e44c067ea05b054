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

// The counted table below a grain, as (period, camera_id, vehicle_type, vehicles, crossings,
// samples).
std::string counts_sql(db::Dialect dialect, Grain grain, const std::string& where) {
  const GrainTables tables = tables_of(grain);
  if (grain != Grain::kDay) {
    return fmt::format(
        "SELECT {} AS period, camera_id, vehicle_type, vehicles, crossings, samples FROM {}{}",
        tables.period, tables.counts, where);
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

using CoverageMap = std::map<std::pair<Instant, std::string>, std::int64_t>;

Result<CoverageMap> coverage_between(db::Session& session, const std::vector<std::string>& cameras,
                                     Grain grain, std::optional<Instant> from,
                                     std::optional<Instant> to, int limit) {
  db::Where where;
  Filter filter{cameras, {}, from, to};
  add_filter(where, filter, "bucket", "camera_id", "");
  const std::string period = grain == Grain::kDay
                                 ? db::bucket_sql(session.dialect(), "bucket", Micros{24h})
                                 : std::string("bucket");
  VEDETTE_TRY(
      rows, session.query(
                fmt::format("SELECT {} AS period, camera_id, CAST(sum(coverage_us) AS bigint) FROM "
                            "{}{} GROUP BY 1, 2 ORDER BY 1 DESC LIMIT {}",
                            period, tables_of(grain).coverage, where.text(), limit),
                where.values()));
  CoverageMap map;
  for (const db::Row& row : rows) {
    map[{row.get<Instant>(0), row.get<std::string>(1)}] = row.get<std::int64_t>(2);
  }
  return map;
}

}  // namespace

Result<HistoryPage> history(db::Database& database, const Filter& filter, Grain grain, int limit,
                            const std::optional<HistoryCursor>& after, Instant now) {
  return database.read([&](db::Session& session) -> Result<HistoryPage> {
    const Micros length = length_of(grain);
    db::Where where;
    add_filter(where, filter, tables_of(grain).period, "camera_id", "vehicle_type");
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

}  // namespace vedette::traffic

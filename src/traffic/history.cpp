#include "traffic/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "db/database.hpp"
#include "traffic/line_row.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

double seconds(std::int64_t micros) {
  return static_cast<double>(micros) / 1e6;
}

// Frames are some 40 ms apart: a period watched whole lacks the part of one at its edges.
bool is_partial(Instant start, std::int64_t coverage_us, Micros length, Instant now) {
  return start + length > now || coverage_us + Micros{2s}.count() < length.count();
}

// Rows of a table of counts, of the filter; below the period after which a page goes on.
void add_rows(db::Where& where, const Filter& filter, const Periods& periods,
              std::string_view column, const std::optional<Instant>& after) {
  add_filter(where, filter, column, "camera_id", "vehicle_type");
  if (after) where.add(fmt::format("{} < {}", column, where.param(*after + periods.length())));
}

// The watched time of the row's camera and period, `c.camera_id` and `c.period`.
std::string coverage_sql(db::Dialect dialect, db::Where& where, const Filter& filter,
                         const Periods& periods) {
  std::string sql = fmt::format(
      "coalesce((SELECT CAST(sum(w.coverage_us) AS bigint) FROM {} w WHERE w.camera_id = "
      "c.camera_id AND w.bucket >= c.period AND w.bucket < {}",
      periods.coverage_table(),
      db::plus_sql(dialect, "c.period", std::to_string(periods.length().count())));
  if (filter.from) sql += " AND w.bucket >= " + where.param(*filter.from);
  if (filter.to) sql += " AND w.bucket < " + where.param(*filter.to);
  return sql + "), 0)";
}

// Newest first, at most `limit`; `from` and `to` bound the periods.
Result<std::vector<Coverage>> coverage_between(db::Session& session, const Filter& filter,
                                               const Periods& periods, std::optional<Instant> from,
                                               std::optional<Instant> to, std::int64_t limit) {
  db::Where where;
  add_filter(where, {filter.cameras, {}, from, to}, "bucket", "camera_id", "");
  VEDETTE_TRY(
      rows, session.query(
                fmt::format("SELECT {} AS period, camera_id, CAST(sum(coverage_us) AS bigint) FROM "
                            "{}{} GROUP BY 1, 2 ORDER BY 1 DESC, 2 DESC LIMIT {}",
                            periods.start_sql(session.dialect(), "bucket"),
                            periods.coverage_table(), where.text(), limit),
                where.values()));
  std::vector<Coverage> all;
  for (const db::Row& row : rows) {
    all.push_back(
        {row.get<Instant>(0), row.get<std::string>(1), seconds(row.get<std::int64_t>(2))});
  }
  return all;
}

// The coverage of the page's periods. Where that is too much for one page, the page ends earlier.
Result<void> add_coverage(db::Session& session, const Filter& filter, const Periods& periods,
                          int limit, const std::optional<HistoryCursor>& after, HistoryPage& page) {
  const std::int64_t most = std::int64_t{10} * limit + 1000;
  std::optional<Instant> from = filter.from;
  if (page.next) from = std::max(from.value_or(page.next->report_hour), page.next->report_hour);
  std::optional<Instant> to = filter.to;
  if (after) {
    const Instant end = after->report_hour + periods.length();
    to = std::min(to.value_or(end), end);
  }
  VEDETTE_TRY(coverage, coverage_between(session, filter, periods, from, to, most + 1));
  if (std::ssize(coverage) > most) {
    const Instant cut = coverage.back().report_hour;
    if (cut != coverage.front().report_hour) {
      std::erase_if(coverage, [&](const Coverage& one) { return one.report_hour <= cut; });
      std::erase_if(page.rows, [&](const HistoryRow& row) { return row.report_hour <= cut; });
      page.next = HistoryCursor{cut, "", ""};
    } else {
      // More cameras than that: one period, whole, and what is below it on the next page.
      VEDETTE_TRY(whole, coverage_between(session, filter, periods, cut, cut + periods.length(),
                                          std::numeric_limits<std::int32_t>::max()));
      coverage = std::move(whole);
      std::erase_if(page.rows, [&](const HistoryRow& row) { return row.report_hour < cut; });
      if (!page.next || page.next->report_hour < cut)
        page.next = HistoryCursor{cut - periods.length(), "", ""};
    }
  }
  page.coverage = std::move(coverage);
  return {};
}

}  // namespace

Result<HistoryPage> history(db::Database& database, const Filter& filter, const Periods& periods,
                            int limit, const std::optional<HistoryCursor>& after, Instant now) {
  return database.read([&](db::Session& session) -> Result<HistoryPage> {
    const db::Dialect dialect = session.dialect();
    db::Where where;
    add_rows(where, filter, periods, periods.counts_column(),
             after ? std::optional(after->report_hour) : std::nullopt);
    if (periods.is_of_hours()) where.add("samples IS NOT NULL");
    const std::string start = periods.start_sql(dialect, periods.counts_column());
    // Summed over hours: who is in view over the turn of an hour counts in both, as in the hourly
    // rows themselves. A row that is the period is not summed: an index leads to the page's.
    std::string rows_sql =
        start == periods.counts_column()
            ? fmt::format(
                  "SELECT {} AS period, camera_id, vehicle_type, vehicles, crossings, "
                  "samples FROM {}{}",
                  start, periods.counts_table(), where.text())
            : fmt::format(
                  "SELECT {} AS period, camera_id, vehicle_type, CAST(sum(vehicles) AS "
                  "bigint) AS vehicles, CAST(sum(crossings) AS bigint) AS crossings, "
                  "CAST(sum(samples) AS bigint) AS samples FROM {}{} GROUP BY 1, 2, 3",
                  start, periods.counts_table(), where.text());
    if (after) {
      const std::string hour = where.param(after->report_hour);
      const std::string camera = where.param(after->camera_id);
      const std::string type = where.param(after->vehicle_type);
      rows_sql = fmt::format(
          "SELECT * FROM ({0}) AS counted WHERE period < {1} OR (period = {1} AND (camera_id, "
          "vehicle_type) > ({2}, {3}))",
          rows_sql, hour, camera, type);
    }
    rows_sql += fmt::format(" ORDER BY period DESC, camera_id, vehicle_type LIMIT {}", limit + 1);
    const std::string coverage = coverage_sql(dialect, where, filter, periods);
    VEDETTE_TRY(
        rows,
        session.query(
            fmt::format("SELECT d.period, d.camera_id, coalesce(m.name, d.camera_id), "
                        "d.vehicle_type, d.vehicles, d.crossings, d.coverage_us, {}, {} FROM "
                        "(SELECT c.*, {} AS coverage_us FROM ({}) AS c) AS d LEFT JOIN camera m ON "
                        "m.id = d.camera_id ORDER BY d.period DESC, d.camera_id, d.vehicle_type",
                        intensity_sql("d.vehicles", "d.coverage_us", periods.length()),
                        density_sql("d.samples", "d.coverage_us"), coverage, rows_sql),
            where.values()));

    HistoryPage page;
    for (const db::Row& row : rows) {
      if (std::ssize(page.rows) == limit) {
        const HistoryRow& last = page.rows.back();
        page.next = HistoryCursor{last.report_hour, last.camera_id, last.vehicle_type};
        break;
      }
      HistoryRow out;
      out.report_hour = row.get<Instant>(0);
      out.camera_id = row.get<std::string>(1);
      out.camera = row.get<std::string>(2);
      out.vehicle_type = row.get<std::string>(3);
      out.vehicles = row.get<std::int64_t>(4);
      out.crossings = row.get<std::int64_t>(5);
      const auto coverage_us = row.get<std::int64_t>(6);
      out.coverage_s = seconds(coverage_us);
      out.intensity = row.get<std::optional<double>>(7);
      out.density = row.get<std::optional<double>>(8);
      out.is_partial = is_partial(out.report_hour, coverage_us, periods.length(), now);
      page.rows.push_back(std::move(out));
    }
    VEDETTE_CHECK(add_coverage(session, filter, periods, limit, after, page));
    return page;
  });
}

Result<LineHistoryPage> line_history(db::Database& database, const LineFilter& filter,
                                     const Periods& periods, int limit,
                                     const std::optional<LineHistoryCursor>& after, Instant now) {
  return database.read([&](db::Session& session) -> Result<LineHistoryPage> {
    const db::Dialect dialect = session.dialect();
    db::Where where;
    add_rows(where, filter.filter, periods, "bucket",
             after ? std::optional(after->report_hour) : std::nullopt);
    if (!filter.line.empty()) where.add("line_id = " + where.param(filter.line));
    if (!filter.direction.empty()) where.add("direction = " + where.param(filter.direction));
    const std::string start = periods.start_sql(dialect, "bucket");
    std::string rows_sql =
        start == "bucket"
            ? fmt::format(
                  "SELECT bucket AS period, camera_id, line_id, direction, vehicle_type, "
                  "crossings AS vehicles FROM {}{}",
                  periods.lines_table(), where.text())
            : fmt::format(
                  "SELECT {} AS period, camera_id, line_id, direction, vehicle_type, "
                  "CAST(sum(crossings) AS bigint) AS vehicles FROM {}{} GROUP BY 1, 2, 3, "
                  "4, 5",
                  start, periods.lines_table(), where.text());
    if (after) {
      const std::string hour = where.param(after->report_hour);
      const std::string camera = where.param(after->camera_id);
      const std::string line = where.param(after->line_id);
      const std::string direction = where.param(after->direction);
      const std::string type = where.param(after->vehicle_type);
      rows_sql = fmt::format(
          "SELECT * FROM ({0}) AS counted WHERE period < {1} OR (period = {1} AND (camera_id, "
          "line_id, direction, vehicle_type) > ({2}, {3}, {4}, {5}))",
          rows_sql, hour, camera, line, direction, type);
    }
    rows_sql += fmt::format(
        " ORDER BY period DESC, camera_id, line_id, direction, vehicle_type LIMIT {}", limit + 1);
    const std::string coverage = coverage_sql(dialect, where, filter.filter, periods);
    VEDETTE_TRY(
        rows,
        session.query(
            fmt::format(
                "SELECT d.period, d.camera_id, coalesce(m.name, d.camera_id), d.line_id, "
                "coalesce(l.name, ''), d.direction, d.vehicle_type, d.vehicles, d.coverage_us, {}, "
                "CASE WHEN m.starts_at IS NULL THEN l.created_at END, {} FROM "
                "(SELECT c.*, {} AS coverage_us FROM ({}) AS c) AS d LEFT JOIN camera m ON m.id = "
                "d.camera_id LEFT JOIN camera_line l ON l.id = d.line_id ORDER BY d.period DESC, "
                "d.camera_id, d.line_id, d.direction, d.vehicle_type",
                intensity_sql("d.vehicles", "d.coverage_us", periods.length()), kLabelColumns,
                coverage, rows_sql),
            where.values()));
    LineHistoryPage page;
    for (const db::Row& row : rows) {
      if (std::ssize(page.rows) == limit) {
        const LineHistoryRow& last = page.rows.back();
        page.next = LineHistoryCursor{last.report_hour, last.camera_id, last.line_id,
                                      last.direction, last.vehicle_type};
        break;
      }
      LineHistoryRow out;
      out.report_hour = row.get<Instant>(0);
      out.camera_id = row.get<std::string>(1);
      out.camera = row.get<std::string>(2);
      out.line_id = row.get<std::string>(3);
      out.line = row.get<std::string>(4);
      out.direction = row.get<std::string>(5);
      out.vehicle_type = row.get<std::string>(6);
      out.vehicles = row.get<std::int64_t>(7);
      const auto coverage_us = row.get<std::int64_t>(8);
      out.coverage_s = seconds(coverage_us);
      out.intensity = row.get<std::optional<double>>(9);
      out.since = row.get<std::optional<Instant>>(10);
      out.label = label_of(row, 11, out.direction);
      out.is_partial = is_partial(out.report_hour, coverage_us, periods.length(), now);
      if (out.since && *out.since > out.report_hour) {
        // How much of the period was watched with the line is not known to the second.
        const Micros there = out.report_hour + periods.length() - *out.since;
        out.coverage_s = std::min(out.coverage_s, std::max(0.0, to_seconds(there)));
        out.intensity = std::nullopt;
        out.is_partial = true;
      }
      page.rows.push_back(std::move(out));
    }
    return page;
  });
}

}  // namespace vedette::traffic

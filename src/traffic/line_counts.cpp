#include "traffic/line_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "db/database.hpp"
#include "traffic/filter.hpp"
#include "traffic/line_row.hpp"
#include "traffic/part_counts.hpp"
#include "traffic/periods.hpp"
#include "traffic/watched_time.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// The lines as they are now, each direction, with nothing counted. A camera that plays a recording
// of the past counts in the recording's time: there a line is there since the first run that began
// with it, or since its first crossing.
Result<std::vector<LineCount>> lines_of(db::Session& session, const std::string& camera) {
  VEDETTE_TRY(
      rows,
      session.query(
          fmt::format(
              "SELECT l.id, l.name, CASE WHEN m.starts_at IS NULL THEN l.created_at ELSE "
              "coalesce((SELECT min(r.base_time) FROM camera_run r WHERE r.camera_id = l.camera_id "
              "AND r.started_at >= l.created_at), (SELECT min(x.crossed_at) FROM crossings x WHERE "
              "x.camera_id = l.camera_id AND x.line_id = l.id)) END, {} FROM camera_line l JOIN "
              "camera m ON m.id = l.camera_id WHERE l.camera_id = $1 AND l.removed_at IS NULL "
              "ORDER BY l.place, l.id",
              kLabelColumns),
          {camera}));
  std::vector<LineCount> counts;
  for (const db::Row& row : rows) {
    for (const char* direction : {"a_to_b", "b_to_a"}) {
      LineCount count;
      count.line_id = row.get<std::string>(0);
      count.name = row.get<std::string>(1);
      count.direction = direction;
      count.label = label_of(row, 3, direction);
      count.since = row.get<std::optional<Instant>>(2);
      counts.push_back(std::move(count));
    }
  }
  return counts;
}

LineCount* find(std::vector<LineCount>& counts, const db::Row& row) {
  const auto found = std::ranges::find_if(counts, [&](const LineCount& count) {
    return count.line_id == row.get<std::string_view>(0) &&
           count.direction == row.get<std::string_view>(1);
  });
  return found == counts.end() ? nullptr : &*found;
}

// (line_id, direction, period, crossings) of what is rolled up into `table` and of what is not yet:
// what was pruned from the crossings is still there.
Result<db::Rows> counted(db::Session& session, const LineQuestion& question, std::string_view table,
                         std::string_view period, Instant from, Instant to) {
  db::Where where;
  const std::vector<std::string> cameras{question.camera};
  add_filter(where, {cameras, question.types, from, to}, "t", "camera_id", "vehicle_type");
  return session.query(
      fmt::format(
          "SELECT line_id, direction, {} AS period, CAST(sum(n) AS bigint) FROM (SELECT camera_id, "
          "line_id, direction, vehicle_type, bucket AS t, crossings AS n FROM {} UNION ALL SELECT "
          "camera_id, line_id, direction, vehicle_type, crossed_at AS t, 1 AS n FROM crossings "
          "WHERE position >= (SELECT position FROM rollup_state WHERE name = 'crossings')) AS "
          "counted{} GROUP BY 1, 2, 3",
          period, table, where.text()),
      where.values());
}

Result<db::Rows> counted_in_period(db::Session& session, const LineQuestion& question) {
  if (question.is_part) {
    return part_by_line(session, {question.camera, question.types, question.from, question.to});
  }
  const bool is_whole = question.is_of_hours;
  return counted(session, question, is_whole ? "traffic_line_hour" : "traffic_line_5min", "0",
                 is_whole ? question.from : floor_to(question.from, 5min), question.to);
}

// Watched time of [from, to): to the frame up to the next full hour, by hours from there on.
Result<double> coverage_since(db::Session& session, const std::string& camera, Instant from,
                              Instant to) {
  const Instant whole = std::min(to, floor_to(from + 1h - 1us, 1h));
  VEDETTE_TRY(exact, watched_between(session, camera, from, whole));
  VEDETTE_TRY(rows, session.query("SELECT CAST(coalesce(sum(coverage_us), 0) AS bigint) FROM "
                                  "coverage_hour WHERE camera_id = $1 AND bucket >= $2 AND bucket "
                                  "< $3",
                                  {camera, whole, to}));
  return static_cast<double>(exact.count() + rows.scalar<std::int64_t>()) / 1e6;
}

// Which of the 24 hours were watched at all.
Result<std::array<bool, 24>> watched_hours(db::Session& session, const LineQuestion& question) {
  std::array<bool, 24> is_watched{};
  const std::string hour = start_sql(session.dialect(), "bucket", 1h, question.offset);
  VEDETTE_TRY(rows, session.query(fmt::format("SELECT {} AS period, CAST(sum(coverage_us) AS "
                                              "bigint) FROM coverage_5min WHERE camera_id = $1 AND "
                                              "bucket >= $2 AND bucket < $3 GROUP BY 1",
                                              hour),
                                  {question.camera, question.hours_from, question.now}));
  for (const db::Row& row : rows) {
    const auto place = (row.get<Instant>(0) - question.hours_from) / 1h;
    if (place >= 0 && place < 24)
      is_watched[static_cast<std::size_t>(place)] = row.get<std::int64_t>(1) > 0;
  }
  // The roll-up is some seconds behind.
  const Instant running = question.hours_from + 23h;
  VEDETTE_TRY(now, watched_between(session, question.camera, running, question.now));
  is_watched[23] = is_watched[23] || now > Micros{0};
  return is_watched;
}

// The hour in which the line was drawn, to the frame.
Result<bool> is_watched_in_first_hour(db::Session& session, const LineQuestion& question,
                                      Instant since, Instant hour) {
  VEDETTE_TRY(watched,
              watched_between(session, question.camera, since, std::min(question.now, hour + 1h)));
  return watched > Micros{0};
}

Result<void> fill_hours(db::Session& session, const LineQuestion& question, LineCount& count,
                        const std::array<bool, 24>& is_watched) {
  for (std::size_t i = 0; i < count.by_hour.size(); ++i) {
    if (count.by_hour[i] || !count.since) continue;
    const Instant hour = question.hours_from + 1h * static_cast<int>(i);
    if (*count.since >= hour + 1h || !is_watched[i]) continue;
    if (*count.since > hour) {
      VEDETTE_TRY(is_there, is_watched_in_first_hour(session, question, *count.since, hour));
      if (!is_there) continue;
    }
    count.by_hour[i] = 0;
  }
  return {};
}

}  // namespace

Result<std::vector<LineCount>> line_counts(db::Session& session, const LineQuestion& question) {
  VEDETTE_TRY(counts, lines_of(session, question.camera));
  if (counts.empty()) return std::move(counts);

  VEDETTE_TRY(total, counted_in_period(session, question));
  for (const db::Row& row : total) {
    if (LineCount* count = find(counts, row)) count->vehicles = row.get<std::int64_t>(3);
  }
  const std::string hour = start_sql(session.dialect(), "t", 1h, question.offset);
  VEDETTE_TRY(by_hour, counted(session, question, "traffic_line_5min", hour, question.hours_from,
                               question.now + 1us));
  for (const db::Row& row : by_hour) {
    LineCount* count = find(counts, row);
    const auto place = (row.get<Instant>(2) - question.hours_from) / 1h;
    if (count != nullptr && place >= 0 && place < 24)
      count->by_hour[static_cast<std::size_t>(place)] = row.get<std::int64_t>(3);
  }

  VEDETTE_TRY(is_watched, watched_hours(session, question));
  std::map<Instant, double> coverage;  // by since
  for (LineCount& count : counts) {
    VEDETTE_CHECK(fill_hours(session, question, count, is_watched));
    if (!count.since) continue;
    if (*count.since <= question.from) {
      count.coverage_s = question.coverage_s;
    } else if (*count.since < question.to) {
      const auto known = coverage.find(*count.since);
      if (known == coverage.end()) {
        VEDETTE_TRY(watched, coverage_since(session, question.camera, *count.since, question.to));
        coverage.emplace(*count.since, watched);
        count.coverage_s = watched;
      } else {
        count.coverage_s = known->second;
      }
    }
    if (!count.vehicles && count.coverage_s > 0) count.vehicles = 0;
  }
  return std::move(counts);
}

}  // namespace vedette::traffic

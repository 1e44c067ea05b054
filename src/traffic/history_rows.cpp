#include "traffic/history_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <span>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "db/database.hpp"
#include "traffic/periods.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

constexpr Micros step_of(bool is_hour) {
  return is_hour ? Micros{1h} : Micros{5min};
}

Result<void> write_counts(db::Session& session, const HistoryRows& history,
                          const std::set<std::string>& with_lines) {
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
      for (const auto& [key, added] : history.counts[is_hour]) {
        if (with_lines.contains(key.camera) != has_lines) continue;
        rows.add(key.bucket, key.camera, key.type, added.tracks, added.crossers, added.crossings,
                 added.samples, has_lines || added.crossings > 0 ? added.crossers : added.tracks);
      }
      if (!rows.empty()) VEDETTE_CHECK(session.insert(rows));
    }
  }
  return {};
}

Result<void> write_lines(db::Session& session, const HistoryRows& history) {
  for (const bool is_hour : {false, true}) {
    const std::string table = is_hour ? "traffic_line_hour" : "traffic_line_5min";
    db::BulkInsert rows(
        table, {"bucket", "camera_id", "line_id", "direction", "vehicle_type", "crossings"});
    rows.on_conflict(
        fmt::format("ON CONFLICT (bucket, camera_id, line_id, direction, vehicle_type) DO UPDATE "
                    "SET crossings = {}.crossings + excluded.crossings",
                    table));
    for (const auto& [key, crossings] : history.lines[is_hour])
      rows.add(key.bucket, key.camera, key.line, key.direction, key.type, crossings);
    if (!rows.empty()) VEDETTE_CHECK(session.insert(rows));
  }
  return {};
}

Result<void> write_coverage(db::Session& session, const HistoryRows& history) {
  for (const bool is_hour : {false, true}) {
    const std::string table = is_hour ? "coverage_hour" : "coverage_5min";
    db::BulkInsert rows(table, {"bucket", "camera_id", "coverage_us"});
    rows.on_conflict(
        fmt::format("ON CONFLICT (bucket, camera_id) DO UPDATE SET coverage_us = {}.coverage_us + "
                    "excluded.coverage_us",
                    table));
    for (const auto& [key, micros] : history.coverage[is_hour])
      rows.add(key.first, key.second, micros);
    if (!rows.empty()) VEDETTE_CHECK(session.insert(rows));
  }
  return {};
}

// The figures of an hour that follow from its counts and the time watched, for every camera and
// hour touched.
Result<void> derive_hours(db::Session& session, const HistoryRows& history) {
  std::set<CameraBucket> touched;
  for (const auto& [key, added] : history.counts[1]) touched.emplace(key.bucket, key.camera);
  for (const auto& [key, micros] : history.coverage[1]) touched.insert(key);
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

// Rows from which all was taken away, by camera within the time that was touched.
Result<void> delete_empty(db::Session& session, const HistoryRows& history) {
  std::map<std::string, std::pair<Instant, Instant>> touched;
  const auto touch = [&](const std::string& camera, Instant bucket) {
    const auto [known, is_new] = touched.try_emplace(camera, bucket, bucket);
    if (is_new) return;
    known->second.first = std::min(known->second.first, bucket);
    known->second.second = std::max(known->second.second, bucket);
  };
  for (const bool is_hour : {false, true}) {
    for (const auto& [key, added] : history.counts[is_hour]) {
      if (added.samples < 0 || added.crossings < 0 || added.tracks < 0)
        touch(key.camera, key.bucket);
    }
    for (const auto& [key, added] : history.lines[is_hour]) {
      if (added < 0) touch(key.camera, key.bucket);
    }
    for (const auto& [key, micros] : history.coverage[is_hour]) {
      if (micros < 0) touch(key.second, key.first);
    }
  }
  constexpr std::string_view kNobody =
      "tracks = 0 AND crossers = 0 AND crossings = 0 AND samples = 0";
  const std::tuple<std::string_view, std::string_view, std::string_view> tables[] = {
      {"traffic_5min", "bucket", kNobody},
      {"traffic_history", "report_hour", kNobody},
      {"traffic_line_5min", "bucket", "crossings = 0"},
      {"traffic_line_hour", "bucket", "crossings = 0"},
      {"coverage_5min", "bucket", "coverage_us <= 0"},
      {"coverage_hour", "bucket", "coverage_us <= 0"}};
  for (const auto& [camera, range] : touched) {
    for (const auto& [table, bucket, is_empty] : tables) {
      VEDETTE_CHECK(session.execute(
          fmt::format("DELETE FROM {0} WHERE camera_id = $1 AND {1} >= $2 AND {1} <= $3 AND {2}",
                      table, bucket, is_empty),
          {camera, range.first, range.second}));
    }
  }
  return {};
}

json::value number_of(Instant at) {
  return at.time_since_epoch().count();
}

// The elements of one of the arrays, as far as they have `size` parts; kCorrupt through exceptions
// of the JSON library, caught by decode_history().
template <class Take>
void each_row(const json::object& object, std::string_view name, std::size_t size, Take take) {
  const json::array& grains = object.at(name).as_array();
  for (std::size_t grain = 0; grain < 2; ++grain) {
    for (const json::value& item : grains.at(grain).as_array()) {
      const json::array& row = item.as_array();
      if (row.size() != size) throw std::invalid_argument("a row of another length");
      take(grain, Instant{Micros{row.at(0).as_int64()}}, row);
    }
  }
}

}  // namespace

Instant history_bucket(Instant at, bool is_hour) {
  return floor_to(at, step_of(is_hour));
}

void HistoryRows::add_sample(const std::string& camera, const std::string& type, Instant at) {
  for (const bool is_hour : {false, true})
    ++counts[is_hour][{history_bucket(at, is_hour), camera, type}].samples;
}

void HistoryRows::add_crossing(const std::string& camera, const std::string& type,
                               const std::string& line, const std::string& direction, Instant at) {
  for (const bool is_hour : {false, true}) {
    const Instant bucket = history_bucket(at, is_hour);
    ++counts[is_hour][{bucket, camera, type}].crossings;
    ++lines[is_hour][{bucket, camera, line, direction, type}];
  }
}

void HistoryRows::add_watched(const std::string& camera, Instant from, Instant to) {
  for (const bool is_hour : {false, true}) {
    for (Instant at = from; at < to;) {
      const Instant bucket = history_bucket(at, is_hour);
      const Instant end = std::min(to, bucket + step_of(is_hour));
      coverage[is_hour][{bucket, camera}] += (end - at).count();
      at = end;
    }
  }
}

void HistoryRows::subtract(const HistoryRows& other) {
  for (const bool is_hour : {false, true}) {
    for (const auto& [key, less] : other.counts[is_hour]) {
      HistoryCounts& own = counts[is_hour][key];
      own.tracks -= less.tracks;
      own.crossers -= less.crossers;
      own.crossings -= less.crossings;
      own.samples -= less.samples;
    }
    for (const auto& [key, less] : other.lines[is_hour]) lines[is_hour][key] -= less;
    for (const auto& [key, less] : other.coverage[is_hour]) coverage[is_hour][key] -= less;
  }
}

Result<void> add_history(db::Session& session, const HistoryRows& rows,
                         const std::set<std::string>& with_lines) {
  VEDETTE_CHECK(write_counts(session, rows, with_lines));
  VEDETTE_CHECK(write_lines(session, rows));
  VEDETTE_CHECK(write_coverage(session, rows));
  VEDETTE_CHECK(delete_empty(session, rows));
  return derive_hours(session, rows);
}

std::string encode(const HistoryRows& rows) {
  json::array counts(2);
  json::array lines(2);
  json::array coverage(2);
  for (const bool is_hour : {false, true}) {
    json::array of_counts;
    for (const auto& [key, c] : rows.counts[is_hour]) {
      of_counts.push_back(json::array{number_of(key.bucket), key.type, c.tracks, c.crossers,
                                      c.crossings, c.samples});
    }
    counts[is_hour] = std::move(of_counts);
    json::array of_lines;
    for (const auto& [key, crossings] : rows.lines[is_hour]) {
      of_lines.push_back(
          json::array{number_of(key.bucket), key.line, key.direction, key.type, crossings});
    }
    lines[is_hour] = std::move(of_lines);
    json::array of_coverage;
    for (const auto& [key, micros] : rows.coverage[is_hour])
      of_coverage.push_back(json::array{number_of(key.first), micros});
    coverage[is_hour] = std::move(of_coverage);
  }
  return json::serialize(json::object{{"counts", std::move(counts)},
                                      {"lines", std::move(lines)},
                                      {"coverage", std::move(coverage)}});
}

Result<HistoryRows> decode_history(std::string_view text, const std::string& camera) {
  try {
    const json::value parsed = json::parse(text);
    const json::object& object = parsed.as_object();
    HistoryRows rows;
    const auto word = [](const json::value& value) { return std::string(value.as_string()); };
    each_row(object, "counts", 6, [&](std::size_t grain, Instant bucket, const json::array& row) {
      rows.counts[grain][{bucket, camera, word(row[1])}] = {row[2].as_int64(), row[3].as_int64(),
                                                            row[4].as_int64(), row[5].as_int64()};
    });
    each_row(object, "lines", 5, [&](std::size_t grain, Instant bucket, const json::array& row) {
      rows.lines[grain][{bucket, camera, word(row[1]), word(row[2]), word(row[3])}] =
          row[4].as_int64();
    });
    each_row(object, "coverage", 2, [&](std::size_t grain, Instant bucket, const json::array& row) {
      rows.coverage[grain][{bucket, camera}] = row[1].as_int64();
    });
    return rows;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, "What an earlier count added to the history cannot be read.",
                error.what());
  }
}

}  // namespace vedette::traffic

// What was seen and counted, read back: who is in view, history by period, crossings, key figures,
// what was not seen. Used by the API and the command line; all functions block on the database (one
// read snapshot each).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::db {
class Database;
class Session;
}  // namespace vedette::db

namespace vedette::traffic {

/// Why avg_speed is absent everywhere in this version.
inline constexpr std::string_view kNoSpeedReason =
    "no camera is calibrated: km/h cannot be measured without";

struct Filter {
  std::vector<std::string> cameras;  // empty: all
  std::vector<std::string> types;    // empty: all
  std::optional<Instant> from;       // inclusive
  std::optional<Instant> to;         // exclusive
};

struct CurrentRow {
  std::string vehicle_type;
  std::int64_t track_id = 0;
  double x = 0;
  double y = 0;
  Instant last_update{};
  std::optional<Instant> first_seen;
  bool is_moving = false;
};

/// A camera's newest sample; `as_of` is absent when it never had one. No rows: nobody was in view
/// then.
struct CurrentCamera {
  std::string camera_id;
  std::optional<Instant> as_of;
  std::vector<CurrentRow> rows;
};
Result<std::vector<CurrentCamera>> current(db::Session& session, const Filter& filter);

enum class Grain { kFiveMinutes, kHour, kDay };
/// "5min", "hour", "day".
std::optional<Grain> grain_named(std::string_view text);
std::string_view name(Grain grain);

struct HistoryRow {
  Instant report_hour{};  // start of the period
  std::string camera_id;
  std::string vehicle_type;
  std::optional<double> intensity;
  std::optional<double> density;
  double coverage_s = 0;
  std::int64_t crossings = 0;
  std::int64_t vehicles = 0;
  bool is_partial = false;
};
struct Coverage {
  Instant report_hour{};
  std::string camera_id;
  double coverage_s = 0;
};
/// Where a page of history ends: the next one goes on below.
struct HistoryCursor {
  Instant report_hour{};
  std::string camera_id;
  std::string vehicle_type;
};
struct HistoryPage {
  std::vector<HistoryRow> rows;    // newest first, then by camera and type
  std::vector<Coverage> coverage;  // of the same periods, also where nobody came
  std::optional<HistoryCursor> next;
};
/// Rows that the original program left in the table (no watched time known) are not among them.
/// `now` decides which period is still running. Days are UTC days.
Result<HistoryPage> history(db::Database& database, const Filter& filter, Grain grain, int limit,
                            const std::optional<HistoryCursor>& after, Instant now);

struct CrossingRecord {
  std::int64_t id = 0;
  Instant at{};
  std::string camera_id;
  std::string line_id;
  std::string line;  // the line's name
  std::string direction;
  std::string label;  // the direction's own name, or empty
  std::int64_t track_id = 0;
  std::string vehicle_type;
  double x = 0;
  double y = 0;
  std::int64_t frame = 0;
};
struct CrossingPage {
  std::vector<CrossingRecord> crossings;  // newest first
  bool has_more = false;
};
/// Goes on below (`before`, `before_id`) where those are given; only `line` where that is not
/// empty.
Result<CrossingPage> crossings(db::Database& database, const Filter& filter, std::string_view line,
                               int limit, std::optional<Instant> before, std::int64_t before_id);

/// Crossings of these cameras that were stored after the one with this id, oldest first; for the
/// live feed.
Result<std::vector<CrossingRecord>> crossings_after(db::Session& session, std::int64_t id,
                                                    int limit);
Result<std::int64_t> newest_crossing_id(db::Session& session);

/// `vehicles` is absent when nothing of the period was watched.
struct Counted {
  std::optional<std::int64_t> vehicles;
  double coverage_s = 0;
  double period_s = 0;
};
struct TypeShare {
  std::string vehicle_type;
  std::int64_t vehicles = 0;
  double share = 0;
};
struct LineCount {
  std::string line_id;
  std::string name;
  std::string direction;
  std::string label;
  std::int64_t vehicles = 0;
  std::array<std::int64_t, 24> by_hour{};  // the 24 hours up to now, oldest first
};
struct Kpi {
  bool is_by_lines = false;
  Counted this_hour;
  Counted last_15_min;
  std::optional<double> flow_per_h;
  Counted total;
  std::vector<TypeShare> mix;  // most first
  std::vector<LineCount> lines;
};
/// kNotFound for an unknown camera. Everything but `lines` rests on the roll-up and is as old as
/// its last pass.
Result<Kpi> kpi(db::Database& database, std::string_view camera,
                const std::vector<std::string>& types, Instant from, Instant to, Instant now);

/// A gap that nobody noted has a negative id.
struct QualityIssue {
  std::int64_t id = 0;
  std::string camera_id;
  std::string issue;
  std::optional<std::string> cause;
  Instant from{};
  std::optional<Instant> to;
};
struct QualityPage {
  std::vector<QualityIssue> issues;  // newest first
  bool has_more = false;
};
Result<QualityPage> quality(db::Database& database, const Filter& filter, int limit,
                            std::optional<Instant> before, std::int64_t before_id);

}  // namespace vedette::traffic

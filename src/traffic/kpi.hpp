// The key figures of one camera. Nothing is given for a time nobody measured: a camera counts since
// it was added (or since the recording it plays was made), a line since it was drawn.
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
}

namespace vedette::traffic {

/// Why avg_speed is absent everywhere in this version.
inline constexpr std::string_view kNoSpeedReason =
    "no camera is calibrated: km/h cannot be measured without";

/// `vehicles` is absent when nothing of the period was watched.
struct Counted {
  std::optional<std::int64_t> vehicles;
  double coverage_s = 0;
  double period_s = 0;  // of the period so far, not before the camera was there
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
  std::optional<Instant> since;  // absent: it has not counted yet
  double coverage_s = 0;         // of the period, since the line is there
  /// Absent when nothing of the period was watched since the line is there.
  std::optional<std::int64_t> vehicles;
  /// The 24 hours up to now, oldest first; each absent as `vehicles`.
  std::array<std::optional<std::int64_t>, 24> by_hour{};
};
struct Kpi {
  bool is_by_lines = false;
  Instant since{};
  Counted this_hour;
  Counted last_15_min;
  Counted last_60_min;
  std::optional<double> flow_per_h;
  Counted total;
  std::vector<TypeShare> mix;  // most first
  Instant hours_from{};        // of by_hour
  std::vector<LineCount> lines;
};
/// kNotFound for an unknown camera. Counted from the roll-up and the rows it has not read yet; of a
/// camera without lines, all but the last minutes is as old as the roll-up's last pass. A period
/// that cuts five minutes is counted from its single crossings, to the microsecond; where these are
/// no longer kept, and without lines, those five minutes count whole. Hours begin
/// as in a zone `offset` east of Greenwich.
Result<Kpi> kpi(db::Database& database, std::string_view camera,
                const std::vector<std::string>& types, Instant from, Instant to, Instant now,
                Micros offset = Micros{0});

}  // namespace vedette::traffic

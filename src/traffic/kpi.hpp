// The key figures of one camera.
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
/// kNotFound for an unknown camera. `lines` and `last_15_min` are counted from the rows up to
/// `now`; the rest comes from the roll-up and is as old as its last pass.
Result<Kpi> kpi(db::Database& database, std::string_view camera,
                const std::vector<std::string>& types, Instant from, Instant to, Instant now);

}  // namespace vedette::traffic
